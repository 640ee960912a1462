/**
 * A log entry for a person: time, level, who, what, in columns; colours if they are handed in. Neutralises control
 * characters. Knows no stream.
 */
import { printable } from "../domain/address.ts";
import type { LogLevel } from "../domain/log.ts";
import { LINE_CHARS_MAX, type LogEntry } from "./log.ts";

const FIELD_CHARS_MAX = 1000;
/** Most names fit; a longer one moves its own fields alone. */
const WHO_COLUMNS = 16;
const EVENT_COLUMNS = 18;

type Draw = (text: string) => string;
/** How the parts of a line are drawn. */
export interface LogInk {
  readonly dim: Draw;
  readonly red: Draw;
  readonly yellow: Draw;
  readonly cyan: Draw;
}

export const PLAIN_INK: LogInk = { dim: same, red: same, yellow: same, cyan: same };

export interface LogTextOptions {
  readonly ink: LogInk;
  /** True: the day stands before the time. */
  readonly dated?: boolean;
}

/** @returns in this host's time zone, without a line feed; of an entry without an event, its words */
export function textLine(entry: LogEntry, { ink, dated = false }: LogTextOptions): string {
  const { level, event } = entry;
  const words = [
    ink.dim(timeText(entry.atMs, dated)),
    levelInk(level, ink)(level.padEnd(5)),
    ink.cyan(whoText(entry).padEnd(WHO_COLUMNS)),
    level === "debug"
      ? ink.dim(printable(event).padEnd(EVENT_COLUMNS))
      : printable(event).padEnd(EVENT_COLUMNS),
  ];
  if (event === "")
    return [...words.slice(0, 3), printable(String(entry.fields["said"]), LINE_CHARS_MAX)].join(" ");
  let charsLeft = LINE_CHARS_MAX;
  for (const [key, value] of Object.entries(entry.fields)) {
    if (value === undefined || value === null) continue;
    const shown = { name: printable(key), value: valueText(value) };
    charsLeft -= shown.name.length + shown.value.length + 2;
    if (charsLeft < 0) {
      words.push("...");
      break;
    }
    words.push(`${ink.dim(`${shown.name}=`)}${shown.value}`);
  }
  return words.join(" ").trimEnd().toWellFormed();
}

/** The same without time, level and who, for a journal that shows these itself. */
export function messageText(entry: LogEntry): string {
  const { event, fields } = entry;
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  const words = shown.map(([key, value]) => `${printable(key)}=${valueText(value as string)}`);
  return [printable(event), ...words].join(" ").slice(0, LINE_CHARS_MAX).toWellFormed();
}

/** A daemon by its address alone, everybody else with what it is. */
export function whoText({ component, owner }: Pick<LogEntry, "component" | "owner">): string {
  if (owner === undefined) return printable(component);
  const address = printable(`${owner.persona}@${owner.project}`, 140);
  return component === "daemon" ? address : `${address} ${printable(component)}`;
}

function timeText(atMs: number, dated: boolean): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const ms = String(at.getMilliseconds()).padStart(3, "0");
  return `${dated ? `${two(at.getMonth() + 1)}-${two(at.getDate())} ` : ""}${time}.${ms}`;
}

function levelInk(level: LogLevel, ink: LogInk): Draw {
  if (level === "error") return ink.red;
  if (level === "warn") return ink.yellow;
  return level === "debug" ? ink.dim : same;
}

function valueText(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const shown = printable(value, FIELD_CHARS_MAX + 3);
  return /^[^\s"=]+$/.test(shown) ? shown : `"${shown.replaceAll('"', "'")}"`;
}

function same(text: string): string {
  return text;
}
