/**
 * What installing says, as an owner-only log of bounded size: the newest file and the one before it. Lines are made
 * harmless for whoever reads them on a terminal, and a URL's password is left out (invariant 10). Written in batches
 * beside the daemon's work: a disk that stalls holds up neither it nor the installation, and costs lines at worst,
 * which are counted. A log that can't be written stops nothing.
 */
import { close, fstat, open, rename, type Stats, write } from "node:fs";
import { printable } from "../domain/address.ts";
import { fsErrorOf } from "../host/fs-error.ts";

/** Twice this on disk, at most. Enough for the end of any installation; a flood keeps its newest part. */
const LOG_BYTES_MAX = 1024 * 1024;
/** What waits for the disk. */
const WAITING_CHARS_MAX = 128 * 1024;
const LINE_CHARS_MAX = 2000;

export interface OutputLog {
  readonly path: string;
  /** Why it can't be written; null while it can. */
  readonly failure: string | null;
  /** One line, as `plainLine` makes them. */
  write(line: string): void;
  /** Settles once all lines are with the system. */
  close(): Promise<void>;
}

/** @param path in an existing owner-only folder */
export function openOutputLog(path: string, bytesMax = LOG_BYTES_MAX): OutputLog {
  let waiting: string[] = [];
  let waitingChars = 0;
  let dropped = 0;
  let writing: Promise<void> | undefined;
  let file: number | undefined;
  let bytes = 0;
  let failure: string | null = null;

  /** The end says more than the beginning: what failed stands there. */
  function dropOlderHalf(): void {
    const older = waiting.splice(0, Math.ceil(waiting.length / 2));
    dropped += older.length;
    waitingChars = waiting.reduce((sum, line) => sum + line.length + 1, 0);
  }

  async function opened(): Promise<number> {
    if (file !== undefined) return file;
    const handle = await settled<number>((done) => open(path, "a", 0o600, done));
    file = handle;
    bytes = (await settled<Stats>((done) => fstat(handle, done))).size;
    return handle;
  }

  async function closed(): Promise<void> {
    const handle = file;
    file = undefined;
    if (handle !== undefined) await settled<void>((done) => close(handle, done));
  }

  async function writeBatch(batch: Buffer): Promise<void> {
    await opened();
    if (bytes > 0 && bytes + batch.length > bytesMax) {
      await closed();
      await settled<void>((done) => rename(path, `${path}.1`, done));
    }
    const handle = await opened();
    for (let at = 0; at < batch.length; ) {
      const from = at;
      at += await settled<number>((done) => write(handle, batch, from, batch.length - from, null, done));
    }
    bytes += batch.length;
  }

  async function writeWaiting(): Promise<void> {
    try {
      while (waiting.length > 0 && failure === null) {
        const lines = waiting;
        if (dropped > 0)
          lines.unshift(`== ${dropped} lines were left out here: they came faster than the disk took them`);
        waiting = [];
        waitingChars = 0;
        dropped = 0;
        await writeBatch(Buffer.from(`${lines.join("\n")}\n`));
      }
    } catch (error) {
      failure = fsErrorOf("write the log", path, error).message;
    }
    writing = undefined;
  }

  return {
    path,
    get failure() {
      return failure;
    },
    write(line) {
      if (failure !== null) return;
      waiting.push(line);
      waitingChars += line.length + 1;
      if (waitingChars > WAITING_CHARS_MAX) dropOlderHalf();
      writing ??= writeWaiting();
    },
    async close() {
      await writing;
      try {
        await closed();
      } catch {
        // It is closed all the same.
      }
    },
  };
}

/** Callbacks by hand: `node:fs/promises` would stay in memory for this alone. */
function settled<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value as T) : reject(error)));
  });
}

/** Colours, cursor moves and titles: ECMA-48's control sequences and strings. */
const ESCAPE_SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\u0007|\u001b\\|$)|[ -/]*[0-~])/g;
const CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

/** A line of a program's, fit to be shown anywhere; "" if nothing of it can be seen. */
export function plainLine(line: string, charsMax = LINE_CHARS_MAX): string {
  // Cut first: what follows takes time for each character.
  const cut = line.slice(0, 2 * charsMax);
  const plain = cut.replace(ESCAPE_SEQUENCES, "").replaceAll("\t", " ").replace(CREDENTIALS, "$1***@");
  return printable(plain.trimEnd(), charsMax).toWellFormed();
}

export interface LineCutter {
  feed(chunk: Buffer): void;
  /** What came without a line feed behind it. */
  end(): void;
}

/** Chunks into lines; a carriage return ends one too, as progress bars draw over themselves. Empty ones are dropped. */
export function lineCutter(line: (text: string) => void): LineCutter {
  const decoder = new TextDecoder();
  let rest = "";
  const tell = (text: string): void => {
    const plain = plainLine(text);
    if (plain !== "") line(plain);
  };
  const take = (text: string): void => {
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop() ?? "";
    for (const each of lines) tell(each);
    // A line that never ends is told in pieces of which only the first is kept whole.
    if (rest.length > 2 * LINE_CHARS_MAX) {
      tell(rest);
      rest = "";
    }
  };
  return {
    feed: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end() {
      take(decoder.decode());
      tell(rest);
      rest = "";
    },
  };
}
