/**
 * What a log line is: one event, a stable name in camelCase, flat fields. No secret and no signal's text is
 * ever a field (invariant 10). Knows no sink.
 */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = { readonly [key: string]: string | number | boolean | null };
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;
