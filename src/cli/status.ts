/** `prism status`: how the personas of this host fare, who else is at the hub, and what waits for whom. Reads only. */
import { printable } from "../domain/address.ts";
import type { Overview } from "../domain/overview.ts";
import type { SessionReport, StatusAnswer, WaitingReport } from "../domain/verbs.ts";
import type { DaemonStatus } from "../ipc.ts";
import { openObservatory } from "../overview/observatory.ts";
import { table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, hubTarget, localHubUrl } from "./hub-target.ts";
import { hostName } from "./lasting.ts";
import { agoText, counted, grid, type Ink, inkFor, spanText, widthOf } from "./layout.ts";
import { askLocalDaemons } from "./local-daemons.ts";
import { projectNamed } from "./project.ts";
import { type Output, type Runtime, writeJson } from "./runtime.ts";
import { json, settings } from "./settings.ts";
import { attachText } from "./status/attach-text.ts";
import { personasText } from "./status/personas-text.ts";
import { hoursOf } from "./top/hours.ts";
import { verb } from "./verb.ts";
import { isMeant } from "./whom.ts";

const definition = table({
  name: "status",
  about: [
    "Observing changes nothing: no session counts as heard from, no signal as delivered.",
    "First the personas of this host, the worst first. Deaf: what comes for it can't be rung. Stuck: it was rung and does not drain. Waiting: something waits, and all is on its way. Well: nothing waits. Off: archived, wrapped or stopped on purpose.",
    "Then who else is at the hub. Alive: it holds a connection. Away: it holds none, but is within its lease, or was heard from just now; signals for it wait. Stale: past that. Wrapped: ended in order. Archived: a persona that is off duty until it is restored.",
  ],
  arguments: [],
  flags: {
    // No settings: an agent's own environment must not hide the others from it.
    persona: { kind: settings.persona.kind, about: "only this persona" },
    project: { kind: settings.project.kind, about: "only this project" },
    ...hubFlags,
    ...json,
  },
  examples: [
    { line: "prism status", about: "everything of this hub" },
    { line: "prism status --project . --json", about: "of this folder's project, as data" },
  ],
});

export const status = verb(definition, async ({ flags }, runtime) => {
  const { persona } = flags;
  const project = flags.project === undefined ? undefined : projectNamed(flags.project, runtime.cwd);
  const whom = { persona, project };
  const observatory = openObservatory({
    home: runtime.home,
    version: runtime.version,
    role: "status",
    host: hostName(),
    hub: () => hubTarget(flags, runtime),
    hubUrl: () => flags.hub ?? localHubUrl(runtime),
    now: runtime.now,
    wanted: (one) => isMeant(whom, one),
  });
  const params = {
    ...(persona === undefined ? {} : { persona }),
    ...(project === undefined ? {} : { project }),
  };
  // All at once, each bounded: who is silent holds up nobody else.
  const [[asked], overview, daemons] = await Promise.all([
    Promise.allSettled([askHub(flags, runtime, { verb: "status", params })]),
    observatory.look(),
    askLocalDaemons(runtime, "status", ({ address }) => isMeant(whom, address), ANSWER_MS_MAX),
  ]);
  const { out } = runtime;
  if (asked.status === "rejected") {
    // What is known without the hub is worth as much as ever, and the failure stands beneath it.
    if (!flags.json && overview.personas.length > 0) out.write(ownText(overview, [], runtime));
    throw asked.reason;
  }
  const answer = asked.value;
  const here = daemons.flatMap((daemon) =>
    daemon.kind === "answered" && daemon.tenant === answer.tenant ? [daemon.status] : [],
  );
  if (flags.json) {
    writeJson(out, { ...answer, here, host: overview.host, personas: overview.personas });
    return EXIT.ok;
  }
  const url = flags.hub ?? localHubUrl(runtime);
  out.write(`${ownText(overview, here, runtime)}\n${hubText(answer, { overview, url, out })}`);
  return EXIT.ok;
});

/** A daemon answers within a millisecond: one that needs longer is silent, and nobody is to wait for it. */
const ANSWER_MS_MAX = 1500;
/** All columns have room. */
const PIPE_COLUMNS = 160;

function ownText(overview: Overview, here: readonly DaemonStatus[], runtime: Runtime): string {
  const { out, env } = runtime;
  const nowMs = runtime.now();
  const context = {
    ...{ nowMs, env, isColoured: out.isColoured },
    columns: out.isTerminal ? out.columns : PIPE_COLUMNS,
    hours: hoursOf(runtime.home, nowMs),
  };
  return `${personasText(overview, context)}${attachText(here, inkFor(out))}`;
}

interface HubTextContext {
  readonly overview: Overview;
  readonly url: string;
  readonly out: Output;
}

/** What the hub knows besides: who lives elsewhere, agents, mailboxes. */
function hubText(answer: StatusAnswer, { overview, url, out }: HubTextContext): string {
  const { hub } = answer;
  const ink = inkFor(out);
  const columns = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY;
  const room = { ink, columns };
  const own = new Set(
    overview.personas
      .filter(({ isLocal, tenant }) => isLocal && tenant === answer.tenant)
      .map(({ persona, project }) => `${persona}@${project}`),
  );
  const elsewhere = answer.daemons.filter(({ address }) => !own.has(address));
  const place = `${ink.bold("hub")} ${url}`;
  const facts = `prism ${hub.version}, up ${spanText(hub.nowMs - hub.startedAtMs)}, tenant ${answer.tenant}`;
  const isOneLine = widthOf(place) + 2 + widthOf(facts) <= columns;
  const head = `${place}${isOneLine ? "  " : "\n    "}${ink.dim(facts)}`;
  return `${[
    head,
    section("Agents", sessionGrid(answer.agents, hub.nowMs, room), "none", ink),
    ...(elsewhere.length === 0
      ? []
      : [section("Daemons elsewhere", sessionGrid(elsewhere, hub.nowMs, room), "", ink)]),
    section("Waiting", waitingGrid(answer.waiting, hub.nowMs, room), "nothing waits", ink),
    ...archivedText(answer, ink),
    ...stoppedText(answer, ink),
    ...omittedText(answer),
  ].join("\n\n")}\n`;
}

/** Personas that somebody took off duty: a section only if there are any. */
function archivedText({ archived, hub }: StatusAnswer, ink: Ink): string[] {
  if (archived === undefined || archived.length === 0) return [];
  const rows = archived.map(({ address, archivedAtMs, open }) => [
    address,
    agoText(archivedAtMs, hub.nowMs),
    open === 0 ? "" : String(open),
  ]);
  return [section("Archived", grid(["PERSONA", "SINCE", "OPEN"], rows, ink), "", ink)];
}

/** Pairs that only answered each other: a section only if there are any, because there should be none. */
function stoppedText({ loops, hub }: StatusAnswer, ink: Ink): string[] {
  if (loops === undefined || loops.length === 0) return [];
  const rows = loops.map(({ between: [one, other], answers, stoppedAtMs, opensAtMs }) => [
    one === other
      ? `${printable(one, 160)} to itself`
      : `${printable(one, 160)} and ${printable(other, 160)}`,
    String(answers),
    agoText(stoppedAtMs, hub.nowMs),
    `in ${spanText(opensAtMs - hub.nowMs)}`,
  ]);
  return [
    section(
      "Stopped from answering each other",
      grid(["PAIR", "ANSWERS", "STOPPED", "OPENS"], rows, ink),
      "",
      ink,
    ),
  ];
}

/** What one answer could not hold is counted, so that nobody takes a part for the whole. */
function omittedText({ omitted }: StatusAnswer): string[] {
  if (omitted === undefined) return [];
  const { agents, daemons, waiting, loops = 0, archived = 0 } = omitted;
  const counts = [
    counted(agents, "agent"),
    counted(daemons, "daemon"),
    waiting === 1 ? "1 mailbox" : `${waiting} mailboxes`,
    ...(loops === 0 ? [] : [counted(loops, "stopped pair")]),
    ...(archived === 0 ? [] : [counted(archived, "archived persona")]),
  ].join(", ");
  return [`Not shown: ${counts}; narrow it with --persona or --project`];
}

function section(title: string, body: string, ifEmpty: string, ink: Ink): string {
  return `${ink.bold(title)}\n${body === "" ? `  ${ink.dim(ifEmpty)}` : body}`;
}

interface GridRoom {
  readonly ink: Ink;
  readonly columns: number;
}

/**
 * As much of a table as fits: on a narrow terminal those columns are left out that say least; `--json` has all.
 *
 * @param spare which may be left out, the first one first
 */
function fittingGrid(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  spare: readonly string[],
  { ink, columns }: GridRoom,
): string {
  const whole = grid(heading, rows, ink);
  const [next, ...others] = spare;
  if (next === undefined || whole.split("\n").every((line) => widthOf(line) <= columns)) return whole;
  const at = heading.indexOf(next);
  return fittingGrid(
    heading.toSpliced(at, 1),
    rows.map((row) => row.toSpliced(at, 1)),
    others,
    { ink, columns },
  );
}

function sessionGrid(sessions: readonly SessionReport[], nowMs: number, room: GridRoom): string {
  if (sessions.length === 0) return "";
  const rows = sessions.map((session) => [
    session.address,
    stateOf(session, room.ink),
    session.master ? "master" : "",
    // Whoever holds a token chose these words: they must not move the cursor, nor pass for a line of ours.
    printable(session.surface ?? ""),
    printable(session.host ?? ""),
    agoText(session.lastHeardAtMs, nowMs),
    session.session,
  ]);
  const heading = ["ADDRESS", "STATE", "ROLE", "SURFACE", "HOST", "HEARD", "SESSION"];
  return fittingGrid(heading, rows, ["SESSION", "ROLE", "SURFACE", "HOST", "HEARD"], room);
}

function stateOf(session: SessionReport, ink: Ink): string {
  if (session.liveness === "alive") return session.connected ? ink.green("alive") : ink.yellow("away");
  return session.liveness === "stale" ? ink.red("stale") : ink.dim("wrapped");
}

function waitingGrid(waiting: readonly WaitingReport[], nowMs: number, room: GridRoom): string {
  if (waiting.length === 0) return "";
  const rows = waiting.map((mailbox) => [
    mailbox.to,
    String(mailbox.open),
    mailbox.urgent === 0 ? "" : room.ink.red(String(mailbox.urgent)),
    String(mailbox.delivered),
    mailbox.oldestAtMs === null ? "" : agoText(mailbox.oldestAtMs, nowMs),
    sendersText(mailbox),
  ]);
  return fittingGrid(
    ["FOR", "OPEN", "URGENT", "DELIVERED", "OLDEST", "FROM"],
    rows,
    ["DELIVERED", "FROM"],
    room,
  );
}

/** The hub names the busiest senders; what it leaves out is counted, so that the numbers add up. */
function sendersText({ senders, open }: WaitingReport): string {
  const named = senders.map(({ from, count }) => `${from === "" ? "nobody named" : from} ${count}`);
  const others = open - senders.reduce((sum, { count }) => sum + count, 0);
  return [...named, ...(others === 0 ? [] : [`others ${others}`])].join(", ");
}
