/**
 * How long the steps of a ring and of a start may take with Codex, in milliseconds. What a connection alone needs
 * stands with it.
 */
export interface CodexLimits {
  /** Idle, everything is answered within 20 ms; a host that thrashes is given time. */
  readonly answerMsMax: number;
  /** An idle thread begins its turn within 40 ms; what has not begun is taken back whole, so that little patience does no harm. */
  readonly beginMsMax: number;
  /** Hooks of others run between a turn's beginning and the taking of its words: theirs may take 30 s. */
  readonly takeMsMax: number;
  /** From a resumed agent's start to its first turn: 300 ms; with a login to renew, or on a host that swaps, more. */
  readonly startMsMax: number;
  /** A turn may take that long; after it, the schedule of the doorbell decides when to look again. */
  readonly busyMsMax: number;
  /** Over a connection that stands meanwhile, a look takes a millisecond. */
  readonly lookAgainMs: number;
  /** Hooks are trusted once in their life: a word on them is good for a while. */
  readonly hooksKnownMs: number;
}

export const CODEX_LIMITS: CodexLimits = {
  answerMsMax: 8000,
  beginMsMax: 2000,
  takeMsMax: 35_000,
  startMsMax: 45_000,
  busyMsMax: 600_000,
  lookAgainMs: 2000,
  hooksKnownMs: 30_000,
};
