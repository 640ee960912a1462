/**
 * The verdict on one persona: one word, why, and what to do about it. Pure: a table of cases, the first that fits
 * counts, so that the worst stands before what is milder. Knows no daemon, hub, clock or screen; it is handed what
 * is known of them. No sentence holds an age: those stand beside it, and a verdict changes only with the facts.
 */
import { printable } from "../domain/address.ts";
import type { ErrorReport } from "../domain/errors.ts";
import type { Standing } from "../domain/overview.ts";
import { quotedForShell } from "../domain/shell-word.ts";
import type { Liveness } from "../domain/verbs.ts";
import { RETRY_POLICIES } from "../fsm/retry.ts";
import type { DaemonStatus } from "../ipc.ts";

/** What is known of one persona at one moment. All times are epoch milliseconds by this host's clock. */
export interface StandingFacts {
  readonly nowMs: number;
  readonly persona: string;
  readonly project: string;
  /** The project's folder, where it is known. */
  readonly root: string | null;
  /** What keeps its daemon alive on this host, if anything is to. */
  readonly service: string | null;
  /** Signals that wait: by its daemon's word, or by the hub's where that does not answer. */
  readonly pending: number;
  readonly daemon: DaemonFacts;
  /** What the hub last said of the address; null if the hub does not answer, or another tenant's is asked. */
  readonly hub: HubFacts | null;
}

export type DaemonFacts =
  /** `unconnectedSinceMs`: it has said so long, and in every answer since, that it has no hub; null if it has one. */
  | { readonly reach: "answers"; readonly status: DaemonStatus; readonly unconnectedSinceMs: number | null }
  /** It runs and does not answer. */
  | { readonly reach: "silent"; readonly pid: number | null; readonly why: string | null }
  /** `isLeft`: it did not end in order. */
  | { readonly reach: "down"; readonly isLeft: boolean }
  /** It is none of this host: the hub alone knows of it. */
  | { readonly reach: "elsewhere"; readonly host: string; readonly connected: boolean };

export interface HubFacts {
  readonly archivedAtMs: number | null;
  /** Of the daemon's newest session; null if there is none. */
  readonly liveness: Liveness | null;
}

export interface Verdict {
  readonly standing: Standing;
  readonly reason: string | null;
  readonly remedy: string | null;
}

/** A daemon is back 5 s after a hub that was gone for a moment (invariant 7); twice that is an outage. */
export const HUB_GRACE_MS = 10_000;
/** Rings that were taken without a drain: the third comes a minute and a half after the first. */
export const UNANSWERED_RINGS_STUCK = 3;

interface Case {
  readonly name: string;
  /** Null: it is none of this kind. */
  readonly judge: (facts: StandingFacts) => Verdict | null;
}

/** In this order; the last one always fits. */
export const CASES: readonly Case[] = [
  { name: "archived", judge: archived },
  { name: "elsewhere", judge: elsewhere },
  { name: "silent", judge: silent },
  { name: "killed", judge: killed },
  { name: "stopped", judge: stopped },
  { name: "without a hub", judge: withoutHub },
  { name: "not taken", judge: notTaken },
  { name: "no way", judge: noWay },
  { name: "unanswered", judge: unanswered },
  { name: "waiting", judge: waiting },
  { name: "well", judge: () => ({ standing: "well", reason: null, remedy: null }) },
];

export function standingOf(facts: StandingFacts): Verdict {
  for (const { judge } of CASES) {
    const verdict = judge(facts);
    if (verdict !== null) return verdict;
  }
  return { standing: "well", reason: null, remedy: null };
}

function archived({ hub, pending, ...facts }: StandingFacts): Verdict | null {
  if (hub === null || hub.archivedAtMs === null) return null;
  const kept = pending === 0 ? "" : `; ${signals(pending)} kept for its return`;
  return off(
    `it is archived${kept}`,
    `put it back on duty: prism persona restore ${facts.persona}@${facts.project}`,
  );
}

function elsewhere({ daemon, hub, pending, ...facts }: StandingFacts): Verdict | null {
  if (daemon.reach !== "elsewhere") return null;
  if (hub?.liveness === "wrapped") return off("its watch was ended in order", startThere(facts, daemon.host));
  if (daemon.connected) return pending === 0 ? null : { standing: "waiting", reason: null, remedy: null };
  return deaf(
    `its daemon on ${printable(daemon.host)} has no connection to the hub`,
    startThere(facts, daemon.host),
  );
}

function silent({ daemon }: StandingFacts): Verdict | null {
  if (daemon.reach !== "silent") return null;
  const { pid, why } = daemon;
  const process = pid === null ? "its daemon" : `its daemon, process ${pid},`;
  return deaf(
    why ?? `${process} runs and does not answer`,
    pid === null
      ? "see what holds it up, or end it and start it again"
      : `see what holds process ${pid} up (stopped, or swapped out?), or end it and start it again`,
  );
}

function killed({ daemon, hub, ...facts }: StandingFacts): Verdict | null {
  if (daemon.reach !== "down" || !daemon.isLeft || hub?.liveness === "wrapped") return null;
  return deaf("its daemon was killed, or this host went down, and nobody started it again", startHere(facts));
}

function stopped({ daemon, hub, pending, ...facts }: StandingFacts): Verdict | null {
  if (daemon.reach !== "down") return null;
  if (hub?.liveness === "wrapped") return off("its watch was ended in order", startHere(facts));
  // Whoever stopped it may not know that somebody waits.
  if (pending > 0) {
    return deaf(
      `${signals(pending)} wait${pending === 1 ? "s" : ""} and its daemon is stopped`,
      startHere(facts),
    );
  }
  return off("its daemon was stopped", startHere(facts));
}

function withoutHub({ daemon, nowMs }: StandingFacts): Verdict | null {
  if (daemon.reach !== "answers" || daemon.status.hub.connected) return null;
  const { hub } = daemon.status;
  // Not since its last change of state: one that the hub turns away goes back and forth every few seconds.
  const forMs = nowMs - (daemon.unconnectedSinceMs ?? nowMs);
  // What time alone does not heal need not be waited for.
  const isLasting = hub.lastError !== null && RETRY_POLICIES[hub.lastError.code] === "slowly";
  if (forMs < HUB_GRACE_MS && !isLasting) return null;
  const because = hub.lastError === null ? "" : `: ${printable(hub.lastError.message, 200)}`;
  return deaf(`it has no hub${because}`, hubRemedy(hub.lastError));
}

function hubRemedy(error: ErrorReport | null): string {
  if (error?.hint !== undefined) return printable(error.hint, 300);
  return error === null || error.code === "hub_unreachable" || error.code === "hub_timeout"
    ? "start the hub: prism hub"
    : "see prism doctor";
}

function notTaken({ daemon, pending }: StandingFacts): Verdict | null {
  if (daemon.reach !== "answers" || pending === 0) return null;
  const { doorbell, surface } = daemon.status;
  if (!doorbell.standing || doorbell.lastOutcome !== "failed") return null;
  // The outcome of a ring for what waited before says nothing of the one that is owed, or under way for the first time.
  if (doorbell.attempts < (doorbell.underWay ? 2 : 1)) return null;
  const because = doorbell.lastReason === null ? "" : `: ${printable(doorbell.lastReason, 200)}`;
  const isGivenUp = doorbell.nextRingAtMs === null && !doorbell.underWay;
  return deaf(
    `its surface ${printable(surface.name)} did not take the last ring${because}`,
    isGivenUp
      ? "start its agent, or mend what is named; it is rung again when more comes"
      : "start its agent, or mend what is named; it is rung again by itself",
  );
}

/** Nothing has to wait for that to be known: what comes next would not be heard. */
function noWay({ daemon }: StandingFacts): Verdict | null {
  if (daemon.reach !== "answers") return null;
  const report = daemon.status.surface.report ?? null;
  if (report === null || report.paths.length === 0 || report.resume !== null) return null;
  // Nobody there is no fault while nothing waits: that is "unready". A way that was tried and brought nothing is.
  if (!report.paths.every(({ state }) => state === "fails")) return null;
  const said = report.paths.find(({ reason }) => reason !== null)?.reason;
  return deaf(
    `no way to its surface works${said == null ? "" : `: ${printable(said, 200)}`}`,
    "see prism doctor; the next ring tries every way again",
  );
}

function unanswered({ daemon, pending }: StandingFacts): Verdict | null {
  if (daemon.reach !== "answers" || pending === 0) return null;
  const { doorbell, agents } = daemon.status;
  // A ring that waits for the end of a turn is in flight, and has not been taken.
  if (!doorbell.standing || doorbell.underWay || doorbell.attempts < UNANSWERED_RINGS_STUCK) return null;
  const turn = agents.some(({ state }) => state === "busy") ? "; its agent is in a turn" : "";
  return {
    standing: "stuck",
    reason: `it was rung ${doorbell.attempts} times and does not drain${turn}`,
    remedy: "look at its agent: it may wait for a person, be out of credit, or lack the Prism tools",
  };
}

function waiting({ daemon, pending }: StandingFacts): Verdict | null {
  if (pending === 0) return null;
  const isBusy =
    daemon.reach === "answers" &&
    daemon.status.agents.length > 0 &&
    daemon.status.agents.every(({ state }) => state === "busy");
  return {
    standing: "waiting",
    reason: isBusy ? "its agent is in a turn, and hears at its end" : null,
    remedy: null,
  };
}

/** What a service keeps is no matter of starting it by hand: the next boot would forget that. */
function startHere({ service, ...facts }: Pick<StandingFacts, "persona" | "root" | "service">): string {
  if (service === null) return start(facts);
  return `see how its service ${printable(service, 120)} fares: prism service status`;
}

function start({ persona, root }: Pick<StandingFacts, "persona" | "root">): string {
  return `start it: prism daemon --persona ${persona} --project ${root === null ? "DIR" : shellWord(root)}`;
}

function startThere(facts: Pick<StandingFacts, "persona" | "root">, host: string): string {
  return `on ${printable(host)}, ${start(facts)}`;
}

/** As a shell takes it, and on one line. */
function shellWord(path: string): string {
  const shown = printable(path, 300);
  return /^[\w@%+=:,./\\-]+$/.test(shown) ? shown : quotedForShell(shown);
}

function signals(count: number): string {
  return count === 1 ? "1 signal" : `${count} signals`;
}

function deaf(reason: string, remedy: string): Verdict {
  return { standing: "deaf", reason, remedy };
}

function off(reason: string, remedy: string): Verdict {
  return { standing: "off", reason, remedy };
}
