import { describe, expect, test } from "vitest";
import type { MailboxView } from "../../../src/domain/verbs.ts";
import {
  DOORBELL_SCHEDULE,
  type Doorbells,
  doorbellsFrom,
  dueAtMsOf,
  hear,
  ringIfDue,
  settleRing,
} from "../../../src/fsm/doorbell.ts";
import { NO_SIGNALS } from "../../support/lifecycle-script.ts";

const ONE: MailboxView = { ...NO_SIGNALS, revision: 1, through: 1, open: 1, newestAtMs: 0 };

/** Rings until nothing is due any more, `taken` or not; returns when. */
function ringAll(start: Doorbells, taken: boolean): { readonly times: number[]; readonly end: Doorbells } {
  const times: number[] = [];
  let doorbells = start;
  for (;;) {
    const dueAtMs = dueAtMsOf(doorbells);
    if (dueAtMs === null) return { times, end: doorbells };
    times.push(dueAtMs);
    const [ringing] = ringIfDue(doorbells, dueAtMs);
    const ring = ringing.rings;
    const settled = taken
      ? { ring, taken, path: "bell" }
      : ({ ring, taken: false, reason: "nobody there" } as const);
    [doorbells] = settleRing(ringing, settled as Parameters<typeof settleRing>[1], dueAtMs);
  }
}

function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
}

function fresh(): Doorbells {
  const saved = { heard: { through: 0, urgent: 0 }, standing: null, nowMs: 0 };
  return hear(doorbellsFrom(DOORBELL_SCHEDULE, saved), ONE, 0)[0];
}

describe("the schedule of a bell", () => {
  test("that nobody answers grows, and ends after 24 rings", () => {
    const { times } = ringAll(fresh(), true);
    const minutes = gapsOf(times).map((ms) => ms / 60_000);
    expect(minutes).toEqual([0.5, 1, 2, 5, 15, ...Array.from({ length: 18 }, () => 60)]);
  });

  test("begins again at its first delay when news comes to a bell that had given up", () => {
    const { end } = ringAll(fresh(), true);
    const nowMs = 90_000_000;
    const [next] = hear(end, { ...ONE, revision: 2, through: 2, open: 2 }, nowMs);
    expect(dueAtMsOf(next)).toBe(nowMs + 30_000);
    expect(ringAll(next, true).times).toHaveLength(23);
  });

  test("stays ended when nothing new came", () => {
    const { end } = ringAll(fresh(), true);
    const [next] = hear(end, { ...ONE, revision: 2, open: 1 }, 90_000_000);
    expect(dueAtMsOf(next)).toBeNull();
  });

  test("that the surface never takes grows, and ends too", () => {
    const { times } = ringAll(fresh(), false);
    const gaps = gapsOf(times);
    expect(times).toHaveLength(DOORBELL_SCHEDULE.failedRingsMax);
    expect(gaps.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(gaps.every((gap, index) => index === 0 || gap >= (gaps[index - 1] ?? 0))).toBe(true);
    expect(Math.max(...gaps)).toBe(3_600_000);
  });
});

describe("a standing bell from the state file", () => {
  const standing = { drains: 0, attempt: 3, round: 3, rungAtMs: 1000, dueAtMs: 121_000 };
  const heard = { through: 1, urgent: 0 };

  test("keeps its time", () => {
    const doorbells = doorbellsFrom(DOORBELL_SCHEDULE, { heard, standing, nowMs: 61_000 });
    expect(dueAtMsOf(hear(doorbells, ONE, 61_000)[0])).toBe(121_000);
  });

  test("is due at once when its time passed while nobody stood watch", () => {
    const nowMs = 999_000;
    const doorbells = doorbellsFrom(DOORBELL_SCHEDULE, { heard, standing, nowMs });
    const [, effects] = ringIfDue(hear(doorbells, ONE, nowMs)[0], nowMs);
    expect(effects).toMatchObject([{ do: "ring", attempt: 4 }]);
  });

  test("waits no longer than its schedule when the clock was set back", () => {
    const late = { ...standing, rungAtMs: 9_000_000, dueAtMs: 9_120_000 };
    const doorbells = doorbellsFrom(DOORBELL_SCHEDULE, { heard, standing: late, nowMs: 1000 });
    expect(dueAtMsOf(hear(doorbells, ONE, 1000)[0])).toBe(1000 + 120_000);
  });

  test("is answered by a drain that nobody saw", () => {
    const doorbells = doorbellsFrom(DOORBELL_SCHEDULE, { heard, standing, nowMs: 1000 });
    const view = { ...ONE, revision: 5, through: 2, told: 1, drains: 1 };
    expect(dueAtMsOf(hear(doorbells, view, 2000)[0])).toBe(2000);
  });
});
