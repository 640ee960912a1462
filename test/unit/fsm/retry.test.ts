import { describe, expect, test } from "vitest";
import { DOORBELL_SCHEDULE } from "../../../src/fsm/doorbell.ts";
import { RETRY_PLAN, retryDelayMs } from "../../../src/fsm/retry.ts";
import { begin, type Effect, type Event, type State, step } from "../../../src/fsm.ts";
import { NO_SIGNALS } from "../../support/lifecycle-script.ts";

describe("the delay before the next dial", () => {
  test.each([
    [0, 0, 0],
    [0, 0.999, 999],
    [1, 0.999, 2498],
    [2, 0.5, 2000],
    [1000, 0.999, 3996],
  ])("after %i failures, random %d: %i ms", (failures, random, delayMs) => {
    expect(retryDelayMs(RETRY_PLAN, { policy: "soon", failures, random })).toBe(delayMs);
  });

  test("after a refusal is at least half its window", () => {
    expect(retryDelayMs(RETRY_PLAN, { policy: "slowly", failures: 0, random: 0 })).toBe(2500);
    expect(retryDelayMs(RETRY_PLAN, { policy: "slowly", failures: 9, random: 0.999 })).toBe(59_970);
  });
});

/** A small generator whose whole state is its seed (mulberry32), so that each storm can be repeated. */
function randomFrom(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Daemon {
  state: State;
  wakeAtMs: number;
  connectedAtMs: number;
}

/** Fifty lifecycles and a hub that is away from `lostAtMs` to `backAtMs`; steps of one millisecond. */
function storm(options: { seed: number; lostAtMs: number; backAtMs: number }) {
  const { lostAtMs, backAtMs } = options;
  const random = randomFrom(options.seed);
  const connects: number[] = [];
  const daemons: Daemon[] = [];
  let nowMs = 0;
  const isUp = () => nowMs < lostAtMs || nowMs >= backAtMs;
  const failure = { code: "hub_unreachable", message: "refused" } as const;

  function feed(daemon: Daemon, event: Event): void {
    const [state, effects] = step(daemon.state, event, nowMs, random());
    daemon.state = state;
    if (state.id !== "connected") daemon.connectedAtMs = Infinity;
    else if (daemon.connectedAtMs === Infinity) daemon.connectedAtMs = nowMs;
    follow(daemon, effects);
  }

  function follow(daemon: Daemon, effects: readonly Effect[]): void {
    for (const effect of effects) if (effect.do === "wakeAt") daemon.wakeAtMs = effect.atMs ?? Infinity;
    if (effects.some((effect) => effect.do === "openSocket")) {
      if (!isUp()) {
        feed(daemon, { on: "socketClosed", failure });
        return;
      }
      connects.push(nowMs);
      feed(daemon, { on: "socketOpened" });
      feed(daemon, {
        on: "startAnswered",
        session: "s",
        hubId: "h",
        hubNowMs: nowMs,
        mailbox: NO_SIGNALS,
      });
    }
  }

  for (let index = 0; index < 50; index++) {
    const [state, effects] = begin({ plan: RETRY_PLAN, schedule: DOORBELL_SCHEDULE, position: null, nowMs });
    const daemon: Daemon = { state, wakeAtMs: Infinity, connectedAtMs: Infinity };
    daemons.push(daemon);
    follow(daemon, effects);
  }
  connects.length = 0;
  for (; nowMs < backAtMs + 6000; nowMs++) {
    if (nowMs === lostAtMs) for (const daemon of daemons) feed(daemon, { on: "socketClosed", failure });
    for (const daemon of daemons) if (daemon.wakeAtMs <= nowMs) feed(daemon, { on: "wakeReached" });
  }
  const lastMs = Math.max(...daemons.map((daemon) => daemon.connectedAtMs));
  return { connects, backWithinMs: lastMs - backAtMs };
}

function mostIn100Ms(times: readonly number[]): number {
  return Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + 100).length));
}

describe("50 daemons that come back together (invariant 7)", () => {
  const outages = [1, 50, 300, 1000, 2000, 3000, 6000, 20_000];
  test.each(outages)("after the hub was away for %i ms", (outageMs) => {
    for (let seed = 1; seed <= 10; seed++) {
      const lostAtMs = 11_000;
      const { connects, backWithinMs } = storm({ seed, lostAtMs, backAtMs: lostAtMs + outageMs });
      expect(connects).toHaveLength(50);
      expect(backWithinMs).toBeLessThanOrEqual(4000);
      expect(mostIn100Ms(connects)).toBeLessThanOrEqual(20);
    }
  });

  test("after the hub came up later than they did", () => {
    for (let seed = 1; seed <= 10; seed++) {
      for (const backAtMs of [100, 500, 1500, 5000]) {
        const { connects, backWithinMs } = storm({ seed, lostAtMs: 0, backAtMs });
        expect(connects).toHaveLength(50);
        expect(backWithinMs).toBeLessThanOrEqual(4000);
        expect(mostIn100Ms(connects)).toBeLessThanOrEqual(20);
      }
    }
  });
});
