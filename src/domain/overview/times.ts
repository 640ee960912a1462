/**
 * Times for reading at a glance: how long ago, how long, what hour. Handed both moments; knows no clock, and no
 * language but the one that the page is written in. A thin space stands between a figure and its unit.
 */

/** Narrow no-break space: a figure and its unit stay together and look it. */
export const THIN = "\u202f";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * @param spanMs milliseconds, 0 or more
 * @returns the two largest units where the second one still says something: `12 s`, `4 min`, `3 h 5 min`, `2 d 4 h`
 */
export function spanText(spanMs: number): string {
  const span = Math.max(0, spanMs);
  if (span < MINUTE) return unit(Math.floor(span / SECOND), "s");
  if (span < HOUR) return unit(Math.floor(span / MINUTE), "min");
  if (span < DAY) return pair(span, [HOUR, "h"], [MINUTE, "min"]);
  return pair(span, [DAY, "d"], [HOUR, "h"]);
}

/** `now` within the first second, so that a fresh row does not flicker between 0 and 1. */
export function agoText(atMs: number, nowMs: number): string {
  const span = nowMs - atMs;
  return span < SECOND ? "now" : spanText(span);
}

/** A moment to come: `in 12 s`, and `due` once it is there. */
export function untilText(atMs: number, nowMs: number): string {
  const span = atMs - nowMs;
  // Rounded up: a countdown that shows 0 s looks late.
  return span <= 0 ? "due" : `in ${spanText(Math.ceil(span / SECOND) * SECOND)}`;
}

/**
 * A span that was measured, down to the microsecond: `0.42 ms`, `18 ms`, `1.24 s`, then as `spanText`.
 *
 * @param spanMs milliseconds; below zero where two clocks disagree, which is then seen in the sign
 */
export function measuredText(spanMs: number): string {
  const sign = spanMs < 0 ? "\u2212" : "";
  const span = Math.abs(spanMs);
  if (span < 10) return `${sign}${unit(Number(span.toPrecision(2)), "ms")}`;
  if (span < SECOND) return `${sign}${unit(Math.round(span), "ms")}`;
  if (span < MINUTE) return `${sign}${unit(Number((span / SECOND).toPrecision(3)), "s")}`;
  return `${sign}${spanText(span)}`;
}

/** `14:03:27`, in the reader's own zone. */
export function clockText(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(":");
}

/** `14:03`. */
export function minuteText(atMs: number): string {
  return clockText(atMs).slice(0, 5);
}

/** `14:03:27.418`: for steps that lie milliseconds apart. */
export function exactText(atMs: number): string {
  return `${clockText(atMs)}.${String(new Date(atMs).getMilliseconds()).padStart(3, "0")}`;
}

/** Day and hour, for what hangs on a moment that may lie days back: `2026-11-21 14:03:27`. */
export function momentText(atMs: number): string {
  const at = new Date(atMs);
  const day = [at.getFullYear(), twoDigits(at.getMonth() + 1), twoDigits(at.getDate())].join("-");
  return `${day} ${clockText(atMs)}`;
}

type Scale = readonly [spanMs: number, name: string];

function pair(span: number, [large, largeName]: Scale, [small, smallName]: Scale): string {
  const first = unit(Math.floor(span / large), largeName);
  const rest = Math.floor((span % large) / small);
  return rest === 0 ? first : `${first} ${unit(rest, smallName)}`;
}

function unit(figure: number, name: string): string {
  return `${figure}${THIN}${name}`;
}

function twoDigits(figure: number): string {
  return String(figure).padStart(2, "0");
}
