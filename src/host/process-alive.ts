/**
 * Whether a process of this number exists on this host. A hint for messages and sweeping, never a lock: numbers
 * are used again.
 */
import { readFileSync } from "node:fs";
import { errnoOf } from "./fs-error.ts";

export function isProcessAlive(pid: number): boolean {
  // 0 and negative numbers name groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // It exists, and is somebody else's.
    return errnoOf(error) === "EPERM";
  }
}

/** It has ended, and nobody has asked how: in a container without an init that may stay so for ever. */
function isZombie(pid: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    // The name before it, in brackets, may hold anything. Source: proc(5), `/proc/PID/stat`.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.startsWith(") Z", stat.lastIndexOf(")"));
  } catch {
    return false;
  }
}
