/**
 * The daemon's one clock: milliseconds near the epoch that never go back within one life, so that the same
 * number serves schedules (no jump when somebody sets the wall clock) and the state file (comparable after
 * a restart). Time that the host slept through is caught up when it wakes.
 */
import { monotonicMs } from "../host/monotonic.ts";

export interface Clock {
  readonly nowMs: () => number;
  /** Leaps to the wall clock if that is ahead by more than `aheadMsMin`; says whether it leapt. */
  readonly catchUp: (aheadMsMin: number) => boolean;
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
    catchUp(aheadMsMin) {
      const wallAheadMs = clocks.wallMs() - clocks.monotonicMs();
      if (wallAheadMs - aheadMs <= aheadMsMin) return false;
      aheadMs = wallAheadMs;
      return true;
    },
  };
}
