/**
 * One process holds a thing of this host, such as the daemon's place for a persona and a project. What holds
 * is a lock of the kernel on an open file, so it ends with the process, however that dies; never a process
 * number, which another program may wear after a reboot. A note beside the lock says who holds it: it serves
 * the message alone, and may be missing, stale or broken without harm.
 *
 * The lock is node:sqlite's, because Node has no lock of its own: an empty database with a write transaction
 * that is never finished. The same on all three systems; a local file system is needed, as for the store.
 */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { object, readShape, text, whole } from "../domain/shape.ts";
import { errnoOf, fsErrorOf } from "./fs-error.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";
import { isProcessAlive } from "./process-alive.ts";

/** Who holds it, for the one who comes second. */
export interface LockHolder {
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly host: string;
  /** The folder it works in. */
  readonly root: string;
}

export interface HeldLock {
  /** Gives it back. Safe to call again. */
  release(): void;
}

const noteShape = object({
  pid: whole({ min: 1, max: 0xffff_ffff, about: "the holder's process id" }),
  startedAtMs: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "when it started" }),
  host: text({ bytesMax: 255, about: "its host" }),
  root: text({ bytesMax: 4096, about: "its folder" }),
});

/** Kept of a corrupt lock file, as evidence. */
const SET_ASIDE_BYTES_MAX = 64 * 1024;
const NOTE_BYTES_MAX = 16 * 1024;
/** Ten that start at once ask within a millisecond of each other; on Windows asking itself takes a lock. */
const BUSY_MS_MAX = 50;
const ATTEMPTS_MAX = 4;

/** SQLite's primary result codes. Source: sqlite.org/rescode.html */
const SQLITE = { busy: 5, locked: 6, readOnly: 8, corrupt: 11, full: 13, notDatabase: 26 } as const;

/** A lock whose object were collected would be given back unnoticed. */
const held = new Set<DatabaseSync>();

/**
 * @param path the lock file, in an existing owner-only folder; made if absent, never removed
 * @param what what is held, to begin the message with: `the place of reviewer@shop`
 * @throws PrismError `already_running`, saying who holds it; `permission_denied`, `storage_full`,
 *   `storage_failed` if the file can't be used
 */
export async function holdLock(path: string, what: string, holder: LockHolder): Promise<HeldLock> {
  const database = acquire(path, what);
  held.add(database);
  let released = false;
  try {
    await writePrivateFile(notePathOf(path), `${JSON.stringify(holder)}\n`, { durable: false });
  } catch {
    // A full disk must not keep a daemon from its work; the second one hears less about who holds.
  }
  return {
    release() {
      if (released) return;
      released = true;
      // The note first: after the lock is free it may be another's.
      rmSync(notePathOf(path), { force: true });
      held.delete(database);
      database.close();
    },
  };
}

/** Who holds the lock at this instant, as far as its note can be believed; null if nobody does or none says. */
export function lockHolderOf(path: string): LockHolder | null {
  const holder = lockNoteOf(path);
  return holder !== null && isProcessAlive(holder.pid) ? holder : null;
}

/** Who took the lock last and has not given it back: a holder that did not end in order leaves its note. */
export function lockNoteOf(path: string): LockHolder | null {
  try {
    const note = readPrivateFile(notePathOf(path), { what: "lock's note", bytesMax: NOTE_BYTES_MAX });
    return readShape(noteShape, JSON.parse(note), "the note");
  } catch {
    return null;
  }
}

function notePathOf(path: string): string {
  return `${path}.json`;
}

function acquire(path: string, what: string): DatabaseSync {
  for (let attempt = 1; ; attempt++) {
    prepare(path);
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: BUSY_MS_MAX });
      // IMMEDIATE, not EXCLUSIVE: only one of many can take it, so of ten at once one wins. EXCLUSIVE waits for
      // readers to leave, and ten that ask at once are each other's readers. The journal stays in memory,
      // so that no second file lies beside the lock.
      database.exec("PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE");
      return database;
    } catch (error) {
      database?.close();
      const code = primaryCodeOf(error);
      if (code === SQLITE.busy || code === SQLITE.locked) throw alreadyHeld(path, what);
      const corrupt = code === SQLITE.corrupt || code === SQLITE.notDatabase;
      if (!corrupt || attempt === ATTEMPTS_MAX) throw unusable(path, code, error);
      setAside(path);
    }
  }
}

/** Makes the file with an owner-only mode, or says in the system's own terms why it can't be used. */
function prepare(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw fsErrorOf("make the lock file", path, error);
  }
  // From here on never opened and closed by us: that would give up, on POSIX, every lock that this process
  // has on it (fcntl(2)), another daemon's in this process included.
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    if (statSync(path).isFile()) return;
  } catch (error) {
    throw fsErrorOf("use the lock file", path, error);
  }
  throw new PrismError("storage_failed", `the lock file "${printable(path, 200)}" is not a plain file`, {
    hint: "move away what is there",
  });
}

/**
 * A good lock file is empty for ever, so a corrupt one is copied and emptied, in place: a rename here could move
 * the file that another process has mended and locked a moment before. Emptying that one again changes nothing.
 */
function setAside(path: string): void {
  try {
    const found = beginningOf(path);
    if (found.length > 0) writeFileSync(`${path}.corrupt`, found, { mode: 0o600 });
    truncateSync(path);
  } catch (error) {
    throw fsErrorOf("mend the lock file", path, error);
  }
}

/** Not copyFileSync: it never returns from a file that another process empties meanwhile (libuv 1.x). */
function beginningOf(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(SET_ASIDE_BYTES_MAX);
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(file);
  }
}

function alreadyHeld(path: string, what: string): PrismError {
  const holder = lockHolderOf(path);
  const who =
    holder === null
      ? "another process that has only just started or left no note"
      : `process ${holder.pid} on ${printable(holder.host)} since ${new Date(holder.startedAtMs).toISOString()}, in ${printable(holder.root, 200)}`;
  return new PrismError("already_running", `${what} is held by ${who}`, {
    hint: holder === null ? "ask it with prism status" : `stop that one first: kill ${holder.pid}`,
  });
}

function unusable(path: string, code: number, cause: unknown): PrismError {
  const errorCode =
    code === SQLITE.full ? "storage_full" : code === SQLITE.readOnly ? "permission_denied" : "storage_failed";
  return new PrismError(
    errorCode,
    `could not lock the file "${printable(path, 200)}" (SQLite result ${code})`,
    { hint: "PRISM_HOME must lie on a local, writable disk", cause },
  );
}

/** Extended codes carry the primary one in their lowest byte. */
function primaryCodeOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return 0;
  return typeof error.errcode === "number" ? error.errcode & 0xff : 0;
}
