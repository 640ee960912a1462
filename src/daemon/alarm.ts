/** A daemon's alarms: one look at a later moment, over whatever timers there are. */

/** Calls `rang` once after `delayMs` of monotonic time, or early; returns what calls it off. */
export type SetAlarm = (delayMs: number, rang: () => void) => () => void;

/** The longest that a Node timer can wait; a later alarm is waited for in pieces. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const hostAlarm: SetAlarm = (delayMs, rang) => {
  const timer = setTimeout(rang, Math.min(delayMs, TIMER_MS_MAX));
  return () => clearTimeout(timer);
};
