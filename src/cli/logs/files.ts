/**
 * Log files, read from their ends backwards and then followed, while others write to them, move them aside and drop
 * them: a file is known by what it is, not by its name. Whatever has no line feed behind it yet is not read.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Home } from "../../host/home.ts";
import type { LogEntry } from "../../host/log.ts";
import { isLogFileName } from "../../host/log-file.ts";
import { entryOf } from "./line.ts";
import type { LogSource, Wanted } from "./source.ts";

const BLOCK_BYTES = 64 * 1024;
/** No line is longer: one that seems to be is no line, and is passed over. */
const LINE_BYTES_MAX = 256 * 1024;
const LOOK_MS = 250;

interface Place {
  readonly path: string;
  /** The file itself: a number is given to another file once its first one is gone, which then is younger. */
  readonly id: string;
  readonly bytes: number;
}

/** @returns null if there is no log file */
export function openFileSource(home: Home, lookMs = LOOK_MS): LogSource {
  /** How far each file has been read. */
  const read = new Map<string, number>();

  function news(place: Place): readonly LogEntry[] {
    const from = read.get(place.id) ?? 0;
    // Emptied by hand: it begins anew.
    const { entries, end } = readForward(place.path, place.bytes < from ? 0 : from);
    read.set(place.id, end);
    return entries;
  }

  return {
    async back(wanted) {
      const found: LogEntry[] = [];
      for (const place of placesIn(home)) {
        const end = endOfLines(place);
        read.set(place.id, end);
        found.push(...readBack(place.path, end, wanted));
      }
      return found.toSorted((a, b) => b.atMs - a.atMs).slice(0, wanted.linesMax);
    },
    async follow(heard, stopped) {
      while (!stopped.aborted) {
        const places = placesIn(home);
        const entries = places.flatMap(news).toSorted((a, b) => a.atMs - b.atMs);
        for (const entry of entries) heard(entry);
        const here = new Set(places.map(({ id }) => id));
        for (const id of [...read.keys()]) if (!here.has(id)) read.delete(id);
        await pause(lookMs, undefined, { signal: stopped }).catch(() => {});
      }
    },
  };
}

/** Older generations before newer ones, so that what was moved aside is read to its end first. */
function placesIn({ logDir }: Home): readonly Place[] {
  const folders = [logDir, ...namesIn(logDir, true).map((name) => join(logDir, name))];
  return folders.flatMap((folder) =>
    namesIn(folder, false)
      .filter(isLogFileName)
      .toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))
      .flatMap((name) => placeAt(join(folder, name))),
  );
}

function namesIn(folder: string, isFolder: boolean): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => (isFolder ? entry.isDirectory() : entry.isFile()))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function placeAt(path: string): Place[] {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return [];
  return [{ path, id: `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`, bytes: Number(stats.size) }];
}

/** @returns undefined if it is gone or can't be read */
function withFile<T>(path: string, act: (file: number) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    return act(file);
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Where its last whole line ends. */
function endOfLines({ path, bytes }: Place): number {
  const found = withFile(path, (file) => {
    for (let end = bytes; end > 0; end -= BLOCK_BYTES) {
      const from = Math.max(0, end - BLOCK_BYTES);
      const at = blockOf(file, from, end).lastIndexOf(0x0a);
      if (at !== -1) return from + at + 1;
    }
    return 0;
  });
  return found ?? 0;
}

function readBack(path: string, end: number, { passes, sinceMs, linesMax }: Wanted): readonly LogEntry[] {
  const found: LogEntry[] = [];
  withFile(path, (file) => {
    for (const line of linesBack(file, end)) {
      const entry = entryOf(line);
      if (entry === null) continue;
      // Two processes may write to one file, each with a clock that was read a moment before.
      if (sinceMs !== null && entry.atMs < sinceMs - 60_000) return;
      if ((sinceMs === null || entry.atMs >= sinceMs) && passes(entry)) found.push(entry);
      if (found.length >= linesMax) return;
    }
  });
  return found;
}

function* linesBack(file: number, end: number): Generator<string> {
  let rest = Buffer.alloc(0);
  for (let at = end; at > 0; ) {
    const from = Math.max(0, at - BLOCK_BYTES);
    const block = Buffer.concat([blockOf(file, from, at), rest]);
    at = from;
    const first = from === 0 ? -1 : block.indexOf(0x0a);
    const whole = block
      .subarray(first + 1)
      .toString("utf8")
      .split("\n");
    rest = first === -1 && from > 0 ? block : block.subarray(0, first + 1);
    if (rest.length > LINE_BYTES_MAX) rest = Buffer.alloc(0);
    if (first === -1 && from > 0) continue;
    for (const line of whole.reverse()) if (line !== "") yield line;
  }
}

function readForward(
  path: string,
  from: number,
): { readonly entries: readonly LogEntry[]; readonly end: number } {
  const entries: LogEntry[] = [];
  let end = from;
  withFile(path, (file) => {
    let rest = Buffer.alloc(0);
    const size = fstatSync(file).size;
    for (let at = from; at < size; at += BLOCK_BYTES) {
      const block = Buffer.concat([rest, blockOf(file, at, Math.min(size, at + BLOCK_BYTES))]);
      const last = block.lastIndexOf(0x0a);
      rest = block.subarray(last + 1);
      end = Math.min(size, at + BLOCK_BYTES) - rest.length;
      const lines = last === -1 ? [] : block.subarray(0, last).toString("utf8").split("\n");
      entries.push(...lines.flatMap((line) => entryOf(line) ?? []));
      if (rest.length > LINE_BYTES_MAX) rest = Buffer.alloc(0);
    }
  });
  return { entries, end };
}

function blockOf(file: number, from: number, to: number): Buffer {
  const block = Buffer.alloc(to - from);
  let bytes = 0;
  while (bytes < block.length) {
    const count = readSync(file, block, bytes, block.length - bytes, from + bytes);
    if (count === 0) break;
    bytes += count;
  }
  return block.subarray(0, bytes);
}
