/** What the log of this host has of the time before, as happenings: read off the events that daemons log of themselves. */
import type { LogEventName } from "../../domain/log-events.ts";
import type { Happening } from "../../domain/overview.ts";
import type { LogEntry } from "../../host/log.ts";
import { LIFECYCLE_STATES } from "../../ipc.ts";
import type { LogSinkName } from "../log-sinks.ts";
import { openLogSources } from "../logs/sources.ts";
import type { Runtime } from "../runtime.ts";
import { isMeant, type Whom } from "../whom.ts";

export interface LoggedWish {
  readonly whom: Whom;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  readonly sink: LogSinkName;
}

const LINES_MAX = 20_000;

type Told = Pick<Happening, "name" | "detail">;

/** Null: it is none after all. */
const TOLD: { readonly [E in LogEventName]?: (fields: LogEntry["fields"]) => Told | null } = {
  lifecycleChanged: ({ to }) =>
    LIFECYCLE_STATES.some((state) => state === to) ? { name: "state", detail: String(to) } : null,
  doorbellRung: ({ way }) => ({ name: "rung", detail: textOf(way) }),
  doorbellFailed: ({ reason }) => ({ name: "ringFailed", detail: textOf(reason) }),
  agentCame: ({ client }) => ({ name: "agent", detail: `came: ${textOf(client)}` }),
  agentLeft: ({ client }) => ({ name: "agent", detail: `left: ${textOf(client)}` }),
  daemonStarted: () => ({ name: "up", detail: "" }),
  daemonEnded: ({ reason }) => ({ name: "down", detail: textOf(reason) }),
};

/** @returns oldest first */
export async function loggedHappenings(runtime: Runtime, wish: LoggedWish): Promise<readonly Happening[]> {
  const { whom, sinceMs, sink } = wish;
  const sources = await openLogSources(sink, runtime);
  const passes = ({ event, owner }: LogEntry): boolean =>
    Object.hasOwn(TOLD, event) && owner !== undefined && isMeant(whom, owner);
  const found = await Promise.all(
    sources.map((source) => source.back({ passes, sinceMs, linesMax: LINES_MAX })),
  );
  return found
    .flat()
    .flatMap((entry) => happeningOf(entry) ?? [])
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** @returns null if the entry tells of none */
export function happeningOf({ atMs, event, owner, fields }: LogEntry): Happening | null {
  const told = Object.hasOwn(TOLD, event) ? TOLD[event as LogEventName]?.(fields) : null;
  if (told == null || owner === undefined) return null;
  return { atMs, key: `${owner.tenant}/${owner.persona}@${owner.project}`, ...told, count: null };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
