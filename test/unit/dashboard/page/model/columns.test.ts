import { describe, expect, test } from "vitest";
import { drainsAnHour, grown, type SparkColumns } from "../../../../../src/dashboard/page/model/columns.ts";
import type { PersonaView } from "../../../../../src/domain/overview.ts";
import { FakeFleet } from "../../../../support/fake-fleet.ts";

const MINUTE_MS = 60_000;
const DAY: SparkColumns = {
  fromMs: 0,
  stepMs: 15 * MINUTE_MS,
  drains: [1, null, 3, 4],
  latencyMs: [5, null, 7, null],
};
const [VIEW] = new FakeFleet({ nowMs: 1_800_000_000_000, personas: 1 }).overview.personas as [PersonaView];

function drained(count: number, change: Partial<PersonaView> = {}): PersonaView {
  return { ...VIEW, ...change, counters: { ...VIEW.counters, drains: VIEW.counters.drains + count } };
}

describe("the newest step", () => {
  test("grows by what was drained, and takes the latency of the last ring", () => {
    const next = grown(DAY, VIEW, drained(2, { lastRungAtMs: 1, lastLatencyMs: 12 }), 50 * MINUTE_MS);
    expect(next.drains).toEqual([1, null, 3, 6]);
    expect(next.latencyMs).toEqual([5, null, 7, 12]);
  });

  test("stays the same object if nothing of it changed", () => {
    expect(grown(DAY, VIEW, { ...VIEW, pending: 3 }, 50 * MINUTE_MS)).toBe(DAY);
  });

  test("begins anew with its time, and the oldest goes", () => {
    const next = grown(DAY, VIEW, drained(1), 61 * MINUTE_MS);
    expect(next).toMatchObject({ fromMs: 15 * MINUTE_MS, drains: [null, 3, 4, 1] });
  });

  test("after a night without a word has nothing before it", () => {
    expect(grown(DAY, VIEW, drained(1), 10_000 * MINUTE_MS).drains).toEqual([null, null, null, 1]);
  });

  test("counts from nothing where the daemon began anew", () => {
    const before = drained(100);
    const after = { ...VIEW, counters: { ...VIEW.counters, drains: 2 } };
    expect(grown(DAY, before, after, 50 * MINUTE_MS).drains.at(-1)).toBe(6);
  });
});

test("an hour's drains are those of the steps that began in it", () => {
  expect(drainsAnHour(DAY, 60 * MINUTE_MS)).toBe(8);
  expect(drainsAnHour(DAY, 90 * MINUTE_MS)).toBe(7);
  expect(drainsAnHour(DAY, 300 * MINUTE_MS)).toBe(0);
});
