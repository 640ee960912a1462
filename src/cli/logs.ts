/** `prism logs`: what the programs of this host have logged, wherever it went. */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { LOG_LEVELS, type LogLevel } from "../domain/log.ts";
import { LOG_EVENTS } from "../domain/log-events.ts";
import { nearest } from "../domain/shape.ts";
import { jsonLine, type LogEntry } from "../host/log.ts";
import { textLine } from "../host/log-text.ts";
import { table } from "./arguments.ts";
import { EXIT } from "./exit-status.ts";
import { choice, type Kind, moment, whole } from "./kinds.ts";
import { inkFor } from "./layout.ts";
import type { LogSource } from "./logs/source.ts";
import { openLogSources } from "./logs/sources.ts";
import type { Runtime } from "./runtime.ts";
import { settings } from "./settings.ts";
import { verb } from "./verb.ts";
import { isMeant, mustBeKnown, type Whom, whomArgument, whomFlags, whomNamed } from "./whom.ts";

const LINES_DEFAULT = 50;
const LINES_MAX = 100_000;
/** What came at once, from several places, is put in order before it is shown. */
const TOGETHER_MS = 300;

const eventName: Kind<string> = {
  word: "EVENT",
  read(text, what) {
    const known = Object.keys(LOG_EVENTS);
    const unknown = text.split(",").find((name) => !known.includes(name));
    if (unknown === undefined) return text;
    const near = nearest(unknown, known);
    throw new PrismError("invalid_argument", `${what} "${printable(unknown, 40)}" is no event of the log`, {
      hint: near === undefined ? "docs/logs.md lists them" : `did you mean "${near}"?`,
    });
  },
};

const definition = table({
  name: "logs",
  about: [
    "Reads where log lines go on this host: the journal, and the files that Prism writes where there is none; with --log-sink system the system's own log. What a program said on a terminal or into a pipe is there, and nowhere else.",
    "Without a persona it shows everybody's, the hub's too, in the order of time. --follow shows what comes until it is interrupted.",
  ],
  arguments: [whomArgument("whose lines, as reviewer or reviewer@shop")],
  flags: {
    ...whomFlags,
    hub: { kind: "switch", about: "the hub's lines alone" },
    follow: { kind: "switch", about: "go on with what comes" },
    since: {
      kind: moment,
      about: "from when on, as 10m, 2h or 2026-11-21T09:00",
      otherwise: "as far back as need be",
    },
    level: {
      kind: choice(LOG_LEVELS),
      about: "the least of what is shown",
      otherwise: "all that was logged",
    },
    event: { kind: eventName, about: "only these, as in hubLost,doorbellFailed" },
    lines: {
      kind: whole({ min: 0, max: LINES_MAX }),
      about: "how many at most, the last ones",
      otherwise: `${LINES_DEFAULT}, or all since --since`,
    },
    logSink: settings.logSink,
    json: { kind: "switch", about: "each line as JSON, as it was logged" },
  },
  apart: [["hub", "project"]],
  examples: [
    { line: "prism logs", about: "the last lines of this host" },
    { line: "prism logs reviewer --follow", about: "reviewer's, as they come" },
    { line: "prism logs --since 2h --level warn", about: "what failed in the last two hours" },
    { line: "prism logs reviewer --project ~/shop --event doorbellFailed --json", about: "for a program" },
  ],
});

export const logs = verb(
  definition,
  async ({ flags, arguments: [named] }, runtime) => {
    const whom = whomNamed(named, flags.project, runtime.cwd);
    if (flags.hub && whom.persona !== undefined) {
      throw new PrismError("invalid_argument", "a persona's name and --hub contradict each other", {
        hint: "give one of them",
      });
    }
    const passes = filterOf(whom, flags);
    const sources = await openLogSources(flags.logSink ?? "auto", runtime);
    const sinceMs = flags.since === undefined ? null : flags.since(runtime.now());
    const linesMax = flags.lines ?? (sinceMs === null ? LINES_DEFAULT : LINES_MAX);
    const found = await Promise.all(sources.map((source) => source.back({ passes, sinceMs, linesMax })));
    const last = found
      .flat()
      .toSorted((a, b) => b.atMs - a.atMs)
      .slice(0, linesMax)
      .reverse();
    // Whoever has logged nothing may be there all the same; a name that nobody has is a slip.
    if (last.length === 0)
      mustBeKnown(whom, runtime, "prism logs shows everybody's lines, prism status who is here");
    const screen = openScreen(runtime, flags.json, isOfOtherDays(last, runtime.now()));
    for (const entry of last) screen.show(entry);
    if (flags.follow) await follow(sources, passes, screen, runtime);
    else if (last.length === 0 && !flags.json) runtime.err.write(nothingText(sinceMs !== null));
    return EXIT.ok;
  },
  { lasting: true },
);

function filterOf(
  whom: Whom,
  flags: { readonly hub: boolean; readonly level: LogLevel | undefined; readonly event: string | undefined },
): (entry: LogEntry) => boolean {
  const levels = LOG_LEVELS.slice(LOG_LEVELS.indexOf(flags.level ?? "debug"));
  const events = flags.event?.split(",");
  const isAll = whom.persona === undefined && whom.project === undefined;
  return ({ owner, component, level, event }) =>
    (isAll || (owner !== undefined && isMeant(whom, owner))) &&
    (!flags.hub || component === "hub" || component === "prism-hub") &&
    levels.includes(level) &&
    (events === undefined || events.includes(event));
}

interface Screen {
  show(entry: LogEntry): void;
  /** Fires when nobody reads any more. */
  readonly closed: AbortSignal;
}

function openScreen({ out }: Runtime, isJson: boolean, dated: boolean): Screen {
  const closed = new AbortController();
  const ink = inkFor(out);
  return {
    closed: closed.signal,
    show(entry) {
      out.write(`${isJson ? jsonLine(entry) : textLine(entry, { ink, dated })}\n`, (error) => {
        if (error != null) closed.abort();
      });
    },
  };
}

async function follow(
  sources: readonly LogSource[],
  passes: (entry: LogEntry) => boolean,
  { show, closed }: Screen,
  { stopped }: Runtime,
): Promise<void> {
  const over = AbortSignal.any([stopped, closed]);
  let together: LogEntry[] = [];
  let soon: NodeJS.Timeout | undefined;
  const showAll = (): void => {
    soon = undefined;
    for (const entry of together.toSorted((a, b) => a.atMs - b.atMs)) show(entry);
    together = [];
  };
  const heard = (entry: LogEntry): void => {
    if (!passes(entry)) return;
    together.push(entry);
    soon ??= setTimeout(showAll, TOGETHER_MS);
  };
  // A source that ends by itself, as a journal that is shut, leaves the others.
  await Promise.all(sources.map((source) => source.follow(heard, over)));
  clearTimeout(soon);
  if (!closed.aborted) showAll();
}

function isOfOtherDays(entries: readonly LogEntry[], nowMs: number): boolean {
  const today = new Date(nowMs).toDateString();
  return entries.some(({ atMs }) => new Date(atMs).toDateString() !== today);
}

function nothingText(hasSince: boolean): string {
  return hasSince
    ? "nothing was logged in that time\n"
    : "nothing was logged where this host keeps logs: what runs in a terminal or into a pipe says it there\n";
}
