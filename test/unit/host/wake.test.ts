import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createWakeDetector, watchForWake } from "../../../src/host/wake.ts";

const HOUR_MS = 3_600_000;

/** Both clocks, and a detector that is fed every two seconds. */
function stage() {
  const clock = { wallMs: 1_000_000, monotonicMs: 500 };
  const detector = createWakeDetector(
    { wallMs: () => clock.wallMs, monotonicMs: () => clock.monotonicMs },
    2000,
  );
  return {
    pass(wallMs: number, monotonicMs = wallMs) {
      clock.wallMs += wallMs;
      clock.monotonicMs += monotonicMs;
      return detector.look();
    },
  };
}

describe("createWakeDetector", () => {
  it("hears nothing of a usual life", () => {
    const { pass } = stage();
    for (const ms of [2000, 2001, 2350, 2000, 3900, 5900, 1]) expect(pass(ms)).toBeUndefined();
  });

  it("tells a sleep in which the monotonic clock stood still", () => {
    const { pass } = stage();
    pass(2000);
    expect(pass(HOUR_MS, 1500)).toEqual({ gapMs: HOUR_MS - 2000 });
    expect(pass(2000)).toBeUndefined();
  });

  it("tells a sleep in which it ran on", () => {
    const { pass } = stage();
    expect(pass(HOUR_MS)).toEqual({ gapMs: HOUR_MS - 2000 });
  });

  it("tells a sleep although the wall clock was held back", () => {
    const { pass } = stage();
    expect(pass(0, 10_000)).toEqual({ gapMs: -10_000 });
    expect(pass(7000, 10_000)).toEqual({ gapMs: 8000 });
  });

  it("tells a wall clock that was set, either way, once", () => {
    const { pass } = stage();
    expect(pass(2000 + HOUR_MS, 2000)).toEqual({ gapMs: HOUR_MS });
    expect(pass(2000)).toBeUndefined();
    expect(pass(2000 - HOUR_MS, 2000)).toEqual({ gapMs: -HOUR_MS });
    expect(pass(2000)).toBeUndefined();
  });

  it("is not moved by a time daemon's corrections", () => {
    const { pass } = stage();
    for (let i = 0; i < 100; i++) expect(pass(2000 + (i % 2 === 0 ? 400 : -400), 2000)).toBeUndefined();
  });
});

it("watchForWake calls when the clocks disagree, and not once it is stopped", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  let wallMs = 0;
  const gaps: number[] = [];
  const stop = watchForWake(
    ({ gapMs }) => gaps.push(gapMs),
    () => {},
    { wallMs: () => wallMs, monotonicMs: () => 0 },
  );
  vi.advanceTimersByTime(10_000);
  expect(gaps).toEqual([]);
  wallMs = HOUR_MS;
  vi.advanceTimersByTime(2000);
  expect(gaps).toEqual([HOUR_MS - 2000]);
  stop();
  wallMs += HOUR_MS;
  vi.advanceTimersByTime(10_000);
  expect(gaps).toHaveLength(1);
});
