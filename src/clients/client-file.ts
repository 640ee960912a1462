/**
 * A file of another program's, read and replaced without that program or a person losing anything: its mode stays,
 * a link leads to where it always led, and through any crash there is the old text or the new one. Knows no content.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../host/fs-error.ts";
import { isProcessAlive } from "../host/process-alive.ts";
import { syncFolder } from "../host/whole-file.ts";

/** Claude Code's own file of a person with many projects is some megabytes long. */
const BYTES_MAX = 32 * 1024 * 1024;

export interface ClientText {
  /** Null: there is no file. With its byte order mark, if it has one. */
  readonly text: string | null;
  /** Permission bits; null if there is no file. */
  readonly mode: number | null;
}

/**
 * @param what which file, to begin the message with
 * @throws PrismError `malformed` (not UTF-8, not a plain file, a link to nowhere), `too_large`, `permission_denied`
 */
export function readClientFile(path: string, what: string): ClientText {
  let stats: Stats | undefined;
  let bytes: Buffer;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      refuseLostLink(path, what);
      return { text: null, mode: null };
    }
    if (!stats.isFile()) throw unusable(what, "is not a plain file", "move away what is there");
    if (stats.size > BYTES_MAX) {
      throw new PrismError("too_large", `${what} is longer than ${BYTES_MAX} bytes`, {
        hint: "check that it is the right file",
      });
    }
    bytes = readFileSync(path);
  } catch (error) {
    throw fsErrorOf("read the file", path, error);
  }
  try {
    return {
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      mode: stats.mode & 0o7777,
    };
  } catch {
    throw unusable(what, "is not UTF-8 text", "save it as UTF-8 there, then try again");
  }
}

function refuseLostLink(path: string, what: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw unusable(
    what,
    "is a link that leads nowhere",
    "make the file that it leads to, or take the link away",
  );
}

function unusable(what: string, fault: string, hint: string): PrismError {
  return new PrismError("malformed", `${what} ${fault}`, { hint });
}

/** Names of unfinished writes, beside the file: `.settings.json.prism-4711.tmp`. */
const temporaryPrefix = (path: string): string => `.${basename(path)}.prism-`;

/**
 * Replaces a file as a whole.
 *
 * @param expected what was read when it was decided what to write: if somebody wrote meanwhile, nothing is written
 * @param modeNew of a file that is made, before the umask
 * @throws PrismError `overloaded` if it changed meanwhile, `permission_denied`, `storage_full`, `storage_failed`
 */
export function replaceClientFile(
  path: string,
  text: string,
  {
    expected,
    modeNew,
    what,
  }: { readonly expected: ClientText; readonly modeNew: number; readonly what: string },
): void {
  const target = expected.text === null ? path : realpathSync(path);
  sweep(target);
  const temporary = temporaryOf(target);
  try {
    const before = statSync(target, { throwIfNoEntry: false });
    writeWhole(temporary, Buffer.from(text), expected.mode ?? modeNew);
    if (before !== undefined) keepFacts(temporary, before);
    mustBeAsRead(path, expected, what);
    renameSync(temporary, target);
    syncFolder(dirname(target));
  } catch (error) {
    forget(temporary);
    throw fsErrorOf("write the file", path, error);
  }
}

function temporaryOf(path: string): string {
  return join(dirname(path), `${temporaryPrefix(path)}${process.pid}.tmp`);
}

function forget(temporary: string): void {
  try {
    unlinkSync(temporary);
  } catch {
    // It was never made, or is already in its place.
  }
}

/**
 * A file that is all ours: whole or not at all, in place of what was there by that name.
 *
 * @throws PrismError `permission_denied`, `storage_full`, `storage_failed`, `not_found` (the folder)
 */
export function writeOwnFile(path: string, bytes: Uint8Array): void {
  sweep(path);
  const temporary = temporaryOf(path);
  try {
    writeWhole(temporary, bytes, 0o666);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    forget(temporary);
    throw fsErrorOf("write the file", path, error);
  }
}

/** @throws PrismError `overloaded` if it changed meanwhile, `permission_denied` */
export function removeClientFile(
  path: string,
  { expected, what }: { readonly expected: ClientText; readonly what: string },
): void {
  mustBeAsRead(path, expected, what);
  try {
    // What was a link stays one: only the file that it leads to was ours to make.
    unlinkSync(realpathSync(path));
  } catch (error) {
    throw fsErrorOf("remove the file", path, error);
  }
}

function mustBeAsRead(path: string, expected: ClientText, what: string): void {
  if (readClientFile(path, what).text === expected.text) return;
  throw new PrismError("overloaded", `${what} was changed by another program at this moment`, {
    hint: "nothing was lost; try again",
  });
}

function writeWhole(path: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Whoever runs this, root included, leaves the file to whom it belongs. */
function keepFacts(path: string, { mode, uid, gid }: Stats): void {
  if (process.getuid === undefined) return;
  const made = statSync(path);
  if (made.uid !== uid || made.gid !== gid) chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
}

/** Leftovers of a command that died while writing. */
function sweep(path: string): void {
  const prefix = temporaryPrefix(path);
  try {
    for (const name of readdirSync(dirname(path))) {
      if (!name.startsWith(prefix) || !name.endsWith(".tmp")) continue;
      const pid = Number.parseInt(name.slice(prefix.length), 10);
      if (pid === process.pid || !isProcessAlive(pid)) unlinkSync(join(dirname(path), name));
    }
  } catch {
    // The write itself will say what is wrong with the folder.
  }
}

/** The folders that lack for a file, outermost first. */
export function missingFolders(path: string): readonly string[] {
  const missing: string[] = [];
  for (let dir = dirname(path); statSync(dir, { throwIfNoEntry: false }) === undefined; dir = dirname(dir)) {
    missing.unshift(dir);
  }
  return missing;
}

export function makeFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      mkdirSync(folder);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw fsErrorOf("make the folder", folder, error);
    }
  }
}

/** Takes away what `makeFolders` made, as far as nobody put anything into it. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST", "ENOENT", "ENOTDIR"].includes(errnoOf(error))) continue;
      throw fsErrorOf("remove the empty folder", printable(folder, 200), error);
    }
  }
}
