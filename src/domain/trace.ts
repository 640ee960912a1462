/** The steps of one signal's way, as whoever asks for its trace is told. Data alone. */

export const TRACE_STEPS = [
  "accepted",
  "pushed",
  "acknowledged",
  "rung",
  "receipt",
  "drained",
  "expired",
] as const;
export type TraceStepName = (typeof TRACE_STEPS)[number];

export interface TraceStep {
  readonly name: TraceStepName;
  /** Epoch milliseconds by the hub's clock. */
  readonly atMs: number;
  /** The host where it happened; null if it did not say. */
  readonly host: string | null;
  /** The way it was rung, the session that drained; "" if there is nothing to add. */
  readonly detail: string;
}
