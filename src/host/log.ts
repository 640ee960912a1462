/**
 * A log that is read by machines (JSON, one event a line) or by a person (text). Neutralises control
 * characters, so that nothing that came over a wire can move a cursor or begin a line of its own.
 * Knows no file and no stream: `write` is handed in, and a log that can't be written stops nobody.
 */
import { printable } from "../domain/address.ts";
import type { Log, LogFields, LogLevel } from "../domain/log.ts";

const RANKS: { readonly [level in LogLevel]: number } = { debug: 0, info: 1, warn: 2, error: 3 };

/** One field's text: a path fits, a stack does not. */
const FIELD_CHARS_MAX = 1000;
/** A line's characters: under the 16 KiB at which container runtimes and journals split lines. */
const LINE_CHARS_MAX = 8000;
/** Controls that JSON leaves as they are: DEL and C1, line separators, changes of writing direction. */
const LEFT_BY_JSON = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export interface LogOptions {
  /** Which part speaks: `hub`, `daemon`. */
  readonly component: string;
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly form: "json" | "text";
  /** Takes one line with its line feed. What it throws is swallowed. */
  readonly write: (line: string) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * @returns never throws, whatever the fields hold. `json` lines have `time` (ISO 8601, UTC), `level`,
 *   `component`, `event` and the fields beside them; a field of one of these names gets a `_` behind it
 */
export function createLog(options: LogOptions): Log {
  const threshold = RANKS[options.level];
  const now = options.now ?? Date.now;
  const lineOf = options.form === "json" ? jsonLine : textLine;
  return (level, event, fields = {}) => {
    if (RANKS[level] < threshold) return;
    try {
      options.write(`${lineOf({ atMs: now(), level, component: options.component, event }, fields)}\n`);
    } catch {
      // A full disk or a closed pipe: the work goes on without its log.
    }
  };
}

interface LineHead {
  readonly atMs: number;
  readonly level: LogLevel;
  readonly component: string;
  readonly event: string;
}

const HEAD_KEYS = ["time", "level", "component", "event", "truncated"];

function jsonLine(head: LineHead, fields: LogFields): string {
  const { atMs, level, component, event } = head;
  const named = { time: new Date(atMs).toISOString(), level, component, event };
  const line: { [key: string]: unknown } = named;
  let charsLeft = LINE_CHARS_MAX;
  for (const [key, value] of Object.entries(fields)) {
    const shown = typeof value === "string" ? clip(value) : value;
    // Six characters is the longest that one can become: \u001b.
    charsLeft -= key.length + (typeof shown === "string" ? shown.length : 24);
    if (charsLeft < 0) {
      line["truncated"] = true;
      break;
    }
    line[HEAD_KEYS.includes(key) ? `${key}_` : key] = shown;
  }
  return JSON.stringify(line).replace(LEFT_BY_JSON, escaped);
}

function textLine(head: LineHead, fields: LogFields): string {
  const time = new Date(head.atMs).toISOString().slice(11, 23);
  const words = [time, head.level.padEnd(5), head.component.padEnd(6), printable(head.event)];
  let charsLeft = LINE_CHARS_MAX;
  for (const [key, value] of Object.entries(fields)) {
    const word = `${printable(key)}=${textValue(value)}`;
    charsLeft -= word.length;
    if (charsLeft < 0) {
      words.push("...");
      break;
    }
    words.push(word);
  }
  return words.join(" ").toWellFormed();
}

function textValue(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  const shown = printable(value, FIELD_CHARS_MAX);
  return /^[^\s"=]+$/.test(shown) ? shown : `"${shown.replaceAll('"', "'")}"`;
}

function clip(text: string): string {
  return text.length <= FIELD_CHARS_MAX ? text : `${text.slice(0, FIELD_CHARS_MAX).toWellFormed()}...`;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
