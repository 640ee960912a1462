/**
 * The signals that the commands of one batch answer, fetched before it is decided: the core keeps the open ones
 * only, and most are drained when they are answered. A batch without replies, as nearly all are, asks nothing.
 */
import type { PrismError } from "../../domain/errors.ts";
import type { HubCore } from "../core/core.ts";
import type { SignalHead, Store } from "../store/store.ts";
import type { Waiting } from "./intake.ts";

/** By position, those that are kept; or why the store could not be asked. */
export type AnsweredSignals = ReadonlyMap<number, SignalHead> | PrismError;

export const NONE_ANSWERED: AnsweredSignals = new Map();

/** Positions of what the commands answer. */
export function answeredIn(batch: readonly Waiting[], core: HubCore): readonly number[] {
  const positions: number[] = [];
  for (const { command } of batch) {
    const position = core.answeredBy(command);
    if (position !== null) positions.push(position);
  }
  return positions;
}

export function fetchAnswered(
  store: Store,
  positions: readonly number[],
  done: (answered: AnsweredSignals) => void,
): void {
  store.read([{ kind: "signals", positions }], (error, found) => {
    done(error ?? new Map(found[0]?.signals.map((signal) => [signal.position, signal])));
  });
}
