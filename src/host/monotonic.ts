/**
 * A clock that only goes forward, in milliseconds from an arbitrary start. Not `performance.now()`: the first
 * touch of `performance` loads Node's whole timeline of performance, 0.15 MB in every daemon.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
