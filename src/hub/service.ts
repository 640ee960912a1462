/**
 * What every edge of the hub (HTTP, MCP, WebSocket) calls: the verbs, and the sessions that hear pushes.
 * An edge authenticates, parses with `VERBS[verb].params` and calls; it decides nothing else.
 */
import type { ErrorReport } from "../domain/errors.ts";
import type {
  HubIdentity,
  HubPushes,
  StartParams,
  VerbAnswers,
  VerbName,
  VerbParams,
} from "../domain/verbs.ts";
import type { HubCensus, HubCounters } from "../metrics/hub.ts";

/** Whoever holds a token: whose it is, and what it may act for. */
export interface Bearer {
  readonly tenant: string;
  /** `home`: everything of its tenant. */
  readonly scope: "home" | PersonaScope;
}

/** One persona, by the token that it had when its bearer came in: the hub looks anew at each call. */
export interface PersonaScope {
  readonly address: string;
  readonly tokenSha256: string;
}

/** Who asks: the bearer of a token, and the session if the caller started one on this connection. */
export interface Caller extends Bearer {
  readonly session: string | null;
}

/** SHA-256 of tokens that are worth nothing from now on. Must not throw. */
export type TokensEnded = (tokens: ReadonlySet<string>) => void;

/** Told once the answer is true on disk. Called at most once, never synchronously. */
export type Answered<A> = (outcome: { readonly ok: A } | { readonly error: ErrorReport }) => void;

/** Where a session's pushes go. Must not throw; a sink that can't keep up may drop all but the newest view. */
export interface PushSink {
  push<K extends keyof HubPushes>(name: K, value: HubPushes[K]): void;
  /**
   * Another connection took the session over, and nothing is pushed here any more. The edge ends this one:
   * whoever still lives behind it comes back, instead of waiting for pushes that go elsewhere.
   */
  displaced?(): void;
}

export interface HubService {
  readonly identity: HubIdentity;
  /** Written by the service, read at a scrape. */
  readonly counters: HubCounters;
  /** Callbacks, not promises: at tens of thousands a second the difference is measurable. */
  call<V extends Exclude<VerbName, "start">>(
    caller: Caller,
    verb: V,
    params: VerbParams<V>,
    answered: Answered<VerbAnswers[V]>,
  ): void;
  /** Registers a session. With a sink it counts as connected until `disconnected`. */
  start(
    bearer: Bearer,
    params: StartParams,
    sink: PushSink | null,
    answered: Answered<VerbAnswers["start"]>,
  ): void;
  /** The persona whose token has this SHA-256 (hex, lower case); undefined if nobody's has. Reads memory alone. */
  bearerOf(tokenSha256: string): Bearer | undefined;
  /** Tells of tokens that ended: once that is true on disk, and in the turn in which whoever ended them hears so. */
  watchTokens(ended: TokensEnded): void;
  /** Any sign of life from a session: a message, a ping, a pong. Cheap. */
  heard(session: string): void;
  disconnected(session: string, sink: PushSink): void;
  /**
   * Settles after one round through the store: healthy means answered in time. After a failed commit it rejects
   * with that failure until one works again, be it only an empty one for the asking.
   */
  health(): Promise<{ readonly storeLatencyMs: number }>;
  /** How things stand now. Reads memory alone, and changes nothing. */
  census(): HubCensus;
  /** Answers what is under way, tells the sessions, closes the store. */
  close(reason: string): Promise<void>;
}
