/**
 * Bounds that only the hub needs, each with its unit and its reason. What both sides of a wire must agree on
 * stands in src/domain/limits.ts.
 */
import type { LoopBounds } from "./loops.ts";

export const bounds = {
  /** A session without a socket counts as alive this long after its last word: a shim's slowest poll, twice. */
  sessionAliveMs: 90_000,
  /** A daemon elsewhere may take the address once its holder was silent for this long: three missed pings. */
  holderSilentMs: 45_000,
  /** Last heard goes to disk no more often than this: leases count days, so a minute lost is nothing. */
  heardWriteIntervalMs: 60_000,
  /** A wrapped daemon's session is remembered this long, so that a laptop back from a holiday hears of it. */
  daemonMemoryMs: 30 * 24 * 3_600_000,
  /** An ended or silent agent's session is shown and refused this long. */
  agentMemoryMs: 24 * 3_600_000,
  /** Sessions remembered for one address that are not alive: a crash loop must not fill `status`. */
  endedSessionsMax: 16,
  /** Live sessions for one address: far more than anybody runs, far less than would hurt. */
  liveSessionsMax: 256,
  /** Addresses of one tenant: twice the fleet that one hub is built for. */
  addressesMax: 20_000,
  /** Sessions of a kind, and mailboxes, in one `status`: more than anybody reads. */
  statusReportsMax: 500,
  /** UTF-16 units of each of its three lists, as JSON: three bytes each, they stay below one message. */
  statusCharsMax: 200_000,
  /**
   * Idempotency keys are remembered as long as signals are kept, and at least this long: a request whose
   * answer got lost is repeated when the laptop is opened again, after a night or a long weekend.
   */
  keyMemoryMsMin: 24 * 3_600_000,
  /**
   * In all: some 20 MB. The oldest go first: at 2,000 keyed signals a second after 50 s, which is enough for a
   * retry; an index of keys on disk would cost every signal what a later repeat hardly ever needs.
   */
  keysMax: 100_000,
  /** Drains that can be asked again, as long as retention keeps their signals; in all, some 20 MB. */
  drainsMax: 100_000,
  /** Rings that wait to be written with something else: one for each address of a fleet, and nobody misses more. */
  ringsMax: 20_000,
  /** Rings looked at to find those of one signal: some 5 ms of reading. */
  ringRowsMax: 10_000,
  /** Rings that are read of a signal: the first, and the first that was taken. */
  ringsOfSignalMax: 40,
  /** Drains looked at to find a signal's, from about its time on. */
  drainRowsMax: 2_000,
  /** Signals that a new core reads anew, to know who answers whom: an hour of a busy fleet, some 15 ms of reading. */
  recentSignalsMax: 4_000,
  /** Signals expired in one turn: a few milliseconds of work when a whole backlog runs out at once. */
  expiriesPerTurnMax: 2_000,
  /** Names offered when an address is unknown, and names looked at to find them. */
  hintNamesMax: 5,
  hintCandidatesMax: 500,
} as const;

/** When two agents that only answer each other are stopped. Real pairs work between their answers; thanks don't. */
export const loopBounds: LoopBounds = {
  /** Thirty exchanges without a word from anybody else: a long review, and more than any loop should cost. */
  answersMax: 60,
  /** What is worth an answer takes an agent longer than this, on the average. */
  paceMs: 30_000,
  quietMs: 600_000,
};

export function keyMemoryMs(retentionMs: number): number {
  return Math.max(retentionMs, bounds.keyMemoryMsMin);
}
