/** Spreads seeds over the machine's cores, in small jobs, and stops at the first failure. */
import { Worker } from "node:worker_threads";
import { added, type Job, NO_RUNS, type Tally } from "./tally.ts";

export interface PoolOptions {
  readonly whole: Job;
  readonly workers: number;
  /** Told after each job. */
  readonly progress: (tally: Tally) => void;
}

const JOB_SEEDS_MAX = 20;

export async function runPool(options: PoolOptions): Promise<Tally> {
  const { whole, progress } = options;
  let tally = NO_RUNS;
  let nextSeed = whole.firstSeed;
  const endSeed = whole.firstSeed + whole.seeds;
  const nextJob = (): Job | null => {
    if (tally.failure !== null || nextSeed >= endSeed) return null;
    const seeds = Math.min(JOB_SEEDS_MAX, endSeed - nextSeed);
    const job = { ...whole, firstSeed: nextSeed, seeds };
    nextSeed += seeds;
    return job;
  };
  const workers = Math.min(options.workers, Math.ceil(whole.seeds / JOB_SEEDS_MAX));
  await Promise.all(
    Array.from({ length: workers }, () =>
      employ(nextJob, (done) => {
        tally = added(tally, done);
        progress(tally);
      }),
    ),
  );
  return tally;
}

/** One worker, from its first job to its last. */
function employ(nextJob: () => Job | null, done: (tally: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("worker.ts", import.meta.url));
    const hand = (): void => {
      const job = nextJob();
      if (job === null) void worker.terminate().then(() => resolve());
      else worker.postMessage(job);
    };
    worker.on("error", reject);
    worker.on("message", (tally: Tally) => {
      done(tally);
      hand();
    });
    hand();
  });
}
