/**
 * Where everything of Prism lies on this host: one folder, `PRISM_HOME` or `~/.prism`, that only its owner
 * can enter. Names paths, and makes and verifies folders; knows no content of any file, and reads no
 * environment (the value of `PRISM_HOME` is handed in).
 *
 * Every daemon loads this, so it hashes by hand (FNV-1a): node:crypto would cost 1.1 MB of private memory
 * each, and these hashes only make names short, they keep nobody out.
 */
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { type Address, formatAddress, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { errnoOf, fsErrorOf } from "./fs-error.ts";

export interface Home {
  /** Absolute. */
  readonly root: string;
  /** The local hub's token, owner-only. */
  readonly tokenPath: string;
  /** Where the local hub listens, while it does. */
  readonly hubFilePath: string;
  readonly configPath: string;
  /** The embedded store's folder. */
  readonly hubDataDir: string;
  /** Sockets. Nothing in it outlives a reboot by meaning. */
  readonly runDir: string;
  /** What daemons keep: positions and locks. */
  readonly stateDir: string;
  readonly logDir: string;
}

/**
 * @param configured the value of `PRISM_HOME`; absent or empty means `~/.prism`. Relative to the working
 *   folder; a leading `~/` is the user's folder (unit files and JSON have no shell to expand it)
 * @throws PrismError `invalid_argument` for a path with a NUL, `not_found` if the user has no folder
 */
export function homeAt(configured: string | undefined): Home {
  const root = rootOf(configured === undefined || configured === "" ? "~/.prism" : configured);
  return {
    root,
    tokenPath: join(root, "token"),
    hubFilePath: join(root, "hub.json"),
    configPath: join(root, "config.json"),
    hubDataDir: join(root, "hub"),
    runDir: join(root, "run"),
    stateDir: join(root, "state"),
    logDir: join(root, "log"),
  };
}

function rootOf(wanted: string): string {
  if (wanted.includes("\0")) {
    throw new PrismError("invalid_argument", `PRISM_HOME "${printable(wanted)}" holds a NUL character`);
  }
  if (!/^~([/\\]|$)/.test(wanted)) return resolve(wanted);
  const user = homedir();
  if (user === "") {
    throw new PrismError("not_found", "the user's own folder is not known on this host", {
      hint: "set PRISM_HOME to a folder of yours",
    });
  }
  return resolve(user, `.${wanted.slice(1)}`);
}

/** The folder for what one daemon keeps. Not made here: see `ensurePrivateDir`. */
export function stateDirOf(home: Home, tenant: string, address: Address): string {
  return join(home.stateDir, fileNameOf(tenant), fileNameOf(formatAddress(address)));
}

/**
 * Where a folder of the user's has what must not lie in it: its lock, and what is known of its installation. One for
 * all personas that work there. Not made here: see `ensurePrivateDir`.
 *
 * @param folder absolute, links resolved
 */
export function folderPlaceOf(home: Home, folder: string): string {
  return join(
    home.root,
    "folders",
    `${fileNameOf(basename(folder).toLowerCase()).slice(0, 40)}-${hashOf(folder)}`,
  );
}

/** `sockaddr_un` holds 104 bytes on macOS and 108 on Linux, the closing NUL included. */
export const SOCKET_PATH_BYTES_MAX = 103;

/**
 * Where the daemon of an address listens; the same for every process of this user, whatever its environment.
 * The folder of a socket is made and verified by who listens, and verified by who connects.
 *
 * @returns on Unix a path of at most `SOCKET_PATH_BYTES_MAX` bytes: in `runDir`, readable if that fits, else
 *   by hash, else in a short folder of this user under `/tmp`; on Windows the name of a pipe
 */
export function ipcPathOf(
  home: Home,
  tenant: string,
  address: Address,
  platform: NodeJS.Platform = process.platform,
): string {
  const key = `${home.root}\0${tenant}\0${formatAddress(address)}`;
  // Pipe names share one space per host and ignore case, as Windows paths do.
  if (platform === "win32") return `\\\\.\\pipe\\prism-${hashOf(key.toLowerCase())}`;
  const readable = join(home.runDir, fileNameOf(tenant), `${fileNameOf(formatAddress(address))}.sock`);
  if (Buffer.byteLength(readable) <= SOCKET_PATH_BYTES_MAX) return readable;
  const hashed = join(home.runDir, `${hashOf(key)}.sock`);
  if (Buffer.byteLength(hashed) <= SOCKET_PATH_BYTES_MAX) return hashed;
  // Not os.tmpdir(): TMPDIR differs between a service and a shell, and then they would not meet.
  return join(`/tmp/prism-${process.getuid?.() ?? 0}`, `${hashOf(key)}.sock`);
}

/**
 * The file that is there exactly while a daemon has something to say to its agent's hooks: a hook's command looks
 * for it and so costs nothing most of the time. Beside the daemon's socket; on Windows, where pipes are no files,
 * under the same hash in `runDir`.
 */
export function bellFlagPathOf(
  home: Home,
  tenant: string,
  address: Address,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform !== "win32") return ipcPathOf(home, tenant, address, platform).replace(/\.sock$/, ".bell");
  return join(home.runDir, `${hashOf(`${home.root}\0${tenant}\0${formatAddress(address)}`)}.bell`);
}

const DEVICE_NAME = /^(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(\.|$)/;
const FILE_NAME_CHARS_MAX = 180;

/**
 * Any text as the name of one file, the same on all three systems, different for different texts:
 * what is not plain is percent-encoded, so are Windows' device names and closing dots, and a long rest
 * becomes a hash. Names and addresses stay as they are.
 */
export function fileNameOf(text: string): string {
  const encoded = text.replace(/[^a-z0-9._@-]/gu, percent).replace(/^\.|\.$/g, percent);
  const safe = DEVICE_NAME.test(encoded) ? percent(encoded.charAt(0)) + encoded.slice(1) : encoded;
  if (safe === "") return "%";
  if (safe.length <= FILE_NAME_CHARS_MAX) return safe;
  return `${safe.slice(0, FILE_NAME_CHARS_MAX - 20)}%${hashOf(text)}`;
}

function percent(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** FNV-1a, 64 bits, in base 36: 13 characters. Source: draft-eastlake-fnv, section 2. */
export function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(36).padStart(13, "0");
}

/**
 * Makes a folder that only this user can enter, its missing parents too, and verifies it: a folder, ours,
 * not reached through somebody else's link, writable. A mode that lets others in is put right.
 *
 * @throws PrismError `permission_denied` (foreign, unreadable, read-only), `not_found` (a file is in the
 *   way), `storage_full`, `invalid_argument` (no usable path)
 */
export function ensurePrivateDir(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw fsErrorOf("make the folder", path, error);
  }
  const stats = ownFolder(path);
  try {
    if (hasModes() && (stats.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fsErrorOf("use the folder", path, error);
  }
}

/** By hand: Node's own recursive mkdir says ENOENT where the system said EROFS. */
function makeFolder(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    // Once and no further: below a link that leads nowhere it would never end.
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

/**
 * As `ensurePrivateDir`, but makes and mends nothing: for who comes to a folder that another process made.
 *
 * @throws PrismError `not_found`, or `permission_denied` if others own it or can enter it
 */
export function verifyPrivateDir(path: string): void {
  const stats = ownFolder(path);
  if (hasModes() && (stats.mode & 0o077) !== 0) {
    throw new PrismError("permission_denied", `others can enter the folder "${printable(path, 200)}"`, {
      hint: `close it to them: chmod 700 "${printable(path, 200)}"`,
    });
  }
}

/** Every folder of the home itself, made and verified, from the root down. */
export function ensureHome(home: Home): void {
  for (const dir of [home.root, home.runDir, home.stateDir, home.logDir]) ensurePrivateDir(dir);
}

/** The folder's facts, once it is known to be ours: link and target, so that nobody leads us elsewhere. */
function ownFolder(path: string): Stats {
  let link: Stats;
  let target: Stats;
  try {
    link = lstatSync(path);
    target = link.isSymbolicLink() ? statSync(path) : link;
  } catch (error) {
    throw fsErrorOf("look at the folder", path, error);
  }
  if (!target.isDirectory()) throw notFolder(path);
  if (!isOurs(link) || !isOurs(target)) {
    throw new PrismError(
      "permission_denied",
      `the folder "${printable(path, 200)}" belongs to another user (uid ${isOurs(target) ? link.uid : target.uid})`,
      { hint: `remove it if it should not be there, or run as its owner, or set PRISM_HOME elsewhere` },
    );
  }
  return target;
}

/** Windows has neither modes nor user numbers: there the user's profile folder is what keeps others out. */
function hasModes(): boolean {
  return process.getuid !== undefined;
}

export function isOurs(stats: Stats): boolean {
  return process.geteuid === undefined || stats.uid === process.geteuid();
}

function notFolder(path: string): PrismError {
  return new PrismError("not_found", `"${printable(path, 200)}" is not a folder`, {
    hint: `move what is there out of ${printable(dirname(path), 200)}, or name another path`,
  });
}
