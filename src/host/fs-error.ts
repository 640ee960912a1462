/**
 * What the operating system said about a file or folder, as one of Prism's own failures.
 * Knows no particular file; owns the one table from errno names to `ErrorCode`.
 */
import { printable } from "../domain/address.ts";
import { type ErrorCode, PrismError } from "../domain/errors.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly because: string;
  readonly hint: string;
}

const MEANINGS: { readonly [errno: string]: Meaning } = {
  EACCES: {
    code: "permission_denied",
    because: "permission denied",
    hint: "check its owner and mode, or name another place with PRISM_HOME",
  },
  EPERM: {
    code: "permission_denied",
    because: "operation not permitted",
    hint: "check its owner and mode, or name another place with PRISM_HOME",
  },
  EROFS: {
    code: "permission_denied",
    because: "the file system is read-only",
    hint: "mount it writable, or name another place with PRISM_HOME",
  },
  ENOENT: { code: "not_found", because: "it does not exist", hint: "check the path" },
  ENOTDIR: {
    code: "not_found",
    because: "a part of the path is not a folder",
    hint: "move the file that is in the way, or name another path",
  },
  EISDIR: { code: "invalid_argument", because: "it is a folder", hint: "name a file" },
  ELOOP: {
    code: "invalid_argument",
    because: "its symbolic links lead in a circle or are not followed here",
    hint: "name the real path",
  },
  ENAMETOOLONG: { code: "invalid_argument", because: "the path is too long", hint: "use a shorter one" },
  ENOSPC: {
    code: "storage_full",
    because: "the disk is full",
    hint: "free some space and try again; nothing was lost",
  },
  EDQUOT: {
    code: "storage_full",
    because: "the disk quota is used up",
    hint: "free some space and try again; nothing was lost",
  },
  EMFILE: {
    code: "overloaded",
    because: "too many files are open in this process",
    hint: "raise the limit on open files (ulimit -n)",
  },
  ENFILE: {
    code: "overloaded",
    because: "too many files are open on this host",
    hint: "close other programs, or raise the host's limit",
  },
};

/** The errno name of anything thrown, or "" if it has none: `ENOENT`. */
export function errnoOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/**
 * @param action what was tried, to begin the sentence with: `read the token`
 * @param path which file or folder; quoted in the message
 * @returns a failure to throw; one that already is a `PrismError` comes back as it is
 */
export function fsErrorOf(action: string, path: string, error: unknown): PrismError {
  if (error instanceof PrismError) return error;
  const errno = errnoOf(error);
  const meaning = Object.hasOwn(MEANINGS, errno) ? MEANINGS[errno] : undefined;
  const subject = `could not ${action} "${printable(path, 200)}"`;
  if (meaning === undefined) {
    return new PrismError("storage_failed", `${subject}${errno === "" ? "" : ` (${errno})`}`, {
      hint: "check the disk, and see the log",
      cause: error,
    });
  }
  return new PrismError(meaning.code, `${subject}: ${meaning.because}`, { hint: meaning.hint, cause: error });
}
