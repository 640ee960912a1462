/**
 * What Linux tells of a process in one line. Everything is null on other systems, where asking would mean to start a
 * process. Source: proc(5), `/proc/PID/stat`.
 */
import { readFileSync } from "node:fs";

export interface ProcStat {
  /** The program's name, cut to 15 characters. */
  readonly name: string;
  /** As in `S` for asleep and `Z` for a zombie. */
  readonly state: string;
  readonly parent: number;
  /** When it began, in the kernel's ticks since boot: with its number it names one process and no other. */
  readonly birth: string;
}

/** @returns null if there is no such process, or the system does not tell */
export function procStatOf(pid: number): ProcStat | null {
  if (process.platform !== "linux") return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in brackets, may hold anything, brackets too.
    const end = stat.lastIndexOf(")");
    const [state = "", parent = "", ...rest] = stat.slice(end + 2).split(" ");
    return {
      name: stat.slice(stat.indexOf("(") + 1, end),
      state,
      parent: Number(parent),
      birth: rest[17] ?? "",
    };
  } catch {
    return null;
  }
}
