/**
 * The desk where sessions come and go: `start`, `wrap` and `status`. Decides who gets an address, who must
 * give way, and what is told of whom. Knows no signal.
 */
import { formatAddress, parseName, printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { agreedProtocol, type Side } from "../../domain/protocol.ts";
import type {
  ArchivedReport,
  HubIdentity,
  LoopReport,
  SessionKind,
  SessionReport,
  StartParams,
  StatusAnswer,
  StatusParams,
  WaitingReport,
  WrapParams,
} from "../../domain/verbs.ts";
import { type Asker, nameOf } from "./asker.ts";
import { bounds } from "./bounds.ts";
import { Mailbox } from "./mailbox.ts";
import {
  holderOf,
  isAlive,
  isArchived,
  liveSessions,
  masterOf,
  type Registered,
  type Registry,
  type Session,
  sessionLiveness,
  wasHeardWithin,
} from "./registry.ts";
import { archivedPersona, goneSession, unknownAddress, unknownSession } from "./target.ts";

export interface Started {
  readonly session: Session;
  /** The session was known before: its daemon's position speaks of this store. */
  readonly resumed: boolean;
  /** Session that had to give way to the same caller's new one. */
  readonly replaced: Session | null;
}

/** What a new address turns on. */
export interface ArrivalFacts {
  /** The highest given out so far. */
  readonly position: number;
  readonly retentionMs: number;
  readonly nowMs: number;
}

/**
 * Registers a session, or resumes one.
 * @throws PrismError `protocol_mismatch`, `persona_archived`, `session_gone`, `invalid_argument`, `address_taken`, `overloaded`
 */
export function start(
  registry: Registry,
  tenant: string,
  params: StartParams,
  options: ArrivalFacts & { readonly newId: () => string; readonly hub: HubIdentity },
): Started {
  const { nowMs } = options;
  agreedProtocol("the hub's protocol", callerOf(params), { ...options.hub, ...HUB_SIDE });
  const name = nameOf(params);
  const known = registry.find(tenant, name);
  if (known !== undefined && isArchived(known)) throw archivedPersona(known);
  const resumed = resumable(registry, tenant, params, name);
  const older = resumed ?? sameCaller(known, params, nowMs);
  if (known !== undefined && older === undefined) refuseTaken(known, params, nowMs);

  const { at } = arrive(registry, tenant, params, options);
  putOnDuty(registry, at, params, nowMs);
  const session = resumed ?? register(registry, at, params, options.newId(), nowMs);
  if (resumed !== undefined) refresh(registry, resumed, params, nowMs);
  const replaced = older === session ? null : (older ?? silentHolder(at, session));
  if (replaced !== null) giveWay(registry, replaced, session);
  registry.settleMaster(at, nowMs);
  registry.tidy(at, nowMs);
  return { session, resumed: resumed !== undefined, replaced };
}

/**
 * The address of that name, made if it is new.
 * @throws PrismError `invalid_argument`, `overloaded`
 */
export function arrive(
  registry: Registry,
  tenant: string,
  named: { readonly persona: string; readonly project: string },
  { position, retentionMs, nowMs }: ArrivalFacts,
): { readonly at: Registered; readonly isKnown: boolean } {
  const address = {
    persona: parseName(named.persona, "persona"),
    project: parseName(named.project, "project"),
  };
  const known = registry.find(tenant, formatAddress(address));
  if (known !== undefined) return { at: known, isKnown: true };
  makeRoom(registry, tenant, retentionMs, nowMs);
  const at = registry.addAddress(tenant, address, nowMs, (id) => {
    return new Mailbox({ address: id, through: 0, told: 0, drains: 0 }, position);
  });
  return { at, isKnown: false };
}

const HUB_SIDE = { who: "the hub", remedy: "upgrade the hub, on its host: prism upgrade FILE" } as const;

function callerOf({ kind, version, protocol, protocolMin }: StartParams): Side {
  const who = kind === "daemon" ? "the daemon" : "the agent's side";
  const remedy = "upgrade Prism on this host: prism upgrade FILE";
  return { who, remedy, version, protocol, protocolMin };
}

/**
 * The session that `params.session` names, if it may go on. One that was wrapped may not: it was ended by
 * somebody on purpose, and must not come back on its own. The same for a session that is no longer
 * remembered, at an address that was wrapped.
 */
function resumable(
  registry: Registry,
  tenant: string,
  params: StartParams,
  name: string,
): Session | undefined {
  const at = registry.find(tenant, name);
  if (params.session === undefined) return undefined;
  const session = registry.session(tenant, params.session);
  if (session === undefined) {
    if (at === undefined || at.wrappedAtMs === null) return undefined;
    throw new PrismError(
      "session_gone",
      `${at.name} was wrapped, and session "${printable(params.session)}" with it`,
      {
        hint: "start anew without a session id to put it back on duty",
        target: { address: at.name, state: "wrapped", lastHeardAtMs: at.lastHeardAtMs },
      },
    );
  }
  if (session.at !== at || session.kind !== params.kind) {
    throw new PrismError(
      "invalid_argument",
      `session "${session.id}" was started as kind ${session.kind} at ${session.at.name}, not as kind ${params.kind} at ${name}`,
      { hint: "start without a session id" },
    );
  }
  if (session.wrappedAtMs !== null) throw goneSession(session);
  return session;
}

/** An older session of the very same caller, which starts again because it lost its memory or its socket. */
function sameCaller(at: Registered | undefined, params: StartParams, nowMs: number): Session | undefined {
  return at?.sessions.find((session) => {
    if (session.kind !== params.kind || session.wrappedAtMs !== null) return false;
    if (params.instance !== undefined && params.instance === session.instance) return true;
    // Agents share a folder as a rule: only a daemon, of which there is one, is known by it.
    if (params.kind === "agent" || params.host === undefined || params.root === undefined) return false;
    return params.host === session.host && params.root === session.root && !isForeign(session, params, nowMs);
  });
}

/**
 * From the same host and folder, but not known by its instance. One with another id has lost its state file,
 * and is who it was, unless the older one still holds its socket; without an id the older one's word counts.
 */
function isForeign(session: Session, params: StartParams, nowMs: number): boolean {
  if (session.instance === null) return false;
  return params.instance === undefined ? isHeld(session, nowMs) : session.connected;
}

function isHeld(holder: Session, nowMs: number): boolean {
  return holder.connected || wasHeardWithin(holder, bounds.holderSilentMs, nowMs);
}

function refuseTaken(at: Registered, params: StartParams, nowMs: number): void {
  if (params.kind === "agent") {
    if (liveSessions(at, "agent", nowMs) < bounds.liveSessionsMax) return;
    throw new PrismError("overloaded", `${bounds.liveSessionsMax} agents are already live at ${at.name}`, {
      hint: "end some of them first",
    });
  }
  const holder = holderOf(at);
  if (holder === undefined || !isHeld(holder, nowMs)) return;
  const host = holder.host === null ? "another daemon" : `a daemon on host "${printable(holder.host)}"`;
  const root = holder.root === null ? "" : `, folder "${printable(holder.root, 200)}"`;
  throw new PrismError("address_taken", `${at.name} is held by ${host}${root}`, {
    hint: `stop that daemon or wrap it, or use another persona or project name here`,
    target: { address: at.name, state: "alive", lastHeardAtMs: holder.lastHeardAtMs },
  });
}

/** Folders with throw-away names leave addresses behind: the one that is longest over goes for the new one. */
function makeRoom(registry: Registry, tenant: string, retentionMs: number, nowMs: number): void {
  if (registry.count(tenant) < bounds.addressesMax) return;
  if (registry.forgetLongestOver(tenant, retentionMs, nowMs)) return;
  throw new PrismError("overloaded", `${bounds.addressesMax} addresses are already registered`, {
    hint: "use a persona and project that exist, or wrap those that are done: wrapped ones make room once their signals are forgotten",
  });
}

function putOnDuty(registry: Registry, at: Registered, params: StartParams, nowMs: number): void {
  at.wrappedAtMs = null;
  at.lastHeardAtMs = nowMs;
  at.heardWrittenAtMs = nowMs;
  if (params.leaseMs !== undefined) at.leaseMs = params.leaseMs;
  registry.changed(at);
}

function register(
  registry: Registry,
  at: Registered,
  params: StartParams,
  id: string,
  nowMs: number,
): Session {
  return registry.addSession(at, {
    id,
    kind: params.kind,
    surface: params.surface ?? null,
    host: params.host ?? null,
    root: params.root ?? null,
    instance: params.instance ?? null,
    version: params.version,
    startedAtMs: nowMs,
    lastHeardAtMs: nowMs,
    wrappedAtMs: null,
  });
}

function refresh(registry: Registry, session: Session, params: StartParams, nowMs: number): void {
  registry.heard(session, nowMs);
  session.surface = params.surface ?? session.surface;
  session.host = params.host ?? session.host;
  session.root = params.root ?? session.root;
  session.instance = params.instance ?? session.instance;
  session.version = params.version;
  registry.writeHeard(session);
}

/** A holder that fell silent, when another daemon was let in: an address has one daemon. */
function silentHolder(at: Registered, session: Session): Session | null {
  if (session.kind !== "daemon") return null;
  return (
    at.sessions.find((other) => other !== session && other.kind === "daemon" && other.wrappedAtMs === null) ??
    null
  );
}

/** The older session makes room, and hands on what it was. */
function giveWay(registry: Registry, older: Session, session: Session): void {
  if (older.at.master === older.id) {
    older.at.master = session.id;
    registry.changed(older.at);
  }
  registry.removeSession(older);
}

/**
 * Ends one session, or all of an address and takes it off duty. Ending what has ended is no error: the
 * answer may have been lost.
 * @returns the sessions that ended now
 * @throws PrismError `invalid_argument`, `session_unknown`, `target_unknown`
 */
export function wrap(registry: Registry, asker: Asker, params: WrapParams, nowMs: number): Session[] {
  const { persona, project } = params;
  if (params.session !== undefined) {
    if (persona !== undefined || project !== undefined) {
      throw new PrismError(
        "invalid_argument",
        "wrap takes either a session or a persona and project, not both",
        {
          hint: "leave out the session to wrap everything at that address",
        },
      );
    }
    const session = registry.session(asker.tenant, params.session);
    if (session === undefined) throw unknownSession(params.session);
    return wrapOne(registry, session, nowMs);
  }
  if (persona === undefined && project === undefined) {
    if (asker.session !== null) return wrapOne(registry, asker.session, nowMs);
    throw new PrismError("invalid_argument", "wrap was not told what to end", {
      hint: "name a session, or a persona and its project",
    });
  }
  if (persona === undefined || project === undefined) {
    const missing = persona === undefined ? "persona" : "project";
    throw new PrismError("invalid_argument", `wrap lacks the ${missing}: an address has both`, {
      hint: "name a persona and its project, or a session",
    });
  }
  return wrapAll(registry, findAddress(registry, asker.tenant, persona, project), nowMs);
}

/** Ends all sessions of an address and takes it off duty. @returns those that ended now */
export function wrapAll(registry: Registry, at: Registered, nowMs: number): Session[] {
  const ended = at.sessions.filter((session) => session.wrappedAtMs === null);
  for (const session of ended) registry.wrapSession(session, nowMs);
  if (at.wrappedAtMs === null) {
    at.wrappedAtMs = nowMs;
    registry.changed(at);
  }
  return ended;
}

function wrapOne(registry: Registry, session: Session, nowMs: number): Session[] {
  if (session.wrappedAtMs !== null) return [];
  registry.wrapSession(session, nowMs);
  return [session];
}

/** @throws PrismError `invalid_argument`, `target_unknown` */
export function findAddress(
  registry: Registry,
  tenant: string,
  persona: string,
  project: string,
): Registered {
  // Most names arrive as they are registered: those need no parsing.
  const known = registry.find(tenant, `${persona}@${project}`);
  if (known !== undefined) return known;
  const name = nameOf({ persona, project });
  const at = registry.find(tenant, name);
  if (at === undefined) throw unknownAddress(registry, tenant, name);
  return at;
}

export type Roll = Pick<StatusAnswer, "agents" | "daemons" | "waiting" | "loops" | "archived" | "omitted">;

/**
 * Who is registered, agents apart from daemons (invariant 2). Changes nothing (invariant 11). Of more than one
 * answer holds, those that live come first, and the others are counted.
 */
export function roll(
  registry: Registry,
  tenant: string,
  params: StatusParams,
  { loops, nowMs }: { readonly loops: readonly LoopReport[]; readonly nowMs: number },
): Roll {
  const persona = params.persona === undefined ? null : parseName(params.persona, "persona");
  const project = params.project === undefined ? null : parseName(params.project, "project");
  const sessions: { readonly [K in SessionKind]: Session[] } = { agent: [], daemon: [] };
  const mailboxes: Registered[] = [];
  const offDuty: ArchivedReport[] = [];
  const names = new Set<string>();
  for (const at of registry.of(tenant)) {
    if ((persona !== null && at.persona !== persona) || (project !== null && at.project !== project))
      continue;
    for (const session of at.sessions) sessions[session.kind].push(session);
    if (at.mailbox.open > 0) mailboxes.push(at);
    const archivedAtMs = at.identity?.archivedAtMs ?? null;
    if (archivedAtMs !== null) offDuty.push({ address: at.name, archivedAtMs, open: at.mailbox.open });
    names.add(at.name);
  }
  const report = (session: Session): SessionReport =>
    reportOn(session, session === masterOf(session.at, nowMs), nowMs);
  const agents = listed(livingFirst(sessions.agent, nowMs), report);
  const daemons = listed(livingFirst(sessions.daemon, nowMs), report);
  const waiting = listed(mailboxes, waitingAt);
  const stopped = listed(
    loops.filter(({ between }) => between.some((name) => names.has(name))),
    (loop) => loop,
  );
  const archived = listed(offDuty, (one) => one);
  const omitted = {
    agents: agents.omitted,
    daemons: daemons.omitted,
    waiting: waiting.omitted,
    ...(stopped.omitted === 0 ? {} : { loops: stopped.omitted }),
    ...(archived.omitted === 0 ? {} : { archived: archived.omitted }),
  };
  const isWhole = Object.values(omitted).every((count) => count === 0);
  return {
    agents: agents.reports,
    daemons: daemons.reports,
    waiting: waiting.reports,
    ...(stopped.reports.length === 0 ? {} : { loops: stopped.reports }),
    ...(archived.reports.length === 0 ? {} : { archived: archived.reports }),
    ...(isWhole ? {} : { omitted }),
  };
}

/** As they come if all fit. */
function livingFirst(sessions: readonly Session[], nowMs: number): readonly Session[] {
  if (sessions.length <= bounds.statusReportsMax) return sessions;
  const lives = (session: Session): boolean => isAlive(session, nowMs);
  return [...sessions.filter(lives), ...sessions.filter((session) => !lives(session))];
}

/** As many as one answer holds; the others are counted. */
export function listed<T, R>(
  all: readonly T[],
  report: (one: T) => R,
): { readonly reports: readonly R[]; readonly omitted: number } {
  const reports: R[] = [];
  let chars = 0;
  for (const one of all) {
    if (reports.length === bounds.statusReportsMax) break;
    const reported = report(one);
    chars += JSON.stringify(reported).length;
    if (chars > bounds.statusCharsMax) break;
    reports.push(reported);
  }
  return { reports, omitted: all.length - reports.length };
}

function reportOn(session: Session, master: boolean, nowMs: number): SessionReport {
  return {
    session: session.id,
    kind: session.kind,
    address: session.at.name,
    surface: session.surface,
    host: session.host,
    root: session.root,
    version: session.version,
    liveness: sessionLiveness(session, nowMs),
    connected: session.connected,
    master: master && isAlive(session, nowMs),
    startedAtMs: session.startedAtMs,
    lastHeardAtMs: session.lastHeardAtMs,
  };
}

function waitingAt(at: Registered): WaitingReport {
  const { mailbox } = at;
  return {
    to: at.name,
    open: mailbox.open,
    urgent: mailbox.urgent,
    pending: mailbox.open - mailbox.delivered,
    delivered: mailbox.delivered,
    oldestAtMs: mailbox.oldest === null ? null : mailbox.oldest.head.acceptedAtMs,
    senders: mailbox.topSenders(),
  };
}
