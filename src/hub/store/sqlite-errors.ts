/**
 * What SQLite said, as one of Prism's own failures. Owns the one table from result codes to `ErrorCode`.
 * Source: https://www.sqlite.org/rescode.html; the low byte is the primary code.
 */
import { printable } from "../../domain/address.ts";
import { type ErrorCode, PrismError } from "../../domain/errors.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly because: string;
  readonly hint: string;
}

const DAMAGED: Meaning = {
  code: "storage_failed",
  because: "the file is damaged or is no Prism store",
  hint: "put a backup in its place, or move it aside to begin with an empty store; nothing was deleted",
};
const READ_ONLY: Meaning = {
  code: "permission_denied",
  because: "it can't be opened or written",
  hint: "check the owner and mode of the file and its folder, and whether the file system is read-only",
};
const HELD: Meaning = {
  code: "already_running",
  because: "another hub holds it",
  hint: "use that hub, stop it first, or give this one its own folder with --data",
};

const MEANINGS: { readonly [primaryCode: number]: Meaning } = {
  3: READ_ONLY, // SQLITE_PERM
  5: HELD, // SQLITE_BUSY
  6: HELD, // SQLITE_LOCKED
  8: READ_ONLY, // SQLITE_READONLY
  10: {
    // SQLITE_IOERR
    code: "storage_failed",
    because: "the disk failed",
    hint: "check the disk and the system's log; what was acknowledged before is kept",
  },
  11: DAMAGED, // SQLITE_CORRUPT
  13: {
    // SQLITE_FULL
    code: "storage_full",
    because: "the disk is full, so nothing was written",
    hint: "free some space; what waits can still be read, and nothing was lost",
  },
  14: READ_ONLY, // SQLITE_CANTOPEN
  23: READ_ONLY, // SQLITE_AUTH
  26: DAMAGED, // SQLITE_NOTADB
};

/**
 * @param action what was tried, to begin the sentence with: `write to`
 * @returns a failure to hand on; one that already is a `PrismError` comes back as it is
 */
export function sqliteErrorOf(action: string, path: string, error: unknown): PrismError {
  if (error instanceof PrismError) return error;
  const resultCode = resultCodeOf(error);
  const meaning = resultCode === null ? undefined : MEANINGS[resultCode & 0xff];
  const subject = `could not ${action} the store "${printable(path, 200)}"`;
  if (meaning === undefined) {
    return new PrismError(
      "storage_failed",
      `${subject}${resultCode === null ? "" : ` (SQLite ${resultCode})`}`,
      {
        hint: "see the hub's log",
        cause: error,
      },
    );
  }
  return new PrismError(meaning.code, `${subject}: ${meaning.because}`, { hint: meaning.hint, cause: error });
}

function resultCodeOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode : null;
}
