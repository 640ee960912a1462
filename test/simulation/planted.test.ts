/** Bugs planted on purpose are found within a few seeds, and told so that a person can follow. */
import { describe, expect, test } from "vitest";
import { type PlanLimits, planOf } from "./plan.ts";
import { PLANTS, type PlantName } from "./plants.ts";
import { narrate } from "./report.ts";
import { shrink } from "./shrink.ts";
import { type Failure, runJob } from "./tally.ts";
import { Violation } from "./violation.ts";
import { runWorld } from "./world.ts";

const SEEDS_MAX = 40;

function find(plant: PlantName): { readonly failure: Failure; readonly found: Violation } {
  const { failure } = runJob({ firstSeed: 1, seeds: SEEDS_MAX, limits: {}, plant });
  if (failure === null) throw new Error(`${plant} was not found within ${SEEDS_MAX} seeds`);
  return { failure, found: new Violation(failure.invariant, failure.address, failure.message) };
}

function told(name: PlantName): string {
  const { failure, found } = find(name);
  return narrate(failure.seed, found, { name, plant: PLANTS[name] }).join("\n");
}

describe("a planted bug is found and narrated", () => {
  test("lost-ack: the signal that was acknowledged, the crash, and what the hub says after it", () => {
    const story = told("lost-ack");
    expect(story).toMatch(/^\nseed \d+ breaks invariant [38]: /);
    expect(story).toMatch(/acknowledged as k7qd-/);
    expect(story).toMatch(/hub: is killed[\s\S]*hub: starts \(life 2\)[\s\S]*\nstep \d+, invariant [38]: /);
  });

  test("double-drain: the drain, and that the signal is back", () => {
    const story = told("double-drain");
    expect(story).toMatch(/breaks invariant [38]: /);
    expect(story).toMatch(
      /agent: drained \d+ by d[\s\S]*invariant [38]: signal k7qd-\w+ was (drained and is|handed over twice)/,
    );
  });

  test("stale-bell: the drain, and the ring after it", () => {
    const story = told("stale-bell");
    expect(story).toMatch(/breaks invariant 6: /);
    expect(story).toMatch(
      /agent: drained \d+ by d[\s\S]*daemon: connected -> emitting on wakeReached[\s\S]*had been told that none is open/,
    );
  });
});

describe("a failure", () => {
  test("is made small, and what is left still fails by the command that is printed", () => {
    const { failure, found } = find("stale-bell");
    const plant = PLANTS["stale-bell"];
    const { limits } = shrink(failure.seed, found, plant);
    const before = planOf(failure.seed);
    const after = planOf(failure.seed, limits);
    expect(after.personas).toBeLessThanOrEqual(before.personas);
    expect(after.faults.size).toBeLessThan(before.faults.size);
    expect(after.signals).toBeLessThanOrEqual(2);
    const command = narrate(failure.seed, found, { name: "stale-bell", plant }).at(-1) ?? "";
    expect(limitsIn(command)).toEqual(limits);
    const again = runWorld(planOf(failure.seed, limitsIn(command)), { plant });
    expect(again.violation?.invariant).toBe(6);
  });

  test("is none without the bug", () => {
    const { failure } = find("stale-bell");
    expect(runWorld(planOf(failure.seed)).violation).toBeNull();
  });
});

/** The limits that a replay command names. */
function limitsIn(command: string): PlanLimits {
  const number = (flag: string): number | undefined => {
    const found = new RegExp(`--${flag} (\\d+)`).exec(command)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const without = /--without (\S+)/.exec(command)?.[1]?.split(",");
  const entries = {
    personas: number("personas"),
    signals: number("signals"),
    stormMs: number("storm-ms"),
    without,
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
