/**
 * The local control plane, as both ends speak it: JSON-RPC 2.0, one message a line, over a Unix socket or a
 * named pipe. Names the methods, their parameters and answers, the version handshake and the framing.
 * Knows no socket, path, clock or process; `net/ipc-server.ts` and `net/ipc-client.ts` carry it.
 *
 *   client                                daemon
 *   hello {protocol, version, role} ---->
 *                                   <---- {protocol, version, tenant, persona, project}
 *   attach {name, pid, session}     ---->
 *                                   <---- {standing: Doorbell or null}
 *                                   <---- doorbell {...}      a notification, at every ring
 */
import { printable } from "./domain/address.ts";
import type { Doorbell } from "./domain/doorbell.ts";
import { type ErrorClass, type ErrorReport, PrismError } from "./domain/errors.ts";
import { limits } from "./domain/limits.ts";
import { agreedProtocol, spoken } from "./domain/protocol.ts";
import { flag, type Infer, maybe, nearest, object, oneOf, type Shape, text, whole } from "./domain/shape.ts";
import type { SenderCount } from "./domain/verbs.ts";
import { type HookAnswer, hookParams } from "./ipc/hook.ts";
import { PAGE_FORMS } from "./metrics/exposition.ts";
import type { RingOutcome, SurfaceReport } from "./surfaces/surface.ts";

export { createLineReader, type LineEvent } from "./ipc/lines.ts";

/** The newest version of this protocol that this build speaks, and the oldest. */
export const IPC_PROTOCOL: number = 1;
export const IPC_PROTOCOL_MIN: number = 1;

export const LIFECYCLE_STATES = ["disconnected", "reconciling", "connected", "emitting"] as const;
export type LifecycleName = (typeof LIFECYCLE_STATES)[number];

export const helloParams = object({
  protocol: whole({ min: 1, max: 1000, about: "the newest protocol version the caller speaks" }),
  protocolMin: maybe(
    whole({
      min: 1,
      max: 1000,
      about: "the oldest version the caller speaks; absent: the newest is the only",
    }),
  ),
  version: text({ bytesMax: 64, about: "the caller's version" }),
  role: text({ bytesMax: 32, about: "what the caller is, as in cli or shim: for status and log alone" }),
});

export const attachParams = object({
  name: text({ bytesMax: limits.nameCharsMax, about: "who attaches, as in claude-code" }),
  pid: whole({ min: 0, max: 0xffff_ffff, about: "its process id" }),
  session: maybe(text({ bytesMax: limits.keyBytesMax, about: "its session's id at the hub" })),
  isChannel: maybe(flag("it hands words to the agent's session by itself, when told to")),
});

export const shutdownParams = object({
  reason: maybe(text({ bytesMax: 200, about: "why, for the log" })),
});

export const metricsParams = object({
  form: maybe(oneOf(PAGE_FORMS, "how the page is written; absent: text")),
});

const nothing = object({});

/** Every method of a daemon, with what it takes. */
export const IPC_METHODS = {
  /** Must come first, once per connection. */
  hello: { params: helloParams },
  /** What the daemon knows of itself. Changes nothing (invariant 11). */
  status: { params: nothing },
  /** The page of its 24 series. Changes nothing. An HTTP `GET /metrics` on the same socket reads the same. */
  metrics: { params: metricsParams },
  /** Rings the surface now, for what is open. Moot when nothing is (invariant 6). */
  notify_surface: { params: nothing },
  /** Starts or resumes the agent on its surface, where the surface can. */
  resume_surface: { params: nothing },
  /** Ends the daemon in order; the answer comes before the end. */
  shutdown: { params: shutdownParams },
  /** A shim says who it is, and hears doorbells from then on. */
  attach: { params: attachParams },
  /** Who asks hears what happens here, as it happens, until the connection ends. Changes nothing. */
  watch: { params: nothing },
  /** It hears none from then on; the end of the connection does the same. */
  detach: { params: nothing },
  /** A hook of the agent's client says what happened, and hears what to hand to the agent. */
  hook: { params: hookParams },
} as const satisfies { readonly [method: string]: { readonly params: Shape<unknown> } };

export type IpcMethod = keyof typeof IPC_METHODS;
export type IpcParams<M extends IpcMethod> = Infer<(typeof IPC_METHODS)[M]["params"]>;
export type HelloParams = IpcParams<"hello">;
export type AttachParams = IpcParams<"attach">;

/** Whose daemon answers. */
export interface DaemonIdentity {
  readonly version: string;
  readonly tenant: string;
  readonly persona: string;
  readonly project: string;
}

export interface HelloAnswer extends DaemonIdentity {
  /** The version that both sides speak from here on. */
  readonly protocol: number;
}

/** What came of `notify_surface` and `resume_surface`. */
export type RingAnswer =
  | RingOutcome
  /** Nothing was rung because there is nothing to ring for: `reason` says so in one sentence. */
  | { readonly kind: "moot"; readonly reason: string };

export interface AttachAnswer {
  /** The doorbell that stands unanswered, if one does: who attaches late has missed nothing. */
  readonly standing: Doorbell | null;
}

export interface AttachedClient {
  readonly name: string;
  readonly role: string;
  readonly pid: number;
  readonly session: string | null;
  /** It hands words to the agent's session by itself. */
  readonly isChannel?: true;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
}

/** A live session of the agent's client, as its hooks made it known. */
export interface AgentReport {
  readonly client: string;
  readonly session: string;
  readonly state: "idle" | "busy";
  readonly stateSinceMs: number;
  readonly heardAtMs: number;
}

/** How installing and activating what a project needs went, at this life's attach. */
export interface AttachStatus {
  /** `skipped`: all of it was done before, and nothing has changed since. */
  readonly state: "running" | "done" | "failed" | "skipped";
  /** The step that runs, or was the last to: 0 before the first. */
  readonly step: number;
  readonly steps: number;
  /** What it does or did; why it failed. One sentence, without secrets. */
  readonly detail: string;
  /** Since when it has been in this state. */
  readonly sinceMs: number;
  /** The file that holds what the commands said; null if none was run. */
  readonly log: string | null;
}

/** Everything a daemon says of itself. All times are epoch milliseconds by this host's clock. */
export interface DaemonStatus extends DaemonIdentity {
  readonly host: string;
  /** The project's folder. */
  readonly root: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly lifecycle: { readonly state: LifecycleName; readonly sinceMs: number };
  readonly surface: {
    readonly name: string;
    readonly resumable: boolean;
    /** How its ways to ring and to resume stand; null for a surface that has but one way. */
    readonly report: SurfaceReport | null;
  };
  /** Null where nothing of the kind is configured. */
  readonly attach: AttachStatus | null;
  /** Live sessions of the agent on this host, the one heard from last first. */
  readonly agents: readonly AgentReport[];
  /** The daemon's session at the hub, or null before the first registration. */
  readonly session: string | null;
  readonly hub: {
    readonly url: string;
    readonly connected: boolean;
    /** Why there is no connection; null while there is one, and before the first attempt. */
    readonly lastError: ErrorReport | null;
    /** When the next attempt is due; null while connected or connecting. */
    readonly retryAtMs: number | null;
  };
  /** What the daemon knows of its mailbox. */
  readonly position: {
    /** Highest position acknowledged to the hub. */
    readonly through: number;
    readonly open: number;
    readonly urgent: number;
    // Absent, here and below: a daemon of an older build does not tell.
    readonly oldestAtMs?: number | null;
    /** Whose signals wait, most first; what is beyond the bound is left out. */
    readonly senders?: readonly SenderCount[];
  };
  /** Drains heard of in this life, and when the last was. */
  readonly drains?: { readonly count: number; readonly lastAtMs: number | null };
  readonly doorbell: {
    /** True while a ring is owed or unanswered. */
    readonly standing: boolean;
    /** Rings made for the standing doorbell. */
    readonly attempts: number;
    /** One of them has not come to its end yet. */
    readonly underWay: boolean;
    /** When the agent's side last took a ring: the receipt. */
    readonly lastRungAtMs: number | null;
    /** How long that took, from the hub's acceptance; null if it was not for news. */
    readonly lastLatencyMs?: number | null;
    /** When a ring last came to its end, taken or not. */
    readonly lastRingAtMs?: number | null;
    /** The way by which it was taken. */
    readonly lastPath: string | null;
    readonly lastOutcome: "taken" | "failed" | null;
    /** Why the last ring failed. */
    readonly lastReason: string | null;
    /** Null while one is under way, and when it has rung as often as it may: until something new happens. */
    readonly nextRingAtMs: number | null;
  };
  readonly counters: {
    readonly reconnects: number;
    readonly doorbells: {
      readonly rung: number;
      readonly coalesced: number;
      readonly suppressed: number;
      readonly failed: number;
    };
    readonly errors: { readonly [C in ErrorClass]: number };
  };
  readonly attached: readonly AttachedClient[];
}

export interface IpcAnswers {
  readonly hello: HelloAnswer;
  readonly status: DaemonStatus;
  readonly metrics: { readonly page: string };
  readonly notify_surface: RingAnswer;
  readonly resume_surface: RingAnswer;
  readonly shutdown: { readonly stopping: true };
  readonly attach: AttachAnswer;
  readonly watch: Record<string, never>;
  readonly detach: Record<string, never>;
  readonly hook: HookAnswer;
}

/**
 * What a daemon says unasked to who is attached, as JSON-RPC notifications. Level-triggered: each doorbell
 * replaces the one before it, and one with `open` 0 says that nothing waits any more.
 */
export interface IpcPushes {
  readonly doorbell: Doorbell;
  /** To channels alone: words to be handed to the agent's session now. */
  readonly channel: { readonly words: string };
  /** To who watches: one thing that happened. One who reads too slowly misses the oldest of what waits for it. */
  readonly happening: DaemonHappening;
}

/** As a daemon tells it of itself: whose it is, the listener knows. */
export interface DaemonHappening {
  readonly atMs: number;
  readonly name: (typeof DAEMON_HAPPENINGS)[number];
  readonly detail: string;
  readonly count: number | null;
}

/** Of those in `domain/overview.ts` all but what nobody can tell of itself: that it came, went or fell silent. */
export const DAEMON_HAPPENINGS = ["state", "waits", "rung", "ringFailed", "drained", "agent"] as const;

/** What the daemon itself answers; the handshake and who is attached are the server's own business. */
export type IpcHandlers = {
  readonly [M in "status" | "metrics" | "notify_surface" | "resume_surface" | "shutdown"]: (
    params: IpcParams<M>,
  ) => IpcAnswers[M] | Promise<IpcAnswers[M]>;
} & {
  /** @param gone fires when the hook no longer waits for the answer; it may have before */
  readonly hook: (params: IpcParams<"hook">, gone: AbortSignal) => HookAnswer | Promise<HookAnswer>;
};

/** @throws PrismError `unknown_verb`, naming the nearest */
export function ipcMethodOf(name: string): IpcMethod {
  if (Object.hasOwn(IPC_METHODS, name)) return name as IpcMethod;
  const known = Object.keys(IPC_METHODS);
  const near = nearest(name, known);
  throw new PrismError("unknown_verb", `a daemon has no method "${printable(name, 40)}"`, {
    hint: near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`,
  });
}

/**
 * The newest version that both sides speak.
 *
 * @param version of the daemon that answers
 * @throws PrismError `protocol_mismatch` if there is none
 */
export function agreeProtocol(
  theirs: Pick<HelloParams, "protocol" | "protocolMin" | "version">,
  version: string,
): number {
  const daemon = {
    ...{ who: "the daemon", version, ...spoken(IPC_PROTOCOL, IPC_PROTOCOL_MIN) },
    remedy: "start the daemon anew on the newer prism: prism upgrade FILE does",
  };
  const caller = { ...theirs, who: "the caller", remedy: "ask by the newer prism, as the daemon runs it" };
  return agreedProtocol("the local protocol", daemon, caller);
}

/**
 * A hello's answer, read leniently: a newer daemon may say more.
 *
 * @throws PrismError `protocol_mismatch` if what answers is no daemon
 */
export function readHelloAnswer(value: unknown): HelloAnswer {
  const answer = membersOf(value);
  const { protocol, version, tenant, persona, project } = answer;
  if (
    typeof protocol === "number" &&
    protocol >= IPC_PROTOCOL_MIN &&
    protocol <= IPC_PROTOCOL &&
    typeof version === "string" &&
    typeof tenant === "string" &&
    typeof persona === "string" &&
    typeof project === "string"
  ) {
    return { protocol, version, tenant, persona, project };
  }
  throw new PrismError("protocol_mismatch", "what answers on the socket does not greet as a daemon does", {
    hint: "restart the daemon with this build",
  });
}

/** Words for a channel off the wire, or null if they are none. */
export function readChannelWords(value: unknown): string | null {
  const { words } = membersOf(value);
  return typeof words === "string" && words !== "" ? words : null;
}

/** What happened, off the wire; null if it is none, or one that this build does not know. */
export function readHappening(value: unknown): DaemonHappening | null {
  const { atMs, name, detail, count } = membersOf(value);
  const known = DAEMON_HAPPENINGS.find((happening) => happening === name);
  if (known === undefined || !isCount(atMs) || typeof detail !== "string") return null;
  if (!(count === null || isCount(count))) return null;
  return { atMs, name: known, detail, count };
}

/** A doorbell off the wire, read leniently, or null if it is none. */
export function readDoorbell(value: unknown): Doorbell | null {
  const bell = membersOf(value);
  const { ring, attempt, persona, project, open, urgent, senders, othersOpen, oldestAtMs } = bell;
  if (
    !isCount(ring) ||
    !isCount(attempt) ||
    typeof persona !== "string" ||
    typeof project !== "string" ||
    !isCount(open) ||
    !isCount(urgent) ||
    !isCount(othersOpen) ||
    !(oldestAtMs === null || isCount(oldestAtMs)) ||
    !Array.isArray(senders) ||
    senders.length > limits.mailboxSendersMax
  ) {
    return null;
  }
  const named = senders.map((sender: unknown) => membersOf(sender));
  const counted = named.flatMap(({ from, count }) =>
    typeof from === "string" && isCount(count) ? [{ from, count }] : [],
  );
  if (counted.length !== named.length) return null;
  return { ring, attempt, persona, project, open, urgent, senders: counted, othersOpen, oldestAtMs };
}

function membersOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? (value as { [key: string]: unknown }) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
