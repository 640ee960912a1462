/**
 * Gives memory back while a program waits. Node takes 2.5 MB more to start than it needs afterwards (both
 * halves of its young generation, half-used pages, code that runs once), and by itself it keeps them: it
 * collects when it allocates, and who waits does not allocate. Times fifty daemons that is 120 MB of a laptop.
 *
 * Knows nothing of what the program does.
 */

/** Long enough after a start that the first connection stands and the first ring is out. */
const FIRST_REST_MS = 5000;
const REST_INTERVAL_MS = 10 * 60_000;
/** A collection takes some 15 ms of processor: worth it for what a quarter of an hour at rest does not grow. */
const GROWTH_BYTES_MIN = 256 * 1024;

/** Of all kinds only the last resort also gives back the empty half of the young generation. */
const LAST_RESORT = { type: "major", flavor: "last-resort", execution: "sync" } as const;

export type Collector = (how: typeof LAST_RESORT) => void;

/** @returns ends it */
export function keepMemoryAtRest(): () => void {
  let settledBytes = 0;
  const rest = async (): Promise<void> => {
    // Not from node:v8, which would be loaded for nothing where nothing grew.
    if (process.memoryUsage().heapUsed < settledBytes + GROWTH_BYTES_MIN) return;
    const collect = await borrowCollector();
    collect?.(LAST_RESORT);
    settledBytes = process.memoryUsage().heapUsed;
  };
  const first = setTimeout(rest, FIRST_REST_MS).unref();
  const later = setInterval(rest, REST_INTERVAL_MS).unref();
  return () => {
    clearTimeout(first);
    clearInterval(later);
  };
}

/**
 * V8 gives its collector to contexts that are made while the flag is on, so one is made for that. Starting the
 * whole program with `--expose-gc` instead costs every start 10 ms: V8 takes compiled code only under the flags
 * that it was compiled with, so it would throw away all that Node carries for its own modules. Off again, what
 * is loaded later (TLS, compression) finds its compiled code too.
 *
 * @returns null where V8 gives none: then the memory stays, and nothing else is lost
 */
export async function borrowCollector(): Promise<Collector | null> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("globalThis.gc ?? null") as Collector | null;
  } catch {
    return null;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
