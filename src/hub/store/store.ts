/**
 * The port between the hub's decisions and a disk. An adapter applies a batch of changes atomically, says so
 * only once they are durable, and finds again what was kept. It decides nothing: it does not know what a
 * lease, a drain's bound or a tenant's right is. Every adapter passes `test/conformance/store.contract.ts`.
 *
 * All calls take a callback, because one adapter answers before the call returns (a file on this host) and
 * another later (a database server). One call is under way at a time: the engine sees to that.
 */
import type { PrismError } from "../../domain/errors.ts";
import type { SessionKind, SignalState } from "../../domain/verbs.ts";

/** What makes an address a persona: known by name, on duty or archived, with or without a token of its own. */
export interface IdentityRecord {
  readonly createdAtMs: number;
  /** Off duty since then until it is restored, or null. */
  readonly archivedAtMs: number | null;
  /** SHA-256 of its token: 64 hex digits in lower case. No two personas have the same. */
  readonly tokenSha256: string | null;
}

/** A persona in a project, as registered. Its mailbox has the same id. */
export interface AddressRecord {
  readonly id: number;
  readonly tenant: string;
  readonly persona: string;
  readonly project: string;
  readonly leaseMs: number;
  /** Written once a minute at most: after a crash it may be that much too old, never too new. */
  readonly lastHeardAtMs: number;
  /** Off duty since then, or null. */
  readonly wrappedAtMs: number | null;
  /** The master agent's session, or null. */
  readonly master: string | null;
  /** Null for an address that was only ever started. */
  readonly identity: IdentityRecord | null;
}

export interface SessionRecord {
  readonly id: string;
  readonly address: number;
  readonly kind: SessionKind;
  readonly surface: string | null;
  readonly host: string | null;
  readonly root: string | null;
  readonly instance: string | null;
  readonly version: string;
  readonly startedAtMs: number;
  readonly lastHeardAtMs: number;
  readonly wrappedAtMs: number | null;
}

/** What of a mailbox can't be counted from its open signals. */
export interface MailboxRecord {
  readonly address: number;
  readonly through: number;
  readonly told: number;
  readonly drains: number;
}

export interface StoredMailbox extends MailboxRecord {
  /** Some signal of it, open or ended, is still kept. */
  readonly holds: boolean;
}

/** A signal as accepted, without its text: none of this ever changes. */
export interface SignalHead {
  readonly position: number;
  readonly address: number;
  /** Position of the signal before it in the same mailbox, or 0: lets a store walk a mailbox backwards. */
  readonly previous: number;
  readonly from: string | null;
  readonly urgent: boolean;
  /** No answer is wanted. */
  readonly final: boolean;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  /** Position of the signal it answers. */
  readonly replyTo: number | null;
  /** Set if it was sent to this one session. */
  readonly session: string | null;
  /** Bytes of the text as it stands in an answer: UTF-8, escaped for JSON. */
  readonly textBytes: number;
  /** W3C Trace Context of its sender; null for nearly all. */
  readonly traceparent: string | null;
}

export interface NewSignal {
  readonly head: SignalHead;
  readonly text: string;
  /** Idempotency key, remembered until `maintain` is told to forget it. */
  readonly key: string | null;
}

/** Where a signal stands; the last one written for a position counts. */
export interface Progress {
  readonly position: number;
  readonly state: Exclude<SignalState, "pending">;
  /** When a view that covers it was first pushed to a daemon; null if none was, or nobody knows any more. */
  readonly pushedAtMs: number | null;
  readonly deliveredAtMs: number | null;
  /** Null while it is only delivered. */
  readonly endedAtMs: number | null;
}

/** A drain that took at least one signal. */
export interface DrainRecord {
  readonly position: number;
  readonly address: number;
  readonly key: string;
  readonly atMs: number;
  readonly signals: readonly number[];
  /** Null if no session drained: somebody at a command line. */
  readonly reader: ReaderRecord | null;
}

/** The session that drained, as it was then: sessions are forgotten sooner than drains. */
export interface ReaderRecord {
  readonly session: string;
  readonly surface: string | null;
  readonly host: string | null;
}

/**
 * A ring that ended at a daemon. One record for all rings that went for the same newest signal: the first one stays,
 * what a later one adds is its number and, if none was taken before, its receipt.
 */
export interface RingRecord {
  readonly address: number;
  /** Position of the newest signal that it rang for. */
  readonly through: number;
  /** When the first of them began, by the hub's clock as its daemon knew it. */
  readonly rungAtMs: number;
  /** When the first that was taken was; null if none was. */
  readonly takenAtMs: number | null;
  /** The way of that one. */
  readonly way: string | null;
  /** How often it rang, the latest included. */
  readonly attempt: number;
  /** The daemon's. */
  readonly host: string | null;
}

/** All texts of a mailbox up to a position are to be forgotten; what became of its signals stays known. */
export interface Purge {
  readonly address: number;
  readonly through: number;
}

/** One batch: all of it becomes durable, or nothing. */
export interface Changes {
  /** Highest position given out so far: signals, drains and expiries count in one sequence. */
  readonly position: number;
  readonly addresses: readonly AddressRecord[];
  readonly sessions: readonly SessionRecord[];
  readonly sessionsRemoved: readonly string[];
  /** Forgotten with their mailboxes, before `addresses` is applied: a new one may have the same name. */
  readonly addressesRemoved: readonly number[];
  readonly signals: readonly NewSignal[];
  readonly progress: readonly Progress[];
  readonly mailboxes: readonly MailboxRecord[];
  readonly drains: readonly DrainRecord[];
  /** Applied after `signals`: one that came with the same batch may be among them. */
  readonly purges: readonly Purge[];
  readonly rings: readonly RingRecord[];
}

/** A signal as it is kept: head, text and where it stands. */
export interface StoredSignal extends SignalHead {
  /** Empty if it was purged: no text that was ever accepted is. */
  readonly text: string;
  readonly state: SignalState;
  readonly pushedAtMs: number | null;
  readonly deliveredAtMs: number | null;
  readonly endedAtMs: number | null;
}

export interface OpenSignalRecord {
  readonly head: SignalHead;
  readonly pushedAtMs: number | null;
  readonly deliveredAtMs: number | null;
}

export interface KeyRecord {
  readonly tenant: string;
  readonly from: string | null;
  readonly key: string;
  readonly position: number;
  readonly atMs: number;
}

/** Who signalled whom lately: all that tells whether two addresses answer each other without end. */
export interface RecentSignal {
  readonly address: number;
  readonly from: string | null;
  readonly acceptedAtMs: number;
}

export type DrainKeyRecord = Omit<DrainRecord, "signals" | "reader">;

/** Everything the core needs to go on where the last one stopped. All lists are oldest first. */
export interface Snapshot {
  /** Made once with the store: 8 or more characters of a-z and 0-9. */
  readonly hubId: string;
  readonly position: number;
  readonly addresses: readonly AddressRecord[];
  readonly sessions: readonly SessionRecord[];
  readonly mailboxes: readonly StoredMailbox[];
  /** Signals neither drained nor expired. */
  readonly open: readonly OpenSignalRecord[];
  /** The newest `bounds.recentSignalsMax`, whatever became of them, as far as they are kept. */
  readonly recent: readonly RecentSignal[];
  readonly keys: readonly KeyRecord[];
  readonly drains: readonly DrainKeyRecord[];
}

/** What a reply needs from the store. */
export type Want =
  /** Those of the positions that are still kept, in the order asked. */
  | { readonly kind: "signals"; readonly positions: readonly number[] }
  /** The signals of a drain that are still kept, oldest first. */
  | { readonly kind: "drain"; readonly position: number }
  /** One signal that is still kept, with what is known of its way. */
  | { readonly kind: "trace"; readonly position: number }
  /** A mailbox backwards from `before`, exclusive. */
  | {
      readonly kind: "history";
      readonly address: number;
      readonly before: number;
      readonly signalsMax: number;
      readonly bytesMax: number;
      readonly state: SignalState | null;
    };

export interface Found {
  readonly signals: readonly StoredSignal[];
  /** History only: where to read on (the next call's `before`), or null at the end. */
  readonly next: number | null;
  /** Trace only. */
  readonly way?: StoredWay;
}

export interface StoredWay {
  /** Of its mailbox, those for it or a later signal, by `through`; a bounded number of them. */
  readonly rings: readonly RingRecord[];
  /** Who drained it; null if nobody has, no session did, or it was not found in bounded time. */
  readonly reader: ReaderRecord | null;
}

/** One bounded step of forgetting. */
export interface Upkeep {
  /** Signals that ended at or before this, and drains and rings made at or before this, may go. */
  readonly endedBeforeMs: number;
  /** Keys of signals accepted at or before this may go; a signal stays as long as its key. */
  readonly keysBeforeMs: number;
  /** The most rows to look at in this step. */
  readonly rowsMax: number;
}

/** `error` null means success. Called once, before or after the call returns. */
export type Done<T> = (error: PrismError | null, value: T) => void;

/** Errors are `storage_full`, `storage_failed` or `permission_denied`; none loses what was kept before. */
export interface Store {
  /** Null on an error. The first call answers before it returns: an adapter that must wait reads ahead. */
  load(done: Done<Snapshot | null>): void;
  /** Durable when `done` hears no error; on an error nothing of it was kept. */
  commit(changes: Changes, done: Done<void>): void;
  /** Answers in the order of `wants`; sees every commit that was done before. */
  read(wants: readonly Want[], done: Done<readonly Found[]>): void;
  /** `value` is true if there is more to forget now. */
  maintain(upkeep: Upkeep, done: Done<boolean>): void;
  /** One round through the store that changes nothing. */
  check(done: Done<void>): void;
  close(done: Done<void>): void;
}
