/**
 * Whether a process of this number exists on this host. A hint for messages and sweeping, never a lock: numbers
 * are used again.
 */
import { errnoOf } from "./fs-error.ts";
import { procStatOf } from "./proc-stat.ts";

export function isProcessAlive(pid: number): boolean {
  // 0 and negative numbers name groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    // It has ended, and nobody has asked how: in a container without an init that may stay so for ever.
    return procStatOf(pid)?.state !== "Z";
  } catch (error) {
    // It exists, and is somebody else's.
    return errnoOf(error) === "EPERM";
  }
}

/** What tells this process from a later one of the same number; null where the system does not say. */
export function birthOf(pid: number): string | null {
  return procStatOf(pid)?.birth ?? null;
}
