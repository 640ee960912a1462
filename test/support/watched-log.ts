/** A log that a test can wait on: it remembers every line, and says when the next one of a kind comes. */
import type { Log, LogFields, LogLevel } from "../../src/domain/log.ts";

export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

export interface WatchedLog {
  readonly log: Log;
  readonly entries: LogEntry[];
  /** Settles with the next entry from now on that fits. */
  next(event: string, fields?: LogFields): Promise<LogEntry>;
}

export function watchedLog(): WatchedLog {
  const entries: LogEntry[] = [];
  const waiting: { fits: (entry: LogEntry) => boolean; resolve: (entry: LogEntry) => void }[] = [];
  return {
    entries,
    log(level, event, fields = {}) {
      const entry = { level, event, fields };
      entries.push(entry);
      for (const one of waiting.splice(0)) {
        if (one.fits(entry)) one.resolve(entry);
        else waiting.push(one);
      }
    },
    next(event, fields = {}) {
      const fits = (entry: LogEntry) =>
        entry.event === event && Object.entries(fields).every(([key, value]) => entry.fields[key] === value);
      return new Promise((resolve) => waiting.push({ fits, resolve }));
    },
  };
}
