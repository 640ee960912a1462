/**
 * The watch over the hub that this host's settings name: a connection that is kept, its status every few looks, how
 * long it takes to answer and how far its clock is ahead. Asks only what changes nothing, and never as a session: the
 * hub counts nobody as heard from because of it. Sets no timer: whoever looks decides how often.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import type { HubView } from "../domain/overview.ts";
import type { VerbAnswers, VerbName, VerbParams } from "../domain/verbs.ts";
import { monotonicMs } from "../host/monotonic.ts";
import { connectHub, type HubClientOptions, type HubConnection } from "../net/hub-client.ts";
import { hubHttpUrl } from "../net/hub-url.ts";
import { type HubReport, hubReportOf } from "./persona-view.ts";

export interface HubWatchOptions {
  /**
   * Asked before each dial, since a hub's port and a token may change.
   *
   * @throws PrismError what is in the way of asking: no token, a file that can't be read
   */
  readonly target: () => HubClientOptions;
  /** Where it is, for who is shown that it is not known how to ask it. */
  readonly url: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Between two questions: what waits for a daemon that does not answer is this old at most. */
const ASK_EVERY_MS = 2000;
const OPEN_MS_MAX = 2000;
const ANSWER_MS_MAX = 3000;
/** The difference of the clocks is known as well as the quickest answer told it; more than this is news. */
const CLOCK_MS_TOLERATED = 500;

export interface HubFound {
  readonly view: HubView;
  /** Null while it does not answer. */
  readonly report: HubReport | null;
}

export class HubWatch {
  readonly #options: HubWatchOptions;
  #connection: HubConnection | null = null;
  #opening: Promise<HubConnection> | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  #found: HubFound;
  #clock: { readonly aheadMs: number; readonly tookMs: number } | null = null;
  #closed = false;

  constructor(options: HubWatchOptions) {
    this.#options = options;
    this.#found = {
      view: {
        url: shownUrl(options.url),
        answers: false,
        ...{ reason: "it was not asked yet", remedy: null },
        sinceMs: options.now(),
        ...{ tenant: null, version: null, startedAtMs: null, latencyMs: null, clockAheadMs: null },
        ...{ agents: 0, daemons: 0, loops: [] },
      },
      report: null,
    };
  }

  get found(): HubFound {
    return this.#found;
  }

  get aheadMs(): number {
    return this.#clock?.aheadMs ?? 0;
  }

  /** Asks once more, if it is time. Settles with its answer, or when it is known that there is none. */
  look(): Promise<void> {
    if (this.#looking !== null) return this.#looking;
    if (monotonicMs() - this.#lookedAtMs < ASK_EVERY_MS) return Promise.resolve();
    this.#lookedAtMs = monotonicMs();
    this.#looking = this.#ask().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** @throws PrismError as `HubConnection.call`, and what `target` throws */
  async call<V extends VerbName>(verb: V, params: VerbParams<V>): Promise<VerbAnswers[V]> {
    const connection = await this.#connected();
    return connection.call(verb, params, ANSWER_MS_MAX);
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
    this.#connection = null;
  }

  async #ask(): Promise<void> {
    try {
      const connection = await this.#connected();
      const askedAtMs = this.#options.now();
      const began = monotonicMs();
      const answer = await connection.call("status", {}, ANSWER_MS_MAX);
      const tookMs = monotonicMs() - began;
      this.#keepClock({ aheadMs: answer.hub.nowMs - (askedAtMs + this.#options.now()) / 2, tookMs });
      this.#answered(answer, tookMs);
    } catch (error) {
      this.#connection?.close();
      this.#connection = null;
      this.#failed(error);
    }
  }

  #answered(answer: VerbAnswers["status"], tookMs: number): void {
    const { hub, tenant, agents, daemons, loops = [] } = answer;
    this.#found = {
      view: {
        url: shownUrl(this.#options.url),
        answers: true,
        ...{ reason: null, remedy: null, tenant },
        sinceMs: this.#since(true),
        version: hub.version,
        startedAtMs: Math.round(hub.startedAtMs - this.aheadMs),
        latencyMs: Math.round(tookMs * 10) / 10,
        clockAheadMs: Math.round(this.aheadMs),
        agents: agents.filter(({ connected }) => connected).length,
        daemons: daemons.filter(({ connected }) => connected).length,
        loops: loops.map(({ between }) => between),
      },
      report: hubReportOf(answer),
    };
  }

  #failed(error: unknown): void {
    const known = error instanceof PrismError ? error : new PrismError("internal", "it could not be asked");
    this.#found = {
      view: {
        ...this.#found.view,
        url: shownUrl(this.#options.url),
        answers: false,
        reason: printable(known.message, 300),
        remedy: known.hint === undefined ? "start it: prism hub" : printable(known.hint, 300),
        sinceMs: this.#since(false),
        ...{ latencyMs: null, agents: 0, daemons: 0, loops: [] },
      },
      report: null,
    };
  }

  #since(answers: boolean): number {
    const { view } = this.#found;
    return view.answers === answers ? view.sinceMs : this.#options.now();
  }

  #keepClock(told: { readonly aheadMs: number; readonly tookMs: number }): void {
    const known = this.#clock;
    const isNews = known !== null && Math.abs(told.aheadMs - known.aheadMs) > CLOCK_MS_TOLERATED;
    if (known === null || isNews || told.tookMs < known.tookMs) this.#clock = told;
  }

  #connected(): Promise<HubConnection> {
    if (this.#connection !== null) return Promise.resolve(this.#connection);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  #open(): Promise<HubConnection> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new PrismError("interrupted", "the watch over the hub was ended");
      const connection = connectHub(
        { ...this.#options.target(), openTimeoutMs: OPEN_MS_MAX },
        {
          opened: () => {
            if (this.#closed) connection.close();
            else this.#connection = connection;
            resolve(connection);
          },
          push() {},
          closed: (error) => {
            // Told at once, and not with the next question: its end is what an operator waits to see.
            if (this.#connection === connection) {
              this.#connection = null;
              this.#lookedAtMs = Number.NEGATIVE_INFINITY;
            }
            reject(error);
          },
        },
      );
    });
  }
}

/** Without what a URL may hold besides the place; "" if the configuration can't be read just now. */
function shownUrl(url: () => string): string {
  try {
    return hubHttpUrl(url());
  } catch {
    return "";
  }
}
