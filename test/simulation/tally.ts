/** Sums over runs, as plain data that passes between threads. */
import { type PlanLimits, planOf } from "./plan.ts";
import { PLANTS, type PlantName } from "./plants.ts";
import type { Violation } from "./violation.ts";
import { type RunCounts, runWorld } from "./world.ts";

export interface Job {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly limits: PlanLimits;
  readonly plant: PlantName | null;
}

export interface Tally {
  readonly seeds: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly counts: RunCounts;
  /** The first failure met: a run after it proves nothing about the one before. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly seed: number;
  readonly invariant: number;
  readonly address: string;
  readonly message: string;
}

export const NO_RUNS: Tally = {
  seeds: 0,
  steps: 0,
  virtualMs: 0,
  counts: { acknowledged: 0, drained: 0, stopped: 0, rings: 0, connects: 0, hubLives: 0 },
  failure: null,
};

/** Runs seed after seed until one fails. */
export function runJob(job: Job): Tally {
  const plant = job.plant === null ? null : PLANTS[job.plant];
  let tally = NO_RUNS;
  for (let seed = job.firstSeed; seed < job.firstSeed + job.seeds; seed++) {
    const { violation, steps, virtualMs, counts } = runWorld(planOf(seed, job.limits), { plant });
    const failure = violation === null ? null : failureOf(seed, violation);
    tally = added(tally, { seeds: 1, steps, virtualMs, counts, failure });
    if (failure !== null) break;
  }
  return tally;
}

export function added(a: Tally, b: Tally): Tally {
  return {
    seeds: a.seeds + b.seeds,
    steps: a.steps + b.steps,
    virtualMs: a.virtualMs + b.virtualMs,
    counts: {
      acknowledged: a.counts.acknowledged + b.counts.acknowledged,
      drained: a.counts.drained + b.counts.drained,
      stopped: a.counts.stopped + b.counts.stopped,
      rings: a.counts.rings + b.counts.rings,
      connects: a.counts.connects + b.counts.connects,
      hubLives: a.counts.hubLives + b.counts.hubLives,
    },
    failure: a.failure ?? b.failure,
  };
}

function failureOf(seed: number, { invariant, address, message }: Violation): Failure {
  return { seed, invariant, address, message };
}
