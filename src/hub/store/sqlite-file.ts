/**
 * Opens the embedded store's file: owner-only, one process at a time, settings for durability, and the
 * schema if it is new. Refuses what is not a Prism store, or one of a newer Prism, and leaves it untouched.
 */
import { chmodSync, closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { ensurePrivateDir } from "../../host/home.ts";
import { sqliteErrorOf } from "./sqlite-errors.ts";
import { APPLICATION_ID, MIGRATIONS, SCHEMA, SCHEMA_VERSION } from "./sqlite-schema.ts";

export const STORE_FILE_NAME = "hub.db";

/** How long to wait for a predecessor that is just letting go of the file. */
const LOCK_WAIT_MS = 500;

/**
 * - locking_mode EXCLUSIVE: two hubs can't share a folder, and SQLite needs no shared memory.
 * - WAL with synchronous FULL: a commit is one append and one sync, and survives a power cut. fullfsync makes
 *   that true on macOS, where a plain sync stops at the drive's cache.
 * - pages of 8 kB, checkpoints at 8 MB: measured, the best of 4 to 16 kB and 1 to 64 MB for both throughput
 *   and the longest commit.
 * - no mmap: a read error would then be a fatal signal instead of a failed call.
 */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = 1;
  PRAGMA checkpoint_fullfsync = 1;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA cache_size = -16384;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA trusted_schema = OFF;
`;

export interface SqliteFile {
  readonly db: DatabaseSync;
  readonly path: string;
}

/**
 * @throws PrismError `already_running`, `permission_denied`, `storage_full`, `storage_failed` or, for a store
 *   of a newer Prism, `unsupported`
 */
export function openSqliteFile(folder: string, newHubId: () => string): SqliteFile {
  ensurePrivateDir(folder);
  const path = join(folder, STORE_FILE_NAME);
  makePrivate(path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    prepare(db, path, newHubId);
    return { db, path };
  } catch (error) {
    db?.close();
    throw sqliteErrorOf("open", path, error);
  }
}

/**
 * SQLite gives its side files the mode of the main one. A file that exists is not opened here: closing it
 * would drop every lock that this process holds on it (POSIX advisory locks go by process and file).
 */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw fsErrorOf("open the store", path, error);
  }
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    throw fsErrorOf("open the store", path, error);
  }
}

function prepare(db: DatabaseSync, path: string, newHubId: () => string): void {
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  const isNew = numberOf(db, "SELECT count(*) FROM sqlite_schema") === 0;
  if (isNew) db.exec("PRAGMA page_size = 8192");
  else refuseForeign(db, path);
  db.exec(SETTINGS);
  // Takes the lock now, and not with the first write: a second hub is to hear of it at its start.
  db.exec("BEGIN EXCLUSIVE");
  if (isNew) {
    db.exec(SCHEMA);
    db.prepare("INSERT INTO hub (one, hub_id, position, settled) VALUES (1, ?, 0, 0)").run(newHubId());
  } else migrate(db);
  db.exec("COMMIT");
}

/** From the version that an older Prism left, step by step. */
function migrate(db: DatabaseSync): void {
  for (let version = numberOf(db, "PRAGMA user_version"); version < SCHEMA_VERSION; version++)
    db.exec(MIGRATIONS[version] ?? "");
}

function refuseForeign(db: DatabaseSync, path: string): void {
  const shown = printable(path, 200);
  if (numberOf(db, "PRAGMA application_id") !== APPLICATION_ID) {
    throw new PrismError("storage_failed", `"${shown}" is a database, but not a Prism store`, {
      hint: "move it aside, or name another folder with --data",
    });
  }
  const version = numberOf(db, "PRAGMA user_version");
  if (version <= SCHEMA_VERSION) return;
  throw new PrismError(
    "unsupported",
    `the store "${shown}" is of version ${version}, and this Prism knows versions up to ${SCHEMA_VERSION}`,
    { hint: "update Prism, or name another folder with --data; the store was not touched" },
  );
}

function numberOf(db: DatabaseSync, sql: string): number {
  const value = Object.values(db.prepare(sql).get() ?? {})[0];
  return typeof value === "number" ? value : 0;
}
