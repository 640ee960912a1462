/** When to try again: exponential, bounded, with full jitter, so that many shims do not come back at once. */

export interface BackoffBounds {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** Only a connection that stood this long counts as a success. */
  readonly stableMs: number;
}

export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** @param stoodMs how long the connection lasted that has just ended */
  ended(stoodMs: number): void;
}

export function createBackoff(bounds: BackoffBounds, random: () => number): Backoff {
  let failures = 0;
  return {
    next() {
      const most = Math.min(bounds.delayMsMax, bounds.delayMsMin * 2 ** Math.min(failures, 20));
      failures += 1;
      return Math.ceil(most * random());
    },
    ended(stoodMs) {
      if (stoodMs >= bounds.stableMs) failures = 0;
    },
  };
}
