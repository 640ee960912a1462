/** The daemon before the hub itself, in one process: real sockets, a real store. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { EXIT_STATUSES, FINAL_STATUSES } from "../../../src/cli/exit-status.ts";
import { type DaemonOptions, openDaemon } from "../../../src/daemon/daemon.ts";
import type { VerbName, VerbParams } from "../../../src/domain/verbs.ts";
import { type Home, homeAt } from "../../../src/host/home.ts";
import { readTokenFile } from "../../../src/host/private-file.ts";
import { type HubOptions, openHub, type RunningHub } from "../../../src/hub/hub.ts";
import { callHub } from "../../../src/net/hub-client.ts";
import { REVIEWER } from "../../support/daemon-stage.ts";
import { FakeSurface } from "../../support/fake-surface.ts";
import { OtlpCollector } from "../../support/otlp-collector.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { watchedLog } from "../../support/watched-log.ts";

const version = "1.2.3";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function hubAt(home: Home, port = 0, more: Partial<HubOptions> = {}): Promise<RunningHub> {
  const hub = await openHub({
    listen: { host: "127.0.0.1", port },
    dataDir: home.hubDataDir,
    home,
    retentionMs: 60_000,
    plaintext: false,
    version,
    log: () => {},
    ...more,
  });
  onTestFinished(() => hub.close("the test ends"));
  return hub;
}

async function daemonAt(hub: RunningHub, hubHome: Home, options: Partial<DaemonOptions> = {}) {
  const surface = new FakeSurface();
  const log = watchedLog();
  const settled = log.next("lifecycleChanged", { from: "reconciling" });
  const daemon = await openDaemon({
    ...REVIEWER,
    home: hubHome,
    tenant: "local",
    host: "laptop",
    root: "/work/shop",
    surface,
    hub: () => ({ url: hub.url, token: readTokenFile(hubHome.tokenPath) }),
    env: {},
    version,
    log: log.log,
    retry: { soonWindowsMs: [1], lossWindow: 0, slowWindowsMs: [1] },
    ...options,
  });
  onTestFinished(() => daemon.close("the test ends"));
  return { daemon, surface, log, settled };
}

function asker(hub: RunningHub, home: Home) {
  return <V extends VerbName>(verb: V, params: VerbParams<V>) =>
    callHub({ url: hub.url, token: readTokenFile(home.tokenPath), env: {} }, verb, params);
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

describe("a daemon and the hub", () => {
  test("carry one signal from its acceptance to its drain", async () => {
    const home = homeAt(tempDir());
    const hub = await hubAt(home);
    const ask = asker(hub, home);
    const { daemon, surface, log, settled } = await daemonAt(hub, home);
    await settled;
    const { id } = await ask("signal", { to: "reviewer@shop", text: "look at this", urgency: "urgent" });
    const ring = await surface.next();
    expect(ring.bell).toMatchObject({ ring: 1, attempt: 1, open: 1, urgent: 1 });
    expect(JSON.stringify(ring.bell)).not.toContain("look at this");
    const taken = log.next("lifecycleChanged", { from: "emitting", to: "connected" });
    ring.take();
    await taken;
    // The acknowledgement went out on the daemon's own socket before any of this was asked.
    expect((await ask("signal_status", { id })).state).toBe("delivered");
    const { signals } = await ask("drain", REVIEWER);
    expect(signals.map(({ text }) => text)).toEqual(["look at this"]);
    await ask("signal", { to: "reviewer@shop", text: "and this" });
    // A bell that had not heard of the drain would have let this one join it.
    expect((await surface.next()).bell).toMatchObject({ ring: 2, attempt: 1, open: 1 });
    expect(daemon.status().counters.doorbells).toEqual({ rung: 1, coalesced: 0, suppressed: 0, failed: 0 });
  });

  test("tell a signal's way, in its sender's trace, and push its span to a collector", async () => {
    const collector = await new OtlpCollector().start();
    onTestFinished(() => collector.stop());
    const otlp = { endpoint: collector.url, headers: {}, intervalMs: 3_600_000 };
    const home = homeAt(tempDir());
    const hub = await hubAt(home, 0, { otlp, host: "hub-1" });
    const ask = asker(hub, home);
    const { daemon, surface, log, settled } = await daemonAt(hub, home, { otlp });
    await settled;
    const params = { to: "reviewer@shop", text: "look at this", traceparent: TRACEPARENT };
    const { id } = await ask("signal", params);
    const ring = await surface.next();
    expect(JSON.stringify(ring.bell)).not.toContain(TRACEPARENT);
    const taken = log.next("lifecycleChanged", { from: "emitting", to: "connected" });
    ring.take();
    await taken;
    const { session } = await ask("start", {
      ...REVIEWER,
      kind: "agent",
      surface: "codex",
      host: "desk",
      protocol: 1,
      version,
    });
    const { signals } = await ask("drain", { ...REVIEWER, session });
    expect(signals).toMatchObject([{ id, traceparent: TRACEPARENT }]);
    const trace = await ask("signal_trace", { id });
    expect(trace).toMatchObject({ signal: { id, state: "drained" }, traceparent: TRACEPARENT });
    expect(trace.steps.map(({ name, host }) => `${name} ${host}`)).toEqual([
      ...[
        "accepted hub-1",
        "pushed hub-1",
        "acknowledged laptop",
        "rung laptop",
        "receipt laptop",
        "drained desk",
      ],
    ]);
    expect(trace.steps.map(({ atMs }) => atMs)).toEqual(
      trace.steps.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
    expect(trace.steps.at(-1)?.detail).toBe(`by session ${session} (codex)`);
    await daemon.close("done");
    await hub.close("done");
    expect(collector.faults).toEqual([]);
    const [, traceId, parentSpanId] = TRACEPARENT.split("-");
    expect(collector.spans).toMatchObject([
      { name: "prism.ring", links: [{ spanId: collector.spans[1]?.spanId }] },
      { name: "prism.signal", traceId, parentSpanId, events: [{ name: "pushed" }, { name: "acknowledged" }] },
    ]);
    expect(JSON.stringify(collector.requests)).not.toContain("look at this");
  });

  test("meet again after an outage: one reconcile, one ring for all that came", async () => {
    const home = homeAt(tempDir());
    const first = await hubAt(home);
    const { daemon, surface, log, settled } = await daemonAt(first, home);
    await settled;
    const { session } = daemon.status();
    await daemon.close("away");
    const ask = asker(first, home);
    for (const text of ["one", "two", "three"]) await ask("signal", { to: "reviewer@shop", text });
    await first.close("restart");
    const again = await daemonAt(first, home);
    await again.log.next("hubLost");
    await hubAt(home, first.port);
    const ring = await again.surface.next();
    expect(ring.bell).toMatchObject({ ring: 1, attempt: 1, open: 3 });
    const quiet = again.log.next("lifecycleChanged", { to: "connected" });
    ring.take();
    await quiet;
    expect(again.surface.rings).toHaveLength(1);
    expect(again.daemon.status().session).toBe(session);
    expect([surface.rings, log.entries.filter(({ level }) => level === "error")]).toEqual([[], []]);
  });

  test("end together when the address is wrapped, also while the daemon is away", async () => {
    const home = homeAt(tempDir());
    const hub = await hubAt(home);
    const ask = asker(hub, home);
    const first = await daemonAt(hub, home);
    await first.settled;
    await ask("wrap", REVIEWER);
    expect(await first.daemon.closed).toEqual({ reason: "wrapped" });
    // Started again on purpose: back on duty. Then it is wrapped while it is away.
    const second = await daemonAt(hub, home);
    await second.settled;
    await second.daemon.close("away");
    await ask("wrap", REVIEWER);
    const third = await daemonAt(hub, home);
    expect(await third.daemon.closed).toEqual({ reason: "wrapped" });
    const fourth = await daemonAt(hub, home);
    await fourth.settled;
    expect(fourth.daemon.status().hub.connected).toBe(true);
  });

  test("end together when the persona is archived, and the daemon says how to bring it back", async () => {
    const home = homeAt(tempDir());
    const hub = await hubAt(home);
    const ask = asker(hub, home);
    const first = await daemonAt(hub, home);
    await first.settled;
    await ask("persona_archive", REVIEWER);
    const hint = "put it back on duty with prism persona restore reviewer@shop";
    expect(await first.daemon.closed).toMatchObject({
      reason: "wrapped",
      error: { code: "persona_archived", message: "reviewer@shop was archived", hint },
    });
    // Started while it is archived: refused once, and not asked again.
    const second = await daemonAt(hub, home);
    expect(await second.daemon.closed).toMatchObject({
      reason: "failed",
      error: { code: "persona_archived", hint },
    });
    expect(second.log.entries.filter(({ event }) => event === "hubLost")).toEqual([]);
    expect(FINAL_STATUSES).toContain(EXIT_STATUSES.persona_archived);
    await ask("persona_restore", REVIEWER);
    const third = await daemonAt(hub, home);
    await third.settled;
    expect(third.daemon.status().hub.connected).toBe(true);
  });

  test("meet again if it was archived and restored while the daemon was away", async () => {
    const home = homeAt(tempDir());
    const hub = await hubAt(home);
    const ask = asker(hub, home);
    const first = await daemonAt(hub, home);
    await first.settled;
    await first.daemon.close("asleep");
    await ask("persona_archive", REVIEWER);
    await ask("persona_restore", REVIEWER);
    const second = await daemonAt(hub, home);
    await second.settled;
    expect(second.daemon.status().hub.connected).toBe(true);
  });

  test("part when its token is replaced: it says so, asks seldom, and is back with the new one", async () => {
    const home = homeAt(tempDir());
    const hub = await hubAt(home);
    const ask = asker(hub, home);
    await ask("persona_create", { ...REVIEWER, tokenSha256: hashOf("old") });
    let token = "old";
    const slow = await daemonAt(hub, home, {
      hub: () => ({ url: hub.url, token }),
      retry: { soonWindowsMs: [1], lossWindow: 0, slowWindowsMs: [3_600_000] },
    });
    await slow.settled;
    const refused = slow.log.next("hubLost", { code: "unauthorized" });
    await ask("persona_create", { ...REVIEWER, tokenSha256: hashOf("new") });
    await refused;
    const { hub: link, lifecycle } = slow.daemon.status();
    expect([link.connected, lifecycle.state]).toEqual([false, "disconnected"]);
    await slow.daemon.close("its token is no good");
    token = "new";
    const again = await daemonAt(hub, home, { hub: () => ({ url: hub.url, token }) });
    await again.settled;
    await ask("persona_destroy", REVIEWER);
    expect(await again.daemon.closed).toMatchObject({
      reason: "wrapped",
      error: { message: "the persona reviewer@shop was destroyed" },
    });
  });

  test("let in one daemon for an address: one from elsewhere is told who holds it", async () => {
    const hubHome = homeAt(tempDir());
    const hub = await hubAt(hubHome);
    await (await daemonAt(hub, hubHome)).settled;
    const elsewhere = homeAt(join(tempDir(), "other"));
    const second = await daemonAt(hub, hubHome, { home: elsewhere, host: "desktop" });
    const end = await second.daemon.closed;
    expect(end).toMatchObject({ reason: "failed", error: { code: "address_taken" } });
    expect(end.error?.message).toContain("laptop");
  });
});
