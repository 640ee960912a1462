/**
 * Tells when this host was asleep, or its wall clock was set. Sockets that died meanwhile say nothing for
 * minutes, so who holds one asks it at once. Knows no socket; measures only.
 *
 * Two clocks are read in a coarse timer. Where the monotonic one stands still in sleep (Linux, macOS) the wall
 * clock runs ahead of it; where it runs on (Windows) the timer itself comes late. A process that was stopped, or
 * starved for as long, looks the same, and is in the same need.
 */
import { monotonicMs } from "./monotonic.ts";

export interface Wake {
  /** Milliseconds that passed unseen; negative if the wall clock was set back. */
  readonly gapMs: number;
}

export interface WakeClocks {
  /** Epoch milliseconds. */
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

/** How late the news of a wake may come; 0.5 wake-ups a second cost a few hundredths of a per mille of a core. */
const EVERY_MS = 2000;
/** More than a collection, a busy host or a time daemon's slew ever takes; less than any peer's patience. */
const GAP_MS_MIN = 4000;

/**
 * The decision alone: feed it both clocks, it says whether time went missing since the last feed.
 *
 * @param everyMs how often it is meant to be fed
 */
export function createWakeDetector(
  clocks: WakeClocks,
  everyMs: number = EVERY_MS,
): { look(): Wake | undefined } {
  let wallMs = clocks.wallMs();
  let monotonicMs = clocks.monotonicMs();
  return {
    look() {
      const wallPassedMs = clocks.wallMs() - wallMs;
      const monotonicPassedMs = clocks.monotonicMs() - monotonicMs;
      wallMs += wallPassedMs;
      monotonicMs += monotonicPassedMs;
      // Set back: the monotonic clock alone says how long it really was.
      const jumpMs = wallPassedMs - monotonicPassedMs;
      if (jumpMs < -GAP_MS_MIN) return { gapMs: jumpMs };
      const gapMs = Math.max(wallPassedMs, monotonicPassedMs) - everyMs;
      return gapMs > GAP_MS_MIN ? { gapMs } : undefined;
    },
  };
}

/**
 * Watches until stopped; never keeps the process alive.
 *
 * @param onWake called once per wake, at most `EVERY_MS` after it
 * @param looked called at each look, after that: for what may be done while the host is awake for this anyway
 * @returns stops watching
 */
export function watchForWake(
  onWake: (wake: Wake) => void,
  looked: () => void = () => {},
  clocks: WakeClocks = { wallMs: Date.now, monotonicMs },
): () => void {
  const detector = createWakeDetector(clocks);
  const timer = setInterval(() => {
    const wake = detector.look();
    if (wake !== undefined) onWake(wake);
    looked();
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
