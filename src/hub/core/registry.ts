/**
 * Who is registered: addresses and their sessions, who is alive, who is the master, who must give way.
 * Knows no signal. Records that changed are collected for the store; what only the running hub knows (who
 * holds a socket) stands beside them.
 */
import { type Address, formatAddress } from "../../domain/address.ts";
import { limits } from "../../domain/limits.ts";
import type { Liveness, SessionKind } from "../../domain/verbs.ts";
import type { AddressRecord, IdentityRecord, SessionRecord } from "../store/store.ts";
import { bounds, keyMemoryMs } from "./bounds.ts";
import type { Mailbox } from "./mailbox.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Session extends Mutable<SessionRecord> {
  readonly at: Registered;
  /** True while it holds a socket to this hub. */
  connected: boolean;
  heardWrittenAtMs: number;
}

/** A registered address with all that belongs to it. */
export interface Registered extends Mutable<AddressRecord> {
  readonly name: string;
  readonly mailbox: Mailbox;
  /** By age, oldest first. */
  readonly sessions: Session[];
  heardWrittenAtMs: number;
}

export interface RegistryChanges {
  readonly addresses: AddressRecord[];
  readonly sessions: SessionRecord[];
  readonly sessionsRemoved: string[];
  readonly addressesRemoved: number[];
}

export class Registry {
  readonly #tenants = new Map<string, Map<string, Registered>>();
  readonly #byId = new Map<number, Registered>();
  readonly #sessions = new Map<string, Session>();
  /** Personas by the SHA-256 of their token. */
  readonly #tokens = new Map<string, Registered>();
  #lastAddressId = 0;
  #changedAddresses = new Set<Registered>();
  #changedSessions = new Set<Session>();
  #removedSessions: string[] = [];
  #removedAddresses: number[] = [];
  #endedTokens = new Set<string>();

  // ---- reading ----

  find(tenant: string, name: string): Registered | undefined {
    return this.#tenants.get(tenant)?.get(name);
  }

  byId(id: number): Registered | undefined {
    return this.#byId.get(id);
  }

  /** A tenant's session; those of others do not exist for it (invariant 10). */
  session(tenant: string, id: string): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.at.tenant === tenant ? session : undefined;
  }

  /** Whosever it is: for what a connection says of the session that it started itself. */
  anySession(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  byToken(tokenSha256: string): Registered | undefined {
    return this.#tokens.get(tokenSha256);
  }

  of(tenant: string): Iterable<Registered> {
    return this.#tenants.get(tenant)?.values() ?? [];
  }

  count(tenant: string): number {
    return this.#tenants.get(tenant)?.size ?? 0;
  }

  addresses(): Iterable<Registered> {
    return this.#byId.values();
  }

  sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  // ---- adding ----

  /** Puts back a store's record as it was; nobody is connected. */
  restoreAddress(record: AddressRecord, mailbox: Mailbox, nowMs: number): void {
    const heardAtMs = Math.min(record.lastHeardAtMs, nowMs);
    this.#put({
      ...record,
      lastHeardAtMs: heardAtMs,
      heardWrittenAtMs: heardAtMs,
      name: formatAddress(record),
      mailbox,
      sessions: [],
    });
  }

  restoreSession(record: SessionRecord, nowMs: number): void {
    const at = this.#byId.get(record.address);
    if (at === undefined) return;
    const heardAtMs = Math.min(record.lastHeardAtMs, nowMs);
    const session = {
      ...record,
      at,
      connected: false,
      lastHeardAtMs: heardAtMs,
      heardWrittenAtMs: heardAtMs,
    };
    at.sessions.push(session);
    this.#sessions.set(session.id, session);
  }

  /** A new address, on duty from now on. `mailboxOf` makes its mailbox, under the same id. */
  addAddress(
    tenant: string,
    address: Address,
    nowMs: number,
    mailboxOf: (id: number) => Mailbox,
  ): Registered {
    const id = this.#lastAddressId + 1;
    const at: Registered = {
      id,
      tenant,
      persona: address.persona,
      project: address.project,
      leaseMs: limits.leaseMsDefault,
      lastHeardAtMs: nowMs,
      heardWrittenAtMs: nowMs,
      wrappedAtMs: null,
      master: null,
      identity: null,
      name: formatAddress(address),
      mailbox: mailboxOf(id),
      sessions: [],
    };
    this.#put(at);
    this.changed(at);
    return at;
  }

  addSession(at: Registered, record: Omit<SessionRecord, "address">): Session {
    const session: Session = {
      ...record,
      address: at.id,
      at,
      connected: false,
      heardWrittenAtMs: record.lastHeardAtMs,
    };
    at.sessions.push(session);
    this.#sessions.set(session.id, session);
    this.changedSession(session);
    return session;
  }

  removeSession(session: Session): void {
    const at = session.at.sessions.indexOf(session);
    if (at !== -1) session.at.sessions.splice(at, 1);
    this.#sessions.delete(session.id);
    this.#changedSessions.delete(session);
    this.#removedSessions.push(session.id);
  }

  /** Makes an address the persona that `identity` says, or none; its old token is worth nothing any more. */
  identify(at: Registered, identity: IdentityRecord | null): void {
    const old = at.identity?.tokenSha256 ?? null;
    const token = identity?.tokenSha256 ?? null;
    at.identity = identity;
    this.changed(at);
    if (old === token) return;
    if (old !== null) {
      this.#tokens.delete(old);
      this.#endedTokens.add(old);
    }
    if (token !== null) this.#tokens.set(token, at);
  }

  changed(at: Registered): void {
    this.#changedAddresses.add(at);
  }

  changedSession(session: Session): void {
    this.#changedSessions.add(session);
  }

  // ---- life ----

  /** Any word of a session. Cheap: the store hears of it once a minute at most. */
  heard(session: Session, nowMs: number): void {
    if (session.wrappedAtMs !== null) return;
    // A master that fell silent and comes back finds the next in its place: settle before it counts as alive.
    if (!isAlive(session, nowMs)) this.settleMaster(session.at, nowMs);
    session.lastHeardAtMs = nowMs;
    const at = session.at;
    at.lastHeardAtMs = nowMs;
    // A clock that was set back is a reason to write as well, hence the absolute difference.
    if (Math.abs(nowMs - session.heardWrittenAtMs) < bounds.heardWriteIntervalMs) return;
    this.writeHeard(session);
  }

  writeHeard(session: Session): void {
    session.heardWrittenAtMs = session.lastHeardAtMs;
    session.at.heardWrittenAtMs = session.at.lastHeardAtMs;
    this.changedSession(session);
    this.changed(session.at);
  }

  wrapSession(session: Session, nowMs: number): void {
    session.wrappedAtMs = nowMs;
    session.connected = false;
    this.changedSession(session);
    this.settleMaster(session.at, nowMs);
  }

  /** Makes lasting what `masterOf` says; called before and after anything that could change it. */
  settleMaster(at: Registered, nowMs: number): void {
    const master = masterOf(at, nowMs)?.id ?? null;
    if (master === at.master) return;
    at.master = master;
    this.changed(at);
  }

  /** Forgets sessions that are long gone, and the oldest of those gone if they are too many. */
  tidy(at: Registered, nowMs: number): void {
    const gone = at.sessions.filter((session) => !isAlive(session, nowMs) && !isHolder(session));
    const excess = gone.length - bounds.endedSessionsMax;
    gone.forEach((session, index) => {
      const memoryMs = session.kind === "daemon" ? bounds.daemonMemoryMs : bounds.agentMemoryMs;
      const endedAtMs = session.wrappedAtMs ?? session.lastHeardAtMs;
      if (index < excess || endedAtMs + memoryMs <= nowMs) this.removeSession(session);
    });
  }

  /**
   * Forgets the one address of a tenant that was wrapped, or stale beyond the retention time, for longest.
   * One with an open or a kept signal, or a live session, stays.
   * @returns false if there is none
   */
  forgetLongestOver(tenant: string, retentionMs: number, nowMs: number): boolean {
    let longest: Registered | null = null;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const at of this.of(tenant)) {
      // Whoever was made by name is unmade by name.
      if (at.identity !== null) continue;
      const overSinceMs = at.wrappedAtMs ?? at.lastHeardAtMs + at.leaseMs + retentionMs;
      if (overSinceMs >= sinceMs || overSinceMs > nowMs) continue;
      // The highest id stays, so that no id is ever given out twice: a store counts on from what it holds.
      if (at.id === this.#lastAddressId || !isEmpty(at, retentionMs, nowMs)) continue;
      longest = at;
      sinceMs = overSinceMs;
    }
    if (longest !== null) this.#forget(longest);
    return longest !== null;
  }

  #forget(at: Registered): void {
    for (const session of [...at.sessions]) this.removeSession(session);
    this.#tenants.get(at.tenant)?.delete(at.name);
    this.#byId.delete(at.id);
    this.#changedAddresses.delete(at);
    this.#removedAddresses.push(at.id);
  }

  get hasChanges(): boolean {
    const removed = this.#removedSessions.length + this.#removedAddresses.length;
    return this.#changedAddresses.size + this.#changedSessions.size + removed > 0;
  }

  takeChanges(): RegistryChanges {
    const changes = {
      addresses: Array.from(this.#changedAddresses, addressRecordOf),
      sessions: Array.from(this.#changedSessions, sessionRecordOf),
      sessionsRemoved: this.#removedSessions,
      addressesRemoved: this.#removedAddresses,
    };
    this.#changedAddresses = new Set();
    this.#changedSessions = new Set();
    this.#removedSessions = [];
    this.#removedAddresses = [];
    return changes;
  }

  /** Tokens that ended since the last call. */
  takeEndedTokens(): ReadonlySet<string> {
    const ended = this.#endedTokens;
    if (ended.size > 0) this.#endedTokens = new Set();
    return ended;
  }

  #put(at: Registered): void {
    let names = this.#tenants.get(at.tenant);
    if (names === undefined) {
      names = new Map();
      this.#tenants.set(at.tenant, names);
    }
    names.set(at.name, at);
    this.#byId.set(at.id, at);
    const token = at.identity?.tokenSha256 ?? null;
    if (token !== null) this.#tokens.set(token, at);
    if (at.id > this.#lastAddressId) this.#lastAddressId = at.id;
  }
}

/** Alive now: it holds a socket, or spoke a moment ago. */
export function isAlive(session: Session, nowMs: number): boolean {
  if (session.wrappedAtMs !== null) return false;
  return session.connected || wasHeardWithin(session, bounds.sessionAliveMs, nowMs);
}

/** Nobody lives at it, nothing waits for it, and the store keeps no signal of it. */
function isEmpty({ mailbox, sessions }: Registered, retentionMs: number, nowMs: number): boolean {
  if (mailbox.open > 0 || sessions.some((session) => isAlive(session, nowMs))) return false;
  return mailbox.endedAtMs === null || mailbox.endedAtMs + keyMemoryMs(retentionMs) <= nowMs;
}

/** A word from the future was heard before the clock was set back, and says nothing about now. */
export function wasHeardWithin(session: Session, spanMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - session.lastHeardAtMs) < spanMs;
}

/** The daemon that stands watch for its address, be it connected or asleep. */
export function isHolder(session: Session): boolean {
  return session.kind === "daemon" && session.wrappedAtMs === null;
}

export function holderOf(at: Registered): Session | undefined {
  return at.sessions.find(isHolder);
}

/**
 * The master: whoever is, as long as it lives; else the oldest live agent. Never a daemon (invariant 2).
 */
export function masterOf(at: Registered, nowMs: number): Session | undefined {
  const agents = at.sessions.filter((session) => session.kind === "agent" && isAlive(session, nowMs));
  return agents.find((session) => session.id === at.master) ?? agents[0];
}

/** Off duty until somebody restores it. */
export function isArchived(at: Registered): boolean {
  return at.identity !== null && at.identity.archivedAtMs !== null;
}

/** Whether an address takes signals (invariant 4). */
export function livenessOf(at: Registered, nowMs: number): Liveness {
  if (at.wrappedAtMs !== null) return "wrapped";
  if (nowMs - at.lastHeardAtMs <= at.leaseMs) return "alive";
  return at.sessions.some((session) => session.connected) ? "alive" : "stale";
}

/**
 * An agent is alive or it isn't; a daemon may be asleep with its host and still hold its address on duty,
 * so it is stale when the lease is over: neither later, as that is when signals are refused, nor earlier.
 */
export function sessionLiveness(session: Session, nowMs: number): Liveness {
  if (session.wrappedAtMs !== null) return "wrapped";
  if (session.kind === "agent") return isAlive(session, nowMs) ? "alive" : "stale";
  const onDuty = session.connected || nowMs - session.lastHeardAtMs <= session.at.leaseMs;
  return onDuty ? "alive" : "stale";
}

export function liveSessions(at: Registered, kind: SessionKind, nowMs: number): number {
  return at.sessions.filter((session) => session.kind === kind && isAlive(session, nowMs)).length;
}

function addressRecordOf(at: Registered): AddressRecord {
  const { id, tenant, persona, project, leaseMs, lastHeardAtMs, wrappedAtMs, master, identity } = at;
  return { id, tenant, persona, project, leaseMs, lastHeardAtMs, wrappedAtMs, master, identity };
}

function sessionRecordOf(session: Session): SessionRecord {
  const { id, address, kind, surface, host, root, instance, version } = session;
  const { startedAtMs, lastHeardAtMs, wrappedAtMs } = session;
  return {
    id,
    address,
    kind,
    surface,
    host,
    root,
    instance,
    version,
    startedAtMs,
    lastHeardAtMs,
    wrappedAtMs,
  };
}
