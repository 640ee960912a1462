/**
 * Gives memory back while a program waits. Node takes 2.5 MB more to start than it needs afterwards (both
 * halves of its young generation, half-used pages, code that runs once), and by itself it keeps them: it
 * collects when it allocates, and who waits does not allocate. Times fifty daemons that is 120 MB of a laptop.
 *
 * Needs the collector, which the packaged executable has as a baked flag; without it nothing happens. Knows
 * nothing of what the program does.
 */
/** Long enough after a start that the first connection stands and the first ring is out. */
const FIRST_REST_MS = 5000;
const REST_INTERVAL_MS = 10 * 60_000;
/** A collection takes some 15 ms of processor: worth it for what a quarter of an hour at rest does not grow. */
const GROWTH_BYTES_MIN = 256 * 1024;

/** @returns ends it */
export function keepMemoryAtRest(): () => void {
  const collect = globalThis.gc;
  if (collect === undefined) return () => {};
  let settledBytes = 0;
  const rest = (): void => {
    // Not from node:v8, which by itself costs each process 0.35 MB.
    if (process.memoryUsage().heapUsed < settledBytes + GROWTH_BYTES_MIN) return;
    // Of all kinds only the last resort also gives back the empty half of the young generation.
    collect({ type: "major", flavor: "last-resort", execution: "sync" });
    settledBytes = process.memoryUsage().heapUsed;
  };
  const first = setTimeout(rest, FIRST_REST_MS).unref();
  const later = setInterval(rest, REST_INTERVAL_MS).unref();
  return () => {
    clearTimeout(first);
    clearInterval(later);
  };
}
