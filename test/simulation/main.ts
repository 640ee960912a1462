/**
 * `npm run simulate -- --seeds N [--seed S] [--narrate]`: runs the simulation over many seeds on all cores.
 * Ends with status 1 and a readable account if any of them breaks an invariant, with 64 if it was called
 * wrongly, else with 0.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { FAULT_NAMES, FAULTS, type Fault, type PlanLimits, planOf } from "./plan.ts";
import { PLANTS, type PlantName } from "./plants.ts";
import { runPool } from "./pool.ts";
import { narrate } from "./report.ts";
import type { Tally } from "./tally.ts";
import { lineText } from "./trace.ts";
import { Violation } from "./violation.ts";
import { runWorld } from "./world.ts";

const USAGE = `npm run simulate -- [options]

  --seeds N         how many seeds to run (100)
  --seed S          the first of them, or "random" (1)
  --narrate         tell all that happens in each of them, on one core
  --plant NAME      with a bug planted on purpose, to see it found: ${Object.keys(PLANTS).join(", ")}
  --personas K      at most K personas
  --signals K       at most K signals
  --storm-ms MS     faults cease after MS virtual milliseconds at the latest
  --without A,B     without these classes of fault
  --workers W       cores to use (all)

classes of fault:
${FAULT_NAMES.map((name) => `  ${name.padEnd(16)}${FAULTS[name]}`).join("\n")}
`;

interface Options {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly narrate: boolean;
  readonly plant: PlantName | null;
  readonly limits: PlanLimits;
  readonly workers: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      narrate: { type: "boolean", default: false },
      plant: { type: "string" },
      personas: { type: "string" },
      signals: { type: "string" },
      "storm-ms": { type: "string" },
      without: { type: "string" },
      workers: { type: "string", default: String(availableParallelism()) },
    },
  });
  const { plant, personas, signals, without } = values;
  if (plant !== undefined && !Object.hasOwn(PLANTS, plant))
    throw new Error(`--plant: there is no "${plant}"`);
  return {
    seeds: whole("--seeds", values.seeds),
    firstSeed: values.seed === "random" ? Date.now() % 1e9 : whole("--seed", values.seed),
    narrate: values.narrate,
    plant: (plant as PlantName | undefined) ?? null,
    limits: {
      ...(personas === undefined ? {} : { personas: whole("--personas", personas) }),
      ...(signals === undefined ? {} : { signals: whole("--signals", signals) }),
      ...(values["storm-ms"] === undefined ? {} : { stormMs: whole("--storm-ms", values["storm-ms"]) }),
      ...(without === undefined ? {} : { without: without.split(",").map(faultOf) }),
    },
    workers: whole("--workers", values.workers),
  };
}

function whole(flag: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${flag} must be a whole number above 0, not "${text}"`);
}

function faultOf(name: string): Fault {
  const fault = FAULT_NAMES.find((known) => known === name);
  if (fault === undefined) throw new Error(`--without: there is no class of fault "${name}"`);
  return fault;
}

function progress(total: number, startedAtMs: number): (tally: Tally) => void {
  let shownAtMs = 0;
  return (tally) => {
    const nowMs = performance.now();
    if (nowMs - shownAtMs < (process.stderr.isTTY ? 200 : 10_000)) return;
    shownAtMs = nowMs;
    const rate = tally.seeds / ((nowMs - startedAtMs) / 1000);
    const line = `${tally.seeds} of ${total} seeds, ${rate.toFixed(1)} a second`;
    process.stderr.write(process.stderr.isTTY ? `\r${line}   ` : `${line}\n`);
  };
}

async function runMany(options: Options): Promise<number> {
  const { seeds, firstSeed, limits, plant, workers } = options;
  const startedAtMs = performance.now();
  const last = firstSeed + seeds - 1;
  console.log(
    `seeds ${firstSeed} to ${last}${plant === null ? "" : `, with "${plant}" planted: ${PLANTS[plant].about}`}`,
  );
  const tally = await runPool({
    whole: { firstSeed, seeds, limits, plant },
    workers,
    progress: progress(seeds, startedAtMs),
  });
  if (process.stderr.isTTY) process.stderr.write("\n");
  console.log(summary(tally, (performance.now() - startedAtMs) / 1000));
  const { failure } = tally;
  if (failure === null) return 0;
  const found = new Violation(failure.invariant, failure.address, failure.message);
  const planted = plant === null ? null : { name: plant, plant: PLANTS[plant] };
  console.log(narrate(failure.seed, found, planted).join("\n"));
  return 1;
}

function summary({ seeds, steps, virtualMs, counts, failure }: Tally, seconds: number): string {
  const days = (virtualMs / 86_400_000).toFixed(1);
  return [
    `${seeds} seeds in ${seconds.toFixed(1)} s: ${failure === null ? "no violation" : "a violation"}`,
    `${steps} steps over ${days} virtual days; ${counts.acknowledged} signals acknowledged, ${counts.drained} drained,`,
    `${counts.stopped} answers refused for a loop, ${counts.rings} rings, ${counts.connects} connects of daemons, ${counts.hubLives} lives of hubs`,
  ].join("\n");
}

/** Tells each run from its first line to its last. */
function runNarrated(options: Options): number {
  const plant = options.plant === null ? null : PLANTS[options.plant];
  for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
    const plan = planOf(seed, options.limits);
    console.log(
      `seed ${seed}: ${plan.personas} persona(s), ${plan.stormMs} ms of storm, ${[...plan.faults].join(", ")}`,
    );
    const { trace, violation, steps } = runWorld(plan, { narrate: true, plant });
    for (const line of trace.lines) console.log(lineText(line));
    if (violation === null) continue;
    console.log(
      `step ${steps}, invariant ${violation.invariant}, ${violation.address}: ${violation.message}`,
    );
    return 1;
  }
  return 0;
}

let options: Options;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(64);
}
process.exitCode = options.narrate ? runNarrated(options) : await runMany(options);
