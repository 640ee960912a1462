/** The simulated world itself: a clock, network or disk that is wrong would prove nothing about the parts. */
import { describe, expect, test } from "vitest";
import { encodeSlot, recover, slotBytes } from "../../src/fsm/position.ts";
import { Host, Process } from "./host.ts";
import { type CloseCause, type End, type Link, Network } from "./network.ts";
import { Random } from "./random.ts";
import { SlotFile } from "./slot-file.ts";
import { Timeline } from "./timeline.ts";

function timelineOf(seed: number): Timeline {
  return new Timeline(new Random(seed));
}

function runAll(timeline: Timeline, untilMs = Number.POSITIVE_INFINITY): void {
  while (timeline.step(untilMs));
}

describe("chance", () => {
  test("is the same for the same path, and another for another", () => {
    const draw = (random: Random): number[] => Array.from({ length: 8 }, () => random.whole(0, 999));
    expect(draw(new Random(7).fork("a"))).toEqual(draw(new Random(7).fork("a")));
    expect(draw(new Random(7).fork("a"))).not.toEqual(draw(new Random(7).fork("b")));
    expect(draw(new Random(7).fork("a"))).not.toEqual(draw(new Random(8).fork("a")));
  });

  test("of a fork does not depend on what its parent drew", () => {
    const parent = new Random(7);
    const before = parent.fork("child").unit();
    parent.unit();
    expect(parent.fork("child").unit()).toBe(before);
  });

  test("keeps to its bounds, and reaches all of them", () => {
    const random = new Random(7);
    const wholes = new Set(Array.from({ length: 1000 }, () => random.whole(-2, 2)));
    expect([...wholes].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    const magnitudes = Array.from({ length: 1000 }, () => random.magnitude(10, 10_000));
    expect(Math.min(...magnitudes)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...magnitudes)).toBeLessThanOrEqual(10_000);
    expect(magnitudes.filter((one) => one < 316).length).toBeGreaterThan(400);
  });
});

describe("the timeline", () => {
  test("runs by time, and what is due together in an order of the seed", () => {
    const orderOf = (seed: number): string => {
      const timeline = timelineOf(seed);
      const ran: string[] = [];
      for (const name of "abcdef") timeline.after(5, () => ran.push(name));
      timeline.after(1, () => ran.push("first"));
      runAll(timeline);
      return ran.join("");
    };
    expect(orderOf(1)).toMatch(/^first[a-f]{6}$/);
    expect(orderOf(1)).toBe(orderOf(1));
    expect(new Set([1, 2, 3, 4, 5].map(orderOf)).size).toBeGreaterThan(2);
  });

  test("never runs what was cancelled, and stops where it is told", () => {
    const timeline = timelineOf(1);
    const ran: string[] = [];
    timeline.after(1, () => ran.push("cancelled")).cancel();
    timeline.after(2, () => ran.push("early"));
    timeline.after(9, () => ran.push("late"));
    runAll(timeline, 5);
    expect(ran).toEqual(["early"]);
    expect(timeline.steps).toBe(1);
  });
});

describe("a host", () => {
  test("that is suspended stands still for its processes, not for the wall", () => {
    const timeline = timelineOf(1);
    const host = new Host("h", timeline, 1_000_000);
    const process = new Process(host, "p");
    const ranAtMs: number[] = [];
    process.after(100, () => ranAtMs.push(timeline.nowMs));
    timeline.after(40, () => host.suspend());
    timeline.after(1040, () => {
      expect(host.monotonicMs()).toBe(40);
      expect(host.wallMs()).toBe(1_001_040);
      host.resume();
    });
    runAll(timeline);
    expect(ranAtMs).toEqual([1100]);
    expect(host.monotonicMs()).toBe(100);
  });

  test("tells of time that went missing, and delivers what came meanwhile after that", () => {
    const timeline = timelineOf(1);
    const host = new Host("h", timeline, 0);
    const process = new Process(host, "p");
    const ran: string[] = [];
    host.onTimeLost((gapMs) => ran.push(`lost ${gapMs}`));
    host.suspend();
    process.deliver(() => ran.push("delivered"));
    timeline.advanceTo(500);
    host.resume();
    host.jumpWall(-7);
    expect(ran).toEqual(["lost 500", "delivered", "lost -7"]);
  });

  test("runs nothing of a process that died", () => {
    const timeline = timelineOf(1);
    const process = new Process(new Host("h", timeline, 0), "p");
    const ran: string[] = [];
    process.after(10, () => ran.push("timer"));
    process.onEnd(() => ran.push("buried"));
    process.kill();
    process.deliver(() => ran.push("delivered"));
    runAll(timeline);
    expect(ran).toEqual(["buried"]);
  });
});

interface Stage {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly hub: Process;
  readonly client: Process;
  readonly link: Link;
  readonly heard: string[];
  readonly ends: { client?: End; server?: End };
}

function stage(seed = 3): Stage {
  const timeline = timelineOf(seed);
  const hubHost = new Host("hub", timeline, 0);
  const clientHost = new Host("client", timeline, 0);
  const network = new Network(timeline, hubHost, new Random(seed), {
    stallChance: 0,
    stallMsMax: 0,
    doomChance: 0,
  });
  const link: Link = { delayMs: 10, jitterMs: 30, upSilent: false, downSilent: false };
  network.addLink("client", link);
  const heard: string[] = [];
  const ends: Stage["ends"] = {};
  const hub = new Process(hubHost, "hub");
  const listener = (name: string) => ({
    opened: () => heard.push(`${name} opened`),
    message: (text: string) => heard.push(`${name} ${text}`),
    closed: (cause: CloseCause) => heard.push(`${name} closed: ${cause}`),
  });
  network.listen(hub, (end) => {
    ends.server = end;
    return listener("hub");
  });
  const client = new Process(clientHost, "client");
  ends.client = network.connect(client, listener("client"));
  runAll(timeline, 100);
  return { timeline, network, hub, client, link, heard, ends };
}

describe("a connection", () => {
  test("delivers in order whatever the jitter, and an orderly end last", () => {
    const { timeline, heard, ends } = stage();
    for (let i = 0; i < 9; i++) ends.client?.send(String(i));
    ends.client?.close();
    runAll(timeline);
    expect(heard).toEqual([
      "client opened",
      ..."012345678".split("").map((i) => `hub ${i}`),
      "hub closed: closed",
    ]);
  });

  test("that is reset loses the end of what was under way, and tells both ends", () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { timeline, network, heard, ends } = stage(seed);
      for (let i = 0; i < 3; i++) ends.client?.send(String(i));
      for (const connection of network.connections) network.reset(connection);
      runAll(timeline);
      expect(heard).toContain("client closed: reset");
      expect(heard).toContain("hub closed: reset");
      const got = heard.filter((line) => /^hub \d$/.test(line));
      expect(got).toEqual(got.map((_, index) => `hub ${index}`));
      expect(network.connections.size).toBe(0);
      lengths.add(got.length);
    }
    expect([...lengths].sort()).toEqual([0, 1, 2, 3]);
  });

  test("holds what a silent direction delayed, and delivers it once it is heard again", () => {
    const { timeline, network, link, heard, ends } = stage();
    link.upSilent = true;
    network.recheck();
    ends.client?.send("late");
    ends.server?.send("down");
    runAll(timeline, timeline.nowMs + 3000);
    expect(heard).toEqual(["client opened", "client down"]);
    link.upSilent = false;
    network.recheck();
    runAll(timeline, timeline.nowMs + 3000);
    expect(heard).toEqual(["client opened", "client down", "hub late"]);
  });

  test("in a long silence is found dead by the pings of each side, in its own time", () => {
    const { timeline, network, link, heard } = stage();
    link.upSilent = true;
    link.downSilent = true;
    network.recheck();
    runAll(timeline, timeline.nowMs + 25_100);
    expect(heard).toEqual(["client opened", "client closed: deadPeer"]);
    runAll(timeline, timeline.nowMs + 35_000);
    expect(heard).toEqual(["client opened", "client closed: deadPeer", "hub closed: deadPeer"]);
  });

  test("is believed alive by the side that is not told of a power cut", () => {
    const { timeline, network, hub, heard } = stage();
    hub.host.powered = false;
    hub.kill();
    network.recheck();
    runAll(timeline, timeline.nowMs + 1000);
    expect(heard).toEqual(["client opened"]);
    runAll(timeline, timeline.nowMs + 26_000);
    expect(heard).toEqual(["client opened", "client closed: deadPeer"]);
  });

  test("to a hub that died is reset, to one that is not there refused, to one unheard of timed out", () => {
    const { timeline, network, hub, client, link, heard } = stage();
    hub.kill();
    runAll(timeline, timeline.nowMs + 1000);
    const dial = (): void => {
      network.connect(client, {
        opened: () => heard.push("opened"),
        message: () => {},
        closed: (cause) => heard.push(cause),
      });
      runAll(timeline, timeline.nowMs + 20_000);
    };
    dial();
    link.upSilent = true;
    dial();
    expect(heard).toEqual(["client opened", "client closed: reset", "refused", "openTimeout"]);
  });
});

describe("a state file", () => {
  const slot = (sequence: number): Uint8Array => {
    const encoded = encodeSlot({ instance: `life ${sequence}`, position: null }, sequence);
    if (encoded === null) throw new Error("too long");
    return encoded;
  };

  test("torn by a kill at any byte keeps the write before it, or has the last one whole", () => {
    const sequences = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const file = new SlotFile();
      for (let sequence = 0; sequence < 4; sequence++) file.write(slot(sequence), (sequence % 2) * slotBytes);
      file.tornByKill(new Random(seed));
      const found = recover(file.read(2 * slotBytes));
      if (found.kind !== "found") throw new Error(`${found.kind} after seed ${seed}`);
      if (file.remembers) expect(found.sequence).toBe(3);
      sequences.add(found.sequence);
    }
    expect([...sequences].sort()).toEqual([2, 3]);
  });

  test("after a power cut may be as old as anything not synced", () => {
    const sequences = new Set<number | string>();
    for (let seed = 0; seed < 400; seed++) {
      const file = new SlotFile();
      file.write(slot(0), 0);
      file.sync();
      for (let sequence = 1; sequence < 4; sequence++) file.write(slot(sequence), (sequence % 2) * slotBytes);
      file.tornByPowerCut(new Random(seed));
      const found = recover(file.read(2 * slotBytes));
      sequences.add(found.kind === "found" ? found.sequence : found.kind);
    }
    expect([...sequences].sort()).toEqual([0, 1, 2, 3]);
  });
});
