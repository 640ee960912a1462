/**
 * One persona as an operator sees it, put together from what its daemon says of itself and what the hub says of it.
 * Pure: knows no socket and no clock. The daemon's word goes before the hub's, since it is a second old and not two;
 * where no daemon answers, the hub's is what there is.
 */
import { formatAddress } from "../domain/address.ts";
import type { PersonaView } from "../domain/overview.ts";
import { STANDINGS } from "../domain/overview.ts";
import type { SessionReport, StatusAnswer, WaitingReport } from "../domain/verbs.ts";
import type { DaemonPlace } from "../host/daemon-places.ts";
import type { DaemonStatus } from "../ipc.ts";
import { type DaemonFacts, type HubFacts, standingOf } from "./standing.ts";

/** What one look at a daemon of this host has found. */
export interface LocalFacts {
  readonly place: DaemonPlace;
  readonly daemon: Exclude<DaemonFacts, { readonly reach: "elsewhere" }>;
  readonly sinceMs: number;
  /** The newest status, also of one that does not answer any more. */
  readonly last: DaemonStatus | null;
  /** The folder that it works or worked in, if it left word of it. */
  readonly root: string | null;
  /** What is to keep it alive here; null if nothing is known to. */
  readonly service: string | null;
}

/** What the hub's answer says of each address. */
export interface HubReport {
  readonly tenant: string;
  readonly archivedAtMs: ReadonlyMap<string, number>;
  readonly daemons: ReadonlyMap<string, SessionReport>;
  readonly agents: ReadonlyMap<string, readonly SessionReport[]>;
  readonly waiting: ReadonlyMap<string, WaitingReport>;
}

/** Each address once: of several sessions the one that is connected, else the one heard from last. */
export function hubReportOf(answer: StatusAnswer): HubReport {
  const daemons = new Map<string, SessionReport>();
  for (const session of answer.daemons) {
    const known = daemons.get(session.address);
    if (known === undefined || isNewer(session, known)) daemons.set(session.address, session);
  }
  return {
    tenant: answer.tenant,
    archivedAtMs: new Map(
      (answer.archived ?? []).map(({ address, archivedAtMs }) => [address, archivedAtMs]),
    ),
    daemons,
    agents: Map.groupBy(answer.agents, ({ address }) => address),
    waiting: new Map(answer.waiting.map((waiting) => [waiting.to, waiting])),
  };
}

function isNewer(one: SessionReport, other: SessionReport): boolean {
  if (one.connected !== other.connected) return one.connected;
  return one.lastHeardAtMs > other.lastHeardAtMs;
}

export interface Moment {
  readonly nowMs: number;
  readonly host: string;
  /** Null if the hub does not answer. */
  readonly hub: HubReport | null;
  /** What to take off the hub's times to have this host's. */
  readonly hubAheadMs: number;
}

export function keyOf({ tenant, address }: DaemonPlace): string {
  return `${tenant}/${formatAddress(address)}`;
}

/** All personas, the worst first. Those of this host by their daemons, the others by the hub's word. */
export function personaViews(locals: readonly LocalFacts[], moment: Moment): readonly PersonaView[] {
  const views = new Map<string, PersonaView>();
  for (const local of locals) {
    const { hub } = moment;
    const address = formatAddress(local.place.address);
    const session = hub?.tenant === local.place.tenant ? hub.daemons.get(address) : undefined;
    // It moved: what is left of it here is old.
    const own = local.last?.host ?? moment.host;
    const isElsewhere = session?.connected === true && session.host !== null && session.host !== own;
    if (local.daemon.reach === "down" && isElsewhere) continue;
    const view = localView(local, moment);
    views.set(view.key, view);
  }
  for (const view of elsewhereViews(moment)) if (!views.has(view.key)) views.set(view.key, view);
  return [...views.values()].sort(
    (one, other) =>
      STANDINGS.indexOf(one.standing) - STANDINGS.indexOf(other.standing) || compare(one.key, other.key),
  );
}

/** By code units: the same order everywhere. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function localView(local: LocalFacts, moment: Moment): PersonaView {
  const { place, daemon, last } = local;
  const { persona, project } = place.address;
  const own = moment.hub?.tenant === place.tenant ? moment.hub : null;
  const address = formatAddress(place.address);
  const mailbox =
    daemon.reach === "answers" && daemon.status.hub.connected ? ownMailbox(daemon.status) : null;
  const waits = mailbox ?? hubMailbox(own, address, moment) ?? ownMailbox(last);
  const root = last?.root ?? local.root;
  const verdict = standingOf({
    nowMs: moment.nowMs,
    ...{ persona, project, root, daemon, service: local.service },
    pending: waits.pending,
    hub: own === null ? null : hubFactsOf(own, address),
  });
  return {
    key: keyOf(place),
    tenant: place.tenant,
    ...{ persona, project, root },
    host: last?.host ?? moment.host,
    ...verdict,
    isLocal: true,
    state: daemon.reach === "answers" ? daemon.status.lifecycle.state : daemon.reach,
    stateSinceMs: daemon.reach === "answers" ? daemon.status.lifecycle.sinceMs : local.sinceMs,
    surface: surfaceOf(last, daemon.reach === "answers"),
    ...waits,
    ...bellOf(last, daemon.reach === "answers"),
    version: last?.version ?? null,
    pid: daemon.reach === "answers" ? daemon.status.pid : daemon.reach === "silent" ? daemon.pid : null,
    startedAtMs: daemon.reach === "down" ? null : (last?.startedAtMs ?? null),
  };
}

type Mailbox = Pick<PersonaView, "pending" | "urgent" | "oldestAtMs" | "senders">;

function ownMailbox(status: DaemonStatus | null): Mailbox {
  const { open = 0, urgent = 0, oldestAtMs = null, senders = [] } = status?.position ?? {};
  return { pending: open, urgent, oldestAtMs, senders };
}

function hubMailbox(hub: HubReport | null, address: string, { hubAheadMs }: Moment): Mailbox | null {
  if (hub === null) return null;
  const waiting = hub.waiting.get(address);
  if (waiting === undefined) return { pending: 0, urgent: 0, oldestAtMs: null, senders: [] };
  const { open, urgent, oldestAtMs, senders } = waiting;
  return {
    pending: open,
    urgent,
    oldestAtMs: oldestAtMs === null ? null : Math.round(oldestAtMs - hubAheadMs),
    senders,
  };
}

function hubFactsOf(hub: HubReport, address: string): HubFacts {
  return {
    archivedAtMs: hub.archivedAtMs.get(address) ?? null,
    liveness: hub.daemons.get(address)?.liveness ?? null,
  };
}

function surfaceOf(status: DaemonStatus | null, answers: boolean): PersonaView["surface"] {
  if (status === null) return null;
  const { agents, doorbell, surface } = status;
  const isBusy = agents.some(({ state }) => state === "busy");
  const agent = agents.length === 0 ? "none" : isBusy ? "busy" : "idle";
  // Hooks tell of agents; a surface without them knows of none, and says nothing of whether there is one.
  return {
    name: surface.name,
    path: doorbell.lastPath,
    agent: answers ? (agents.length === 0 && surface.report === null ? null : agent) : null,
  };
}

type Bell = Pick<
  PersonaView,
  | "lastRungAtMs"
  | "lastLatencyMs"
  | "lastRingAtMs"
  | "lastOutcome"
  | "lastDrainAtMs"
  | "attempts"
  | "nextRingAtMs"
  | "counters"
>;

function bellOf(status: DaemonStatus | null, answers: boolean): Bell {
  if (status === null) return SILENT;
  const { doorbell, counters, drains } = status;
  const errors = Object.values(counters.errors).reduce((sum, count) => sum + count, 0);
  return {
    lastRungAtMs: doorbell.lastRungAtMs,
    lastLatencyMs: doorbell.lastLatencyMs ?? null,
    lastRingAtMs: doorbell.lastRingAtMs ?? null,
    lastOutcome: doorbell.lastOutcome,
    lastDrainAtMs: drains?.lastAtMs ?? null,
    attempts: answers ? doorbell.attempts : 0,
    nextRingAtMs: answers ? doorbell.nextRingAtMs : null,
    counters: { ...counters.doorbells, drains: drains?.count ?? 0, reconnects: counters.reconnects, errors },
  };
}

const SILENT: Bell = {
  lastRungAtMs: null,
  lastLatencyMs: null,
  lastRingAtMs: null,
  lastOutcome: null,
  lastDrainAtMs: null,
  attempts: 0,
  nextRingAtMs: null,
  counters: { rung: 0, coalesced: 0, suppressed: 0, failed: 0, drains: 0, reconnects: 0, errors: 0 },
};

function elsewhereViews(moment: Moment): readonly PersonaView[] {
  const { hub, host } = moment;
  if (hub === null) return [];
  const addresses = [...hub.daemons.keys(), ...hub.archivedAtMs.keys()];
  return [...new Set(addresses)].flatMap((address) => {
    const session = hub.daemons.get(address);
    // One of this host that keeps its state in another home is watched by whoever watches that.
    return session === undefined
      ? [archivedView(address, hub, moment)]
      : [elsewhereView(session, session.host ?? host, hub, moment)];
  });
}

function elsewhereView(session: SessionReport, host: string, hub: HubReport, moment: Moment): PersonaView {
  const { address, connected } = session;
  const [persona = "", project = ""] = address.split("@");
  const waits = hubMailbox(hub, address, moment) ?? ownMailbox(null);
  const verdict = standingOf({
    nowMs: moment.nowMs,
    ...{ persona, project, root: session.root, service: null },
    pending: waits.pending,
    daemon: { reach: "elsewhere", host, connected },
    hub: hubFactsOf(hub, address),
  });
  return {
    key: `${hub.tenant}/${address}`,
    tenant: hub.tenant,
    ...{ persona, project, host, root: session.root },
    ...verdict,
    isLocal: false,
    state: connected ? "connected" : "down",
    stateSinceMs: Math.round((connected ? session.startedAtMs : session.lastHeardAtMs) - moment.hubAheadMs),
    surface: session.surface === null ? null : { name: session.surface, path: null, agent: null },
    ...waits,
    ...SILENT,
    version: session.version,
    pid: null,
    startedAtMs: Math.round(session.startedAtMs - moment.hubAheadMs),
  };
}

/** Of one that is off duty no session may be left; the hub still knows it. */
function archivedView(address: string, hub: HubReport, moment: Moment): PersonaView {
  const [persona = "", project = ""] = address.split("@");
  const waits = hubMailbox(hub, address, moment) ?? ownMailbox(null);
  const sinceMs = hub.archivedAtMs.get(address) ?? moment.nowMs;
  return {
    key: `${hub.tenant}/${address}`,
    tenant: hub.tenant,
    ...{ persona, project, host: moment.host, root: null },
    ...standingOf({
      nowMs: moment.nowMs,
      ...{ persona, project, root: null, service: null },
      pending: waits.pending,
      daemon: { reach: "down", isLeft: false },
      hub: hubFactsOf(hub, address),
    }),
    isLocal: false,
    state: "down",
    stateSinceMs: Math.round(sinceMs - moment.hubAheadMs),
    surface: null,
    ...waits,
    ...SILENT,
    version: null,
    pid: null,
    startedAtMs: null,
  };
}
