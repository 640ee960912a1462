/** Settles once processes have ended: dead ones that nobody has asked after yet count as ended. */
import { readFileSync } from "node:fs";
import { isProcessAlive } from "../../src/host/process-alive.ts";

export async function allEnded(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise(setImmediate);
}

export function isRunning(pid: number): boolean {
  if (!isProcessAlive(pid)) return false;
  if (process.platform !== "linux") return true;
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
