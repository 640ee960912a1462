/**
 * Files that only their owner may read: tokens, and what daemons and hub keep. Reading is bounded and checks
 * the open file itself, not its name; writing replaces the whole file or nothing, through any crash.
 * Knows no file's meaning, but for a token's form.
 */
import {
  close,
  closeSync,
  constants,
  fstatSync,
  fsync,
  link,
  linkSync,
  open,
  openSync,
  readdirSync,
  readSync,
  rename,
  renameSync,
  type Stats,
  unlink,
  unlinkSync,
  write,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { errnoOf, fsErrorOf } from "./fs-error.ts";
import { isOurs } from "./home.ts";
import { isProcessAlive } from "./process-alive.ts";

export interface PrivateRead {
  /** What it is, to stand in a message: `token`. */
  readonly what: string;
  readonly bytesMax: number;
  /** True if others may read it: for a file without a secret. Default false. */
  readonly shared?: boolean;
}

/**
 * @returns the file's text
 * @throws PrismError `not_found`, `permission_denied` (unreadable, or readable by others), `too_large`,
 *   `malformed` (not UTF-8, not a plain file)
 */
export function readPrivateFile(path: string, read: PrivateRead): string {
  return within(path, read, (file) => decode(path, readBounded(file, path, read), read));
}

/** The same for a file that is no text. @throws PrismError as `readPrivateFile` */
export function readPrivateBytes(path: string, read: PrivateRead): Uint8Array {
  return within(path, read, (file) => readBounded(file, path, read));
}

function within<T>(path: string, read: PrivateRead, use: (file: number) => T): T {
  let file: number;
  try {
    // Without O_NONBLOCK a FIFO of this name would hold the process up for ever.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw fsErrorOf(`read the ${read.what}`, path, error);
  }
  try {
    guard(path, fstatSync(file), read);
    return use(file);
  } catch (error) {
    throw fsErrorOf(`read the ${read.what}`, path, error);
  } finally {
    closeSync(file);
  }
}

function guard(path: string, stats: Stats, read: PrivateRead): void {
  const shown = printable(path, 200);
  if (!stats.isFile()) {
    throw new PrismError("malformed", `the ${read.what} "${shown}" is not a plain file`, {
      hint: "name a file",
    });
  }
  if (read.shared === true || process.getuid === undefined) return;
  // Root's own secrets, mounted for us to read, are as safe as ours.
  if (!isOurs(stats) && stats.uid !== 0) {
    throw new PrismError(
      "permission_denied",
      `the ${read.what} "${shown}" belongs to another user (uid ${stats.uid})`,
      { hint: "use a file of your own" },
    );
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new PrismError("permission_denied", `the ${read.what} "${shown}" can be read by others`, {
      hint: `close it to them: chmod 600 "${shown}"`,
    });
  }
}

function readBounded(file: number, path: string, read: PrivateRead): Buffer {
  // One byte more than allowed: the size that stat gives may have changed since.
  const buffer = Buffer.allocUnsafe(read.bytesMax + 1);
  let bytes = 0;
  while (bytes < buffer.length) {
    const got = readSync(file, buffer, bytes, buffer.length - bytes, null);
    if (got === 0) break;
    bytes += got;
  }
  if (bytes > read.bytesMax) {
    throw new PrismError(
      "too_large",
      `the ${read.what} "${printable(path, 200)}" is longer than ${read.bytesMax} bytes`,
      { hint: "check that it is the right file" },
    );
  }
  return buffer.subarray(0, bytes);
}

function decode(path: string, bytes: Buffer, read: PrivateRead): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PrismError("malformed", `the ${read.what} "${printable(path, 200)}" is not UTF-8 text`, {
      hint: "check that it is the right file",
    });
  }
}

const TOKEN_BYTES_MAX = 512;

/**
 * A token from its file: one word of visible ASCII, as it will stand in a header.
 *
 * @throws PrismError as `readPrivateFile`, and `malformed` if it is no token. The token is never quoted
 */
export function readTokenFile(path: string): string {
  const token = readPrivateFile(path, { what: "token", bytesMax: TOKEN_BYTES_MAX }).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const fault = token === "" ? "is empty" : "holds more than one word of plain characters";
  throw new PrismError("malformed", `the token file "${printable(path, 200)}" ${fault}`, {
    hint: "put the token alone in it, on one line",
  });
}

export interface PrivateWrite {
  /** Write only where no file is: the first of many writers wins, whole. */
  readonly ifAbsent?: boolean;
  /**
   * False leaves out waiting for the disk, for what a reboot makes worthless. Then all is done before the call
   * returns: it takes 0.1 ms, where handing it to Node's threads takes 2 ms of a start, and starts the threads.
   * Default true.
   */
  readonly durable?: boolean;
}

/** Names of unfinished writes: `.state.json.4711-1.tmp`. */
let writes = 0;
const swept = new Set<string>();

/**
 * Replaces a file as a whole, readable by its owner alone: after a crash at any instant there is the old
 * one or the new one. Once it settles the new one survives a loss of power.
 *
 * @param path in an existing folder
 * @returns false if `ifAbsent` was asked and a file is there; it is untouched then
 * @throws PrismError `permission_denied`, `storage_full`, `not_found` (the folder), `storage_failed`
 */
export async function writePrivateFile(
  path: string,
  content: string | Uint8Array,
  how: PrivateWrite = {},
): Promise<boolean> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  sweep(folder, prefix);
  const temporary = join(folder, `${prefix}${process.pid}-${++writes}.tmp`);
  const ifAbsent = how.ifAbsent === true;
  try {
    if (how.durable === false) {
      writeFileSync(temporary, content, { mode: 0o600, flag: "wx" });
      return placeAtOnce(temporary, path, ifAbsent);
    }
    await writeWhole(temporary, typeof content === "string" ? Buffer.from(content) : content);
    const placed = await place(temporary, path, ifAbsent);
    await syncFolder(folder);
    return placed;
  } catch (error) {
    await settled<void>((done) => unlink(temporary, () => done(null)));
    throw fsErrorOf("write the file", path, error);
  }
}

/** Leftovers of processes that died while writing, once per file and process. */
function sweep(folder: string, prefix: string): void {
  const key = join(folder, prefix);
  if (swept.has(key)) return;
  swept.add(key);
  try {
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(prefix) || !name.endsWith(".tmp")) continue;
      const pid = Number.parseInt(name.slice(prefix.length), 10);
      if (pid !== process.pid && !isProcessAlive(pid)) unlinkSync(join(folder, name));
    }
  } catch {
    // They are small and harm nobody; the write itself will say what is wrong with the folder.
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const file = await settled<number>((done) => open(path, flags, 0o600, done));
  try {
    for (let at = 0; at < bytes.length; ) {
      at += await settled<number>((done) => write(file, bytes, at, bytes.length - at, at, done));
    }
    await settled<void>((done) => fsync(file, done));
  } finally {
    await settled<void>((done) => close(file, () => done(null)));
  }
}

async function place(temporary: string, path: string, ifAbsent: boolean): Promise<boolean> {
  if (!ifAbsent) {
    await settled<void>((done) => rename(temporary, path, done));
    return true;
  }
  // A link fails where a rename would replace: the one atomic way to be first.
  const refusal = await settled<unknown>((done) => link(temporary, path, (error) => done(null, error)));
  await settled<void>((done) => unlink(temporary, () => done(null)));
  if (refusal === null) return true;
  if (errnoOf(refusal) === "EEXIST") return false;
  throw refusal;
}

function placeAtOnce(temporary: string, path: string, ifAbsent: boolean): boolean {
  if (!ifAbsent) {
    renameSync(temporary, path);
    return true;
  }
  try {
    linkSync(temporary, path);
    return true;
  } catch (refusal) {
    if (errnoOf(refusal) === "EEXIST") return false;
    throw refusal;
  } finally {
    unlinkSync(temporary);
  }
}

/** A rename is on disk once its folder is. Windows can't open a folder, and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const file = await settled<number>((done) => open(folder, constants.O_RDONLY, done));
  try {
    await settled<void>((done) => fsync(file, done));
  } finally {
    await settled<void>((done) => close(file, () => done(null)));
  }
}

/** Callbacks by hand: `node:fs/promises` would be loaded by every daemon for this alone. */
function settled<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value as T) : reject(error)));
  });
}
