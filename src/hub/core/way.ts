/**
 * One signal's way, put together from what the store keeps of it: when it was accepted, pushed, acknowledged, rung,
 * taken and drained, and where. All times are by the hub's clock; those of rings come from daemons, which know it to
 * half a round trip, so a step is never told as earlier than what it must have followed.
 */
import type { TraceStep, TraceStepName } from "../../domain/trace.ts";
import type { RingRecord, StoredSignal, StoredWay } from "../store/store.ts";

/** What the running hub alone knows. */
export interface WayFacts {
  readonly hubHost: string | null;
  /** Of a signal that is not delivered: the store learns of its push with its delivery. */
  readonly pushedAtMs: number | null;
  /** Of the daemon that stands watch now, if the signal is open. */
  readonly daemonHost: string | null;
}

/** Two rings that went for the same newest signal, as one. */
export function sameRing(first: RingRecord, later: RingRecord): RingRecord {
  if (first.takenAtMs !== null) return { ...first, attempt: later.attempt };
  const { takenAtMs, way, attempt } = later;
  return { ...first, takenAtMs, way, attempt };
}

export function stepsOf(signal: StoredSignal, way: StoredWay, facts: WayFacts): readonly TraceStep[] {
  const steps: TraceStep[] = [];
  const { acceptedAtMs, deliveredAtMs, endedAtMs, state } = signal;
  const endMs = endedAtMs ?? Number.POSITIVE_INFINITY;
  const add = (name: TraceStepName, atMs: number | null, host: string | null, detail = ""): void => {
    if (atMs !== null) steps.push({ name, atMs, host, detail });
  };
  const rings = way.rings.filter((ring) => isFor(ring, signal, endMs));
  const rung = rings[0];
  const taken = rings.find((ring) => ring.takenAtMs !== null);
  const daemonHost = rung?.host ?? facts.daemonHost;
  add("accepted", acceptedAtMs, facts.hubHost, signal.from === null ? "" : `from ${signal.from}`);
  const pushedAtMs = signal.pushedAtMs ?? facts.pushedAtMs;
  add("pushed", pushedAtMs, facts.hubHost);
  add("acknowledged", deliveredAtMs, daemonHost);
  if (rung !== undefined) {
    const earliestMs = deliveredAtMs ?? acceptedAtMs;
    add("rung", Math.max(rung.rungAtMs, earliestMs), rung.host, rungText(rung, acceptedAtMs));
  }
  if (taken?.takenAtMs != null) {
    const earliestMs = steps.at(-1)?.atMs ?? acceptedAtMs;
    add("receipt", Math.max(taken.takenAtMs, earliestMs), taken.host, receiptText(taken, rung));
  }
  const { reader } = way;
  if (state === "drained") add("drained", endedAtMs, reader?.host ?? null, readerText(reader));
  if (state === "expired") add("expired", endedAtMs, facts.hubHost);
  // Whoever drains without waiting for the bell comes before its receipt. The order above decides where times are equal.
  return steps.sort((one, other) => one.atMs - other.atMs);
}

/** It covers the signal by its position; what ended before the signal came, or began after its end, was not for it. */
function isFor({ rungAtMs, takenAtMs }: RingRecord, { acceptedAtMs }: StoredSignal, endMs: number): boolean {
  return rungAtMs <= endMs && (takenAtMs ?? Number.POSITIVE_INFINITY) >= acceptedAtMs;
}

function rungText({ rungAtMs, attempt, takenAtMs }: RingRecord, acceptedAtMs: number): string {
  if (rungAtMs < acceptedAtMs) return "joined a ring under way";
  if (attempt <= 1) return takenAtMs === null ? "not taken" : "";
  return takenAtMs === null ? `${attempt} times, not taken` : `${attempt} times`;
}

function receiptText({ way }: RingRecord, rung: RingRecord | undefined): string {
  if (way === null) return "";
  return rung === undefined || rung.takenAtMs !== null ? `by ${way}` : `by ${way}, at a later ring`;
}

function readerText(reader: StoredWay["reader"]): string {
  if (reader === null) return "";
  const surface = reader.surface === null ? "" : ` (${reader.surface})`;
  return `by session ${reader.session}${surface}`;
}
