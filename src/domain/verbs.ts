/**
 * The verbs of the hub: one table of names, parameters and answers. CLI, HTTP, MCP and the hub's socket
 * all speak these words; none defines a parameter of its own. All times are epoch milliseconds by the
 * hub's clock. Source: the contract's verbs and invariants 2, 4 and 8.
 */
import { limits } from "./limits.ts";
import { flag, type Infer, type JsonSchema, maybe, object, oneOf, type Shape, text, whole } from "./shape.ts";
import type { TraceStep } from "./trace.ts";
import { TRACEPARENT_CHARS_MAX } from "./traceparent.ts";

export const SESSION_KINDS = ["agent", "daemon"] as const;
export type SessionKind = (typeof SESSION_KINDS)[number];

export const SIGNAL_STATES = ["pending", "delivered", "drained", "expired"] as const;
export type SignalState = (typeof SIGNAL_STATES)[number];

export const URGENCIES = ["normal", "urgent"] as const;
export type Urgency = (typeof URGENCIES)[number];

export const LIVENESS = ["alive", "stale", "wrapped"] as const;
export type Liveness = (typeof LIVENESS)[number];

/** The newest version of everything on the hub's socket and HTTP that this build speaks, and the oldest. */
export const HUB_PROTOCOL: number = 1;
export const HUB_PROTOCOL_MIN: number = 1;
/**
 * Subprotocol of the hub's socket (RFC 6455 section 1.9): of every version, so that two which have none in common can
 * still tell each other.
 */
export const HUB_SUBPROTOCOL = "prism.v1";

const name = (about: string) => text({ bytesMax: limits.nameCharsMax, about });
const key = (about: string) => text({ bytesMax: limits.keyBytesMax, about });
const persona = name("the persona's name, as in reviewer");
const project = name("the project's name, as in shop");
const signalId = key("a signal's id");
const session = key("a session's id");
const lease = whole({
  min: 1000,
  max: 365 * 24 * 3_600_000,
  about: "how long the address stays on duty unheard",
});
const address = (about: string) => text({ bytesMax: 2 * limits.nameCharsMax + 1, about });

export const startParams = object({
  kind: oneOf(SESSION_KINDS, "agent: a live agent; daemon: its watchman"),
  persona,
  project,
  surface: maybe(name("where the agent lives, as in tmux")),
  host: maybe(name("the host's name")),
  /** The folder on that host, so that two of one name can be told apart. */
  root: maybe(text({ bytesMax: 4096, about: "the project's folder on its host" })),
  /** Stable over a daemon's restarts: it tells a daemon that comes back from a second one. */
  instance: maybe(key("the caller's own id, stable over restarts")),
  session: maybe(session),
  /** Highest position the daemon has acknowledged: what came after is news to it. */
  position: maybe(whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "the last acknowledged position" })),
  leaseMs: maybe(lease),
  protocol: whole({ min: 1, max: 1000, about: "the newest protocol version the caller speaks" }),
  protocolMin: maybe(
    whole({
      min: 1,
      max: 1000,
      about: "the oldest version the caller speaks; absent: the newest is the only",
    }),
  ),
  version: text({ bytesMax: 64, about: "the caller's version" }),
});

export const signalParams = object({
  to: address("whom to signal: PERSONA@PROJECT, as in reviewer@shop; or session:ID for one live session"),
  text: text({ bytesMax: limits.signalTextBytesMax, about: "what to tell them, complete in itself" }),
  from: maybe(address("who sends: PERSONA@PROJECT")),
  urgency: maybe(oneOf(URGENCIES, "urgent only if it cannot wait for their next turn")),
  ttlMs: maybe(
    whole({
      min: limits.signalTtlMsMin,
      max: limits.signalTtlMsMax,
      about: "milliseconds until it expires undrained",
    }),
  ),
  replyTo: maybe(key("the id of the signal that this one answers")),
  /** Absent means false: who was built before it never ended a matter. */
  final: maybe(flag("true if no answer is wanted: it ends the matter, and nobody can reply to it")),
  key: maybe(key("idempotency key: the same key and content again gives the same signal")),
  traceparent: maybe(text({ bytesMax: TRACEPARENT_CHARS_MAX, about: "W3C Trace Context of the sender" })),
});

export const signalStatusParams = object({ id: signalId });

export const drainParams = object({
  persona,
  project,
  session: maybe(session),
  limit: maybe(whole({ min: 1, max: limits.drainSignalsMax, about: "the most signals to take" })),
  bytesMax: maybe(whole({ min: 1, max: limits.drainBytesMax, about: "the most bytes of text to take" })),
  key: maybe(key("names this drain: asked again with the same key it gives the same signals")),
});

export const historyParams = object({
  persona,
  project,
  limit: maybe(whole({ min: 1, max: limits.historySignalsMax, about: "the most signals to read" })),
  before: maybe(signalId),
  state: maybe(oneOf(SIGNAL_STATES, "only signals in this state")),
});

export const statusParams = object({ persona: maybe(persona), project: maybe(project) });

export const wrapParams = object({
  session: maybe(session),
  persona: maybe(persona),
  project: maybe(project),
});

/** From a daemon only: all signals up to `through` have reached it. */
export const acknowledgeParams = object({
  through: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "the highest position received" }),
});

/** From a daemon only: one ring has come to its end. Times are by the hub's clock, as far as the daemon knows it. */
export const rungParams = object({
  through: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "the highest position that it rang for" }),
  attempt: whole({ min: 1, max: 1_000_000, about: "which ring of this doorbell" }),
  rungAtMs: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "when the ring began" }),
  takenAtMs: maybe(
    whole({
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      about: "when the agent's side took it; absent: it did not",
    }),
  ),
  way: maybe(text({ bytesMax: 64, about: "the way it was taken by" })),
});

export const PERSONA_STATES = ["active", "archived"] as const;
export type PersonaState = (typeof PERSONA_STATES)[number];

const identity = { persona, project };

/** The client makes the token and keeps it; the hub hears its hash alone. */
export const personaCreateParams = object({
  ...identity,
  tokenSha256: text({ bytesMin: 64, bytesMax: 64, about: "SHA-256 of its token: 64 hex digits" }),
  leaseMs: maybe(lease),
});
export const personaArchiveParams = object(identity);
export const personaRestoreParams = object(identity);
export const personaDestroyParams = object({
  ...identity,
  purge: maybe(flag("true to forget its signals as well: those that wait expire now, kept texts go")),
});
/** One of them, or those of a persona or a project; absent: all, as far as one answer holds them. */
export const personaListParams = object({ persona: maybe(persona), project: maybe(project) });

export type StartParams = Infer<typeof startParams>;
export type SignalParams = Infer<typeof signalParams>;
export type SignalStatusParams = Infer<typeof signalStatusParams>;
export type DrainParams = Infer<typeof drainParams>;
export type HistoryParams = Infer<typeof historyParams>;
export type StatusParams = Infer<typeof statusParams>;
export type WrapParams = Infer<typeof wrapParams>;
export type AcknowledgeParams = Infer<typeof acknowledgeParams>;
export type RungParams = Infer<typeof rungParams>;
export type PersonaCreateParams = Infer<typeof personaCreateParams>;
export type PersonaArchiveParams = Infer<typeof personaArchiveParams>;
export type PersonaRestoreParams = Infer<typeof personaRestoreParams>;
export type PersonaDestroyParams = Infer<typeof personaDestroyParams>;
export type PersonaListParams = Infer<typeof personaListParams>;

/**
 * What waits for one address: the hub's whole truth about it, level-triggered. Each push replaces the one
 * before it, so a lost, repeated or late push does no harm; `revision` orders them.
 */
export interface MailboxView {
  /** Grows with every change of this view; a lower one is old news. Durable: it never goes back. */
  readonly revision: number;
  /** Position of the newest signal ever accepted for this address; 0 if none. */
  readonly through: number;
  /** Signals neither drained nor expired. */
  readonly open: number;
  readonly urgent: number;
  /** Position up to which a drain has handed over signals or told the drainer that they wait. */
  readonly told: number;
  /** How many drains have taken at least one signal. */
  readonly drains: number;
  /** When the oldest and the newest open signal were accepted; null if none is open. */
  readonly oldestAtMs: number | null;
  readonly newestAtMs: number | null;
  /** Senders of open signals, most first; at most `limits.mailboxSendersMax`. */
  readonly senders: readonly SenderCount[];
  /** Open signals of senders not named in `senders`. */
  readonly othersOpen: number;
}

export interface SenderCount {
  /** The sender's address, or "" for a sender without one. */
  readonly from: string;
  readonly count: number;
}

export interface StartAnswer {
  readonly session: string;
  /** One live agent session per address is the master; never a daemon. */
  readonly master: boolean;
  readonly tenant: string;
  readonly address: string;
  readonly leaseMs: number;
  readonly hub: HubIdentity;
  /** The hub's clock at the answer: lets the caller correct for the difference. */
  readonly nowMs: number;
  readonly mailbox: MailboxView;
}

export interface HubIdentity {
  /** Made once with the store: another id means another store. */
  readonly id: string;
  readonly version: string;
  readonly protocol: number;
  /** Absent: the newest is the only. */
  readonly protocolMin?: number;
}

export interface SignalAnswer {
  readonly id: string;
  readonly to: string;
  readonly state: SignalState;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  /** True if an earlier signal of the same key was meant, and nothing was added. */
  readonly duplicate: boolean;
}

/** A signal without its text: what may be shown where nobody drained. */
export interface SignalStatusAnswer {
  readonly id: string;
  readonly to: string;
  readonly from: string | null;
  readonly urgency: Urgency;
  readonly state: SignalState;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  readonly deliveredAtMs: number | null;
  readonly drainedAtMs: number | null;
  readonly expiredAtMs: number | null;
  readonly replyTo: string | null;
  /** No answer is wanted: a reply to it is refused. */
  readonly final: boolean;
  /** W3C Trace Context, if its sender gave one. */
  readonly traceparent?: string;
}

/** A signal's way in time. */
export interface SignalTrace {
  readonly signal: SignalStatusAnswer;
  /** In the order in which they happened, as far as the two clocks allow. */
  readonly steps: readonly TraceStep[];
  /** W3C Trace Context, as its sender gave it; null without. */
  readonly traceparent: string | null;
}

export interface SignalRecord extends SignalStatusAnswer {
  readonly text: string;
}

export interface DrainAnswer {
  /** Oldest first. */
  readonly signals: readonly SignalRecord[];
  /** Name of this drain: ask again with it if the answer got lost. */
  readonly key: string;
  /** Open signals that this reader may still take; one for another live session is not among them. */
  readonly remaining: number;
  /** Open signals that wait for another live session alone; this reader can't take them. */
  readonly elsewhere: number;
  /** True if this drain was asked before and is answered again from history. */
  readonly repeated: boolean;
}

export interface HistoryAnswer {
  /** Newest first. */
  readonly signals: readonly SignalRecord[];
  /** Pass as `before` to read on, or null at the end. */
  readonly next: string | null;
}

export interface SessionReport {
  readonly session: string;
  readonly kind: SessionKind;
  readonly address: string;
  readonly surface: string | null;
  readonly host: string | null;
  readonly root: string | null;
  readonly version: string;
  readonly liveness: Liveness;
  /** True while it holds a socket to this hub. */
  readonly connected: boolean;
  readonly master: boolean;
  readonly startedAtMs: number;
  readonly lastHeardAtMs: number;
}

export interface WaitingReport {
  readonly to: string;
  readonly open: number;
  readonly urgent: number;
  readonly pending: number;
  readonly delivered: number;
  readonly oldestAtMs: number | null;
  readonly senders: readonly SenderCount[];
}

/** Two addresses that answered each other too often: the next answer of either is refused for a while. */
export interface LoopReport {
  /** In alphabetical order; the same twice for one that signals itself. */
  readonly between: readonly [string, string];
  /** Answers that they gave each other in a row. */
  readonly answers: number;
  /** When the first of them was refused. */
  readonly stoppedAtMs: number;
  /** When the next answer is taken, if both stay silent until then. */
  readonly opensAtMs: number;
}

export interface StatusAnswer {
  readonly hub: HubIdentity & { readonly nowMs: number; readonly startedAtMs: number };
  readonly tenant: string;
  /** Agents apart from daemons (invariant 2). */
  readonly agents: readonly SessionReport[];
  readonly daemons: readonly SessionReport[];
  readonly waiting: readonly WaitingReport[];
  /** Pairs whose answers to each other are refused now; absent if there are none. */
  readonly loops?: readonly LoopReport[];
  /** Personas that are off duty until they are restored; absent if there are none. */
  readonly archived?: readonly ArchivedReport[];
  /** How many more there are, if one answer could not hold all: ask by persona or project. */
  readonly omitted?: {
    readonly agents: number;
    readonly daemons: number;
    readonly waiting: number;
    /** Absent if all are listed. */
    readonly loops?: number;
    /** Absent if all are listed. */
    readonly archived?: number;
  };
}

export interface ArchivedReport {
  readonly address: string;
  readonly archivedAtMs: number;
  /** Signals that wait for its return. */
  readonly open: number;
}

export interface WrapAnswer {
  readonly wrapped: readonly string[];
}

export interface PersonaCreateAnswer {
  readonly address: string;
  readonly tenant: string;
  /** False if it was there before: then only what was asked differently has changed. */
  readonly isNew: boolean;
  readonly state: PersonaState;
}

export interface PersonaArchiveAnswer {
  readonly address: string;
  /** Sessions that ended by it. */
  readonly wrapped: readonly string[];
}

export interface PersonaRestoreAnswer {
  readonly address: string;
  /** Open signals that waited for it. */
  readonly waiting: number;
}

export interface PersonaDestroyAnswer {
  readonly address: string;
  /** False if there was no such persona (any more). */
  readonly existed: boolean;
  /** Signals that waited and expired by it; 0 without `purge`. */
  readonly expired: number;
}

/** Whether a daemon stands watch for it: with a socket, without one just now, or nobody at all. */
export type DaemonPresence = "connected" | "away" | "none";

export interface PersonaReport {
  readonly address: string;
  readonly persona: string;
  readonly project: string;
  readonly state: PersonaState;
  /** Since when the hub knows it as a persona. */
  readonly createdAtMs: number;
  readonly archivedAtMs: number | null;
  /** False for one that was archived without ever having been created: it has no token of its own. */
  readonly hasToken: boolean;
  readonly leaseMs: number;
  readonly lastHeardAtMs: number;
  readonly daemon: DaemonPresence;
  readonly open: number;
}

export interface PersonaListAnswer {
  /** By address, in alphabetical order. */
  readonly personas: readonly PersonaReport[];
  /** How many more there are, if one answer could not hold all. */
  readonly omitted?: number;
}

interface Verb<P> {
  readonly params: Shape<P>;
  /** Verbs that change nothing may be asked again after any failure (invariant 11). */
  readonly readOnly: boolean;
}

/** A daemon's words on its socket: no other edge knows them, and they have no answer. */
export const DAEMON_VERBS = ["acknowledge", "rung"] as const;
export type DaemonVerb = (typeof DAEMON_VERBS)[number];

export function isDaemonVerb(name: string): name is DaemonVerb {
  return (DAEMON_VERBS as readonly string[]).includes(name);
}

/** Every verb of the hub. */
export const VERBS = {
  start: { params: startParams, readOnly: false },
  signal: { params: signalParams, readOnly: false },
  signal_status: { params: signalStatusParams, readOnly: true },
  signal_trace: { params: signalStatusParams, readOnly: true },
  drain: { params: drainParams, readOnly: false },
  history: { params: historyParams, readOnly: true },
  status: { params: statusParams, readOnly: true },
  wrap: { params: wrapParams, readOnly: false },
  acknowledge: { params: acknowledgeParams, readOnly: false },
  rung: { params: rungParams, readOnly: false },
  persona_create: { params: personaCreateParams, readOnly: false },
  persona_archive: { params: personaArchiveParams, readOnly: false },
  persona_restore: { params: personaRestoreParams, readOnly: false },
  persona_destroy: { params: personaDestroyParams, readOnly: false },
  persona_list: { params: personaListParams, readOnly: true },
} as const satisfies { readonly [verb: string]: Verb<unknown> };

export type VerbName = keyof typeof VERBS;
export type VerbParams<V extends VerbName> = Infer<(typeof VERBS)[V]["params"]>;

export interface VerbAnswers {
  readonly start: StartAnswer;
  readonly signal: SignalAnswer;
  readonly signal_status: SignalStatusAnswer;
  readonly signal_trace: SignalTrace;
  readonly drain: DrainAnswer;
  readonly history: HistoryAnswer;
  readonly status: StatusAnswer;
  readonly wrap: WrapAnswer;
  readonly acknowledge: Record<string, never>;
  readonly rung: Record<string, never>;
  readonly persona_create: PersonaCreateAnswer;
  readonly persona_archive: PersonaArchiveAnswer;
  readonly persona_restore: PersonaRestoreAnswer;
  readonly persona_destroy: PersonaDestroyAnswer;
  readonly persona_list: PersonaListAnswer;
}

/** What the hub says unasked to a session that has started, as JSON-RPC notifications. */
export interface HubPushes {
  /** To a daemon: its mailbox changed. */
  readonly mailbox: MailboxView;
  /** The session was ended by somebody else; it must not come back on its own. `why`: with its persona. */
  readonly wrapped: { readonly session: string; readonly why?: "archived" | "destroyed" };
  /** The hub is going down in order; reconnect on the usual schedule. */
  readonly closing: { readonly reason: string };
}

export function schemaOf(verb: VerbName): JsonSchema {
  return VERBS[verb].params.schema;
}
