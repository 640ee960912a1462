/** What a person gets to read of a failure: what broke, how it came to it, and how to see it again. */
import { FAULTS, type Fault, type PlanLimits, planOf } from "./plan.ts";
import type { Plant, PlantName } from "./plants.ts";
import { shrink } from "./shrink.ts";
import { lineText } from "./trace.ts";
import type { Violation } from "./violation.ts";
import { runWorld } from "./world.ts";

const LINES_MAX = 40;

/** Reads the failing seed again, makes it small, and tells it. Returns lines of text. */
export function narrate(
  seed: number,
  found: Violation,
  planted: { readonly name: PlantName; readonly plant: Plant } | null,
): string[] {
  const plant = planted?.plant ?? null;
  const small = shrink(seed, found, plant);
  const plan = planOf(seed, small.limits);
  const run = runWorld(plan, { narrate: true, plant });
  const violation = run.violation ?? small.violation;
  const about = violation.address === "" ? "everybody" : violation.address;
  return [
    "",
    `seed ${seed} breaks invariant ${found.invariant}: ${headline(found)}`,
    `shrunk in ${small.runs} runs to ${plan.personas} persona(s), ${plan.signals} signal(s), ${plan.stormMs} ms of storm, ${run.steps} steps; faults:`,
    ...(plan.faults.size === 0 ? ["  none"] : []),
    ...[...plan.faults].map((fault: Fault) => `  ${fault}: ${FAULTS[fault]}`),
    "",
    `what ${about} went through last:`,
    ...run.trace.about(violation.address, LINES_MAX).map((line) => `  ${lineText(line)}`),
    "",
    `step ${run.steps}, invariant ${violation.invariant}: ${violation.message}`,
    "",
    `see it again:  ${replayCommand(seed, small.limits, planted?.name ?? null)}`,
  ];
}

export function replayCommand(seed: number, limits: PlanLimits, plant: PlantName | null): string {
  const parts = [`npm run simulate -- --seeds 1 --seed ${seed} --narrate`];
  if (plant !== null) parts.push(`--plant ${plant}`);
  if (limits.personas !== undefined) parts.push(`--personas ${limits.personas}`);
  if (limits.signals !== undefined) parts.push(`--signals ${limits.signals}`);
  if (limits.stormMs !== undefined) parts.push(`--storm-ms ${limits.stormMs}`);
  if (limits.without !== undefined && limits.without.length > 0) {
    parts.push(`--without ${limits.without.join(",")}`);
  }
  return parts.join(" ");
}

function headline(violation: Violation): string {
  return violation.message.split("\n")[0] ?? "";
}
