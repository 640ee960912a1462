/**
 * What installing says, as an owner-only log of bounded size: the newest file and the one before it. Lines are made
 * harmless for whoever reads them on a terminal, and a URL's password is left out (invariant 10). A log that can't be
 * written stops nothing: it is told once, by `failure`.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { printable } from "../domain/address.ts";
import { fsErrorOf } from "../host/fs-error.ts";

/** Twice this on disk, at most. Enough for the end of any installation; a flood keeps its newest part. */
const LOG_BYTES_MAX = 1024 * 1024;
const LINE_CHARS_MAX = 2000;

export interface OutputLog {
  readonly path: string;
  /** Why it can't be written; null while it can. */
  readonly failure: string | null;
  /** One line, as `plainLine` makes them. */
  write(line: string): void;
  close(): void;
}

/** @param path in an existing owner-only folder */
export function openOutputLog(path: string, bytesMax = LOG_BYTES_MAX): OutputLog {
  let file: number | undefined;
  let bytes = 0;
  let failure: string | null = null;

  function open(): number {
    if (file !== undefined) return file;
    file = openSync(path, "a", 0o600);
    bytes = fstatSync(file).size;
    return file;
  }

  function close(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  function rotate(): void {
    close();
    renameSync(path, `${path}.1`);
  }

  return {
    path,
    get failure() {
      return failure;
    },
    write(line) {
      if (failure !== null) return;
      try {
        const text = Buffer.from(`${line}\n`);
        open();
        if (bytes > 0 && bytes + text.length > bytesMax) rotate();
        bytes += writeSync(open(), text);
      } catch (error) {
        failure = fsErrorOf("write the log", path, error).message;
      }
    },
    close() {
      try {
        close();
      } catch {
        // It is closed all the same.
      }
    },
  };
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
