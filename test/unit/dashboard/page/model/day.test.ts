import { describe, expect, test } from "vitest";
import type { PersonaHistory } from "../../../../../src/dashboard/api.ts";
import {
  dayOf,
  mostText,
  percentText,
  sharesOf,
  spanOf,
  sumOf,
} from "../../../../../src/dashboard/page/model/day.ts";
import type { MinuteSample } from "../../../../../src/domain/overview.ts";

const MINUTE_MS = 60_000;
const TO_MS = 1_800_000_000_000;

function minute(ago: number, change: Partial<MinuteSample> = {}): MinuteSample {
  return {
    atMs: TO_MS - ago * MINUTE_MS,
    ...{ state: "connected", pending: 0, rung: 0, failed: 0, drains: 0, reconnects: 0, errors: 0 },
    ...{ latencyMs: null, latencyMsMax: null },
    ...change,
  };
}

function history(samples: readonly MinuteSample[]): PersonaHistory {
  return { key: "k", fromMs: TO_MS - 1440 * MINUTE_MS, toMs: TO_MS, samples };
}

describe("a span", () => {
  test("of an hour has a slot for each minute, and null where nobody knows", () => {
    const day = dayOf(history([minute(2, { pending: 3 }), minute(61)]), 1);
    expect(day.atSeconds).toHaveLength(60);
    expect(day.pending.slice(-3)).toEqual([null, 3, null]);
    expect(day.pending.filter((value) => value !== null)).toHaveLength(1);
  });

  test("of a day puts ten minutes into one: the most, the sums, the worst, the mean by rings", () => {
    const samples = [
      minute(10, { pending: 1, rung: 1, drains: 1, latencyMs: 10, latencyMsMax: 10 }),
      minute(9, { state: "disconnected", pending: 5 }),
      minute(1, { pending: 2, rung: 3, failed: 1, latencyMs: 30, latencyMsMax: 90 }),
    ];
    const day = dayOf(history(samples), 24);
    expect(day.atSeconds).toHaveLength(144);
    expect(day.pending.at(-1)).toBe(5);
    expect(day.rung.at(-1)).toBe(4);
    expect(day.failed.at(-1)).toBe(1);
    expect(day.state.at(-1)).toBe(0);
    expect(day.latencyMs.at(-1)).toBe(25);
    expect(day.latencyMsMax.at(-1)).toBe(90);
    expect(day.pending.at(-2)).toBeNull();
  });
});

test.each([
  [[5], 1],
  [[60], 1],
  [[61, 5], 6],
  [[1440, 5], 24],
  [[], 24],
] as const)("what is known of minutes %j ago is opened with %i hours", (ago, hours) => {
  expect(spanOf(history(ago.map((minutes) => minute(minutes))))).toBe(hours);
});

test("shares of the states tell what nobody knows as such", () => {
  const day = dayOf(history(Array.from({ length: 30 }, (_, index) => minute(index + 1))), 1);
  expect(sharesOf(day)).toEqual([
    { state: "connected", percent: 50 },
    { state: null, percent: 50 },
  ]);
});

test.each([
  [0, "0 %"],
  [0.2, "< 1 %"],
  [49.6, "50 %"],
  [99.8, "> 99 %"],
  [100, "100 %"],
])("%d in a hundred is %s", (percent, text) => {
  expect(percentText(percent).replaceAll("\u202f", " ")).toBe(text);
});

test("a chart in words", () => {
  const day = dayOf(history([minute(2, { latencyMs: 12, rung: 2 }), minute(3, { rung: 1 })]), 1);
  expect(mostText(day, day.latencyMs, "ms")).toMatch(/^most 12\u202fms at \d\d:\d\d$/);
  expect(
    mostText(
      day,
      day.pending.map(() => null),
      "count",
    ),
  ).toBe("nothing known");
  expect(sumOf(day.rung)).toBe(3);
});
