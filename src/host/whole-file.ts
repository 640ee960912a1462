/**
 * Files and links that others read while they are replaced: through any crash there is the old one or the new one,
 * never half of it, and what a crash leaves goes with the next write. Unlike `private-file.ts` they are for all to
 * read, and may be as large as an executable. Knows no file's meaning.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, fsErrorOf } from "./fs-error.ts";
import { isProcessAlive } from "./process-alive.ts";

const COPY_BYTES = 1024 * 1024;

/** @throws PrismError `permission_denied`, `storage_full`, `not_found`, `storage_failed` */
export function writeWholeFile(path: string, text: string, mode: number): void {
  replaced("write the file", path, (temporary) => {
    const file = openSync(temporary, "wx", mode);
    try {
      writeSync(file, text);
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** @returns SHA-256 of what was copied, in hexadecimal: the same bytes, whatever becomes of the source meanwhile */
export function copyWholeFile(from: string, to: string, mode: number): string {
  const hash = createHash("sha256");
  replaced("copy the program to", to, (temporary) => {
    eachPiece(from, temporary, mode, (piece) => hash.update(piece));
  });
  return hash.digest("hex");
}

/** @returns SHA-256 in hexadecimal */
export function sha256Of(path: string): string {
  const hash = createHash("sha256");
  try {
    eachPiece(path, null, 0, (piece) => hash.update(piece));
  } catch (error) {
    throw fsErrorOf("read the file", path, error);
  }
  return hash.digest("hex");
}

function eachPiece(from: string, to: string | null, mode: number, heard: (piece: Uint8Array) => void): void {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  const source = openSync(from, "r");
  const copy = to === null ? null : openSync(to, "wx", mode);
  try {
    for (;;) {
      const bytes = readSync(source, buffer, 0, buffer.length, null);
      if (bytes === 0) break;
      const piece = buffer.subarray(0, bytes);
      heard(piece);
      if (copy !== null) for (let at = 0; at < bytes; ) at += writeSync(copy, piece, at);
    }
    if (copy === null) return;
    fchmodSync(copy, mode);
    fsyncSync(copy);
  } finally {
    closeSync(source);
    if (copy !== null) closeSync(copy);
  }
}

/**
 * A second name for a file. On Windows a hard link, because making a symbolic one takes rights that a user has not;
 * there a program that runs can't be written over, but can be renamed: it steps aside, and goes with a later write.
 */
export function linkWholeFile(
  target: string,
  path: string,
  platform: NodeJS.Platform = process.platform,
): void {
  replaced("make the link", path, (temporary) => {
    if (platform !== "win32") {
      symlinkSync(target, temporary);
      return;
    }
    linkSync(target, temporary);
    stepAside(path);
  });
}

function stepAside(path: string): void {
  try {
    renameSync(path, temporaryOf(path, "old"));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function replaced(action: string, path: string, make: (temporary: string) => void): void {
  const folder = dirname(path);
  const temporary = temporaryOf(path, "new");
  try {
    mkdirSync(folder, { recursive: true });
    sweep(path);
    make(temporary);
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fsErrorOf(action, path, error);
  }
}

let made = 0;

function temporaryOf(path: string, what: "new" | "old"): string {
  made++;
  return join(dirname(path), `.${basename(path)}.${process.pid}-${made}.${what}`);
}

/** What writers that died have left, and programs that stepped aside and have ended since. */
export function sweep(path: string): void {
  const prefix = `.${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix) || !/^\d+-\d+\.(new|old)$/.test(name.slice(prefix.length))) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (name.endsWith(".new") && isProcessAlive(pid)) continue;
    try {
      rmSync(join(dirname(path), name), { force: true });
    } catch {
      // Windows keeps a program that runs; the next one will find it ended.
    }
  }
}

/** A rename is on disk once its folder is. Windows can't open a folder, and needs no such thing. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
