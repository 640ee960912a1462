/** What a test does to the fake: a file in its home, read anew each time something comes in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Faults {
  /** What becomes of a message at the inbox. `drop`: nothing, ever. `crash`: the process dies of it. */
  readonly inbox?: "take" | "drop" | "late" | "crash" | "hold";
  /** What becomes of a hook that wakes. */
  readonly rewake?: "take" | "drop" | "late" | "crash";
  /** For `late`. */
  readonly delayMs?: number;
}

/** In the home folder; absent or unreadable: a good day. */
export const FAULTS_FILE = join(".claude", "fake-faults.json");

export function faultsNow(home: string): Faults {
  try {
    return JSON.parse(readFileSync(join(home, FAULTS_FILE), "utf8")) as Faults;
  } catch {
    return {};
  }
}
