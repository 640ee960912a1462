/**
 * Whether a process of this number exists on this host. A hint for messages and sweeping, never a lock: numbers
 * are used again.
 */
import { errnoOf } from "./fs-error.ts";

export function isProcessAlive(pid: number): boolean {
  // 0 and negative numbers name groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists, and is somebody else's.
    return errnoOf(error) === "EPERM";
  }
}
