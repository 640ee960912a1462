import { describe, expect, it } from "vitest";
import { Generations } from "../../../../src/hub/core/generations.ts";
import {
  BURST_MAX,
  GROUP_FACTOR,
  LoopWatch,
  NOBODY_NAMED,
  NOT_REGISTERED,
} from "../../../../src/hub/core/loops.ts";

const MINUTE = 60_000;
const BOUNDS = { answersMax: 20, paceMs: 30_000, quietMs: 10 * MINUTE };
const [A, B, C] = [1, 2, 3];

/** One signal after another; time goes on by what each says. */
class Talk {
  readonly watch = new LoopWatch(BOUNDS);
  nowMs = 1_700_000_000_000;

  /** @returns false if it was refused */
  say(from: number, to: number, afterMs: number): boolean {
    this.nowMs += afterMs;
    if (this.watch.refusal(from, to, this.nowMs) !== null) return false;
    this.watch.note(from, to, this.nowMs);
    return true;
  }

  /** A and B in turn, until one is refused. @returns how many answers were taken */
  pingPong(gapMs: number, between: () => void = () => {}): number {
    this.say(A, B, gapMs);
    for (let answers = 0; answers < 1_000; answers++) {
      between();
      const [from, to] = answers % 2 === 0 ? [B, A] : [A, B];
      if (!this.say(from, to, gapMs)) return answers;
    }
    return Number.POSITIVE_INFINITY;
  }
}

describe("two that only answer each other", () => {
  it("are paced when they are quick", () => {
    expect(new Talk().pingPong(0)).toBe(BURST_MAX);
    // One more for each 30 s that the others took.
    expect(new Talk().pingPong(6_000)).toBe(BURST_MAX + 2);
  });

  it("are stopped in the end, however slow they are", () => {
    expect(new Talk().pingPong(30_000)).toBe(BOUNDS.answersMax);
    expect(new Talk().pingPong(9 * MINUTE)).toBe(BOUNDS.answersMax);
  });

  it("are left alone when they rest between their answers", () => {
    expect(new Talk().pingPong(10 * MINUTE)).toBe(Number.POSITIVE_INFINITY);
  });

  it("are told when it opens, and then it does", () => {
    const talk = new Talk();
    talk.pingPong(MINUTE);
    const stop = talk.watch.refusal(B, A, talk.nowMs);
    expect(stop).toMatchObject({ between: [A, B], answers: BOUNDS.answersMax, why: "depth" });
    const opensAtMs = stop?.opensAtMs ?? 0;
    expect(talk.watch.refusal(B, A, opensAtMs - 1)).not.toBeNull();
    expect(talk.watch.refusal(B, A, opensAtMs)).toBeNull();
    expect(talk.watch.stops(opensAtMs - 1)).toHaveLength(1);
    expect(talk.watch.stops(opensAtMs)).toEqual([]);
  });

  it("cannot put the opening off by trying", () => {
    const talk = new Talk();
    talk.pingPong(MINUTE);
    const opensAtMs = talk.watch.refusal(B, A, talk.nowMs)?.opensAtMs ?? 0;
    for (let tries = 0; tries < 5; tries++) talk.say(B, A, 1_000);
    // Nor can the other by speaking on.
    talk.say(A, B, 1_000);
    expect(talk.watch.refusal(B, A, talk.nowMs)?.opensAtMs).toBe(opensAtMs);
  });
});

describe("no loop", () => {
  it("is what one reports without an answer", () => {
    const talk = new Talk();
    for (let at = 0; at < 500; at++) expect(talk.say(A, B, 0)).toBe(true);
    expect(talk.say(B, A, 0)).toBe(true);
  });

  it("is what others say to either", () => {
    const talk = new Talk();
    talk.pingPong(0);
    expect(talk.say(A, C, 0)).toBe(true);
    expect(talk.say(C, A, 0)).toBe(true);
    expect(talk.say(C, B, 0)).toBe(true);
  });

  it("is seen where a sender is not registered: nobody can answer it", () => {
    const talk = new Talk();
    for (let at = 0; at < 100; at++) expect(talk.say(NOT_REGISTERED, A, 0)).toBe(true);
  });
});

describe("a word from outside", () => {
  it("of a sender without an address begins everything anew", () => {
    const talk = new Talk();
    expect(talk.pingPong(0, () => talk.say(NOBODY_NAMED, A, 0))).toBe(Number.POSITIVE_INFINITY);
    talk.pingPong(0);
    talk.say(NOBODY_NAMED, B, 0);
    expect(talk.pingPong(0)).toBe(BURST_MAX);
  });

  it("of another agent begins the depth anew, but neither the pace nor the sum", () => {
    expect(new Talk().pingPong(0, () => {})).toBe(BURST_MAX);
    const quick = new Talk();
    expect(quick.pingPong(0, () => quick.say(C, A, 0))).toBe(BURST_MAX);
    const slow = new Talk();
    expect(slow.pingPong(30_000, () => slow.say(C, A, 0))).toBe(BOUNDS.answersMax * GROUP_FACTOR);
  });

  it("is none of the two's own", () => {
    const talk = new Talk();
    // Each says a second thing; the other's words are no outsider's.
    expect(talk.pingPong(30_000, () => talk.say(A, B, 0))).toBeLessThanOrEqual(BOUNDS.answersMax);
  });
});

it("three that thank each other in a group come to an end", () => {
  const talk = new Talk();
  let taken = 0;
  // Each thanks for what it got, at once; what was refused was got by nobody.
  const waiting: (readonly [number, number])[] = [
    [A, B],
    [B, C],
    [C, A],
  ];
  for (let next = waiting.shift(); next !== undefined && taken < 1_000; next = waiting.shift()) {
    const [from, to] = next;
    if (!talk.say(from, to, 10_000)) continue;
    taken++;
    waiting.push([to, from]);
  }
  expect(waiting).toEqual([]);
  expect(taken).toBe(3 * (BOUNDS.answersMax * GROUP_FACTOR + 1));
});

it("who signals itself answers itself", () => {
  const talk = new Talk();
  let taken = 0;
  while (talk.say(A, A, 0)) taken++;
  expect(taken).toBe(BURST_MAX + 1);
});

describe("the clock", () => {
  it("set back keeps nobody waiting for a time that comes twice", () => {
    for (const backMs of [1, MINUTE, 60 * MINUTE]) {
      const talk = new Talk();
      talk.say(A, B, 0);
      talk.say(B, A, 0);
      expect(talk.say(A, B, -backMs)).toBe(true);
      talk.pingPong(0);
      const stop = talk.watch.refusal(B, A, talk.nowMs - backMs);
      expect((stop?.opensAtMs ?? 0) - (talk.nowMs - backMs)).toBeLessThanOrEqual(BOUNDS.quietMs);
    }
  });

  it("set forwards ends the run", () => {
    const talk = new Talk();
    talk.pingPong(0);
    expect(talk.say(B, A, 365 * 24 * 60 * MINUTE)).toBe(true);
  });
});

it("is bounded in memory, and forgets the longest silent first", () => {
  const lately = new Generations<string>(10);
  for (let key = 0; key < 1_000; key++) {
    lately.set(key, `${key}`);
    expect(lately.get(0)).toBe("0");
    expect(lately.size).toBeLessThanOrEqual(12);
  }
  expect(lately.get(999)).toBe("999");
  expect(lately.get(500)).toBeUndefined();
  const watch = new LoopWatch({ ...BOUNDS, answersMax: 0 });
  for (let id = 2; id < 2_000; id++) {
    watch.note(1, id, 0);
    expect(watch.refusal(id, 1, 0)).not.toBeNull();
  }
  expect(watch.stops(0).length).toBe(256);
});
