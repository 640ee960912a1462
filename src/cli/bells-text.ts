/** The doorbells of this host as a table: how each daemon rings, when its agent last took a ring, what is owed. */
import { printable } from "../domain/address.ts";
import type { DaemonStatus } from "../ipc.ts";
import { agoText, grid, type Ink, spanText } from "./layout.ts";

const REASON_CHARS_MAX = 160;

/** @param nowMs epoch milliseconds by this host's clock, as all times of a daemon's status */
export function bellsText(daemons: readonly DaemonStatus[], nowMs: number, ink: Ink): string {
  if (daemons.length === 0) return "";
  const rows = daemons.map((status) => [
    `${status.persona}@${status.project}`,
    printable(status.surface.name),
    agentText(status, nowMs, ink),
    printable(status.doorbell.lastPath ?? ""),
    status.doorbell.lastRungAtMs === null ? "" : agoText(status.doorbell.lastRungAtMs, nowMs),
    owedText(status, nowMs, ink),
  ]);
  const table = grid(["ADDRESS", "SURFACE", "AGENT", "PATH", "RECEIPT", "OWED"], rows, ink);
  return [table, ...daemons.flatMap((status) => [...attachText(status, ink), ...whyText(status, ink)])].join(
    "\n",
  );
}

/** What its hooks tell of the agent that was heard from last. */
function agentText({ agents }: DaemonStatus, nowMs: number, ink: Ink): string {
  const [agent, ...others] = agents;
  if (agent === undefined) return "";
  const more = others.length === 0 ? "" : ` +${others.length}`;
  const since = `for ${spanText(nowMs - agent.stateSinceMs)}${more}`;
  return agent.state === "busy" ? `${ink.yellow("busy")} ${since}` : `idle ${since}`;
}

function owedText({ position, doorbell }: DaemonStatus, nowMs: number, ink: Ink): string {
  if (position.open === 0) return ink.green("nothing");
  const waiting = position.open === 1 ? "1 waits" : `${position.open} wait`;
  if (!doorbell.standing) return waiting;
  if (doorbell.underWay) return `${waiting}, ring ${doorbell.attempts} under way`;
  const due = doorbell.nextRingAtMs;
  const next = due === null ? "not rung again until more comes" : `again in ${spanText(due - nowMs)}`;
  if (doorbell.lastOutcome === "failed") return `${waiting}, ${ink.red("not taken")}, ${next}`;
  return `${waiting}, ring ${doorbell.attempts} unanswered, ${next}`;
}

/** A ring that was not taken is worth a line of its own: it says what is in the way. */
function whyText({ persona, project, doorbell, position }: DaemonStatus, ink: Ink): string[] {
  if (doorbell.lastOutcome !== "failed" || doorbell.lastReason === null || position.open === 0) return [];
  const reason = printable(doorbell.lastReason, REASON_CHARS_MAX);
  return [`  ${ink.red(`${persona}@${project}`)} ${reason}`];
}

/** What is being installed for the project, or could not be: the agent may lack it. */
function attachText({ persona, project, attach }: DaemonStatus, ink: Ink): string[] {
  // A daemon of an older build does not speak of it.
  const state = attach?.state;
  if (state !== "running" && state !== "failed") return [];
  const address = `${persona}@${project}`;
  const detail = printable(attach?.detail ?? "", REASON_CHARS_MAX);
  if (state === "failed") return [`  ${ink.red(address)} attach failed: ${detail}`];
  return [`  ${ink.yellow(address)} attaches, step ${attach?.step} of ${attach?.steps}: ${detail}`];
}
