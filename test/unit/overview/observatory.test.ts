/** The observatory over real daemons in this process, and over sockets that a test plays. */
import { mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Happening, PersonaView } from "../../../src/domain/overview.ts";
import { homeAt, ipcPathOf, stateDirOf } from "../../../src/host/home.ts";
import { DaemonWatch } from "../../../src/overview/daemon-watch.ts";
import { type Observatory, openObservatory } from "../../../src/overview/observatory.ts";
import { daemonStage, ONE_SIGNAL, openSettled, REVIEWER } from "../../support/daemon-stage.ts";
import { daemonStatus, identity } from "../../support/ipc-stage.ts";
import { NO_SIGNALS } from "../../support/lifecycle-script.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { TOKEN } from "../../support/test-server.ts";
import { until } from "../../support/until.ts";

/** A hub whose clock is 5 s ahead. */
const status = () => ({
  ok: {
    hub: { id: "fake-hub", version: "0.0.0", protocol: 1, nowMs: Date.now() + 5000, startedAtMs: 1 },
    ...{ tenant: "local", agents: [], daemons: [], waiting: [] },
  },
});

async function staged() {
  const stage = await daemonStage();
  stage.hub.service.answers.status = status;
  const observatory = openObservatory({
    home: homeAt(stage.homeDir),
    ...{ version: "1.2.3", role: "test", host: "testhost" },
    hub: () => ({ url: stage.hub.server.url, token: TOKEN, env: {} }),
    hubUrl: () => stage.hub.server.url,
    now: Date.now,
    lookEveryMs: 50,
  });
  onTestFinished(() => observatory.close());
  return { stage, observatory };
}

/** Everything that is told, kept, and waited for. */
function listening(observatory: Observatory) {
  const views = new Map<string, PersonaView>();
  const happenings: Happening[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of [...waiting]) each();
  };
  const leave = observatory.listen({
    changed({ changed, gone }) {
      for (const view of changed) views.set(view.key, view);
      for (const key of gone) views.delete(key);
      look();
    },
    happened(happening) {
      happenings.push(happening);
      look();
    },
  });
  onTestFinished(leave);
  const told = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!isSo()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { views, happenings, leave, told, view: () => views.get("local/reviewer@shop") };
}

describe("over real daemons", () => {
  it("tells everything at first, what happens as it happens, and who came and went", async () => {
    const { stage, observatory } = await staged();
    const { daemon, surface } = await openSettled(stage);
    const { view, told, happenings } = listening(observatory);
    await told(() => view()?.state === "connected");
    expect(view()).toMatchObject({ standing: "well", isLocal: true, root: "/work/shop", host: "testhost" });

    stage.push({ ...ONE_SIGNAL, oldestAtMs: Date.now() });
    (await surface.next()).take();
    await told(() => view()?.lastOutcome === "taken");
    expect(view()).toMatchObject({
      ...{ standing: "waiting", pending: 1, senders: [{ from: "planner@shop", count: 1 }] },
      surface: { name: "fake", path: "fake" },
    });
    stage.push({ ...NO_SIGNALS, revision: 2, through: 1, told: 1, drains: 1 });
    await told(() => view()?.pending === 0);
    expect(view()).toMatchObject({ standing: "well", counters: { rung: 1, drains: 1 } });

    await daemon.close("the test says so");
    await told(() => view()?.state === "down");
    expect(view()).toMatchObject({ standing: "off", reason: "its daemon was stopped", pid: null });
    await told(() => happenings.at(-1)?.name === "down");
    expect(happenings.map(({ name, detail, count }) => [name, detail, count])).toEqual([
      ["waits", "", 1],
      ["state", "emitting", null],
      ["rung", "fake", null],
      ["state", "connected", null],
      ["drained", "", 0],
      ["state", "disconnected", null],
      ["down", "", null],
    ]);
    await openSettled(stage);
    await told(() => view()?.state === "connected");
    expect(happenings.map(({ name }) => name)).toContain("up");
    expect(new Set(happenings.map(({ key }) => key))).toEqual(new Set(["local/reviewer@shop"]));
  });

  it("lets go of everything when the last listener leaves, and begins anew with the next", async () => {
    const { stage, observatory } = await staged();
    const { log } = await openSettled(stage);
    const sockets = () =>
      process.getActiveResourcesInfo().filter((name) => /^(Pipe|TCPSocket)Wrap$/.test(name)).length;
    const before = sockets();
    const first = listening(observatory);
    await first.told(() => first.view() !== undefined);
    const second = listening(observatory);
    // Who comes while somebody looks is told at once.
    expect(second.view()).toEqual(first.view());
    first.leave();
    expect(sockets()).toBeGreaterThan(before);
    second.leave();
    await until(() => sockets() === before);
    const third = listening(observatory);
    await third.told(() => third.view() !== undefined);
    expect(third.view()).toMatchObject({ state: "connected" });
    expect(log.entries.filter(({ level }) => level === "warn")).toEqual([]);
  });

  it("tells how the hub fares: its latency, its clock, its end and its return", async () => {
    const { stage, observatory } = await staged();
    const { hub } = await observatory.look();
    expect(hub).toMatchObject({ answers: true, tenant: "local", version: "0.0.0", reason: null });
    expect(hub.latencyMs).toBeGreaterThanOrEqual(0);
    expect(Math.abs((hub.clockAheadMs ?? 0) - 5000)).toBeLessThan(4000);
    await stage.hub.server.close("the test says so");
    const gone = await observatory.look();
    expect(gone.hub).toMatchObject({ answers: false, latencyMs: null });
    expect(gone.hub.reason).toContain("no connection to");
    expect(gone.hub.remedy).not.toBeNull();
  });

  it("looks at those alone that are wanted", async () => {
    const { stage } = await staged();
    await openSettled(stage);
    const observatory = openObservatory({
      home: homeAt(stage.homeDir),
      ...{ version: "1.2.3", role: "test", host: "testhost" },
      hub: () => ({ url: stage.hub.server.url, token: TOKEN, env: {} }),
      hubUrl: () => stage.hub.server.url,
      now: Date.now,
      wanted: ({ persona }) => persona === "nobody",
    });
    onTestFinished(() => observatory.close());
    expect((await observatory.look()).personas).toEqual([]);
  });
});

/** What listens in a daemon's place, and says what the test says. */
async function played(answer: (request: { id: unknown; method: string }, socket: Socket) => void) {
  const home = homeAt(tempDir());
  const path = ipcPathOf(home, "local", REVIEWER);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  mkdirSync(stateDirOf(home, "local", REVIEWER), { recursive: true, mode: 0o700 });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (const line of String(chunk).trim().split("\n")) answer(JSON.parse(line), socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  const clock = { nowMs: 1_000_000 };
  const happened: Happening[] = [];
  const watch = new DaemonWatch({
    ...{ home, place: { tenant: "local", address: REVIEWER }, version: "1", role: "test" },
    now: () => clock.nowMs,
    happened: (happening) => happened.push(happening),
  });
  onTestFinished(() => watch.close());
  return { server, clock, watch };
}

const said = (socket: Socket, id: unknown, result: unknown): void => {
  socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`);
};

describe("over a socket", () => {
  it("on which nobody greets, it is silent after a while, and not gone", async () => {
    const { watch, clock } = await played(() => {});
    void watch.look();
    watch.noticeSilence();
    expect(watch.isSeen).toBe(false);
    clock.nowMs += 2000;
    watch.noticeSilence();
    expect(watch.facts().daemon).toEqual({ reach: "silent", pid: null, why: null });
  });

  it("on which an answer is owed, it is silent until that comes, and is asked nothing more meanwhile", async () => {
    let asked = 0;
    let owed = (): void => {};
    const { watch, clock } = await played(({ id, method }, socket) => {
      if (method === "hello") said(socket, id, { protocol: 1, ...identity });
      if (method === "watch") said(socket, id, {});
      if (method !== "status") return;
      asked += 1;
      if (asked === 1) said(socket, id, daemonStatus);
      else owed = () => said(socket, id, daemonStatus);
    });
    await watch.look();
    expect(watch.facts().daemon.reach).toBe("answers");
    const late = watch.look();
    clock.nowMs += 2500;
    watch.noticeSilence();
    expect(watch.facts()).toMatchObject({ daemon: { reach: "silent", pid: 4711 }, sinceMs: clock.nowMs });
    await watch.look();
    await watch.look();
    while (asked < 2) await new Promise(setImmediate);
    owed();
    await late;
    expect(watch.facts().daemon.reach).toBe("answers");
    expect(asked).toBe(2);
  });

  it("of an older build, it is asked and does not tell", async () => {
    const { watch } = await played(({ id, method }, socket) => {
      if (method === "hello") said(socket, id, { protocol: 1, ...identity });
      else if (method === "status") said(socket, id, daemonStatus);
      else {
        const error = { code: -32601, message: "no such method", data: { code: "unknown_verb" } };
        socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, error })}\n`);
      }
    });
    await watch.look();
    expect(watch.tells).toBe(false);
    expect(watch.facts().daemon.reach).toBe("answers");
  });

  it("that ends, it is down at once", async () => {
    const sockets: Socket[] = [];
    const { watch, server } = await played(({ id, method }, socket) => {
      sockets.push(socket);
      said(socket, id, method === "hello" ? { protocol: 1, ...identity } : daemonStatus);
    });
    await watch.look();
    server.close();
    for (const socket of sockets) socket.destroy();
    while (watch.facts().daemon.reach === "answers") await new Promise(setImmediate);
    expect(watch.facts().daemon).toEqual({ reach: "down", isLeft: false });
  });
});
