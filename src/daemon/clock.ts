/**
 * The daemon's one clock: milliseconds near the epoch that never go back within one life, so that the same
 * number serves schedules (no jump when somebody sets the wall clock) and the state file (comparable after
 * a restart). Time that the host slept through is caught up when it wakes.
 */
import { monotonicMs } from "../host/monotonic.ts";

export interface Clock {
  readonly nowMs: () => number;
  /** The host woke: leap to the wall clock, if it is ahead. */
  readonly catchUp: () => void;
}

export interface HostClocks {
  /** Epoch milliseconds; may jump. */
  readonly wallMs: () => number;
  /** Never goes back; may stand still while the host sleeps. */
  readonly monotonicMs: () => number;
}

export function openClock(clocks: HostClocks = { wallMs: Date.now, monotonicMs }): Clock {
  let aheadMs = clocks.wallMs() - clocks.monotonicMs();
  return {
    nowMs: () => clocks.monotonicMs() + aheadMs,
    catchUp() {
      aheadMs = Math.max(aheadMs, clocks.wallMs() - clocks.monotonicMs());
    },
  };
}
