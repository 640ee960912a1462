/**
 * Where a lasting program's log goes: chosen once at its start, each place loaded only where it is used. What can't be
 * written where it should be goes to standard error, and nothing waits for it.
 */
import type { LogOwner } from "../domain/log.ts";
import { jsonLine, type LogEntry } from "../host/log.ts";
import type { LogSink } from "../host/log-sink.ts";
import { textLine } from "../host/log-text.ts";
import { inkFor } from "./layout.ts";
import type { Runtime } from "./runtime.ts";

export const LOG_SINKS = ["auto", "stderr", "journal", "system", "file"] as const;
export type LogSinkName = (typeof LOG_SINKS)[number];

export interface SinkWishes {
  readonly sink: LogSinkName;
  readonly form: "json" | "text" | undefined;
  readonly component: string;
  readonly owner: LogOwner | undefined;
}

export interface SinkEvents {
  /** Lines go to `sink` from now on, because of this. */
  readonly failed: (sink: string, reason: string) => void;
  /** There is room again. */
  readonly freed: () => void;
}

/** Service managers that have no reader of a program's standard error. */
const WITHOUT_READER: ReadonlySet<string> = new Set(["launchd", "task-scheduler"]);

export async function openSink(wishes: SinkWishes, runtime: Runtime, events: SinkEvents): Promise<LogSink> {
  const { env, err } = runtime;
  const stderr = stderrSink(wishes, runtime, events);
  switch (await sinkInUse(wishes.sink, env)) {
    case "journal": {
      const { leadsToJournal, openJournalSink } = await import("../host/log-journal.ts");
      const journal = openJournalSink({
        env,
        pid: process.pid,
        nowMs: runtime.now,
        lines: leadsToJournal(env, 2) ? (text) => err.write(text) : undefined,
        otherwise: (entry) => stderr.write(entry),
        failed: (reason, instead) => events.failed(instead ?? "stderr", reason),
      });
      if (journal !== undefined) return journal;
      return instead(stderr, () => events.failed("stderr", "no journal is reached from here"));
    }
    case "system": {
      const { openSystemSink } = await import("../host/log-system.ts");
      const system = openSystemSink({
        platform: process.platform,
        env,
        otherwise: (entry) => stderr.write(entry),
        failed: (reason) => events.failed("stderr", reason),
      });
      if (system !== undefined) return system;
      return instead(stderr, () => events.failed("stderr", "this system has no log of its own"));
    }
    case "file": {
      const { logFileOf, openLogFile } = await import("../host/log-file.ts");
      const file = openLogFile(logFileOf(runtime.home, wishes.component, wishes.owner));
      return {
        write(entry) {
          file.write(jsonLine(entry));
          return true;
        },
        async close() {
          file.close();
        },
      };
    }
    default:
      return stderr;
  }
}

/** `auto` and `system`, as they are on this host. */
async function sinkInUse(sink: LogSinkName, env: Runtime["env"]): Promise<LogSinkName> {
  if (sink === "system" && process.platform === "linux") return "journal";
  if (sink !== "auto") return sink;
  if (WITHOUT_READER.has(env["PRISM_LAUNCHER"] ?? "")) return "file";
  if (!env["JOURNAL_STREAM"]) return "stderr";
  const { leadsToJournal } = await import("../host/log-journal.ts");
  return leadsToJournal(env, 2) ? "journal" : "stderr";
}

/** Said once the log that says it is there. */
function instead(sink: LogSink, say: () => void): LogSink {
  queueMicrotask(say);
  return sink;
}

/** What waits for a reader of the log who has stopped reading: a pipe takes what it can, Node keeps the rest. */
const UNREAD_CHARS_MAX = 256 * 1024;

function stderrSink({ form }: SinkWishes, { err }: Runtime, { freed }: SinkEvents): LogSink {
  const ink = inkFor(err);
  const isText = form === undefined ? err.isTerminal : form === "text";
  const lineOf = (entry: LogEntry): string => (isText ? textLine(entry, { ink }) : jsonLine(entry));
  let unreadChars = 0;
  let isFull = false;
  return {
    write(entry) {
      const line = `${lineOf(entry)}\n`;
      isFull = unreadChars + line.length > UNREAD_CHARS_MAX;
      if (isFull) return false;
      unreadChars += line.length;
      err.write(line, () => {
        unreadChars -= line.length;
        if (unreadChars > 0 || !isFull) return;
        isFull = false;
        freed();
      });
      return true;
    },
    // The program itself sees to the last lines of its standard error.
    async close() {},
  };
}
