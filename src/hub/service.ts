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

/** Who asks: the tenant of the token, and the session if the caller started one on this connection. */
export interface Caller {
  readonly tenant: string;
  readonly session: string | null;
}

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
    tenant: string,
    params: StartParams,
    sink: PushSink | null,
    answered: Answered<VerbAnswers["start"]>,
  ): void;
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
