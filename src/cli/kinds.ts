/**
 * The kinds of value that a flag, a `PRISM_` variable or a configuration key can have: each reads one text
 * and says in one sentence what is wrong with it. Knows neither where the text came from (`what` names it)
 * nor what the value is for.
 */
import { isName, parseName, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { nearest } from "../domain/shape.ts";
import { hubHttpUrl } from "../net/hub-url.ts";
import { isLoopback } from "../net/loopback.ts";

export interface Kind<T> {
  /** What stands for the value in help: `DIR`. */
  readonly word: string;
  /** All that it can be, where that is a few words: for completions. */
  readonly choices?: readonly string[];
  /**
   * @param what what the text is, to begin the message with: `--limit`
   * @throws PrismError `invalid_argument` or `too_large`
   */
  readonly read: (text: string, what: string) => T;
}

const PATH_CHARS_MAX = 4096;

function refuse(message: string, hint?: string): never {
  throw new PrismError("invalid_argument", message, hint === undefined ? {} : { hint });
}

function filled(text: string, what: string): string {
  if (text === "") refuse(`${what} must not be empty`);
  return text;
}

/** One line of text. */
export function line(word: string, charsMax = 1024): Kind<string> {
  return {
    word,
    read(text, what) {
      filled(text, what);
      if (text.length > charsMax) {
        throw new PrismError("too_large", `${what} is longer than ${charsMax} characters`);
      }
      if (/[\u0000-\u001f\u007f]/.test(text)) refuse(`${what} "${printable(text)}" holds control characters`);
      return text;
    },
  };
}

/** A path as it was typed: who uses it resolves it, and finds out whether it exists. */
export function path(word: string): Kind<string> {
  return line(word, PATH_CHARS_MAX);
}

export const name: Kind<string> = {
  word: "NAME",
  read: (text, what) => parseName(filled(text, what), what),
};

export function whole(bounds: { readonly min: number; readonly max: number }): Kind<number> {
  return {
    word: "N",
    read(text, what) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= bounds.min && value <= bounds.max) return value;
      return refuse(
        `${what} must be a whole number from ${bounds.min} to ${bounds.max}, not "${printable(text, 40)}"`,
      );
    },
  };
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A number with a unit, read as milliseconds: `500ms`, `30s`, `10m`, `2h`, `7d`. */
export function duration(bounds: { readonly msMin: number; readonly msMax: number }): Kind<number> {
  return {
    word: "TIME",
    read(text, what) {
      const found = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text);
      if (found === null) {
        const bare = /^\d{1,9}$/.test(text);
        return refuse(
          `${what} "${printable(text, 40)}" is not a duration`,
          bare
            ? `add a unit, as in "${text}s"`
            : 'write a number and a unit: "500ms", "30s", "10m", "2h", "7d"',
        );
      }
      const ms = Math.round(Number(found[1]) * UNITS_MS[found[2] as keyof typeof UNITS_MS]);
      if (ms >= bounds.msMin && ms <= bounds.msMax) return ms;
      return refuse(
        `${what} must be from ${durationText(bounds.msMin)} to ${durationText(bounds.msMax)}, not "${text}"`,
      );
    },
  };
}

/** A moment in the past: how long ago, or a date with or without a time, in this host's time zone unless it says one. */
export const moment: Kind<(nowMs: number) => number> = {
  word: "TIME",
  read(text, what) {
    if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
      // A date alone would be taken for one of UTC.
      const atMs = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(" ", "T"));
      if (!Number.isNaN(atMs)) return () => atMs;
    } else if (/^\d/.test(text)) {
      const agoMs = duration({ msMin: 0, msMax: 3660 * 86_400_000 }).read(text, what);
      return (nowMs) => nowMs - agoMs;
    }
    return refuse(
      `${what} "${printable(text, 40)}" is no time`,
      'write how long ago, as in "10m", "2h" or "7d", or when, as in "2026-11-21" or "2026-11-21T09:00"',
    );
  },
};

/** A growing schedule: durations with commas between, none shorter than the one before: `30s,1m,5m`. */
export function schedule(bounds: {
  readonly msMin: number;
  readonly msMax: number;
  readonly countMax: number;
}): Kind<readonly number[]> {
  const one = duration(bounds);
  return {
    word: "TIMES",
    read(text, what) {
      const parts = filled(text, what).split(",");
      if (parts.length > bounds.countMax)
        refuse(`${what} lists ${parts.length} durations, more than ${bounds.countMax}`);
      const delaysMs = parts.map((part, at) => one.read(part.trim(), `${what}, duration ${at + 1},`));
      const shorter = delaysMs.findIndex((ms, at) => ms < (delaysMs[at - 1] ?? 0));
      if (shorter === -1) return delaysMs;
      return refuse(
        `${what} must not grow shorter: ${parts[shorter]?.trim()} follows ${parts[shorter - 1]?.trim()}`,
        'write the shortest first, as in "30s,1m,5m"; the last one repeats',
      );
    },
  };
}

/** Milliseconds as a person would type them, in the largest unit that divides them. */
export function durationText(ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms > 0 && ms % UNITS_MS[unit] === 0) return `${ms / UNITS_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

export function choice<const T extends string>(choices: readonly T[]): Kind<T> {
  return {
    word: choices.join("|"),
    choices,
    read(text, what) {
      const found = choices.find((known) => known === text);
      if (found !== undefined) return found;
      const near = nearest(text, choices);
      return refuse(
        `${what} must be ${listed(choices)}, not "${printable(text, 40)}"`,
        near === undefined ? undefined : `did you mean "${near}"?`,
      );
    },
  };
}

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[::1]:PORT`, `:PORT` or `PORT`; port 0 takes a free one. */
export const listen: Kind<Listen> = {
  word: "HOST:PORT",
  read(text, what) {
    const found = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]*)):)?(\d{1,5})$/.exec(text);
    const port = Number(found?.[3] ?? Number.NaN);
    if (found !== null && port <= 65_535) return { host: found[1] ?? (found[2] || "127.0.0.1"), port };
    return refuse(
      `${what} "${printable(text)}" is not HOST:PORT with a port from 0 to 65535`,
      'write it as in "127.0.0.1:7747"; port 0 takes a free one',
    );
  },
};

/** The same, and nobody beyond this host can reach it. */
export const loopbackListen: Kind<Listen> = {
  word: "HOST:PORT",
  read(text, what) {
    const found = listen.read(text, what);
    if (isLoopback(found.host)) return found;
    return refuse(
      `${what} "${printable(text)}" could be reached from other hosts`,
      'name this host, as in "127.0.0.1:9750"',
    );
  },
};

/** The hub's address: a URL, or `HOST:PORT`, which means plain HTTP. */
export const hubUrl: Kind<string> = {
  word: "URL",
  read(text, what) {
    const typed = line("URL", 512).read(text, what);
    try {
      return hubHttpUrl(typed);
    } catch (error) {
      if (!(error instanceof PrismError)) throw error;
      return refuse(`${what}: ${error.message}`, error.hint);
    }
  },
};

/** A collector's base URL. */
export const otlpUrl: Kind<string> = {
  word: "URL",
  read(text, what) {
    const typed = line("URL", 512).read(text, what);
    const url = URL.parse(typed);
    if (url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.username === "") {
      if (url.search === "" && url.hash === "") return typed;
    }
    return refuse(
      `${what} is no base URL of a collector`,
      "write it as in http://127.0.0.1:4318, without a name or password: those go into a file of headers",
    );
  },
};

/** A text for somebody to read: lines are welcome, its size is counted in bytes of UTF-8. */
export function prose(bytesMax: number): Kind<string> {
  return {
    word: "TEXT",
    read(text, what) {
      filled(text, what);
      if (Buffer.byteLength(text) > bytesMax) {
        throw new PrismError("too_large", `${what} is longer than ${bytesMax} bytes`, {
          hint: "shorten it, or put it in a file and name the file",
        });
      }
      return text;
    },
  };
}

/** Whom to signal, as it was typed: which project a folder means is found out later. */
export const target: Kind<string> = {
  word: "PERSONA@PROJECT",
  read(text, what) {
    line("", 4096).read(text, what);
    if (text.startsWith("session:") && text.length > "session:".length) return text;
    const at = text.indexOf("@");
    if (at < 1 || at === text.length - 1) {
      refuse(
        `${what} "${printable(text)}" is not of the form PERSONA@PROJECT`,
        isName(text)
          ? `write it as in "${text}@shop", or "${text}@." for the project of this folder`
          : undefined,
      );
    }
    parseName(text.slice(0, at), "persona");
    return text;
  },
};

export function listed(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
