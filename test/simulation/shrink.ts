/**
 * Makes a failing run small enough to read: takes away classes of fault, personas and time as long as the
 * same invariant still fails. What is taken away does not shift the chances of what stays (see random.ts), so
 * most steps succeed at once.
 */
import { FAULT_NAMES, type PlanLimits, planOf } from "./plan.ts";
import type { Plant } from "./plants.ts";
import type { Violation } from "./violation.ts";
import { runWorld } from "./world.ts";

export interface Shrunk {
  readonly limits: PlanLimits;
  readonly violation: Violation;
  readonly runs: number;
}

const RUNS_MAX = 200;

export function shrink(seed: number, found: Violation, plant: Plant | null): Shrunk {
  let best: { limits: PlanLimits; violation: Violation } = { limits: {}, violation: found };
  let runs = 0;
  const stillFails = (limits: PlanLimits): boolean => {
    if (runs >= RUNS_MAX) return false;
    runs++;
    const { violation } = runWorld(planOf(seed, limits), { plant });
    if (violation === null || violation.invariant !== found.invariant) return false;
    best = { limits, violation };
    return true;
  };
  for (;;) {
    const before = best.limits;
    fewerPersonas(seed, () => best.limits, stillFails);
    fewerFaults(seed, () => best.limits, stillFails);
    shorterStorm(seed, () => best.limits, stillFails);
    fewerSignals(seed, () => best.limits, stillFails);
    if (best.limits === before || runs >= RUNS_MAX) return { ...best, runs };
  }
}

type Attempt = (limits: PlanLimits) => boolean;

function fewerPersonas(seed: number, now: () => PlanLimits, stillFails: Attempt): void {
  for (let personas = 1; personas < planOf(seed, now()).personas; personas *= 2) {
    if (stillFails({ ...now(), personas })) return;
  }
}

function fewerFaults(seed: number, now: () => PlanLimits, stillFails: Attempt): void {
  for (const fault of FAULT_NAMES) {
    if (!planOf(seed, now()).faults.has(fault)) continue;
    stillFails({ ...now(), without: [...(now().without ?? []), fault] });
  }
}

function fewerSignals(seed: number, now: () => PlanLimits, stillFails: Attempt): void {
  for (let signals = 1; signals < planOf(seed, now()).signals; signals *= 2) {
    if (stillFails({ ...now(), signals })) return;
  }
}

/** Halves the time left to cut until nothing of a second is left. */
function shorterStorm(seed: number, now: () => PlanLimits, stillFails: Attempt): void {
  let failsMs = planOf(seed, now()).stormMs;
  let passesMs = 0;
  while (failsMs - passesMs > 1000) {
    const stormMs = Math.round((failsMs + passesMs) / 2);
    if (stillFails({ ...now(), stormMs })) failsMs = stormMs;
    else passesMs = stormMs;
  }
}
