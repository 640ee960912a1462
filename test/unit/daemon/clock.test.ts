import { expect, test } from "vitest";
import { openClock } from "../../../src/daemon/clock.ts";

function clockAt(wallMs: number, monotonicMs: number) {
  const at = { wallMs, monotonicMs };
  const clock = openClock({ wallMs: () => at.wallMs, monotonicMs: () => at.monotonicMs });
  return { at, clock };
}

test("begins at the wall clock, and runs with the monotonic one", () => {
  const { at, clock } = clockAt(1_000_000, 5);
  at.monotonicMs = 15;
  at.wallMs = 9_999_999;
  expect(clock.nowMs()).toBe(1_000_010);
});

test("catches up after a sleep, and never goes back", () => {
  const { at, clock } = clockAt(1_000_000, 0);
  at.wallMs = 4_600_000;
  at.monotonicMs = 100;
  expect(clock.catchUp(0)).toBe(true);
  expect(clock.nowMs()).toBe(4_600_000);
  expect(clock.catchUp(0)).toBe(false);
  at.wallMs = 50;
  expect(clock.catchUp(0)).toBe(false);
  expect(clock.nowMs()).toBe(4_600_000);
});

test("leaves be what is no sleep", () => {
  const { at, clock } = clockAt(1_000_000, 0);
  at.wallMs = 1_004_100;
  at.monotonicMs = 100;
  expect(clock.catchUp(4000)).toBe(false);
  expect(clock.nowMs()).toBe(1_000_100);
  at.wallMs = 1_004_101;
  expect(clock.catchUp(4000)).toBe(true);
  expect(clock.nowMs()).toBe(1_004_101);
});
