import { describe, expect, it } from "vitest";
import { createBackoff } from "../../../src/shim/backoff.ts";

const BOUNDS = { delayMsMin: 100, delayMsMax: 1_000, stableMs: 5_000 };

describe("backoff", () => {
  it("doubles up to its bound, and starts anew after a stable connection", () => {
    const backoff = createBackoff(BOUNDS, () => 1);
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    backoff.ended(4_999);
    expect(backoff.next()).toBe(1_000);
    backoff.ended(5_000);
    expect(backoff.next()).toBe(100);
  });

  it("spreads over the whole delay, and never overflows", () => {
    const backoff = createBackoff(BOUNDS, () => 0.001);
    for (let i = 0; i < 5_000; i++) expect(backoff.next()).toBeLessThanOrEqual(1);
  });
});
