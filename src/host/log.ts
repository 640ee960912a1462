/**
 * A log whose lines are read by machines (JSON, one event a line) or by a person (`log-text.ts`). Neutralises control
 * characters, so that nothing that came over a wire can move a cursor or begin a line of its own. Knows no file and no
 * stream: who takes the lines is handed in, and a log that can't be written stops nobody.
 */
import { ERROR_CLASS_OF } from "../domain/error-class.ts";
import type { ErrorCode } from "../domain/errors.ts";
import type { Log, LogFields, LogLevel, LogOwner } from "../domain/log.ts";

const RANKS: { readonly [level in LogLevel]: number } = { debug: 0, info: 1, warn: 2, error: 3 };

/** One field's text: a path fits, a stack does not. */
const FIELD_CHARS_MAX = 1000;
/** A line's characters: under the 16 KiB at which container runtimes and journals split lines. */
export const LINE_CHARS_MAX = 8000;
/** Controls that JSON leaves as they are: DEL and C1, line separators, changes of writing direction. */
const LEFT_BY_JSON = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export interface LogEntry {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly level: LogLevel;
  /** Which part speaks: `hub`, `daemon`. */
  readonly component: string;
  readonly owner: LogOwner | undefined;
  readonly event: string;
  /** No text of it is longer than a bound, and all of it is whole characters. */
  readonly fields: LogFields;
}

export interface LogOptions {
  readonly component: string;
  readonly owner?: LogOwner | undefined;
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** What it throws is swallowed. */
  readonly take: (entry: LogEntry) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** @returns never throws, whatever the fields hold */
export function createLog(options: LogOptions): Log {
  const { component, owner, take, now = Date.now } = options;
  const threshold = RANKS[options.level];
  return (level: LogLevel, event: string, fields: LogFields) => {
    if (RANKS[level] < threshold) return;
    try {
      take({ ...{ atMs: now(), level, component, owner, event }, fields: bounded(fields) });
    } catch {
      // A full disk or a closed pipe: the work goes on without its log.
    }
  };
}

function bounded(fields: LogFields): LogFields {
  const kept: { [key: string]: LogFields[string] } = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    kept[key] = typeof value === "string" ? clip(value) : value;
    if (key === "code") kept["error_class"] = ERROR_CLASS_OF[value as ErrorCode] ?? "unclassified";
  }
  return kept;
}

const HEAD_KEYS = ["time", "level", "component", "tenant", "persona", "project", "event", "truncated"];

/**
 * `time` (ISO 8601, UTC), `level`, `component`, `tenant`, `persona` and `project` if it is somebody's, `event`, and
 * the fields beside them; a field of one of these names gets a `_` behind it.
 *
 * @returns without a line feed
 */
export function jsonLine({ atMs, level, component, owner, event, fields }: LogEntry): string {
  const head = { time: new Date(atMs).toISOString(), level, component, ...owner, event };
  const line: { [key: string]: unknown } = head;
  let charsLeft = LINE_CHARS_MAX;
  for (const [key, value] of Object.entries(fields)) {
    // Six characters is the longest that one can become: \u001b.
    charsLeft -= key.length + (typeof value === "string" ? value.length : 24);
    if (charsLeft < 0) {
      line["truncated"] = true;
      break;
    }
    line[HEAD_KEYS.includes(key) ? `${key}_` : key] = value;
  }
  return JSON.stringify(line).replace(LEFT_BY_JSON, escaped);
}

function clip(text: string): string {
  return text.length <= FIELD_CHARS_MAX
    ? text.toWellFormed()
    : `${text.slice(0, FIELD_CHARS_MAX).toWellFormed()}...`;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
