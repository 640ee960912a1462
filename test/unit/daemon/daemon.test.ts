import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import type { MailboxView } from "../../../src/domain/verbs.ts";
import { askDaemon, daemonStage, ONE_SIGNAL, openSettled } from "../../support/daemon-stage.ts";
import { rejectedBy } from "../../support/thrown.ts";

const DRAINED: MailboxView = {
  ...ONE_SIGNAL,
  revision: 2,
  open: 0,
  told: 1,
  drains: 1,
  oldestAtMs: null,
  newestAtMs: null,
  senders: [],
};

describe("a daemon before its hub", () => {
  test("introduces itself, and says over IPC how it stands", async () => {
    const stage = await daemonStage();
    const { daemon } = await openSettled(stage, { leaseMs: 60_000 });
    expect(stage.hub.service.asked[0]?.params).toEqual({
      kind: "daemon",
      persona: "reviewer",
      project: "shop",
      host: "testhost",
      root: "/work/shop",
      surface: "fake",
      instance: expect.stringMatching(/^[0-9a-f]{32}$/),
      leaseMs: 60_000,
      position: 0,
      protocol: 1,
      version: "1.2.3",
    });
    expect(daemon.status()).toMatchObject({
      tenant: "local",
      persona: "reviewer",
      lifecycle: { state: "connected" },
      session: "session-1",
      hub: { url: stage.hub.server.url, connected: true, lastError: null, retryAtMs: null },
      doorbell: { standing: false, lastOutcome: null },
    });
  });

  test("rings for a signal, acknowledges it, and is quiet once it is drained", async () => {
    const stage = await daemonStage();
    const acknowledged = new Promise((resolve) => {
      stage.hub.service.answers.acknowledge = ({ params }) => {
        resolve(params);
        return { ok: {} };
      };
    });
    const { daemon, surface, log } = await openSettled(stage);
    stage.push(ONE_SIGNAL);
    const ring = await surface.next();
    expect(ring.bell).toEqual({
      ring: 1,
      attempt: 1,
      persona: "reviewer",
      project: "shop",
      open: 1,
      urgent: 0,
      senders: [{ from: "planner@shop", count: 1 }],
      othersOpen: 0,
      oldestAtMs: 1,
    });
    expect(daemon.status().lifecycle.state).toBe("emitting");
    const connected = log.next("lifecycleChanged", { to: "connected" });
    ring.take();
    await connected;
    expect(daemon.status()).toMatchObject({
      position: { through: 1, open: 1 },
      doorbell: { standing: true, attempts: 1, lastOutcome: "taken" },
      counters: { doorbells: { rung: 1, failed: 0 } },
    });
    // A second signal and its ring show that the drain before them was taken in.
    stage.push(DRAINED);
    stage.push({ ...ONE_SIGNAL, revision: 3, through: 2, told: 1, drains: 1 });
    expect((await surface.next()).bell).toMatchObject({ ring: 2, attempt: 1 });
    expect(await acknowledged).toEqual({ through: 1 });
  });

  test("comes back after the hub ended the connection, with its session and position", async () => {
    const stage = await daemonStage();
    const { daemon, surface, log } = await openSettled(stage);
    stage.push(ONE_SIGNAL);
    (await surface.next()).take();
    await log.next("lifecycleChanged", { to: "connected" });
    stage.mailbox = ONE_SIGNAL;
    const back = log.next("lifecycleChanged", { from: "reconciling", to: "connected" });
    stage.hub.service.push(stage.session(), "closing", { reason: "restart" });
    await stage.hub.server.close("restart");
    await log.next("hubLost");
    const port = Number(new URL(stage.hub.server.url).port);
    expect(daemon.status().hub).toMatchObject({ connected: false, lastError: { code: "hub_unreachable" } });
    const { openHubServer } = await import("../../../src/hub/server.ts");
    const again = await openHubServer({
      service: stage.hub.service,
      bearerOf: () => ({ tenant: "local", scope: "home" }),
      listen: { host: "127.0.0.1", port },
      plaintext: false,
      version: "1.2.3",
      log: () => {},
    });
    try {
      await back;
      expect(stage.hub.service.asked.filter(({ verb }) => verb === "start").at(-1)?.params).toMatchObject({
        session: "session-1",
        position: 1,
      });
      // The bell that stood before stands still: nothing new, so nothing rings.
      expect(surface.rings).toHaveLength(1);
      expect(daemon.status().counters.reconnects).toBe(1);
    } finally {
      await daemon.close("done");
      await again.close("done");
    }
  });

  test("ends when it is wrapped, and starts anew when it is opened again", async () => {
    const stage = await daemonStage();
    const { daemon, surface } = await openSettled(stage);
    stage.hub.service.push(stage.session(), "wrapped", { session: stage.session() });
    expect(await daemon.closed).toEqual({ reason: "wrapped" });
    expect(surface.closed).toBe(true);
    await openSettled(stage);
    expect(stage.hub.service.asked.at(-1)?.params).not.toHaveProperty("session");
  });

  test("ends when another daemon holds the address, and says who", async () => {
    const stage = await daemonStage();
    const message = 'reviewer@shop is held by a daemon on host "other"';
    stage.hub.service.answers.start = { error: { code: "address_taken", message, hint: "stop that daemon" } };
    const { daemon } = await stage.open();
    const end = await daemon.closed;
    expect(end.reason).toBe("failed");
    expect(end.error).toMatchObject({ code: "address_taken", message, hint: "stop that daemon" });
  });

  test("keeps trying with a token that the hub does not know, and says so", async () => {
    const stage = await daemonStage();
    let token = "wrong-token";
    const { url } = stage.hub.server;
    const { daemon, log } = await stage.open({ hub: () => ({ url, token }) });
    await log.next("hubLost");
    expect(daemon.status().hub).toMatchObject({ connected: false, lastError: { code: "unauthorized" } });
    expect(JSON.stringify([daemon.status(), log.entries])).not.toContain("wrong-token");
    const settled = log.next("lifecycleChanged", { to: "connected" });
    token = "right-token";
    await settled;
    expect(daemon.status().hub.lastError).toBeNull();
  });

  test("keeps trying where its hub can't be named just now", async () => {
    const stage = await daemonStage();
    const { url } = stage.hub.server;
    let named = "http://";
    const { log } = await stage.open({
      hub: () => ({ url: named, token: "right-token" }),
      // A failure that comes before the dial's own alarm is set must not be undone by it.
      retry: { soonWindowsMs: [1], slowWindowsMs: [1], dialTimeoutMs: 600_000 },
    });
    const settled = log.next("lifecycleChanged", { to: "connected" });
    named = url;
    await settled;
    expect(
      log.entries.some(({ event, fields }) => event === "hubLost" && fields["code"] === "invalid_argument"),
    ).toBe(true);
  });
});

describe("a daemon with a bug", () => {
  test("ends as failed, and gives back what it held", async () => {
    const stage = await daemonStage();
    const random = () => {
      throw new Error("a bug");
    };
    const { daemon, log } = await stage.open({ ports: { random } });
    expect(await daemon.closed).toMatchObject({ reason: "failed", error: { code: "internal" } });
    expect(log.entries.find(({ event }) => event === "lifecycleBroke")?.fields["fault"]).toContain("a bug");
    await openSettled(stage);
  });
});

describe("a surface that misbehaves", () => {
  const doorbell = { failedDelaysMs: [1] };

  test("fails its ring, and is rung again", async () => {
    const stage = await daemonStage();
    const { daemon, surface } = await openSettled(stage, { doorbell });
    stage.push(ONE_SIGNAL);
    (await surface.next()).fail("the pane is gone");
    (await surface.next()).break(new Error("a bug in the surface"));
    (await surface.next()).settle(undefined);
    const last = await surface.next();
    expect(last.bell.attempt).toBe(4);
    expect(daemon.status()).toMatchObject({
      lifecycle: { state: "emitting" },
      doorbell: { lastOutcome: "failed", lastReason: "the surface did not say whether it took the ring" },
      counters: { doorbells: { failed: 3 }, errors: { surface: 3 } },
    });
  });

  test("that hangs is given up, told so, and rung again", async () => {
    const stage = await daemonStage();
    const { surface } = await openSettled(stage, { doorbell: { ...doorbell, ringTimeoutMs: 1 } });
    stage.push(ONE_SIGNAL);
    const hung = await surface.next();
    const next = await surface.next();
    expect(hung.cancelled.aborted).toBe(true);
    // Its late word changes nothing.
    hung.take();
    expect(next.bell.ring).toBe(2);
  });

  test("is told when its ring became moot", async () => {
    const stage = await daemonStage();
    const { daemon, surface, log } = await openSettled(stage);
    stage.push(ONE_SIGNAL);
    const ring = await surface.next();
    const told = new Promise((resolve) => ring.cancelled.addEventListener("abort", resolve));
    stage.push(DRAINED);
    await told;
    const connected = log.next("lifecycleChanged", { to: "connected" });
    ring.fail("not rung");
    await connected;
    expect(daemon.status().counters.doorbells).toMatchObject({ suppressed: 1, failed: 0, rung: 0 });
  });
});

describe("a daemon asked over IPC", () => {
  test("rings what waits, or says that nothing does", async () => {
    const stage = await daemonStage();
    const { surface, ipcPath } = await openSettled(stage);
    const client = await askDaemon(ipcPath);
    expect(await client.call("notify_surface", {})).toEqual({ kind: "moot", reason: "no signal waits" });
    stage.push(ONE_SIGNAL);
    (await surface.next()).take();
    const asked = client.call("notify_surface", {});
    (await surface.next()).take();
    expect(await asked).toEqual({ kind: "taken", path: "fake" });
    const refused = client.call("notify_surface", {});
    (await surface.next()).fail("the pane is gone");
    expect(await refused).toEqual({ kind: "failed", reason: "the pane is gone" });
    expect((await client.call("status", {})).counters.doorbells).toMatchObject({ rung: 2, failed: 1 });
  });

  test("resumes where its surface can, and says where not", async () => {
    const stage = await daemonStage();
    const { surface, ipcPath } = await openSettled(stage);
    const client = await askDaemon(ipcPath);
    expect(await rejectedBy(client.call("resume_surface", {}))).toMatchObject({ code: "unsupported" });
    const resumable = Object.assign(surface, {
      resume: () => Promise.resolve({ kind: "taken", path: "started" } as const),
    });
    expect(await client.call("resume_surface", {})).toEqual({ kind: "taken", path: "started" });
    resumable.resume = () => Promise.reject(new Error("no such program"));
    expect(await client.call("resume_surface", {})).toEqual({
      kind: "failed",
      reason: 'the surface "fake" failed: no such program',
    });
  });

  test("tells who is attached of each ring, of what stands, and of its end", async () => {
    const stage = await daemonStage();
    const { surface, ipcPath } = await openSettled(stage);
    const heard: number[] = [];
    let quiet: () => void = () => {};
    const silent = new Promise<void>((resolve) => {
      quiet = resolve;
    });
    const shim = await askDaemon(ipcPath, (open) => {
      heard.push(open);
      if (open === 0) quiet();
    });
    const who = { name: "claude-code", pid: 1 };
    expect(await shim.call("attach", who)).toEqual({ standing: null });
    stage.push(ONE_SIGNAL);
    (await surface.next()).take();
    const late = await askDaemon(ipcPath);
    expect((await late.call("attach", who)).standing).toMatchObject({ ring: 1, attempt: 1, open: 1 });
    stage.push(DRAINED);
    await silent;
    expect(heard).toEqual([1, 0]);
  });

  test("answers before it ends, and does not wrap", async () => {
    const stage = await daemonStage();
    const { daemon, surface, ipcPath } = await openSettled(stage);
    const client = await askDaemon(ipcPath);
    expect(await client.call("shutdown", { reason: "an update" })).toEqual({ stopping: true });
    expect(await daemon.closed).toEqual({ reason: "shutdown" });
    expect(surface.closed).toBe(true);
    expect(stage.hub.service.asked.map(({ verb }) => verb)).not.toContain("wrap");
    await daemon.close("again");
    // Everything was given back: the place can be taken at once.
    await openSettled(stage);
  });
});

describe("a daemon's place on its host", () => {
  test("is held by one: the second is told by whom", async () => {
    const stage = await daemonStage();
    await openSettled(stage);
    const error = await rejectedBy(stage.open());
    expect(error.code).toBe("already_running");
    expect(`${error.message} ${error.hint}`).toContain(String(process.pid));
  });

  test("is given back, and its surface closed, when the socket can't be made", async () => {
    const stage = await daemonStage();
    const first = await openSettled(stage);
    const { ipcPath } = first;
    await first.daemon.close("to make room");
    const other = createServer().listen(ipcPath);
    await new Promise((resolve) => other.once("listening", resolve));
    const { FakeSurface } = await import("../../support/fake-surface.ts");
    const surface = new FakeSurface();
    expect(await rejectedBy(stage.open({ surface }))).toMatchObject({ code: "already_running" });
    expect(surface.closed).toBe(true);
    await new Promise((resolve) => other.close(resolve));
    await openSettled(stage);
  });
});
