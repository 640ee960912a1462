/** Entries of the log as a program might make them. */
import type { LogEntry } from "../../src/host/log.ts";

export const REVIEWER = { tenant: "local", persona: "reviewer", project: "shop" } as const;

export function entry(atMs: number, more: Partial<LogEntry> = {}): LogEntry {
  return {
    ...{ atMs, level: "info", component: "daemon", owner: REVIEWER, event: "doorbellRung" },
    fields: { ring: 1, way: "command" },
    ...more,
  };
}
