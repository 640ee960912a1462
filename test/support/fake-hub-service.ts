/**
 * A hub without a store: remembers what it was asked, answers what the test says, and never decides anything
 * by itself. For the tests of the hub's edges.
 */
import type { ErrorReport } from "../../src/domain/errors.ts";
import type {
  HubIdentity,
  HubPushes,
  MailboxView,
  StartAnswer,
  StartParams,
  VerbAnswers,
  VerbName,
  VerbParams,
} from "../../src/domain/verbs.ts";
import type { Answered, Bearer, Caller, HubService, PushSink, TokensEnded } from "../../src/hub/service.ts";
import { type HubCensus, HubCounters } from "../../src/metrics/hub.ts";

export const EMPTY_VIEW: MailboxView = {
  revision: 0,
  through: 0,
  open: 0,
  urgent: 0,
  told: 0,
  drains: 0,
  oldestAtMs: null,
  newestAtMs: null,
  senders: [],
  othersOpen: 0,
};

export interface AskedCall {
  readonly caller: Caller;
  readonly verb: VerbName;
  readonly params: unknown;
}

/** `held`: as usual, but only when the test calls `release`. */
type Outcome = { readonly ok: unknown } | { readonly error: ErrorReport } | "silence" | "held";

export class FakeHubService implements HubService {
  readonly identity: HubIdentity = { id: "fake-hub", version: "0.0.0", protocol: 1 };
  readonly counters = new HubCounters();
  readonly asked: AskedCall[] = [];
  readonly heardSessions: string[] = [];
  readonly disconnectedSessions: string[] = [];
  readonly sinks = new Map<string, PushSink>();
  /** What the next calls of a verb come to; the last one stays. */
  answers: Partial<Record<VerbName, Outcome | ((asked: AskedCall) => Outcome)>> = {};
  healthy: () => Promise<{ readonly storeLatencyMs: number }> = async () => ({ storeLatencyMs: 0.1 });
  closedFor: string | undefined;
  /** As the engine tells the edges. */
  endTokens: TokensEnded = () => {};
  #sessions = 0;
  #held: (() => void)[] = [];
  readonly #watchers = new Map<string, () => void>();

  census(): HubCensus {
    const none = { alive: 0, stale: 0, wrapped: 0 };
    return {
      open: { pending: 2, delivered: 1 },
      oldestOpenMs: 1500,
      mailboxesOpen: 1,
      sessions: { agent: none, daemon: { ...none, alive: 3 } },
      connected: { agent: 0, daemon: 2 },
      isWritable: true,
      startedAtMs: 1_000,
    };
  }

  call<V extends Exclude<VerbName, "start">>(
    caller: Caller,
    verb: V,
    params: VerbParams<V>,
    answered: Answered<VerbAnswers[V]>,
  ): void {
    this.#answer({ caller, verb, params }, { ok: {} }, answered);
  }

  start(
    bearer: Bearer,
    params: StartParams,
    sink: PushSink | null,
    answered: Answered<VerbAnswers["start"]>,
  ): void {
    const session = `session-${++this.#sessions}`;
    const answer: StartAnswer = {
      session,
      master: params.kind === "agent",
      tenant: bearer.tenant,
      address: `${params.persona}@${params.project}`,
      leaseMs: 1000,
      hub: this.identity,
      nowMs: 1,
      mailbox: EMPTY_VIEW,
    };
    if (sink !== null) this.sinks.set(session, sink);
    this.#answer({ caller: { ...bearer, session: null }, verb: "start", params }, { ok: answer }, answered);
  }

  /** Gives the answers that were held. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  /** A push to one session, as the engine would make it. */
  push<K extends keyof HubPushes>(session: string, name: K, value: HubPushes[K]): void {
    this.sinks.get(session)?.push(name, value);
  }

  bearerOf(): undefined {}

  watchTokens(ended: TokensEnded): void {
    this.endTokens = ended;
  }

  heard(session: string): void {
    this.heardSessions.push(session);
  }

  disconnected(session: string): void {
    this.disconnectedSessions.push(session);
    this.sinks.delete(session);
    this.#watchers.get(session)?.();
  }

  /** Settles once the session's connection is gone. */
  disconnection(session: string): Promise<void> {
    if (this.disconnectedSessions.includes(session)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.set(session, resolve));
  }

  health(): Promise<{ readonly storeLatencyMs: number }> {
    return this.healthy();
  }

  async close(reason: string): Promise<void> {
    this.closedFor = reason;
    for (const sink of this.sinks.values()) sink.push("closing", { reason });
  }

  #answer<A>(asked: AskedCall, usual: { readonly ok: unknown }, answered: Answered<A>): void {
    this.asked.push(asked);
    const planned = this.answers[asked.verb] ?? usual;
    const outcome = typeof planned === "function" ? planned(asked) : planned;
    if (outcome === "silence") return;
    const said = (outcome === "held" ? usual : outcome) as
      | { readonly ok: A }
      | { readonly error: ErrorReport };
    if (outcome === "held") this.#held.push(() => answered(said));
    else setImmediate(() => answered(said));
  }
}
