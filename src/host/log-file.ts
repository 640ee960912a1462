/**
 * A log as a file that its owner alone can read, of bounded size with a few older generations beside it. Several
 * processes may write to one: each line is one append, and who finds that the file has been moved aside goes on in the
 * new one. A generation's name is its own for ever, so that two who rotate at once lose nothing. A full disk costs
 * lines and stops nobody; a line that was cut off by it is closed before the next. Knows no form of a line.
 *
 * Written in place: a few lines an hour, and none is lost when the process dies.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { formatAddress } from "../domain/address.ts";
import type { LogOwner } from "../domain/log.ts";
import { errnoOf } from "./fs-error.ts";
import { ensurePrivateDir, fileNameOf, type Home } from "./home.ts";

export interface LogFileBounds {
  /** One file's size, as far as it can be moved aside. */
  readonly bytesMax: number;
  /** Older files that are kept beside it. */
  readonly generationsMax: number;
}

/** Months of a daemon's lines, and 5 MiB of disk for each at most. */
export const LOG_FILE_BOUNDS: LogFileBounds = { bytesMax: 1024 * 1024, generationsMax: 4 };

export interface LogFile {
  /** @throws what the system says, if the line is not wholly in the file */
  write(line: string): void;
  close(): void;
}

/** Where a program's lines go; everything of one persona's in one file. */
export function logFileOf(home: Home, component: string, owner: LogOwner | undefined): string {
  if (owner === undefined) return join(home.logDir, `${fileNameOf(component)}.log`);
  return join(home.logDir, fileNameOf(owner.tenant), `${fileNameOf(formatAddress(owner))}.log`);
}

const GENERATION = /^\.\d{8}T\d{9}Z-\d+$/;

/** Every generation of a file that is there, oldest first, itself last. */
export function generationsOf(path: string): readonly string[] {
  const name = basename(path);
  return namesIn(dirname(path))
    .filter((each) => each === name || (each.startsWith(name) && GENERATION.test(each.slice(name.length))))
    .toSorted((a, b) => (a === name ? 1 : b === name ? -1 : a < b ? -1 : 1))
    .map((each) => join(dirname(path), each));
}

/** True for `hub.log` and for its older generations. */
export function isLogFileName(name: string): boolean {
  const at = name.indexOf(".log");
  return at > 0 && (at + 4 === name.length || GENERATION.test(name.slice(at + 4)));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Opened with its first line. */
export function openLogFile(path: string, bounds = LOG_FILE_BOUNDS): LogFile {
  let file: number | undefined;
  /** The last line in it has no end. */
  let isTorn = false;

  function close(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  function open(): number {
    if (file !== undefined) return file;
    try {
      file = openSync(path, "a+", 0o600);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      ensurePrivateDir(dirname(path));
      file = openSync(path, "a+", 0o600);
    }
    isTorn = endsWithin(file);
    return file;
  }

  /** Of the file that has the name now: another process may have moved ours aside. */
  function size(): number {
    const ours = fstatSync(open(), { bigint: true });
    const named = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (named?.ino === ours.ino && named.dev === ours.dev) return Number(ours.size);
    close();
    return fstatSync(open()).size;
  }

  function moveAside(): void {
    close();
    try {
      renameSync(path, freeName(path));
    } catch (error) {
      // ENOENT: another process was faster. Else somebody holds it (Windows), and it grows on until the next line.
      if (!["ENOENT", "EACCES", "EBUSY", "EPERM"].includes(errnoOf(error))) throw error;
    }
    dropOld(path, bounds.generationsMax);
  }

  return {
    write(line) {
      const text = Buffer.from(`${line}\n`);
      const before = size();
      if (before > 0 && before + text.length > bounds.bytesMax) moveAside();
      const to = open();
      const bytes = isTorn ? Buffer.concat([Buffer.from("\n"), text]) : text;
      const written = writeSync(to, bytes);
      isTorn = written < bytes.length && (written > 1 || !isTorn);
      if (written < bytes.length) throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
    },
    close,
  };
}

/** Whether what a crash or a full disk left has no line feed at its end. */
function endsWithin(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  return readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}

/** Behind all that are there, by its name and whatever the clock says; its own, whoever else rotates. */
function freeName(path: string): string {
  const newest = generationsOf(path).findLast((each) => each !== path) ?? "";
  const atMs = Math.max(Date.now(), stampMs(newest) + 1);
  return `${path}.${new Date(atMs).toISOString().replace(/[-:.]/g, "")}-${process.pid}`;
}

function stampMs(generation: string): number {
  const [, day = "", time = ""] = /\.(\d{8})T(\d{9})Z-\d+$/.exec(generation) ?? [];
  if (day === "") return 0;
  const [hours, minutes, seconds, ms] = [time.slice(0, 2), time.slice(2, 4), time.slice(4, 6), time.slice(6)];
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  return Date.parse(`${date}T${hours}:${minutes}:${seconds}.${ms}Z`) || 0;
}

function dropOld(path: string, generationsMax: number): void {
  const older = generationsOf(path).filter((each) => each !== path);
  for (const each of older.slice(0, Math.max(0, older.length - generationsMax))) {
    try {
      unlinkSync(each);
    } catch {
      // Another process dropped it.
    }
  }
}
