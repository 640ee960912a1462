/**
 * What programs that run until they are told to stop have in common: their log, on stderr and in the form
 * that its reader wants, and how they learn that the end has come.
 */
import { hostname } from "node:os";
import { nameFrom } from "../domain/address.ts";
import { reportOf } from "../domain/errors.ts";
import { faultText, type Log, type LogLevel, type LogOwner } from "../domain/log.ts";
import { createLog, type LogEntry } from "../host/log.ts";
import type { LogSink } from "../host/log-sink.ts";
import type { ServiceNotes } from "../host/service-notify.ts";
import type { Flags } from "./arguments.ts";
import { type LogSinkName, openSink } from "./log-sinks.ts";
import type { Runtime } from "./runtime.ts";
import { settings } from "./settings.ts";

export const logFlags = {
  logSink: settings.logSink,
  logForm: settings.logForm,
  logLevel: settings.logLevel,
} as const;

export interface LogFlags {
  readonly logSink: LogSinkName | undefined;
  readonly logForm: "json" | "text" | undefined;
  readonly logLevel: LogLevel | undefined;
}

/**
 * Lines that can't be written are dropped, and counted for whoever reads on. The log ends with the program: what it
 * ends by is its last line, if that was a failure.
 */
export async function openLog(
  component: string,
  flags: LogFlags,
  runtime: Runtime,
  owner?: LogOwner,
): Promise<Log> {
  let dropped = 0;
  const tellDropped = (): void => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    log("warn", "logLinesDropped", { code: "overloaded", lines });
  };
  const wishes = { sink: flags.logSink ?? "auto", form: flags.logForm, component, owner } as const;
  const sink = await openSink(wishes, runtime, {
    failed: (to, reason) => log("warn", "logSinkFailed", { code: "storage_failed", sink: to, reason }),
    freed: tellDropped,
  });
  const take = (entry: LogEntry): void => {
    if (wasWritten(sink, entry)) tellDropped();
    else dropped++;
  };
  const log = createLog({ component, owner, level: flags.logLevel ?? "info", take, now: runtime.now });
  runtime.atEnd(async (failure) => {
    if (failure !== undefined) tellFailure(failure, log);
    await sink.close();
  });
  return log;
}

function wasWritten(sink: LogSink, entry: LogEntry): boolean {
  try {
    return sink.write(entry);
  } catch {
    // A full disk: the work goes on without its log.
    return false;
  }
}

function tellFailure(failure: unknown, log: Log): void {
  const { code, message, hint = null } = reportOf(failure);
  if (code === "internal") log("error", "programCrashed", { code, fault: faultText(failure) });
  else log("error", "programFailed", { code, reason: message, hint });
}

/** To the service manager that started this program, if it wants to hear. */
export async function openNotes(runtime: Runtime, log: Log): Promise<ServiceNotes | undefined> {
  const { env } = runtime;
  if (!env["NOTIFY_SOCKET"]) return undefined;
  const { openServiceNotes } = await import("../host/service-notify.ts");
  return openServiceNotes(env, process.pid, (reason) =>
    log("warn", "serviceManagerNotTold", { code: "unsupported", reason }),
  );
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
