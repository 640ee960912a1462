/** A few dozen seeds in every fast suite: those that once failed, and some more. */
import { describe, expect, test } from "vitest";
import { planOf } from "./plan.ts";
import { REGRESSIONS, YOUNGER_FAULTS } from "./regressions.ts";
import { runJob } from "./tally.ts";
import { runWorld } from "./world.ts";

describe("a seed that once failed passes", () => {
  test.each(REGRESSIONS)("$seed: $about", ({ seed }) => {
    expect(runWorld(planOf(seed, { without: YOUNGER_FAULTS })).violation).toBeNull();
  });
});

test("seeds 1 to 24 keep the contract, with fifty personas among them, and do something", () => {
  expect(planOf(7).personas).toBe(50);
  const tally = runJob({ firstSeed: 1, seeds: 24, limits: {}, plant: null });
  expect(tally.failure).toBeNull();
  expect(tally.seeds).toBe(24);
  expect(tally.counts.acknowledged).toBeGreaterThan(400);
  expect(tally.counts.drained).toBeGreaterThan(400);
  expect(tally.counts.rings).toBeGreaterThan(400);
  expect(tally.counts.stopped).toBeGreaterThan(20);
  expect(tally.counts.hubLives).toBeGreaterThan(60);
});
