/**
 * Lines to systemd's journal, with priority and fields, so that `journalctl PRISM_PERSONA=reviewer -p warning` finds
 * them. Its own protocol is a datagram on a socket, which Node can't open; so one of three ways:
 *
 *   socket   systemd has opened that socket and handed it over (OpenFile=, since 253): a write is a datagram
 *   program  `logger --journald` of util-linux, one process for each line
 *   lines    standard error leads to the journal: a line with its priority before it, and no fields
 *
 * A way that fails gives over to the next one, for good. Knows no unit.
 * Source: systemd.io/JOURNAL_NATIVE_PROTOCOL, systemd.journal-fields(7), sd-daemon(3), logger(1).
 */
import { existsSync, fstatSync, write } from "node:fs";
import type { LogLevel } from "../domain/log.ts";
import { jsonLine, type LogEntry } from "./log.ts";
import { openLogQueue } from "./log-queue.ts";
import type { LogSink } from "./log-sink.ts";
import { messageText } from "./log-text.ts";

/** Under this name the unit has the socket handed over. */
export const JOURNAL_HANDED = "prism-journal";
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";
/** By which `prism logs` finds all of Prism's. */
export const JOURNAL_IDENTIFIER = "prism";

/** syslog(3) */
const PRIORITIES: { readonly [level in LogLevel]: number } = { debug: 7, info: 6, warn: 4, error: 3 };
/** Processes a minute; what is more goes as plain lines where it can. */
const PROGRAMS_PER_MINUTE = 30;
/** A service manager waits longer for the end of a program. */
const CLOSE_MS_MAX = 4000;

export interface JournalWorld {
  readonly env: { readonly [name: string]: string | undefined };
  /** This process, to which the socket was handed. */
  readonly pid: number;
  /** Standard error, if it leads to the journal. */
  readonly lines: ((text: string) => void) | undefined;
  /** Takes what no way has taken. */
  readonly otherwise: (entry: LogEntry) => void;
  /** Told of each way that failed, with the one that is taken instead; null if there is none left. */
  readonly failed: (reason: string, instead: JournalWay | null) => void;
  readonly nowMs: () => number;
  /** Stand-ins of a test. */
  readonly socketPath?: string;
  readonly closeMsMax?: number;
}

export type JournalWay = "socket" | "program" | "lines";

/** @returns undefined if no way leads to a journal */
export function openJournalSink(world: JournalWorld): LogSink | undefined {
  const socket = handedSocket(world);
  const ways: JournalWay[] = [];
  if (socket !== undefined) ways.push("socket");
  else if (existsSync(world.socketPath ?? JOURNAL_SOCKET)) ways.push("program");
  if (world.lines !== undefined) ways.push("lines");
  if (ways.length === 0) return undefined;
  const startedMs: number[] = [];
  let isClosing = false;

  async function send(batch: readonly LogEntry[]): Promise<void> {
    for (const entry of batch) await sendOne(entry);
  }

  async function sendOne(entry: LogEntry): Promise<void> {
    const [way] = ways;
    if (way === undefined) {
      world.otherwise(entry);
      return;
    }
    if (way === "lines") {
      world.lines?.(`<${PRIORITIES[entry.level]}>${jsonLine(entry)}\n`);
      return;
    }
    if (way === "program" && (isClosing || isTooOften()) && world.lines !== undefined) {
      world.lines(`<${PRIORITIES[entry.level]}>${jsonLine(entry)}\n`);
      return;
    }
    const fault =
      way === "socket"
        ? await datagram(socket ?? -1, entryText(entry))
        : await byLogger(entryText(entry), world.env);
    if (fault === null) return;
    ways.shift();
    world.failed(fault, ways[0] ?? null);
    await sendOne(entry);
  }

  function isTooOften(): boolean {
    const nowMs = world.nowMs();
    while ((startedMs[0] ?? nowMs) < nowMs - 60_000) startedMs.shift();
    if (startedMs.length >= PROGRAMS_PER_MINUTE) return true;
    startedMs.push(nowMs);
    return false;
  }

  const queue = openLogQueue(send, { batchMax: 64 });
  return {
    write: (entry) => queue.add(entry),
    close() {
      // What still waits takes the way that takes no time.
      isClosing = true;
      return queue.close(world.closeMsMax ?? CLOSE_MS_MAX);
    },
  };
}

/** One entry as the native protocol has it: no value of ours has a line feed. */
export function entryText(entry: LogEntry): string {
  const { level, component, owner, event, fields } = entry;
  const named: { [name: string]: unknown } = {
    MESSAGE: messageText(entry),
    PRIORITY: PRIORITIES[level],
    SYSLOG_IDENTIFIER: JOURNAL_IDENTIFIER,
    PRISM_COMPONENT: component,
    PRISM_EVENT: event,
    PRISM_TENANT: owner?.tenant,
    PRISM_PERSONA: owner?.persona,
    PRISM_PROJECT: owner?.project,
    PRISM_CODE: fields["code"],
    PRISM_ERROR_CLASS: fields["error_class"],
    // The whole line, for who reads it back.
    PRISM_LINE: jsonLine(entry),
  };
  return Object.entries(named)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** Through Node's threads, not in place: a journal that hangs would hold up the daemon. */
function datagram(socket: number, text: string): Promise<string | null> {
  return new Promise((resolve) => {
    write(socket, text, (error) => resolve(error === null ? null : error.message));
  });
}

async function byLogger(text: string, env: JournalWorld["env"]): Promise<string | null> {
  const { feedProgram } = await import("./log-program.ts");
  const { status, said } = await feedProgram(["logger", "--journald"], text, env);
  return status === 0 ? null : `logger --journald: ${said === "" ? `status ${status}` : said}`;
}

/** After standard input, output and error. */
const FIRST_HANDED = 3;

function handedSocket({ env, pid }: JournalWorld): number | undefined {
  if (Number(env["LISTEN_PID"]) !== pid) return undefined;
  const at = (env["LISTEN_FDNAMES"] ?? "").split(":").indexOf(JOURNAL_HANDED);
  if (at === -1 || at >= Number(env["LISTEN_FDS"])) return undefined;
  try {
    return fstatSync(FIRST_HANDED + at).isSocket() ? FIRST_HANDED + at : undefined;
  } catch {
    return undefined;
  }
}

/** Whether that descriptor leads to the journal: systemd says in `JOURNAL_STREAM` which file it made of it. */
export function leadsToJournal(
  env: { readonly [name: string]: string | undefined },
  descriptor: number,
): boolean {
  const stream = env["JOURNAL_STREAM"];
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
