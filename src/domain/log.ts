/**
 * What a log line is: one event of the catalogue, flat fields, and whose it is. No secret and no signal's text is
 * ever a field (invariant 10). Knows no sink.
 */
import type { FieldsOf, LevelOf, LogEventName } from "./log-events.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = { readonly [key: string]: string | number | boolean | null | undefined };

/** An event that is not in the catalogue, or lacks one of its fields, does not compile. */
export type Log = <E extends LogEventName>(level: LevelOf<E>, event: E, fields: FieldsOf<E>) => void;

/** Whose daemon or shim speaks: stands in each of its lines. */
export interface LogOwner {
  readonly tenant: string;
  readonly persona: string;
  readonly project: string;
}

/**
 * Something that nobody expected, for the log alone: where it happened, and what went wrong. A JSON parser's message
 * quotes what it was given, which may be anybody's text: of that one, only the place is kept.
 */
export function faultText(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : `a thrown ${typeof error}`;
  const said = error instanceof SyntaxError ? error.name : `${error.name}: ${error.message}`;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [said, ...frames.map((line) => line.trim())].join(" < ");
}
