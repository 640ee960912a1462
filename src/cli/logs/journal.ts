/**
 * systemd's journal, read by `journalctl`. Lines that came with fields are read back whole; what else a unit of
 * Prism's has said (a crash of the runtime, a word of systemd's) is shown as it is.
 * Source: journalctl(1), systemd.journal-fields(7), the journal's JSON format.
 */
import type { LogEntry } from "../../host/log.ts";
import { JOURNAL_IDENTIFIER } from "../../host/log-journal.ts";
import { entryOf } from "./line.ts";
import { type ProgramWorld, programLines } from "./program-lines.ts";
import type { LogSource } from "./source.ts";

const BACK_MS_MAX = 30_000;

export interface JournalReader extends ProgramWorld {
  /** Whose lines. */
  readonly uid: number;
  readonly nowMs: () => number;
}

export function openJournalSource(world: JournalReader): LogSource {
  const common = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json"] as const;
  const own = [`SYSLOG_IDENTIFIER=${JOURNAL_IDENTIFIER}`, `_UID=${world.uid}`];
  /** The place in the journal where `back` began. */
  let cursor: string | undefined;
  let lookedMs = world.nowMs();

  return {
    async back({ passes, sinceMs, linesMax }) {
      const found: LogEntry[] = [];
      lookedMs = world.nowMs();
      const since = sinceMs === null ? [] : [`--since=@${sinceMs / 1000}`];
      await programLines(
        [...common, "--reverse", ...since, ...own],
        world,
        (line) => {
          const record = recordOf(line);
          cursor ??= record?.cursor;
          if (record?.entry != null && passes(record.entry)) found.push(record.entry);
          return found.length < linesMax;
        },
        { timeoutMs: BACK_MS_MAX },
      );
      return found;
    },
    async follow(heard, stopped) {
      const from = cursor === undefined ? `--since=@${lookedMs / 1000}` : `--after-cursor=${cursor}`;
      await programLines(
        [...common, "--follow", "--no-tail", from, ...own],
        world,
        (line) => {
          const entry = recordOf(line)?.entry;
          if (entry != null) heard(entry);
          return true;
        },
        { stopped },
      );
    },
  };
}

/** @returns null for what is no record at all */
export function recordOf(line: string): { readonly cursor: string; readonly entry: LogEntry | null } | null {
  let record: { readonly [field: string]: unknown };
  try {
    record = JSON.parse(line);
  } catch {
    return null;
  }
  const text = (field: string): string => {
    const value = record[field];
    return typeof value === "string" ? value : "";
  };
  const cursor = text("__CURSOR");
  const entry = entryOf(text("PRISM_LINE")) ?? entryOf(text("MESSAGE"));
  if (entry !== null) return { cursor, entry };
  const message = text("MESSAGE");
  if (message === "") return { cursor, entry: null };
  return {
    cursor,
    entry: {
      atMs: Math.floor(Number(text("__REALTIME_TIMESTAMP")) / 1000),
      level: levelOf(Number(text("PRIORITY") || "6")),
      component:
        (text("_SYSTEMD_USER_UNIT") || text("_SYSTEMD_UNIT")).replace(/\.service$/, "") || JOURNAL_IDENTIFIER,
      owner: undefined,
      event: "",
      fields: { said: message.slice(0, 1000) },
    },
  };
}

function levelOf(priority: number): LogEntry["level"] {
  if (priority <= 3) return "error";
  if (priority === 4) return "warn";
  return priority === 7 ? "debug" : "info";
}
