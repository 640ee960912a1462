/**
 * A small owner-only file that a daemon keeps for its next life. The newest text wins; writing never keeps the
 * daemon waiting, and what can't be read or written costs no more than what it held. Knows no meaning of it.
 */
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { readPrivateFile, writePrivateFile } from "../host/private-file.ts";

export interface Note {
  /** Null if there is none, or none that can be read. */
  load(): string | null;
  save(text: string): void;
  /** Settles once what was saved is written, or could not be. */
  settled(): Promise<void>;
}

const NOTE_BYTES_MAX = 256 * 1024;

export function openNote(path: string, what: string, log: Log): Note {
  let next: string | undefined;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (next !== undefined) {
      const text = next;
      next = undefined;
      try {
        await writePrivateFile(path, text, { durable: false });
      } catch (error) {
        log("warn", "noteNotWritten", { what, reason: error instanceof Error ? error.message : "" });
      }
    }
    writing = undefined;
  }

  return {
    load() {
      try {
        return readPrivateFile(path, { what, bytesMax: NOTE_BYTES_MAX });
      } catch (error) {
        const isThere = !(error instanceof PrismError && error.code === "not_found");
        if (isThere)
          log("warn", "noteNotRead", { what, reason: error instanceof Error ? error.message : "" });
        return null;
      }
    },
    save(text) {
      next = text;
      writing ??= write();
    },
    settled: () => writing ?? Promise.resolve(),
  };
}
