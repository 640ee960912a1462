/**
 * The system's own log where that is no journal: the unified log of macOS by `log`, the Application log of Windows by
 * `wevtutil`. Finds Prism's lines by their mark. Knows nothing of how they came there.
 * Source: log(1) of macOS 14; wevtutil of Windows 11.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { LogEntry } from "../../host/log.ts";
import { EVENT_SOURCE, SYSTEM_MARK } from "../../host/log-system.ts";
import { entryOf } from "./line.ts";
import { type ProgramWorld, programLines } from "./program-lines.ts";
import type { LogSource, Wanted } from "./source.ts";

const BACK_MS_MAX = 120_000;
const DAY_MS = 86_400_000;
const POLL_MS = 2000;
/** Several lines may stand in one event. */
const EVENTS_MAX = 5000;

/** @returns undefined on a system that has neither */
export function openSystemSource(
  platform: NodeJS.Platform,
  world: ProgramWorld & { nowMs(): number },
): LogSource | undefined {
  if (platform === "darwin") return unifiedLog(world);
  return platform === "win32" ? eventLog(world) : undefined;
}

const PREDICATE = `process == "logger" AND eventMessage CONTAINS "${SYSTEM_MARK}"`;

/** Its search goes through everything that the system has said: without a time it looks at one day. */
function unifiedLog(world: ProgramWorld & { nowMs(): number }): LogSource {
  const entriesIn = (line: string): readonly LogEntry[] => {
    try {
      const { eventMessage } = JSON.parse(line) as { eventMessage?: unknown };
      return typeof eventMessage === "string" ? markedIn(eventMessage) : [];
    } catch {
      return [];
    }
  };
  return {
    async back(wanted) {
      const found: LogEntry[] = [];
      const sinceMs = wanted.sinceMs ?? world.nowMs() - DAY_MS;
      const start = `@${Math.floor(sinceMs / 1000)}`;
      const argv = [
        "/usr/bin/log",
        "show",
        "--style",
        "ndjson",
        "--info",
        "--debug",
        "--start",
        start,
      ] as const;
      const hear = (line: string): boolean => {
        found.push(...entriesIn(line));
        return true;
      };
      await programLines([...argv, "--predicate", PREDICATE], world, hear, { timeoutMs: BACK_MS_MAX });
      return newestOf(found, wanted);
    },
    async follow(heard, stopped) {
      const argv = ["/usr/bin/log", "stream", "--style", "ndjson", "--level", "debug"] as const;
      const hear = (line: string): boolean => {
        for (const entry of entriesIn(line)) heard(entry);
        return true;
      };
      await programLines([...argv, "--predicate", PREDICATE], world, hear, { stopped });
    },
  };
}

/** It has no way to wait for the next event: it is asked again and again for those after the last. */
function eventLog(world: ProgramWorld): LogSource {
  let last = 0;
  async function ask(where: string, countMax: number): Promise<LogEntry[]> {
    const argv = [
      "wevtutil",
      "qe",
      "Application",
      `/q:*[System[Provider[@Name='${EVENT_SOURCE}']${where}]]`,
    ] as const;
    let xml = "";
    const hear = (line: string): boolean => {
      xml += `${line}\n`;
      return true;
    };
    await programLines([...argv, "/f:xml", "/rd:true", `/c:${countMax}`], world, hear, {
      timeoutMs: BACK_MS_MAX,
    });
    const { entries, lastId } = eventsIn(xml);
    last = Math.max(last, lastId);
    return entries;
  }
  return {
    async back(wanted) {
      return newestOf(await ask("", Math.min(EVENTS_MAX, wanted.linesMax)), wanted);
    },
    async follow(heard, stopped) {
      while (!stopped.aborted) {
        const entries = await ask(` and EventRecordID>${last}`, EVENTS_MAX);
        for (const entry of entries.toSorted((a, b) => a.atMs - b.atMs)) heard(entry);
        await pause(POLL_MS, undefined, { signal: stopped }).catch(() => {});
      }
    },
  };
}

/** What `wevtutil` prints: one event after the other, without a root. */
export function eventsIn(xml: string): { readonly entries: LogEntry[]; readonly lastId: number } {
  const ids = Array.from(xml.matchAll(/<EventRecordID>(\d+)<\/EventRecordID>/g), ([, id]) => Number(id));
  const texts = Array.from(xml.matchAll(/<Data[^>]*>([^<]*)<\/Data>/g), ([, text = ""]) => unescaped(text));
  return { entries: texts.flatMap(markedIn), lastId: Math.max(0, ...ids) };
}

const ENTITIES: { readonly [name: string]: string } = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

export function markedIn(text: string): readonly LogEntry[] {
  return text.split(/[\r\n]+/).flatMap((line) => {
    const at = line.indexOf(SYSTEM_MARK);
    return at === -1 ? [] : (entryOf(line.slice(at + SYSTEM_MARK.length).trimEnd()) ?? []);
  });
}

function newestOf(entries: readonly LogEntry[], { passes, sinceMs, linesMax }: Wanted): readonly LogEntry[] {
  return entries
    .filter((entry) => (sinceMs === null || entry.atMs >= sinceMs) && passes(entry))
    .toSorted((a, b) => b.atMs - a.atMs)
    .slice(0, linesMax);
}
