/**
 * The hub's decisions, all of them, pure: commands and the time go in; a reply comes out, and changes for the
 * store and pushes for sessions gather until the driver takes them. The front door to this folder.
 *
 *   command ──decide──> reply ┐
 *   command ──decide──> reply ├── take() ──> changes, pushes ──> durable ──> replies and pushes are told
 *   tick    ──decide──> reply ┘
 *
 * The driver's part of invariant 3: of a batch nothing is told before its changes are durable; if they can't
 * be made durable, nothing of it is told, and a new core is made from what the store holds. Knows no clock,
 * no randomness (ids are handed in), no store, no socket.
 */
import { PrismError, reportOf } from "../../domain/errors.ts";
import { spoken } from "../../domain/protocol.ts";
import {
  type DrainParams,
  HUB_PROTOCOL,
  HUB_PROTOCOL_MIN,
  type HubIdentity,
  type HubPushes,
  type LoopReport,
  type PersonaDestroyAnswer,
  type PersonaDestroyParams,
  type StartAnswer,
  type StatusParams,
  type VerbAnswers,
  type WrapParams,
} from "../../domain/verbs.ts";
import type { Bearer } from "../service.ts";
import type { Changes, SignalHead, Snapshot } from "../store/store.ts";
import { type Asker, askerOf, nameOf, ownAddress, refuseForeign } from "./asker.ts";
import { censusOf } from "./census.ts";
import type { Command } from "./command.ts";
import * as desk from "./desk.ts";
import type { LoopBounds } from "./loops.ts";
import { Mailbox } from "./mailbox.ts";
import { Mailroom } from "./mailroom.ts";
import * as personas from "./personas.ts";
import { holderOf, type Registered, Registry, type Session } from "./registry.ts";
import type { Names, Outcome, Reply } from "./reply.ts";
import { goneSession, unknownSession } from "./target.ts";

export type { Command } from "./command.ts";
export { complete, completeDrain, type Outcome, type Reply } from "./reply.ts";

type PersonaCommand = Extract<
  Command,
  { readonly verb: "persona_create" | "persona_archive" | "persona_restore" | "persona_destroy" }
>;

export type Push = {
  readonly [K in keyof HubPushes]: {
    readonly session: string;
    readonly name: K;
    readonly value: HubPushes[K];
  };
}[keyof HubPushes];

export interface Batch {
  /** Null if nothing changed. */
  readonly changes: Changes | null;
  /** At most one view for each daemon, the newest. */
  readonly pushes: readonly Push[];
  /** Sessions whose sockets are theirs no more, once the pushes are told. */
  readonly detached: readonly string[];
  /** SHA-256 of tokens that are worth nothing any more. */
  readonly endedTokens: ReadonlySet<string>;
  /** How many signals became delivered. */
  readonly deliveries: number;
  /** Pairs that were stopped from answering each other. */
  readonly stops: readonly LoopReport[];
}

export interface CoreOptions {
  readonly snapshot: Snapshot;
  readonly retentionMs: number;
  readonly version: string;
  readonly startedAtMs: number;
  /** New, unguessable ids for sessions and unnamed drains; at most `limits.keyBytesMax` bytes. */
  readonly newId: () => string;
  readonly loops: LoopBounds;
  /** The hub's own host, if it has a name. */
  readonly host: string | null;
  /** After a failed commit: what only the running hub knows, and no store. */
  readonly before: Before | null;
}

export interface Before {
  /** The core that this one replaces. What it believed of sockets may never have become true. */
  readonly core: HubCore;
  /** Sessions that hold a socket, as the driver knows it. */
  readonly connected: ReadonlySet<string>;
}

export class HubCore {
  readonly identity: HubIdentity;
  readonly #startedAtMs: number;
  readonly #newId: () => string;
  readonly #retentionMs: number;
  readonly #host: string | null;
  readonly #registry = new Registry();
  readonly #mailroom: Mailroom;
  #pushes: Push[] = [];
  #detached: string[] = [];
  /** Something changed that must not wait: more than deliveries and signs of life. */
  #urgent = false;
  /** Rings must be written now: somebody asks for them, or nothing else comes to be written. */
  #tracing = false;

  constructor(options: CoreOptions, nowMs: number) {
    const { snapshot, before } = options;
    this.identity = {
      id: snapshot.hubId,
      version: options.version,
      ...spoken(HUB_PROTOCOL, HUB_PROTOCOL_MIN),
    };
    this.#startedAtMs = options.startedAtMs;
    this.#newId = options.newId;
    this.#retentionMs = options.retentionMs;
    this.#host = options.host;
    const position = Math.max(snapshot.position, before === null ? 0 : before.core.#mailroom.position);
    const mailboxes = new Map(snapshot.mailboxes.map((record) => [record.address, record]));
    for (const record of snapshot.addresses) {
      const kept = mailboxes.get(record.id) ?? {
        address: record.id,
        through: 0,
        told: 0,
        drains: 0,
        holds: false,
      };
      // Any position given out so far serves as the view's revision: it is above all that were told.
      const mailbox = new Mailbox(kept, position);
      // When the last one ended is not known here: now at the latest.
      if (kept.holds) mailbox.endedAtMs = nowMs;
      this.#registry.restoreAddress(record, mailbox, nowMs);
    }
    for (const record of snapshot.sessions) this.#registry.restoreSession(record, nowMs);
    this.#mailroom = new Mailroom({ ...options, registry: this.#registry, position });
    if (before !== null) this.#carryOver(before);
  }

  #carryOver({ core, connected }: Before): void {
    for (const session of this.#registry.sessions()) {
      if (session.wrappedAtMs !== null) continue;
      session.connected = connected.has(session.id);
      const old = core.#registry.session(session.at.tenant, session.id);
      if (old === undefined) continue;
      session.lastHeardAtMs = Math.max(session.lastHeardAtMs, old.lastHeardAtMs);
      session.at.lastHeardAtMs = Math.max(session.at.lastHeardAtMs, session.lastHeardAtMs);
    }
  }

  /** The highest position given out so far. */
  get position(): number {
    return this.#mailroom.position;
  }

  get names(): Names {
    return this.#mailroom.names;
  }

  /** The signal whose head `decide` must be given: what a command answers may be known to the store alone. */
  answeredBy(command: Command): number | null {
    return command.verb === "signal" ? this.#mailroom.answeredBy(command.params) : null;
  }

  /**
   * Never throws because of a caller: what can't be done is a reply that says so, and changes nothing.
   * @param answered what the store keeps of the signal that `answeredBy` names, or null if nothing
   */
  decide(command: Command, nowMs: number, answered: SignalHead | null = null): Reply {
    try {
      if (command.verb === "start") {
        refuseForeign(this.#registry, ownAddress(this.#registry, command.caller), command);
        return done({ ok: this.#start(command, nowMs) });
      }
      const asker = askerOf(this.#registry, command.caller, nowMs);
      refuseForeign(this.#registry, asker.own, command);
      switch (command.verb) {
        case "signal":
          return this.#urgently(
            this.#mailroom.accept(asker, command.params, { textBytes: command.textBytes, answered, nowMs }),
          );
        case "drain":
          return this.#urgently(this.#drain(asker, command.params, nowMs));
        case "acknowledge":
          return this.#acknowledge(asker, command, nowMs);
        case "rung":
          return this.#rung(asker, command, nowMs);
        case "signal_status":
          return this.#mailroom.status(asker.tenant, command.params.id, nowMs);
        case "signal_trace":
          this.#tracing = true;
          return this.#mailroom.trace(asker.tenant, command.params.id, this.#host, nowMs);
        case "history":
          return this.#mailroom.history(this.#at(asker.tenant, command.params), command.params, nowMs);
        case "status":
          return done({ ok: this.#status(asker.tenant, command.params, nowMs) });
        case "wrap":
          return this.#urgently(done({ ok: this.#wrap(asker, command.params, nowMs) }));
        case "persona_list":
          return done({ ok: personas.list(this.#registry, asker.tenant, command.params) });
        default:
          return this.#urgently(done({ ok: this.#persona(asker.tenant, command, nowMs) }));
      }
    } catch (error) {
      if (error instanceof PrismError) return done({ error: reportOf(error) });
      throw error;
    }
  }

  // ---- what the driver tells besides commands ----

  /** To be called before the commands of each turn: expires what is due. */
  tick(nowMs: number): void {
    this.#mailroom.expireDue(nowMs);
  }

  /** To be called before the store forgets anything: both must forget the same. */
  forget(upkeep: { readonly keysBeforeMs: number; readonly endedBeforeMs: number }): void {
    this.#mailroom.forget(upkeep);
  }

  /** When `tick` is due next, or null. */
  nextWakeMs(): number | null {
    return this.#mailroom.nextExpiryMs();
  }

  /** Any sign of life of a session, from the socket that started it. */
  heard(id: string, nowMs: number): void {
    const session = this.#registry.anySession(id);
    if (session !== undefined) this.#registry.heard(session, nowMs);
  }

  /** The session's socket is gone: the last word from it is from now. */
  disconnected(id: string, nowMs: number): void {
    const session = this.#registry.anySession(id);
    if (session === undefined || !session.connected) return;
    this.#registry.heard(session, nowMs);
    session.connected = false;
    this.#registry.writeHeard(session);
  }

  /** To be called once they are told. */
  pushed(pushes: readonly Push[], nowMs: number): void {
    for (const { session, name, value } of pushes)
      if (name === "mailbox") this.#registry.anySession(session)?.at.mailbox.pushed(value.through, nowMs);
  }

  /** Before an orderly end: what was heard goes to disk to the millisecond. */
  closing(nowMs: number): void {
    this.#tracing = true;
    for (const session of this.#registry.sessions()) {
      if (session.connected) this.#registry.heard(session, nowMs);
      if (session.heardWrittenAtMs !== session.lastHeardAtMs) this.#registry.writeHeard(session);
    }
  }

  /** True if something changed that callers wait for; deliveries and signs of life may wait for company. */
  get isUrgent(): boolean {
    return this.#urgent || this.#mailroom.changedMailboxes.size > 0;
  }

  get hasChanges(): boolean {
    if (this.#tracing && this.#mailroom.hasRings) return true;
    return this.#registry.hasChanges || this.#mailroom.hasChanges;
  }

  /** All that gathered since the last call: to be made durable together, then told. */
  take(): Batch {
    const pushes = this.#pushes;
    for (const mailbox of this.#mailroom.changedMailboxes) {
      const at = this.#registry.byId(mailbox.address);
      const daemon = at === undefined ? undefined : holderOf(at);
      if (daemon?.connected === true)
        pushes.push({ session: daemon.id, name: "mailbox", value: mailbox.view() });
    }
    const detached = this.#detached;
    const endedTokens = this.#registry.takeEndedTokens();
    const changes = this.hasChanges
      ? { ...this.#registry.takeChanges(), ...this.#mailroom.takeChanges() }
      : null;
    this.#pushes = [];
    this.#detached = [];
    this.#urgent = false;
    this.#tracing = false;
    const deliveries = this.#mailroom.takeDeliveries();
    return { changes, pushes, detached, endedTokens, deliveries, stops: this.#mailroom.loops.takeNews() };
  }

  /** The persona whose token has this hash, if one has. */
  bearerOf(tokenSha256: string): Bearer | undefined {
    const at = this.#registry.byToken(tokenSha256);
    return at === undefined ? undefined : { tenant: at.tenant, scope: { address: at.name, tokenSha256 } };
  }

  /** What is registered and what waits: reads memory alone, and changes nothing. */
  census(nowMs: number): ReturnType<typeof censusOf> {
    return censusOf(this.#registry, nowMs);
  }

  // ---- verbs ----

  #urgently(reply: Reply): Reply {
    this.#urgent = true;
    return reply;
  }

  #at(tenant: string, params: { readonly persona: string; readonly project: string }): Registered {
    return desk.findAddress(this.#registry, tenant, params.persona, params.project);
  }

  #arrival(nowMs: number): desk.ArrivalFacts {
    return { position: this.#mailroom.position, retentionMs: this.#retentionMs, nowMs };
  }

  #start(command: Extract<Command, { verb: "start" }>, nowMs: number): StartAnswer {
    const { tenant } = command.caller;
    const { session, resumed, replaced } = desk.start(this.#registry, tenant, command.params, {
      newId: this.#newId,
      hub: this.identity,
      ...this.#arrival(nowMs),
    });
    this.#urgent = true;
    if (replaced !== null) this.#detached.push(replaced.id);
    session.connected = command.connected;
    const { mailbox } = session.at;
    if (session.kind === "daemon" && command.connected) mailbox.pushed(mailbox.through, nowMs);
    this.#mailroom.settle(mailbox, nowMs);
    const position = command.params.position ?? 0;
    // Only a resumed session proves that the position is one of this store's, and not of another hub's.
    if (resumed && session.kind === "daemon" && position <= mailbox.through)
      this.#mailroom.acknowledge(mailbox, position, nowMs);
    return {
      session: session.id,
      master: session.at.master === session.id,
      tenant,
      address: session.at.name,
      leaseMs: session.at.leaseMs,
      hub: this.identity,
      nowMs,
      mailbox: mailbox.view(),
    };
  }

  #drain(asker: Asker, params: DrainParams, nowMs: number): Reply {
    const at = this.#at(asker.tenant, params);
    return this.#mailroom.drain(at, this.#reader(asker, at, params.session, nowMs), params, nowMs);
  }

  /** The session that drains: the one named, else the caller's own if it belongs to this address. */
  #reader(asker: Asker, at: Registered, id: string | undefined, nowMs: number): Session | null {
    if (id === undefined) return asker.session?.at === at ? asker.session : null;
    const session = this.#registry.session(asker.tenant, id);
    if (session === undefined) throw unknownSession(id);
    if (session.at !== at) {
      throw new PrismError(
        "invalid_argument",
        `session "${session.id}" belongs to ${session.at.name}, not to ${at.name}`,
        {
          hint: "drain the session's own address, or leave out the session",
        },
      );
    }
    if (session.wrappedAtMs !== null) throw goneSession(session);
    this.#registry.heard(session, nowMs);
    return session;
  }

  #acknowledge(asker: Asker, command: Extract<Command, { verb: "acknowledge" }>, nowMs: number): Reply {
    const { at } = this.#daemonOf(asker, command);
    this.#mailroom.acknowledge(at.mailbox, command.params.through, nowMs);
    return done({ ok: {} });
  }

  /** Nobody's word is taken for what has not come yet: a daemon's clock may be ahead, and its position wrong. */
  #rung(asker: Asker, command: Extract<Command, { verb: "rung" }>, nowMs: number): Reply {
    const { at, host } = this.#daemonOf(asker, command);
    const { through, rungAtMs, takenAtMs, way, attempt } = command.params;
    if (through === 0 || through > at.mailbox.through) return done({ ok: {} });
    this.#mailroom.rung({
      ...{ address: at.id, through, attempt, host, way: way ?? null },
      rungAtMs: Math.min(rungAtMs, nowMs),
      takenAtMs: takenAtMs === undefined ? null : Math.min(takenAtMs, nowMs),
    });
    return done({ ok: {} });
  }

  #daemonOf(asker: Asker, command: Extract<Command, { verb: "acknowledge" | "rung" }>): Session {
    const { session } = asker;
    if (session === null) {
      const id = command.caller.session;
      const named = id === null ? undefined : this.#registry.session(asker.tenant, id);
      if (named !== undefined) throw goneSession(named);
      if (id !== null) throw unknownSession(id);
    }
    if (session?.kind !== "daemon") {
      const what = command.verb === "rung" ? "tell of a ring" : "acknowledge";
      throw new PrismError("invalid_argument", `only a daemon's session can ${what}`, {
        hint: "start a session of kind daemon on this connection first",
      });
    }
    return session;
  }

  #status(tenant: string, params: StatusParams, nowMs: number) {
    return {
      hub: { ...this.identity, nowMs, startedAtMs: this.#startedAtMs },
      tenant,
      ...desk.roll(this.#registry, tenant, params, {
        loops: this.#mailroom.loops.reports(tenant, nowMs),
        nowMs,
      }),
    };
  }

  #wrap(asker: Asker, params: WrapParams, nowMs: number): { wrapped: string[] } {
    return { wrapped: this.#tellWrapped(desk.wrap(this.#registry, asker, params, nowMs)) };
  }

  #tellWrapped(sessions: readonly Session[], why?: "archived" | "destroyed"): string[] {
    const wrapped = sessions.map((session) => session.id);
    for (const session of wrapped) {
      const value = why === undefined ? { session } : { session, why };
      this.#pushes.push({ session, name: "wrapped", value });
      this.#detached.push(session);
    }
    return wrapped;
  }

  #persona(tenant: string, command: PersonaCommand, nowMs: number): VerbAnswers[PersonaCommand["verb"]] {
    const registry = this.#registry;
    switch (command.verb) {
      case "persona_create":
        return personas.create(registry, tenant, command.params, this.#arrival(nowMs));
      case "persona_archive": {
        const { at, ended } = personas.archive(registry, tenant, command.params, nowMs);
        return { address: at.name, wrapped: this.#tellWrapped(ended, "archived") };
      }
      case "persona_restore": {
        const at = personas.restore(registry, tenant, command.params, nowMs);
        this.#mailroom.settle(at.mailbox, nowMs);
        return { address: at.name, waiting: at.mailbox.open };
      }
      case "persona_destroy":
        return this.#destroy(tenant, command.params, nowMs);
    }
  }

  #destroy(tenant: string, params: PersonaDestroyParams, nowMs: number): PersonaDestroyAnswer {
    const address = nameOf(params);
    const at = this.#registry.find(tenant, address);
    if (at === undefined) return { address, existed: false, expired: 0 };
    const { existed, ended } = personas.destroy(this.#registry, at, nowMs);
    this.#tellWrapped(ended, "destroyed");
    return { address, existed, expired: params.purge === true ? this.#mailroom.purge(at.mailbox, nowMs) : 0 };
  }
}

function done(outcome: Outcome): Extract<Reply, { kind: "done" }> {
  return { kind: "done", outcome };
}
