/**
 * What programs that run until they are told to stop have in common: their log, on stderr and in the form
 * that its reader wants, and how they learn that the end has come.
 */
import { hostname } from "node:os";
import { nameFrom } from "../domain/address.ts";
import type { Log, LogLevel } from "../domain/log.ts";
import { createLog } from "../host/log.ts";
import type { ServiceNotes } from "../host/service-notify.ts";
import type { Flags } from "./arguments.ts";
import type { Runtime } from "./runtime.ts";
import { settings } from "./settings.ts";

export const logFlags = { logForm: settings.logForm, logLevel: settings.logLevel } as const;

export interface LogFlags {
  readonly logForm: "json" | "text" | undefined;
  readonly logLevel: LogLevel | undefined;
}

/** What waits for a reader of the log who has stopped reading: a pipe takes what it can, Node keeps the rest. */
const UNREAD_CHARS_MAX = 256 * 1024;

/** Lines that nobody reads are dropped, and counted for whoever reads on. */
export function openLog(component: string, flags: LogFlags, runtime: Runtime): Log {
  let unreadChars = 0;
  let dropped = 0;
  const write = (line: string): void => {
    if (unreadChars + line.length > UNREAD_CHARS_MAX) {
      dropped++;
      return;
    }
    unreadChars += line.length;
    runtime.err.write(line, () => {
      unreadChars -= line.length;
      if (dropped === 0 || unreadChars > 0) return;
      const lines = dropped;
      dropped = 0;
      log("warn", "logLinesDropped", { lines });
    });
  };
  const log = createLog({
    component,
    level: flags.logLevel ?? "info",
    form: flags.logForm ?? (runtime.err.isTerminal ? "text" : "json"),
    write,
    now: runtime.now,
  });
  return log;
}

/** To the service manager that started this program, if it wants to hear. */
export async function openNotes(runtime: Runtime, log: Log): Promise<ServiceNotes | undefined> {
  const { env } = runtime;
  if (!env["NOTIFY_SOCKET"]) return undefined;
  const { openServiceNotes } = await import("../host/service-notify.ts");
  return openServiceNotes(env, process.pid, (reason) => log("warn", "serviceManagerNotTold", { reason }));
}

/** This host's name as a name, without its domain. */
export function hostName(): string {
  return nameFrom(hostname().split(".")[0] ?? "") || "host";
}

/** The flag of programs that another program starts. */
export const childFlags = {
  untilEof: {
    kind: "switch",
    about: "end in order when standard input ends: with the program that started this",
  },
} as const satisfies Flags;

/** Settles when the program is asked to stop; says by what. */
export function untilStopped(runtime: Runtime, flags: { readonly untilEof?: boolean } = {}): Promise<string> {
  const { stopped, input } = runtime;
  const reason = (): string => (stopped.reason instanceof Error ? stopped.reason.message : "stopped");
  return new Promise((resolve) => {
    if (stopped.aborted) resolve(reason());
    else stopped.addEventListener("abort", () => resolve(reason()), { once: true });
    if (flags.untilEof === true) void inputEnded(input).then(() => resolve("standard input ended"));
  });
}

async function inputEnded(input: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of input) {
      // What is said there means nothing; only its end does.
    }
  } catch {
    // A broken pipe is an end too.
  }
}
