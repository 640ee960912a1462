/**
 * A small record of plain data in an owner-only file: read whole, replaced whole. For what must be remembered
 * before the next step is taken, so it is written without waiting for anybody's turn; not for the disk either: the
 * kernel keeps it through any death of the process, and after a loss of power an old record does no harm.
 * Knows no record's meaning.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { fsErrorOf } from "./fs-error.ts";
import { readPrivateFile } from "./private-file.ts";

export interface RecordFile {
  /**
   * @returns what was saved last, not yet checked
   * @throws PrismError `not_found` before the first save, `permission_denied`, `too_large`, `malformed`
   */
  load(): unknown;
  /** @throws PrismError `storage_full`, `permission_denied`, `not_found` (the folder), `storage_failed` */
  save(record: unknown): void;
}

const RECORD_BYTES_MAX = 256 * 1024;

/**
 * @param path in an existing owner-only folder, with one writer at a time
 * @param what what it is, to stand in a message: `record of resumes`
 */
export function recordFile(path: string, what: string): RecordFile {
  return {
    load: () => parsed(readPrivateFile(path, { what, bytesMax: RECORD_BYTES_MAX })),
    save(record) {
      // One writer at a time, so one name is enough, and what a crash left is written over.
      const temporary = `${path}.tmp`;
      try {
        rmSync(temporary, { force: true });
        writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600, flag: "wx" });
        renameSync(temporary, path);
      } catch (error) {
        throw fsErrorOf(`write the ${what}`, path, error);
      }
    },
  };
}

/** What is no JSON is nothing: the shape that reads it says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
