/**
 * What happens to signals: accepted, delivered, drained, expired. Each of these only moves a signal forward,
 * and each leaves a record for the store (invariant 3). Knows who is registered only through `Registry`.
 */
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { traceparentGiven } from "../../domain/traceparent.ts";
import type { DrainParams, HistoryParams, SignalParams, SignalState } from "../../domain/verbs.ts";
import type {
  DrainRecord,
  MailboxRecord,
  NewSignal,
  OpenSignalRecord,
  Progress,
  Purge,
  RingRecord,
  SignalHead,
  Snapshot,
} from "../store/store.ts";
import { type Asker, senderOf } from "./asker.ts";
import { bounds, keyMemoryMs } from "./bounds.ts";
import { Deadlines } from "./deadlines.ts";
import { formatId, positionOf, tagOf } from "./ids.ts";
import { LoopGuard } from "./loop-guard.ts";
import type { LoopBounds } from "./loops.ts";
import { type Mailbox, NEW, type OpenSignal } from "./mailbox.ts";
import { nothingToAnswer, refuseReply } from "./matter.ts";
import { Memory } from "./memory.ts";
import { holderOf, type Registered, type Registry, type Session } from "./registry.ts";
import {
  type Names,
  type Reply,
  type SameSignal,
  signalUnknown,
  statusOf,
  type TakenSignal,
} from "./reply.ts";
import { take } from "./take.ts";
import { type Recipient, recipientFrom, targetOf } from "./target.ts";
import { sameRing } from "./way.ts";

/** What a signal's acceptance turns on beside what its sender gave. */
export interface AcceptFacts {
  /** See `SignalHead.textBytes`. */
  readonly textBytes: number;
  /** The signal that `answeredBy` names, if the store keeps it. */
  readonly answered: SignalHead | null;
  readonly nowMs: number;
}

export interface MailroomChanges {
  readonly position: number;
  readonly signals: readonly NewSignal[];
  readonly progress: readonly Progress[];
  readonly mailboxes: readonly MailboxRecord[];
  readonly drains: readonly DrainRecord[];
  readonly purges: readonly Purge[];
  readonly rings: readonly RingRecord[];
}

export class Mailroom {
  readonly #registry: Registry;
  readonly #newId: () => string;
  readonly #names: Names;
  readonly #tag: string;
  #position: number;
  readonly #open = new Map<number, OpenSignal>();
  readonly #deadlines = new Deadlines();
  readonly #keys: Memory;
  readonly #drainKeys: Memory;
  readonly loops: LoopGuard;
  #signals: NewSignal[] = [];
  /** By position: of a signal that moved twice in one batch, only where it stands is written. */
  #progress = new Map<number, Progress>();
  #deliveries = 0;
  #drains: DrainRecord[] = [];
  #purges: Purge[] = [];
  /** By address and `through`: of rings for the same, one record is written. */
  #rings = new Map<string, RingRecord>();
  #changedMailboxes = new Set<Mailbox>();

  /**
   * @param position at least `snapshot.position`: a core that replaces another goes on where that one was
   */
  constructor(options: {
    readonly registry: Registry;
    readonly snapshot: Snapshot;
    readonly position: number;
    readonly retentionMs: number;
    readonly newId: () => string;
    readonly loops: LoopBounds;
  }) {
    this.#registry = options.registry;
    this.#newId = options.newId;
    this.#position = options.position;
    this.#tag = tagOf(options.snapshot.hubId);
    this.#names = { tag: this.#tag, address: (id) => options.registry.byId(id) };
    this.#keys = new Memory({ memoryMs: keyMemoryMs(options.retentionMs), keysMax: bounds.keysMax });
    this.#drainKeys = new Memory({ memoryMs: options.retentionMs, keysMax: bounds.drainsMax });
    for (const record of options.snapshot.open) this.#restore(record);
    for (const { tenant, from, key, position, atMs } of options.snapshot.keys)
      this.#keys.set(keyName(tenant, from, key), position, atMs);
    this.loops = new LoopGuard(options.registry, options.loops, options.snapshot.recent);
    for (const { address, key, position, atMs } of options.snapshot.drains)
      this.#drainKeys.set(drainName(address, key), position, atMs);
  }

  get names(): Names {
    return this.#names;
  }

  get position(): number {
    return this.#position;
  }

  #restore(record: OpenSignalRecord): void {
    const mailbox = this.#registry.byId(record.head.address)?.mailbox;
    if (mailbox === undefined) return;
    this.#admit(mailbox.append(record.head, record));
  }

  #admit(signal: OpenSignal): void {
    this.#open.set(signal.head.position, signal);
    this.#deadlines.add(signal);
  }

  // ---- accept ----

  /**
   * @param answered the signal that `answeredBy` names, if the store keeps it
   * @throws PrismError with nothing changed
   */
  accept(asker: Asker, params: SignalParams, fact: AcceptFacts): Reply {
    const { tenant } = asker;
    const { nowMs, textBytes } = fact;
    const { text } = params;
    const from = senderOf(this.#registry, asker, params.from);
    const recipient = recipientFrom(this.#registry, tenant, params.to);
    const replyTo = this.#replyTo(params.replyTo);
    const ttlMs = params.ttlMs ?? limits.signalTtlMsDefault;
    const urgent = params.urgency === "urgent";
    const final = params.final === true;
    const traceparent = params.traceparent === undefined ? null : traceparentGiven(params.traceparent);
    const key = params.key ?? null;
    const name = key === null ? "" : keyName(tenant, from, key);
    if (key !== null) {
      // Before the target's state: what was accepted stays accepted, whatever became of the target.
      const known = this.#keys.get(name, nowMs);
      if (known !== null)
        return this.#duplicate(known, { key, to: recipient.name, text, urgent, ttlMs, replyTo, final });
    }
    if (replyTo !== null) {
      const answered = this.#open.get(replyTo)?.head ?? fact.answered;
      refuseReply(this.#names, answered, { tenant, from, id: formatId(this.#tag, replyTo) });
    }
    const { at, session } = targetOf(this.#registry, tenant, recipient, nowMs);
    const sender = this.loops.senderOf(tenant, asker.session, from);
    this.loops.refuse(sender, at, nowMs);
    this.#refuseWhenFull(at, nowMs);

    const head: SignalHead = {
      position: ++this.#position,
      address: at.id,
      previous: at.mailbox.through,
      from,
      urgent,
      final,
      acceptedAtMs: nowMs,
      expiresAtMs: nowMs + ttlMs,
      replyTo,
      session: session === null ? null : session.id,
      textBytes,
      traceparent,
    };
    this.#admit(at.mailbox.append(head, NEW));
    this.#signals.push({ head, text, key });
    if (key !== null) this.#keys.set(name, head.position, nowMs);
    this.loops.note(sender, at, nowMs);
    this.#viewChanged(at.mailbox, head.position);
    return this.#accepted(head, recipient);
  }

  #accepted(head: SignalHead, recipient: Recipient): Reply {
    return {
      kind: "done",
      outcome: {
        ok: {
          id: formatId(this.#tag, head.position),
          to: recipient.name,
          state: "pending",
          acceptedAtMs: head.acceptedAtMs,
          expiresAtMs: head.expiresAtMs,
          duplicate: false,
        },
      },
    };
  }

  #duplicate(position: number, wanted: SameSignal): Reply {
    return {
      kind: "wanting",
      want: { kind: "signals", positions: [position] },
      finish: { verb: "signal", wanted },
    };
  }

  /** The signal that a signal names as the one it answers, or null if it names none that can be. */
  answeredBy(params: SignalParams): number | null {
    const position = params.replyTo === undefined ? 0 : positionOf(this.#tag, params.replyTo);
    return position === 0 || position > this.#position ? null : position;
  }

  #replyTo(replyTo: string | undefined): number | null {
    if (replyTo === undefined) return null;
    const position = positionOf(this.#tag, replyTo);
    if (position === 0 || position > this.#position) throw nothingToAnswer(printable(replyTo));
    return position;
  }

  #refuseWhenFull(at: Registered, nowMs: number): void {
    if (at.mailbox.open < limits.mailboxSignalsMax) return;
    this.settle(at.mailbox, nowMs);
    if (at.mailbox.open < limits.mailboxSignalsMax) return;
    throw new PrismError("mailbox_full", `${limits.mailboxSignalsMax} signals already wait for ${at.name}`, {
      hint: "let it drain first, then send once more; nothing was queued",
      target: { address: at.name, state: "alive", lastHeardAtMs: at.lastHeardAtMs },
    });
  }

  // ---- deliver ----

  /** A daemon has heard of all signals up to `through`: what was pending is delivered. */
  acknowledge(mailbox: Mailbox, through: number, nowMs: number): void {
    this.settle(mailbox, nowMs);
    for (const { head, pushedAtMs, deliveredAtMs } of mailbox.deliver(through, nowMs)) {
      const { position } = head;
      this.#moved({ position, state: "delivered", pushedAtMs, deliveredAtMs, endedAtMs: null });
    }
  }

  /** A ring has ended: kept for whoever asks for a signal's way, and written with what else is to be written. */
  rung(ring: RingRecord): void {
    const name = `${ring.address} ${ring.through}`;
    const before = this.#rings.get(name);
    if (before !== undefined) this.#rings.set(name, sameRing(before, ring));
    else if (this.#rings.size < bounds.ringsMax) this.#rings.set(name, ring);
  }

  // ---- drain ----

  drain(at: Registered, session: Session | null, params: DrainParams, nowMs: number): Reply {
    const { mailbox } = at;
    this.settle(mailbox, nowMs);
    const key = params.key ?? this.#newId();
    const name = drainName(at.id, key);
    const repeated = params.key === undefined ? null : this.#drainKeys.get(name, nowMs);
    const reader = session === null ? null : session.id;
    if (repeated !== null) {
      const rest = take(at, reader, { limit: 0, bytesMax: 0 }, nowMs);
      this.#tell(mailbox, rest.told);
      return {
        kind: "wanting",
        want: { kind: "drain", position: repeated },
        finish: { verb: "drain", key, remaining: rest.remaining, elsewhere: rest.elsewhere },
      };
    }
    const limit = params.limit ?? limits.drainSignalsDefault;
    const bytesMax = params.bytesMax ?? limits.drainBytesMax;
    const taken = take(at, reader, { limit, bytesMax }, nowMs);
    if (taken.signals.length === 0)
      return { kind: "drained", signals: [], key, remaining: taken.remaining, elsewhere: taken.elsewhere };
    const signals = taken.signals.map((signal) => this.#hand(signal, nowMs));
    const position = ++this.#position;
    this.#drains.push({
      position,
      address: at.id,
      key,
      atMs: nowMs,
      signals: signals.map(({ head }) => head.position),
      reader: session === null ? null : { session: session.id, surface: session.surface, host: session.host },
    });
    this.#drainKeys.set(name, position, nowMs);
    mailbox.drains++;
    mailbox.told = Math.max(mailbox.told, taken.told);
    this.#viewChanged(mailbox, position);
    return { kind: "drained", signals, key, remaining: taken.remaining, elsewhere: taken.elsewhere };
  }

  #hand(signal: OpenSignal, nowMs: number): TakenSignal {
    const { head, pushedAtMs, deliveredAtMs } = signal;
    const endedAtMs = Math.max(nowMs, deliveredAtMs ?? head.acceptedAtMs);
    this.#end(signal, "drained", endedAtMs);
    this.#deadlines.ended();
    return {
      head,
      pushedAtMs,
      status: statusOf(this.#names, head, { state: "drained", deliveredAtMs, endedAtMs }),
    };
  }

  #tell(mailbox: Mailbox, told: number): void {
    if (told <= mailbox.told) return;
    mailbox.told = told;
    this.#viewChanged(mailbox, ++this.#position);
  }

  // ---- expire ----

  /** Expires what is due, a bounded number of signals in one go. */
  expireDue(nowMs: number): void {
    for (let left = bounds.expiriesPerTurnMax; left > 0; left--) {
      const signal = this.#deadlines.takeDue(nowMs);
      if (signal === null) return;
      this.#expire(signal);
    }
  }

  /** Makes one mailbox exact while `expireDue` is still behind. Costs nothing when it isn't. */
  settle(mailbox: Mailbox, nowMs: number): void {
    const dueMs = this.#deadlines.nextMs();
    if (dueMs === null || dueMs > nowMs) return;
    for (let signal = mailbox.oldest; signal !== null; ) {
      const after: OpenSignal | null = signal.after;
      if (signal.head.expiresAtMs <= nowMs) {
        this.#expire(signal);
        this.#deadlines.ended();
      }
      signal = after;
    }
  }

  #expire(signal: OpenSignal): void {
    // The moment that was promised, not the one at which the hub came round to it.
    this.#end(signal, "expired", Math.max(signal.head.expiresAtMs, signal.deliveredAtMs ?? 0));
    this.#viewChanged(signal.mailbox, ++this.#position);
  }

  /** Expires all that is open in a mailbox, and has the texts of all it ever held forgotten. @returns how many expired */
  purge(mailbox: Mailbox, nowMs: number): number {
    this.settle(mailbox, nowMs);
    const count = mailbox.open;
    for (let signal = mailbox.oldest; signal !== null; signal = mailbox.oldest) {
      this.#end(signal, "expired", Math.max(nowMs, signal.deliveredAtMs ?? signal.head.acceptedAtMs));
      this.#deadlines.ended();
    }
    this.#purges.push({ address: mailbox.address, through: mailbox.through });
    this.#viewChanged(mailbox, ++this.#position);
    return count;
  }

  #end(signal: OpenSignal, state: "drained" | "expired", endedAtMs: number): void {
    const { head, pushedAtMs, deliveredAtMs, mailbox } = signal;
    this.#moved({ position: head.position, state, pushedAtMs, deliveredAtMs, endedAtMs });
    mailbox.remove(signal, endedAtMs);
    this.#open.delete(head.position);
  }

  nextExpiryMs(): number | null {
    return this.#deadlines.nextMs();
  }

  // ---- read ----

  /** @throws PrismError `signal_unknown` */
  status(tenant: string, id: string, nowMs: number): Reply {
    const position = positionOf(this.#tag, id);
    if (position === 0 || position > this.#position) throw signalUnknown(printable(id));
    const signal = this.#open.get(position);
    if (signal !== undefined) {
      if (this.#registry.byId(signal.head.address)?.tenant !== tenant) throw signalUnknown(printable(id));
      this.settle(signal.mailbox, nowMs);
      if (signal.open) return { kind: "done", outcome: { ok: this.#openStatus(signal) } };
    }
    return {
      kind: "wanting",
      want: { kind: "signals", positions: [position] },
      finish: { verb: "signal_status", tenant, id: printable(id) },
    };
  }

  /**
   * All of it is in the store, what this turn decided included, but for the push of a signal that is not delivered.
   *
   * @throws PrismError `signal_unknown`
   */
  trace(tenant: string, id: string, hubHost: string | null, nowMs: number): Reply {
    const position = positionOf(this.#tag, id);
    if (position === 0 || position > this.#position) throw signalUnknown(printable(id));
    const signal = this.#open.get(position);
    if (signal !== undefined) this.settle(signal.mailbox, nowMs);
    const at = signal === undefined ? undefined : this.#registry.byId(signal.head.address);
    const daemon = at === undefined ? undefined : holderOf(at);
    return {
      kind: "wanting",
      want: { kind: "trace", position },
      finish: {
        ...{ verb: "signal_trace", tenant, id: printable(id), hubHost },
        pushedAtMs: signal?.pushedAtMs ?? null,
        daemonHost: daemon?.host ?? null,
      },
    };
  }

  #openStatus(signal: OpenSignal): ReturnType<typeof statusOf> {
    const state: SignalState = signal.deliveredAtMs === null ? "pending" : "delivered";
    return statusOf(this.#names, signal.head, {
      state,
      deliveredAtMs: signal.deliveredAtMs,
      endedAtMs: null,
    });
  }

  /** @throws PrismError `signal_unknown` */
  history(at: Registered, params: HistoryParams, nowMs: number): Reply {
    this.settle(at.mailbox, nowMs);
    let before = at.mailbox.through + 1;
    if (params.before !== undefined) {
      before = positionOf(this.#tag, params.before);
      if (before === 0 || before > this.#position) throw signalUnknown(printable(params.before));
    }
    return {
      kind: "wanting",
      want: {
        kind: "history",
        address: at.id,
        before,
        signalsMax: params.limit ?? limits.drainSignalsDefault,
        bytesMax: limits.drainBytesMax,
        state: params.state ?? null,
      },
      finish: { verb: "history" },
    };
  }

  /** Forgets what the store is about to be allowed to forget. */
  forget(upkeep: { readonly keysBeforeMs: number; readonly endedBeforeMs: number }): void {
    this.#keys.forgetUntil(upkeep.keysBeforeMs);
    this.#drainKeys.forgetUntil(upkeep.endedBeforeMs);
  }

  // ---- changes ----

  /** How many became delivered since the last call, those drained since included. */
  takeDeliveries(): number {
    const deliveries = this.#deliveries;
    this.#deliveries = 0;
    return deliveries;
  }

  #moved(progress: Progress): void {
    if (progress.state === "delivered") this.#deliveries++;
    this.#progress.set(progress.position, progress);
  }

  #viewChanged(mailbox: Mailbox, revision: number): void {
    mailbox.revision = revision;
    this.#changedMailboxes.add(mailbox);
  }

  get changedMailboxes(): ReadonlySet<Mailbox> {
    return this.#changedMailboxes;
  }

  /** Rings that wait for something else to be written: nobody waits for them. */
  get hasRings(): boolean {
    return this.#rings.size > 0;
  }

  get hasChanges(): boolean {
    return this.#progress.size > 0 || this.#changedMailboxes.size > 0;
  }

  takeChanges(): MailroomChanges {
    const changes = {
      position: this.#position,
      signals: this.#signals,
      progress: [...this.#progress.values()],
      mailboxes: Array.from(this.#changedMailboxes, (mailbox) => mailbox.record()),
      drains: this.#drains,
      purges: this.#purges,
      rings: [...this.#rings.values()],
    };
    this.#signals = [];
    this.#progress = new Map();
    this.#drains = [];
    this.#purges = [];
    if (this.#rings.size > 0) this.#rings = new Map();
    this.#changedMailboxes = new Set();
    return changes;
  }
}

function keyName(tenant: string, from: string | null, key: string): string {
  return `${tenant}\n${from ?? ""}\n${key}`;
}

function drainName(address: number, key: string): string {
  return `${address}\n${key}`;
}
