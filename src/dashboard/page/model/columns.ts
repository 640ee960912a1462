/**
 * The last 24 hours of one persona as a sparkline needs them, kept up to date from its views between two readings of
 * the history: the newest step grows by what its counters have gained.
 */
import type { PersonaView } from "../../../domain/overview.ts";
import type { HistorySummary, SummaryColumns } from "../../api.ts";

export interface SparkColumns {
  /** When the first step began, and how long each one is: milliseconds. */
  readonly fromMs: number;
  readonly stepMs: number;
  readonly latencyMs: readonly (number | null)[];
  readonly drains: readonly (number | null)[];
}

const HOUR_MS = 3_600_000;

export function columnsOf(summary: HistorySummary, columns: SummaryColumns): SparkColumns {
  const { fromMs, stepMs } = summary;
  return { fromMs, stepMs, latencyMs: columns.latencyMs, drains: columns.drains };
}

/** Of one that nothing is known of so far. */
export function emptyColumns({ fromMs, stepMs, steps }: HistorySummary): SparkColumns {
  const nothing = Array.from({ length: steps }, () => null);
  return { fromMs, stepMs, latencyMs: nothing, drains: nothing };
}

/**
 * What changed between two views of one persona, added to its newest step.
 *
 * @param nowMs by the server's clock; once it has left the newest step, a new one begins and the oldest goes
 * @returns the same object if nothing of it changed
 */
export function grown(
  columns: SparkColumns,
  before: PersonaView,
  after: PersonaView,
  nowMs: number,
): SparkColumns {
  // Counters begin anew with the daemon: less than before means all of it is new.
  const counted = after.counters.drains - before.counters.drains;
  const drains = counted < 0 ? after.counters.drains : counted;
  const isRung = after.lastRungAtMs !== before.lastRungAtMs && after.lastLatencyMs !== null;
  if (drains === 0 && !isRung) return columns;
  const moved = movedTo(columns, nowMs);
  const last = moved.drains.length - 1;
  return {
    ...moved,
    drains: drains === 0 ? moved.drains : moved.drains.with(last, (moved.drains[last] ?? 0) + drains),
    latencyMs: isRung ? moved.latencyMs.with(last, after.lastLatencyMs) : moved.latencyMs,
  };
}

/** Drains within the last hour: of the steps that began in it. */
export function drainsAnHour({ fromMs, stepMs, drains }: SparkColumns, nowMs: number): number {
  const first = Math.max(0, Math.ceil((nowMs - HOUR_MS - fromMs) / stepMs));
  return drains.slice(first).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function movedTo(columns: SparkColumns, nowMs: number): SparkColumns {
  const { fromMs, stepMs, drains, latencyMs } = columns;
  const steps = drains.length;
  const behind = Math.min(steps, Math.floor((nowMs - fromMs) / stepMs) - (steps - 1));
  if (behind <= 0) return columns;
  const empty = Array.from({ length: behind }, () => null);
  return {
    stepMs,
    fromMs: fromMs + behind * stepMs,
    drains: [...drains.slice(behind), ...empty],
    latencyMs: [...latencyMs.slice(behind), ...empty],
  };
}
