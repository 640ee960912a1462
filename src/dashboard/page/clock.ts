/**
 * The one clock of the page, by the server's time: ticks once a second and sleeps while nobody looks. Whoever shows a
 * time that moves reads it inside a computed text, so a tick touches the few texts that changed and nothing else.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

const TICK_MS = 1000;

/** Below this the difference is the way here, not the clock. */
const SKEW_MS_MIN = 2000;

let aheadMs = 0;
const ticking = signal(Date.now());

/** Epoch milliseconds by the server's clock, whole seconds apart. */
export const now: ReadonlySignal<number> = ticking;

export function nowMs(): number {
  return Date.now() + aheadMs;
}

/** The server has told its time: through a tunnel it may be another machine's. */
export function heardTime(atMs: number): void {
  const difference = atMs - Date.now();
  aheadMs = Math.abs(difference) < SKEW_MS_MIN ? 0 : difference;
}

export function startClock(): void {
  const tick = () => {
    if (document.hidden) return;
    ticking.value = nowMs();
    // To the next full second, not a second from here: a chain of timers drifts, and then one second is left out.
    setTimeout(tick, TICK_MS - (nowMs() % TICK_MS));
  };
  document.addEventListener("visibilitychange", tick);
  tick();
}
