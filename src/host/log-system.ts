/**
 * Lines to the system's own log where that is no journal: the unified log of macOS by `logger`, the Application log of
 * Windows by `eventcreate`. Both take a text and no fields, so each line is there as JSON behind a mark by which it is
 * found again. One process for a batch. Knows nothing of who reads it.
 * Source: logger(1) of macOS 14; eventcreate of Windows 11, which needs administrator's rights to make its source
 * once, and none from then on.
 */
import type { LogLevel } from "../domain/log.ts";
import { jsonLine, type LogEntry } from "./log.ts";
import { feedProgram, type ProgramRun } from "./log-program.ts";
import { openLogQueue } from "./log-queue.ts";
import type { LogSink } from "./log-sink.ts";

/** Before each line: what `log show` and `wevtutil` can search for. */
export const SYSTEM_MARK = "prism-log: ";
export const EVENT_SOURCE = "Prism";
/** A command line of Windows holds 32 kB, an event's text as much; a line 8 kB at most, in UTF-16. */
const WINDOWS_BATCH_CHARS_MAX = 8000;
const BATCH_MAX = 64;
const CLOSE_MS_MAX = 4000;

export interface SystemWorld {
  readonly platform: NodeJS.Platform;
  readonly env: { readonly [name: string]: string | undefined };
  /** Where lines go that the system does not take. */
  readonly otherwise: (entry: LogEntry) => void;
  /** Told once why. */
  readonly failed: (reason: string) => void;
  /** A stand-in of a test. */
  readonly feed?: typeof feedProgram;
}

/** @returns undefined on a system that has neither */
export function openSystemSink(world: SystemWorld): LogSink | undefined {
  const { platform, env, otherwise, failed, feed = feedProgram } = world;
  if (platform !== "darwin" && platform !== "win32") return undefined;
  let isBroken = false;

  async function send(batch: readonly LogEntry[]): Promise<void> {
    if (isBroken) {
      for (const entry of batch) otherwise(entry);
      return;
    }
    for (const part of platform === "darwin" ? byLevel(batch) : bySize(batch)) {
      const ran = await (platform === "darwin" ? toUnifiedLog(part) : toEventLog(part));
      if (ran.status === 0) continue;
      if (!isBroken) failed(`${ran.said === "" ? `status ${ran.status}` : ran.said}`);
      isBroken = true;
      for (const entry of part) otherwise(entry);
    }
  }

  /** One process takes many lines; all of them get one priority. */
  function toUnifiedLog(part: readonly LogEntry[]): Promise<ProgramRun> {
    const priority = UNIFIED_PRIORITIES[part[0]?.level ?? "info"];
    return feed(["/usr/bin/logger", "-t", "prism", "-p", `user.${priority}`], markedLines(part), env);
  }

  function toEventLog(part: readonly LogEntry[]): Promise<ProgramRun> {
    const type = EVENT_TYPES[worst(part)];
    const argv = ["eventcreate", "/L", "APPLICATION", "/SO", EVENT_SOURCE, "/ID", "1", "/T", type] as const;
    return feed([...argv, "/D", markedLines(part).trimEnd()], "", env);
  }

  const queue = openLogQueue(send, { batchMax: BATCH_MAX });
  return { write: (entry) => queue.add(entry), close: () => queue.close(CLOSE_MS_MAX) };
}

/** What is below `notice` the unified log keeps in memory alone. */
const UNIFIED_PRIORITIES: { readonly [level in LogLevel]: string } = {
  debug: "debug",
  info: "notice",
  warn: "warning",
  error: "err",
};
const EVENT_TYPES: { readonly [level in LogLevel]: string } = {
  debug: "INFORMATION",
  info: "INFORMATION",
  warn: "WARNING",
  error: "ERROR",
};

function markedLines(part: readonly LogEntry[]): string {
  return part.map((entry) => `${SYSTEM_MARK}${jsonLine(entry)}\n`).join("");
}

function worst(part: readonly LogEntry[]): LogLevel {
  if (part.some(({ level }) => level === "error")) return "error";
  return part.some(({ level }) => level === "warn") ? "warn" : "info";
}

/** Neighbours of one level together, in their order. */
function byLevel(batch: readonly LogEntry[]): readonly (readonly LogEntry[])[] {
  const parts: LogEntry[][] = [];
  for (const entry of batch) {
    const last = parts.at(-1);
    if (last?.[0]?.level === entry.level) last.push(entry);
    else parts.push([entry]);
  }
  return parts;
}

function bySize(batch: readonly LogEntry[]): readonly (readonly LogEntry[])[] {
  const parts: LogEntry[][] = [];
  let chars = 0;
  for (const entry of batch) {
    const length = jsonLine(entry).length;
    const last = parts.at(-1);
    if (last !== undefined && chars + length <= WINDOWS_BATCH_CHARS_MAX) {
      last.push(entry);
      chars += length;
    } else {
      parts.push([entry]);
      chars = length;
    }
  }
  return parts;
}
