/**
 * One suite for every executable that can be run here: it says its version, a hub and a daemon stand, a signal
 * rings and is drained, the daemon answers over its own socket or pipe, and everything ends in order. Steps of one
 * journey, in this order.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bakedFlags } from "../../scripts/build/package.ts";
import { targetNamed } from "../../scripts/build/targets.ts";
import { emulatedGround, type Ground, nativeGround, type Running, wineGround } from "./ground.ts";
import { releasedFile } from "./released.ts";
import { filesNamed, minimalRoot } from "./roots.ts";

/** Wine passes on no request to end: what ends there without a verb is killed. */
const SYSTEMS = [
  { name: "linux-x64 in a minimal Debian", target: "linux-x64", open: nativeGround, endsAtSigterm: true },
  { name: "linux-arm64 under qemu", target: "linux-arm64", open: emulatedGround, endsAtSigterm: true },
  { name: "win-x64 under Wine", target: "win-x64", open: wineGround, endsAtSigterm: false },
] as const;

test("the minimal Debian has no Node, no npm and no libatomic", () => {
  expect(filesNamed(minimalRoot(), /^(node|nodejs|npm|libatomic.*)$/)).toEqual([]);
});

test.each(["prism-linux-x64", "prism-linux-arm64"])("%s asks for no libatomic", (name) => {
  expect(readFileSync(releasedFile(name)).includes("libatomic.so")).toBe(false);
});

describe.each(SYSTEMS)("$name", ({ target, open, endsAtSigterm }) => {
  let ground: Ground;
  let hub: Running;
  let daemon: Running;
  let place: readonly string[];

  beforeAll(() => {
    ground = open();
    place = ["--persona", "reviewer", "--project", ground.path("shop")];
  });
  afterAll(() => ground?.clear());

  async function told(...args: readonly string[]) {
    const running = ground.start([...args, "--json"]);
    expect({ status: await running.ended, err: running.err() }).toMatchObject({ status: 0 });
    return JSON.parse(running.out());
  }

  test("says its version, packaged, with the baked flags", async () => {
    const flags = bakedFlags(targetNamed(target));
    expect(await told("--version")).toMatchObject({ runtime: { packaged: true, flags } });
  });

  test("shows its help and the licences inside", async () => {
    const help = ground.start(["--help"]);
    expect(await help.ended).toBe(0);
    expect(help.out()).toContain("prism");
    const { text } = await told("licenses");
    expect(text).toContain("Node.js");
  });

  test("a hub stands", async () => {
    hub = ground.start(["hub", "--listen", "127.0.0.1:0", "--json"]);
    await hub.said('"url"');
  });

  test("a daemon stands, and is connected", async () => {
    daemon = ground.start(["daemon", ...place, "--surface", "terminal", "--json"]);
    await daemon.said('"address":"reviewer@shop"');
    for (let tries = 0; tries < 20; tries++) {
      const { daemons } = await told("status");
      if (daemons[0]?.connected === true) return;
    }
    throw new Error(`never connected: ${daemon.err()}`);
  });

  test("a signal rings", async () => {
    const sent = await told("signal", "reviewer@shop", "hello from afar", "--from", "planner@shop");
    expect(sent).toMatchObject({ to: "reviewer@shop", duplicate: false });
    await daemon.said("1 signal waits for reviewer@shop, from planner@shop");
  });

  test("the daemon answers over its own socket or pipe", async () => {
    const { here } = await told("status");
    expect(here).toMatchObject([{ persona: "reviewer", project: "shop" }]);
  });

  test("doctor looks at this host, and breaks on none of its paths", async () => {
    const running = ground.start(["doctor", "--json"]);
    // What it finds is this ground's own: a system in pieces has no service manager. That it looked is the point.
    const status = await running.ended;
    expect({ status, err: running.err() }).toMatchObject({ err: "" });
    const { checks } = JSON.parse(running.out());
    expect(checks.length).toBeGreaterThan(3);
    expect(JSON.stringify(checks)).not.toContain("went wrong inside");
  });

  test("a drain takes the signal, once", async () => {
    const { signals } = await told("drain", ...place);
    expect(signals).toMatchObject([{ text: "hello from afar", state: "drained" }]);
    expect((await told("drain", ...place)).signals).toEqual([]);
  });

  test("a wrapped daemon ends in order", async () => {
    expect((await told("wrap", ...place)).wrapped).toHaveLength(1);
    expect(await daemon.ended).toBe(0);
    expect(daemon.err()).toContain('"event":"daemonEnded","state":"wrapped"');
  });

  test("the hub ends, in order where it can be asked to, and comes back with everything", async () => {
    hub.kill(endsAtSigterm ? "SIGTERM" : "SIGKILL");
    expect(await hub.ended).toBe(endsAtSigterm ? 0 : "SIGKILL");
    if (endsAtSigterm) expect(hub.err()).toContain('"event":"hubClosed"');
    hub = ground.start(["hub", "--listen", "127.0.0.1:0", "--json"]);
    await hub.said('"url"');
    const { signals } = await told("history", ...place);
    expect(signals).toMatchObject([{ text: "hello from afar", state: "drained" }]);
  });

  test("nothing took compiled code from where the environment says", () => {
    expect(ground.hasCache()).toBe(false);
  });
});
