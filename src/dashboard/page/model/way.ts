/**
 * One signal's way as something to draw: the steps that are known, those that must have been and nobody told of,
 * and the gaps between. Positions are on a logarithmic scale of time since the acceptance: a way has gaps of a
 * millisecond beside gaps of an hour, and on a ruler of hours all but the last would fall into one point.
 */
import {
  type SignalTrace,
  TRACE_STEPS,
  type TraceStep,
  type TraceStepName,
} from "../../../domain/overview.ts";

export type WayMark =
  | {
      readonly kind: "known";
      readonly step: TraceStep;
      /** Since the known step before it, milliseconds; null at the first. Below zero where clocks disagree. */
      readonly gapMs: number | null;
      readonly sinceAcceptedMs: number;
      /** 0 to 1 along the scale. */
      readonly position: number;
    }
  /** It happened, since a later one did, but was not told of. */
  | { readonly kind: "unknown"; readonly name: TraceStepName }
  /** It has not come to that yet. */
  | { readonly kind: "ahead"; readonly name: TraceStepName };

export interface Way {
  readonly marks: readonly WayMark[];
  /** From the acceptance to the last known step, milliseconds. */
  readonly totalMs: number;
  readonly isOver: boolean;
}

export interface Tick {
  readonly atMs: number;
  readonly position: number;
}

const ENDS: readonly TraceStepName[] = ["drained", "expired"];

export function wayOf({ signal, steps }: SignalTrace): Way {
  const accepted = steps.find(({ name }) => name === "accepted")?.atMs ?? signal.acceptedAtMs;
  const totalMs = Math.max(0, ...steps.map(({ atMs }) => atMs - accepted));
  const isOver = signal.state === "drained" || signal.state === "expired";
  const marks: WayMark[] = [];
  let before: number | null = null;
  for (const step of steps) {
    const sinceAcceptedMs = step.atMs - accepted;
    marks.push({
      kind: "known",
      step,
      gapMs: before === null ? null : step.atMs - before,
      sinceAcceptedMs,
      position: positionOf(sinceAcceptedMs, totalMs),
    });
    before = step.atMs;
  }
  return { marks: withGaps(marks, isOver), totalMs, isOver };
}

/** The powers of ten, then the units of people, that lie within the span. */
export function ticksOf(totalMs: number): Tick[] {
  return [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000]
    .filter((atMs) => atMs < totalMs)
    .map((atMs) => ({ atMs, position: positionOf(atMs, totalMs) }));
}

/** `log(1 + t)`: linear below a millisecond, so that nothing runs off to the left. */
function positionOf(sinceMs: number, totalMs: number): number {
  if (totalMs <= 0) return 0;
  return Math.log1p(Math.max(0, sinceMs)) / Math.log1p(totalMs);
}

/** Puts in what is missing: before the last known step it is unknown, behind it still ahead. */
function withGaps(known: readonly WayMark[], isOver: boolean): WayMark[] {
  const has = new Set(known.flatMap((mark) => (mark.kind === "known" ? [mark.step.name] : [])));
  const hasEnd = ENDS.some((name) => has.has(name));
  const usual = TRACE_STEPS.filter((name) => !ENDS.includes(name));
  const last = usual.findLastIndex((name) => has.has(name));
  const marks = [...known];
  usual.forEach((name, index) => {
    if (has.has(name)) return;
    // An agent may drain of itself before anybody rang: behind the last known step nothing is claimed.
    if (index < last) marks.splice(indexFor(marks, index, usual), 0, { kind: "unknown", name });
    else if (!hasEnd && !isOver) marks.push({ kind: "ahead", name });
  });
  if (!hasEnd) marks.push({ kind: isOver ? "unknown" : "ahead", name: "drained" });
  return marks;
}

function indexFor(marks: readonly WayMark[], index: number, usual: readonly TraceStepName[]): number {
  const later = marks.findIndex((mark) => {
    const name = mark.kind === "known" ? mark.step.name : mark.name;
    const place = usual.indexOf(name);
    return place === -1 || place > index;
  });
  return later === -1 ? marks.length : later;
}
