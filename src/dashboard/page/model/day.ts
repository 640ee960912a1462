/**
 * The minutes of a persona's history as columns for charts: slots of one width over the whole span, so that what
 * nobody knows is seen as a gap and not drawn over.
 */

import { countText } from "../../../domain/overview/figures.ts";
import { measuredText, minuteText } from "../../../domain/overview/times.ts";
import type { MinuteSample } from "../../../domain/overview.ts";
import { LIFECYCLE_STATES, type LifecycleName } from "../../../ipc.ts";
import type { PersonaHistory } from "../../api.ts";

const MINUTE_MS = 60_000;

export const SPANS = [1, 6, 24] as const;
/** Hours. */
export type Span = (typeof SPANS)[number];

type Column = readonly (number | null)[];

export interface Day {
  readonly slotMinutes: number;
  /** Epoch seconds of each slot's begin: what the charts count in. */
  readonly atSeconds: readonly number[];
  /** Index into `LIFECYCLE_STATES`. */
  readonly state: Column;
  readonly pending: Column;
  readonly rung: Column;
  readonly failed: Column;
  readonly drains: Column;
  readonly latencyMs: Column;
  readonly latencyMsMax: Column;
}

/** The least span that holds all that is known: a daemon's first hour is not lost in a day. */
export function spanOf({ samples, toMs }: PersonaHistory): Span {
  const first = samples[0]?.atMs ?? Number.NEGATIVE_INFINITY;
  return SPANS.find((hours) => toMs - hours * 60 * MINUTE_MS <= first) ?? 24;
}

/** Minutes of one slot: so that a slot is some pixels wide, whatever the span. */
const SLOT_MINUTES: Readonly<Record<Span, number>> = { 1: 1, 6: 2, 24: 10 };

/** @param span how much of the end is wanted */
export function dayOf(history: PersonaHistory, span: Span): Day {
  const slotMs = SLOT_MINUTES[span] * MINUTE_MS;
  const slots = (span * 60 * MINUTE_MS) / slotMs;
  const fromMs = history.toMs - slots * slotMs;
  const bySlot = Map.groupBy(history.samples, ({ atMs }) => Math.floor((atMs - fromMs) / slotMs));
  const column = (figure: (within: readonly MinuteSample[]) => number | null): Column =>
    Array.from({ length: slots }, (_, slot) => {
      const within = bySlot.get(slot);
      return within === undefined ? null : figure(within);
    });
  const sum = (figure: (sample: MinuteSample) => number) =>
    column((within) => within.reduce((total, sample) => total + figure(sample), 0));
  return {
    slotMinutes: SLOT_MINUTES[span],
    atSeconds: Array.from({ length: slots }, (_, slot) => (fromMs + slot * slotMs) / 1000),
    state: column((within) => Math.min(...within.map(({ state }) => LIFECYCLE_STATES.indexOf(state)))),
    pending: column((within) => Math.max(...within.map(({ pending }) => pending))),
    rung: sum(({ rung }) => rung),
    failed: sum(({ failed }) => failed),
    drains: sum(({ drains }) => drains),
    latencyMs: column(meanLatency),
    latencyMsMax: column((within) => {
      const known = within.flatMap(({ latencyMsMax }) => (latencyMsMax === null ? [] : [latencyMsMax]));
      return known.length === 0 ? null : Math.max(...known);
    }),
  };
}

/** Weighed by rings: a minute with one ring says less than a minute with ten. */
function meanLatency(within: readonly MinuteSample[]): number | null {
  let rings = 0;
  let total = 0;
  for (const { latencyMs, rung } of within) {
    if (latencyMs === null) continue;
    const weight = Math.max(1, rung);
    rings += weight;
    total += weight * latencyMs;
  }
  return rings === 0 ? null : total / rings;
}

/** How much of the span was spent in each state, in hundredths of all its minutes; `null`: nobody knows. */
export function sharesOf({
  state,
}: Day): { readonly state: LifecycleName | null; readonly percent: number }[] {
  const counts = new Map<number | null, number>();
  for (const slot of state) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  const order = [2, 3, 1, 0, null];
  return order.flatMap((slot) => {
    const count = counts.get(slot);
    const name = slot === null ? null : (LIFECYCLE_STATES[slot] ?? null);
    return count === undefined ? [] : [{ state: name, percent: (100 * count) / Math.max(1, state.length) }];
  });
}

/** Below one in a hundred a rounded figure would claim that there was nothing. */
export function percentText(percent: number): string {
  if (percent > 0 && percent < 1) return "<\u202f1\u202f%";
  if (percent > 99 && percent < 100) return ">\u202f99\u202f%";
  return `${Math.round(percent)}\u202f%`;
}

/** A chart in words, for who can't see it. */
export function mostText(day: Day, column: Column, unit: "count" | "ms"): string {
  let most = -1;
  column.forEach((value, index) => {
    if (value !== null && value > (column[most] ?? -1)) most = index;
  });
  const value = column[most];
  if (value === undefined || value === null) return "nothing known";
  const at = minuteText((day.atSeconds[most] ?? 0) * 1000);
  return `most ${unit === "ms" ? measuredText(value) : countText(value)} at ${at}`;
}

export function sumOf(column: Column): number {
  return column.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
