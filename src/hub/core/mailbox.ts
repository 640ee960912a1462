/**
 * One address's open signals in the order of their positions, and the view of them that a daemon is told.
 * A linked list: signals join at the end, and leave from anywhere (a drain, an expiry) at the same cost.
 * Counts are kept as signals come and go, so that a view never counts anew.
 */
import { limits } from "../../domain/limits.ts";
import type { MailboxView, SenderCount } from "../../domain/verbs.ts";
import type { MailboxRecord, OpenSignalRecord, SignalHead } from "../store/store.ts";

/** How far an open signal has come. */
type Kept = Pick<OpenSignalRecord, "pushedAtMs" | "deliveredAtMs">;

export const NEW: Kept = { pushedAtMs: null, deliveredAtMs: null };

export class OpenSignal {
  readonly head: SignalHead;
  readonly mailbox: Mailbox;
  /** When a view that covers it was first pushed to a daemon. */
  pushedAtMs: number | null;
  deliveredAtMs: number | null;
  /** False once drained or expired: the queue of deadlines may still hold it. */
  open = true;
  before: OpenSignal | null = null;
  after: OpenSignal | null = null;

  constructor(head: SignalHead, mailbox: Mailbox, kept: Kept) {
    this.head = head;
    this.mailbox = mailbox;
    this.pushedAtMs = kept.pushedAtMs;
    this.deliveredAtMs = kept.deliveredAtMs;
  }
}

export class Mailbox {
  readonly address: number;
  /** Position of the last change of the view: all positions are one durable sequence, so it never goes back. */
  revision: number;
  through: number;
  told: number;
  drains: number;
  /** When its last signal ended; null if none is kept any more, or never was one. */
  endedAtMs: number | null = null;
  oldest: OpenSignal | null = null;
  newest: OpenSignal | null = null;
  /** The oldest signal that is not delivered: where the next acknowledgement begins. */
  #firstPending: OpenSignal | null = null;
  /** The oldest signal that no view has told of: where the next push begins. */
  #firstUntold: OpenSignal | null = null;
  #open = 0;
  #urgent = 0;
  #delivered = 0;
  #forSessions = 0;
  readonly #senders = new Map<string, number>();

  constructor(record: MailboxRecord, revision: number) {
    this.address = record.address;
    this.through = record.through;
    this.told = record.told;
    this.drains = record.drains;
    this.revision = revision;
  }

  get open(): number {
    return this.#open;
  }

  get urgent(): number {
    return this.#urgent;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Open signals that were sent to one session, and so are not for everybody. */
  get forSessions(): number {
    return this.#forSessions;
  }

  append(head: SignalHead, kept: Kept): OpenSignal {
    const signal = new OpenSignal(head, this, kept);
    signal.before = this.newest;
    if (this.newest === null) this.oldest = signal;
    else this.newest.after = signal;
    this.newest = signal;
    this.#open++;
    if (head.urgent) this.#urgent++;
    if (head.session !== null) this.#forSessions++;
    if (kept.deliveredAtMs !== null) this.#delivered++;
    else {
      this.#firstPending ??= signal;
      this.#firstUntold ??= signal;
    }
    const from = head.from ?? "";
    this.#senders.set(from, (this.#senders.get(from) ?? 0) + 1);
    if (head.position > this.through) this.through = head.position;
    return signal;
  }

  remove(signal: OpenSignal, endedAtMs: number): void {
    this.endedAtMs = Math.max(endedAtMs, this.endedAtMs ?? 0);
    if (signal === this.#firstPending) this.#firstPending = pendingFrom(signal.after);
    if (signal === this.#firstUntold) this.#firstUntold = signal.after;
    if (signal.before === null) this.oldest = signal.after;
    else signal.before.after = signal.after;
    if (signal.after === null) this.newest = signal.before;
    else signal.after.before = signal.before;
    signal.before = null;
    signal.after = null;
    signal.open = false;
    this.#open--;
    if (signal.head.urgent) this.#urgent--;
    if (signal.head.session !== null) this.#forSessions--;
    if (signal.deliveredAtMs !== null) this.#delivered--;
    const from = signal.head.from ?? "";
    const left = (this.#senders.get(from) ?? 1) - 1;
    if (left === 0) this.#senders.delete(from);
    else this.#senders.set(from, left);
  }

  /** A view of all up to `through` went to a daemon: of each signal the first such push counts. */
  pushed(through: number, atMs: number): void {
    let signal = this.#firstUntold;
    for (; signal !== null && signal.head.position <= through; signal = signal.after)
      if (signal.deliveredAtMs === null) signal.pushedAtMs ??= Math.max(atMs, signal.head.acceptedAtMs);
    this.#firstUntold = signal;
  }

  /** Marks what is pending up to `through` as delivered; returns it, oldest first. */
  deliver(through: number, atMs: number): OpenSignal[] {
    const delivered: OpenSignal[] = [];
    let signal = this.#firstPending;
    while (signal !== null && signal.head.position <= through) {
      if (signal.deliveredAtMs === null) {
        // Never before its acceptance, even if the host's clock was set back in between.
        signal.deliveredAtMs = Math.max(atMs, signal.head.acceptedAtMs);
        this.#delivered++;
        delivered.push(signal);
      }
      signal = signal.after;
    }
    this.#firstPending = pendingFrom(signal);
    return delivered;
  }

  view(): MailboxView {
    const senders = this.topSenders();
    return {
      revision: this.revision,
      through: this.through,
      open: this.#open,
      urgent: this.#urgent,
      told: this.told,
      drains: this.drains,
      oldestAtMs: this.oldest === null ? null : this.oldest.head.acceptedAtMs,
      newestAtMs: this.newest === null ? null : this.newest.head.acceptedAtMs,
      senders,
      othersOpen: this.#open - senders.reduce((sum, sender) => sum + sender.count, 0),
    };
  }

  /** Most first, names in order where counts are equal, so that the same mailbox always reads the same. */
  topSenders(): SenderCount[] {
    const top: SenderCount[] = [];
    for (const [from, count] of this.#senders) {
      let at = top.length;
      while (at > 0 && comesBefore(from, count, top[at - 1])) at--;
      if (at === limits.mailboxSendersMax) continue;
      top.splice(at, 0, { from, count });
      if (top.length > limits.mailboxSendersMax) top.pop();
    }
    return top;
  }

  record(): MailboxRecord {
    return { address: this.address, through: this.through, told: this.told, drains: this.drains };
  }
}

function pendingFrom(start: OpenSignal | null): OpenSignal | null {
  let signal = start;
  while (signal !== null && signal.deliveredAtMs !== null) signal = signal.after;
  return signal;
}

function comesBefore(from: string, count: number, other: SenderCount | undefined): boolean {
  if (other === undefined) return false;
  return count > other.count || (count === other.count && from < other.from);
}
