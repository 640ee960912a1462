/** Waits for another program's doing, which tells nobody when it is done. */

const LOOK_MS = 20;
const LOOKS_MAX = 2_000;

/** Settles once it holds; a test's own time limit says that it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause();
}

/**
 * Asks until the answer is so; an ask that fails is asked again.
 *
 * @throws Error with the last answer, if it never became so
 */
export async function untilSo<T>(ask: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  let last: unknown;
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    try {
      const value = await ask();
      if (isSo(value)) return value;
      last = JSON.stringify(value)?.slice(0, 500);
    } catch (error) {
      last = error;
    }
    await pause();
  }
  throw new Error(`it never became so; last: ${last}`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
