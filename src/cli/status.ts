/** `prism status`: who is registered, agents apart from daemons, and what waits for whom. Reads only. */
import { printable } from "../domain/address.ts";
import type { SessionReport, StatusAnswer, WaitingReport } from "../domain/verbs.ts";
import { table } from "./arguments.ts";
import { askHub } from "./ask-hub.ts";
import { bellsText } from "./bells-text.ts";
import { EXIT } from "./exit-status.ts";
import { hubFlags, localHubUrl } from "./hub-target.ts";
import { agoText, counted, grid, type Ink, inkFor, spanText, widthOf } from "./layout.ts";
import { askLocalDaemons } from "./local-daemons.ts";
import { projectNamed } from "./project.ts";
import { type Output, writeJson } from "./runtime.ts";
import { json, settings } from "./settings.ts";
import { verb } from "./verb.ts";

const definition = table({
  name: "status",
  about: [
    "Observing changes nothing: no session counts as heard from, no signal as delivered.",
    "Alive: it holds a connection. Away: it holds none, but is within its lease, or was heard from just now; signals for it wait. Stale: past that. Wrapped: ended in order. Archived: a persona that is off duty until it is restored.",
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
  const answer = await askHub(flags, runtime, {
    verb: "status",
    params: {
      ...(persona === undefined ? {} : { persona }),
      ...(project === undefined ? {} : { project }),
    },
  });
  const daemons = await askLocalDaemons(
    runtime,
    "status",
    ({ tenant, address }) =>
      tenant === answer.tenant &&
      (persona === undefined || persona === address.persona) &&
      (project === undefined || project === address.project),
  );
  const here = daemons.flatMap((daemon) => (daemon.kind === "answered" ? [daemon.status] : []));
  if (flags.json) {
    writeJson(runtime.out, { ...answer, here });
    return EXIT.ok;
  }
  const ink = inkFor(runtime.out);
  const bells = bellsText(here, runtime.now(), ink);
  const own = bells === "" ? "" : `\n${section("Doorbells on this host", bells, "", ink)}\n`;
  runtime.out.write(`${statusText(answer, flags.hub ?? localHubUrl(runtime), runtime.out)}${own}`);
  return EXIT.ok;
});

function statusText(answer: StatusAnswer, url: string, out: Output): string {
  const { hub } = answer;
  const ink = inkFor(out);
  const columns = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY;
  const head = `${ink.bold("hub")} ${url}  ${ink.dim(
    `prism ${hub.version}, up ${spanText(hub.nowMs - hub.startedAtMs)}, tenant ${answer.tenant}`,
  )}`;
  return `${[
    head,
    section("Agents", sessionGrid(answer.agents, hub.nowMs, { ink, columns }), "none", ink),
    section("Daemons", sessionGrid(answer.daemons, hub.nowMs, { ink, columns }), "none", ink),
    section("Waiting", waitingGrid(answer.waiting, hub.nowMs, ink), "nothing waits", ink),
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

/** Sessions' ids are long: on a terminal they stand only where they fit; `--json` always has them. */
function sessionGrid(
  sessions: readonly SessionReport[],
  nowMs: number,
  { ink, columns }: { readonly ink: Ink; readonly columns: number },
): string {
  if (sessions.length === 0) return "";
  const rows = sessions.map((session) => [
    session.address,
    stateOf(session, ink),
    session.master ? "master" : "",
    // Whoever holds a token chose these words: they must not move the cursor, nor pass for a line of ours.
    printable(session.surface ?? ""),
    printable(session.host ?? ""),
    agoText(session.lastHeardAtMs, nowMs),
    session.session,
  ]);
  const heading = ["ADDRESS", "STATE", "ROLE", "SURFACE", "HOST", "HEARD", "SESSION"];
  const whole = grid(heading, rows, ink);
  const fits = whole.split("\n").every((line) => widthOf(line) <= columns);
  return fits ? whole : grid(heading.slice(0, -1), rows, ink);
}

function stateOf(session: SessionReport, ink: Ink): string {
  if (session.liveness === "alive") return session.connected ? ink.green("alive") : ink.yellow("away");
  return session.liveness === "stale" ? ink.red("stale") : ink.dim("wrapped");
}

function waitingGrid(waiting: readonly WaitingReport[], nowMs: number, ink: Ink): string {
  if (waiting.length === 0) return "";
  const rows = waiting.map((mailbox) => [
    mailbox.to,
    String(mailbox.open),
    mailbox.urgent === 0 ? "" : ink.red(String(mailbox.urgent)),
    String(mailbox.delivered),
    mailbox.oldestAtMs === null ? "" : agoText(mailbox.oldestAtMs, nowMs),
    sendersText(mailbox),
  ]);
  return grid(["FOR", "OPEN", "URGENT", "DELIVERED", "OLDEST", "FROM"], rows, ink);
}

/** The hub names the busiest senders; what it leaves out is counted, so that the numbers add up. */
function sendersText({ senders, open }: WaitingReport): string {
  const named = senders.map(({ from, count }) => `${from === "" ? "nobody named" : from} ${count}`);
  const others = open - senders.reduce((sum, { count }) => sum + count, 0);
  return [...named, ...(others === 0 ? [] : [`others ${others}`])].join(", ");
}
