/** A line of the log, read back. What is no line of Prism's, or was cut off, is nothing. Knows no file. */
import { LOG_LEVELS, type LogFields, type LogLevel, type LogOwner } from "../../domain/log.ts";
import type { LogEntry } from "../../host/log.ts";

/** @param text as `jsonLine` made it, of this version or another one */
export function entryOf(text: string): LogEntry | null {
  if (!text.startsWith("{")) return null;
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof line !== "object" || line === null) return null;
  const {
    time,
    level,
    component,
    event,
    tenant,
    persona,
    project,
    truncated: _,
    ...rest
  } = line as LogFields;
  const atMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(atMs) || typeof component !== "string" || typeof event !== "string") return null;
  const fields = Object.fromEntries(Object.entries(rest).filter(([, value]) => isPlain(value)));
  return { atMs, level: levelOf(level), component, owner: ownerOf(tenant, persona, project), event, fields };
}

function isPlain(value: unknown): boolean {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function levelOf(level: unknown): LogLevel {
  return LOG_LEVELS.find((known) => known === level) ?? "info";
}

function ownerOf(tenant: unknown, persona: unknown, project: unknown): LogOwner | undefined {
  if (typeof persona !== "string" || typeof project !== "string") return undefined;
  return { tenant: typeof tenant === "string" ? tenant : "", persona, project };
}
