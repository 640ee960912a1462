/** Counts and sizes as text. Knows no place where they stand. */
import { THIN } from "./times.ts";

/** Groups of three, so that 12,480 is not read as 1,248. */
export function countText(count: number): string {
  const digits = String(Math.round(Math.abs(count))).replace(/\B(?=(\d{3})+$)/g, ",");
  return count < 0 ? `\u2212${digits}` : digits;
}

/** `1 signal`, `4 signals`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** A clock's difference, with its sign: `+3 ms`, `−1.2 s`; `0 ms` has none. */
export function aheadText(differenceMs: number): string {
  const size = Math.abs(differenceMs);
  const text =
    size < 1000 ? `${Math.round(size)}${THIN}ms` : `${Number((size / 1000).toPrecision(2))}${THIN}s`;
  if (Math.round(size) === 0) return text;
  return `${differenceMs < 0 ? "\u2212" : "+"}${text}`;
}
