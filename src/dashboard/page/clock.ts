/**
 * The one clock of the page, by the server's time: ticks about once a second and sleeps while nobody looks. Whoever shows a
 * time that moves reads it inside a computed text, so a tick touches the few texts that changed and nothing else.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

/** A little more than a second: news of each second come first, and tick by themselves. */
const TICK_MS = 1050;

/** Below this the difference is the way here, not the clock. */
const SKEW_MS_MIN = 2000;

let aheadMs = 0;
const ticking = signal(Date.now());

/** Epoch milliseconds by the server's clock, about a second apart. */
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
  document.addEventListener("visibilitychange", tick);
  tick();
}

/** Also when news are shown: one drawing for both, and the next tick a second from there. */
export function tick(): void {
  clearTimeout(timer);
  if (document.hidden) return;
  ticking.value = nowMs();
  timer = setTimeout(tick, TICK_MS);
}

let timer: ReturnType<typeof setTimeout> | undefined;
