/**
 * A small record that a daemon keeps for its next life. What can't be read or written costs no more than what it
 * held: a line in the log. Knows no meaning of it.
 */
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { recordFile } from "../host/record-file.ts";

export interface Note {
  /** What was saved last, not yet checked; null if there is none, or none that can be read. */
  load(): unknown;
  /** Kept when it returns, whatever becomes of this process. */
  save(record: unknown): void;
}

/** @param path as for `recordFile` */
export function openNote(path: string, what: string, log: Log): Note {
  const file = recordFile(path, what);
  const codeOf = (error: unknown) => (error instanceof PrismError ? error.code : "storage_failed");
  const reasonOf = (error: unknown) => (error instanceof Error ? error.message : "");
  return {
    load() {
      try {
        return file.load() ?? null;
      } catch (error) {
        const isThere = !(error instanceof PrismError && error.code === "not_found");
        if (isThere) log("warn", "noteNotRead", { code: codeOf(error), what, reason: reasonOf(error) });
        return null;
      }
    },
    save(record) {
      try {
        file.save(record);
      } catch (error) {
        log("warn", "noteNotWritten", { code: codeOf(error), what, reason: reasonOf(error) });
      }
    },
  };
}
