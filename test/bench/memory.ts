/** What a process holds, from /proc. Linux only. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Memory {
  /** Shared pages count by their share. */
  readonly pssMb: number;
  readonly privateMb: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}: *(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0);
  return {
    pssMb: (kilobytes("Pss") * 1024) / 1e6,
    privateMb: ((kilobytes("Private_Clean") + kilobytes("Private_Dirty")) * 1024) / 1e6,
  };
}

/** Fresh pages of a file count as dirty, and so as private, until they are on disk. */
export function settleDisk(): void {
  execFileSync("sync");
}
