/**
 * An agent's line to the hub: keeps one session registered over connections that come and go. A call waits
 * for a connection only as long as one attempt takes, so that a model hears at once when the hub is away.
 * Knows no tool and no text.
 */
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { spoken } from "../domain/protocol.ts";
import {
  HUB_PROTOCOL,
  HUB_PROTOCOL_MIN,
  type StartAnswer,
  type VerbAnswers,
  type VerbName,
  type VerbParams,
} from "../domain/verbs.ts";
import { connectHub, type HubClientOptions, type HubConnection } from "../net/hub-client.ts";
import { createBackoff } from "./backoff.ts";

/** Who registers. */
export interface AgentIdentity {
  readonly persona: string;
  readonly project: string;
  readonly host: string;
  readonly root: string;
  /** This process's own id, so that the hub knows it again after a lost connection. */
  readonly instance: string;
  readonly version: string;
}

export interface HubLinkEvents {
  /** Registered, for the first time or again; or null: the session was ended. */
  sessionIs(answer: StartAnswer | null): void;
}

export interface HubLinkOptions {
  /** Asked before each dial; what it throws is why the hub cannot be reached. */
  readonly hub: () => HubClientOptions;
  readonly identity: AgentIdentity;
  readonly log: Log;
  readonly events: HubLinkEvents;
  readonly bounds?: Partial<HubLinkBounds>;
}

const HUB_LINK_BOUNDS = {
  retryDelayMsMin: 250,
  retryDelayMsMax: 30_000,
  /** A connection that stood this long was no accident: the schedule begins anew. */
  stableMs: 10_000,
  openTimeoutMs: 5_000,
  callTimeoutMs: 10_000,
} as const;

export type HubLinkBounds = { readonly [K in keyof typeof HUB_LINK_BOUNDS]: number };

/**
 *   idle --begin, start, call--> dialing --opened--> open
 *                                 ^   |               |
 *                    timer, call  |   |closed         |closed
 *                                 |   v               |
 *                                waiting <------------+
 *   any --close--> closed
 *
 * At each opening the session is registered, unless it was wrapped; callers wait until it is.
 */
type State =
  | { readonly id: "idle" }
  | { readonly id: "dialing"; readonly connection: HubConnection }
  | { readonly id: "open"; readonly connection: HubConnection; readonly sinceMs: number }
  | { readonly id: "waiting"; readonly timer: NodeJS.Timeout }
  | { readonly id: "closed" };

export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #bounds: HubLinkBounds;
  readonly #backoff;
  #state: State = { id: "idle" };
  /** What a caller waits for who found no connection: the end of the attempt under way. */
  #attempt: PromiseWithResolvers<HubConnection> | undefined;
  #surface = "mcp";
  #started: StartAnswer | null = null;
  /** Why this side gave up a connection: told instead of the end that followed. */
  #refusal: PrismError | undefined;
  /** False after a wrap: the session must not come back on its own. */
  #wanted = false;

  constructor(options: HubLinkOptions) {
    this.#options = options;
    this.#bounds = { ...HUB_LINK_BOUNDS, ...options.bounds };
    this.#backoff = createBackoff(
      {
        delayMsMin: this.#bounds.retryDelayMsMin,
        delayMsMax: this.#bounds.retryDelayMsMax,
        stableMs: this.#bounds.stableMs,
      },
      Math.random,
    );
  }

  /** What the hub said when it registered this session; null before that and after a wrap. */
  get started(): StartAnswer | null {
    return this.#started;
  }

  /** Begins to stand by: connects, registers, and stays so. Once is enough; more do nothing. */
  begin(surface: string): void {
    if (this.#state.id !== "idle") return;
    this.#surface = surface;
    this.#wanted = true;
    void this.#dial();
  }

  /** Registered, if need be again after a wrap. @throws PrismError */
  async start(): Promise<StartAnswer> {
    this.#wanted = true;
    const connection = await this.#connected();
    return this.#started ?? (await this.#register(connection));
  }

  /** @throws PrismError the hub's own, or why it cannot be reached */
  async call<V extends VerbName>(verb: V, params: VerbParams<V>): Promise<VerbAnswers[V]> {
    const connection = await this.#connected();
    return await connection.call(verb, params, this.#bounds.callTimeoutMs);
  }

  /** Ends this session, if there is one. @throws PrismError */
  async wrap(): Promise<VerbAnswers["wrap"]> {
    const connection = await this.#connected();
    const session = this.#started?.session;
    if (session === undefined) return { wrapped: [] };
    const answer = await connection.call("wrap", { session }, this.#bounds.callTimeoutMs);
    this.#wrapped([session]);
    return answer;
  }

  /** Ends the session in order if that is quick, and the connection in any case. */
  async close(withinMs: number): Promise<void> {
    const state = this.#state;
    const session = this.#started?.session;
    this.#wanted = false;
    if (state.id === "waiting") clearTimeout(state.timer);
    // Before the wrap: a connection that is lost on the way must not be dialled again.
    this.#state = { id: "closed" };
    if (state.id === "open" && session !== undefined) {
      await state.connection.call("wrap", { session }, withinMs).catch((error: unknown) => {
        this.#options.log("debug", "wrapFailed", {
          code: "hub_unreachable",
          reason: error instanceof Error ? error.message : "",
        });
      });
    }
    this.#attempt?.reject(new PrismError("interrupted", "prism mcp is ending"));
    if (state.id === "open" || state.id === "dialing") state.connection.close();
  }

  /** @returns a connection on which this session is registered, if it shall be */
  #connected(): Promise<HubConnection> {
    const state = this.#state;
    if (this.#attempt !== undefined) return this.#attempt.promise;
    if (state.id === "open") return Promise.resolve(state.connection);
    if (state.id === "closed") return Promise.reject(new PrismError("interrupted", "prism mcp is ending"));
    // Somebody wants an answer now: better to look than to repeat what was so a while ago.
    if (state.id === "waiting") clearTimeout(state.timer);
    return this.#dial();
  }

  #dial(): Promise<HubConnection> {
    const attempt = Promise.withResolvers<HubConnection>();
    // Nobody may be waiting for it.
    attempt.promise.catch(() => {});
    this.#attempt = attempt;
    try {
      const connection = connectHub(
        { ...this.#options.hub(), openTimeoutMs: this.#bounds.openTimeoutMs },
        {
          opened: () => this.#opened(connection),
          push: (name, value) => {
            if (name === "wrapped") this.#wrapped([(value as { readonly session: string }).session]);
          },
          closed: (error) => this.#closed(error),
        },
      );
      this.#state = { id: "dialing", connection };
    } catch (error) {
      this.#closed(error instanceof PrismError ? error : new PrismError("internal", String(error)));
    }
    return attempt.promise;
  }

  #opened(connection: HubConnection): void {
    if (this.#state.id === "closed") return;
    this.#state = { id: "open", connection, sinceMs: performance.now() };
    if (!this.#wanted) {
      this.#settle(connection);
      return;
    }
    this.#register(connection).then(
      () => this.#settle(connection),
      (error: PrismError) => this.#refused(connection, error),
    );
  }

  async #register(connection: HubConnection): Promise<StartAnswer> {
    const answer = await connection.call(
      "start",
      {
        kind: "agent",
        ...this.#options.identity,
        surface: this.#surface,
        ...spoken(HUB_PROTOCOL, HUB_PROTOCOL_MIN),
        ...(this.#started === null ? {} : { session: this.#started.session }),
      },
      this.#bounds.callTimeoutMs,
    );
    this.#started = answer;
    this.#options.events.sessionIs(answer);
    return answer;
  }

  #refused(connection: HubConnection, error: PrismError): void {
    if (error.code === "session_gone" || error.code === "persona_archived") {
      // Somebody ended it while the line was down, or took its persona off duty: the line may stand, and no session
      // comes back until the agent asks for one.
      this.#wrapped(this.#started === null ? [] : [this.#started.session]);
      this.#wanted = false;
      this.#settle(connection);
      return;
    }
    this.#options.log("warn", "registerFailed", { code: error.code, reason: error.message });
    this.#refusal = error;
    connection.close();
  }

  #settle(connection: HubConnection): void {
    this.#attempt?.resolve(connection);
    this.#attempt = undefined;
  }

  #closed(reason: PrismError): void {
    const state = this.#state;
    if (state.id === "closed") return;
    const error = this.#refusal ?? reason;
    this.#refusal = undefined;
    if (state.id === "open") this.#backoff.ended(performance.now() - state.sinceMs);
    this.#attempt?.reject(error);
    this.#attempt = undefined;
    const delayMs = this.#backoff.next();
    this.#options.log("debug", "hubAway", { code: error.code, reason: error.message, retryInMs: delayMs });
    this.#state = { id: "waiting", timer: setTimeout(() => void this.#dial(), delayMs) };
  }

  #wrapped(sessions: readonly string[]): void {
    if (this.#started === null || !sessions.includes(this.#started.session)) return;
    this.#started = null;
    this.#wanted = false;
    this.#options.events.sessionIs(null);
  }
}
