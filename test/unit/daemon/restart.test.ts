/** What a daemon remembers over its own death: a crash leaves the state file as it was at that instant. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import type { MailboxView } from "../../../src/domain/verbs.ts";
import { fsErrorOf } from "../../../src/host/fs-error.ts";
import { homeAt, stateDirOf } from "../../../src/host/home.ts";
import {
  askDaemon,
  type DaemonStage,
  daemonStage,
  ONE_SIGNAL,
  openSettled,
  REVIEWER,
} from "../../support/daemon-stage.ts";
import { TOKEN } from "../../support/test-server.ts";

const TWO_SIGNALS: MailboxView = { ...ONE_SIGNAL, revision: 2, through: 2, open: 2 };

function statePath(stage: DaemonStage): string {
  return join(stateDirOf(homeAt(stage.homeDir), "local", REVIEWER), "position");
}

/** Rings once, dies without a word, and comes back to a hub that says `after`. */
async function crashAfterRing(stage: DaemonStage, after: MailboxView) {
  const first = await openSettled(stage);
  stage.push(ONE_SIGNAL);
  (await first.surface.next()).take();
  await first.log.next("lifecycleChanged", { to: "connected" });
  const atCrash = `${statePath(stage)}.at-crash`;
  copyFileSync(statePath(stage), atCrash);
  await first.daemon.close("stands in for a crash");
  copyFileSync(atCrash, statePath(stage));
  stage.mailbox = after;
  return openSettled(stage);
}

describe("a daemon that comes back after a crash", () => {
  test("does not ring again for a bell that stands", async () => {
    const stage = await daemonStage();
    const { daemon, surface } = await crashAfterRing(stage, ONE_SIGNAL);
    expect(daemon.status()).toMatchObject({
      lifecycle: { state: "connected" },
      doorbell: { standing: true, attempts: 1 },
    });
    expect(surface.rings).toHaveLength(0);
  });

  test("keeps its instance, its session and its position", async () => {
    const stage = await daemonStage();
    await crashAfterRing(stage, ONE_SIGNAL);
    const [first, second] = stage.hub.service.asked.filter(({ verb }) => verb === "start");
    const { instance } = (first?.params ?? {}) as { readonly instance?: string };
    expect(second?.params).toMatchObject({ instance, session: "session-1", position: 1 });
  });

  test("lets what came meanwhile join the bell that stands", async () => {
    const stage = await daemonStage();
    const { daemon, surface } = await crashAfterRing(stage, TWO_SIGNALS);
    expect(surface.rings).toHaveLength(0);
    expect(daemon.status().counters.doorbells.coalesced).toBe(1);
  });

  test("tells of it those who attached before the hub was there", async () => {
    const stage = await daemonStage();
    const first = await openSettled(stage);
    stage.push(ONE_SIGNAL);
    (await first.surface.next()).take();
    await first.log.next("lifecycleChanged", { to: "connected" });
    await first.daemon.close("to come back");
    let isHubThere = false;
    const { url } = stage.hub.server;
    const hub = () => {
      if (!isHubThere) throw new PrismError("hub_unreachable", "not yet");
      return { url, token: TOKEN };
    };
    stage.mailbox = ONE_SIGNAL;
    const { ipcPath } = await stage.open({ hub });
    const told = Promise.withResolvers<number>();
    const shim = await askDaemon(ipcPath, told.resolve);
    expect(await shim.call("attach", { name: "codex", pid: 1 })).toEqual({ standing: null });
    isHubThere = true;
    expect(await told.promise).toBe(1);
  });

  test("rings once when the bell was answered and more has come", async () => {
    const stage = await daemonStage();
    const { surface } = await crashAfterRing(stage, { ...TWO_SIGNALS, open: 1, told: 1, drains: 1 });
    expect((await surface.next()).bell).toMatchObject({ attempt: 1, open: 1 });
  });

  test("sets a corrupt file aside, and asks the hub", async () => {
    const stage = await daemonStage();
    const first = await openSettled(stage);
    await first.daemon.close("to break its file");
    writeFileSync(statePath(stage), "not what was written");
    stage.mailbox = ONE_SIGNAL;
    const { surface, log } = await openSettled(stage);
    expect((await surface.next()).bell.attempt).toBe(1);
    expect(log.entries.map(({ event }) => event)).toContain("stateFileCorrupt");
    expect(readFileSync(`${statePath(stage)}.corrupt`, "utf8")).toBe("not what was written");
  });

  test("goes on without its file when the disk is full, and counts it", async () => {
    const stage = await daemonStage();
    const full = () => {
      throw fsErrorOf("write the state file", "/full", Object.assign(new Error("full"), { code: "ENOSPC" }));
    };
    const disk = { read: () => new Uint8Array(0), write: full, setAside: full, sync: full, close: () => {} };
    const { daemon, surface, log } = await openSettled(stage, { ports: { openDisk: () => disk } });
    stage.push(ONE_SIGNAL);
    (await surface.next()).take();
    await log.next("lifecycleChanged", { to: "connected" });
    expect(daemon.status().counters.errors.storage).toBeGreaterThanOrEqual(3);
    // Said once, not at every write.
    const told = log.entries.filter(({ event, level }) => event === "stateFileFailed" && level === "warn");
    expect(told).toHaveLength(1);
    expect(told[0]?.fields).toMatchObject({ code: "storage_full" });
  });
});
