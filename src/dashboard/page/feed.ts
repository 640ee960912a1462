/**
 * The one connection to the server: reads its stream, notices when it has gone silent, and tries again. Says at each
 * moment how it stands, since when, and when it tries next. Handed the network and the clock; knows no element.
 *
 *   joining --first event--> live --silence, end--> lost --retry--> joining
 *      |                                             ^
 *      +--401: refused, for good        failure------+
 */
import type { ErrorReport } from "../../domain/errors.ts";
import { BEAT_MS, type StreamEventName, type StreamEvents } from "../api.ts";
import { createEventReader, type StreamEvent } from "./model/event-stream.ts";

export type Link =
  /** Never had an answer. */
  | { readonly kind: "joining"; readonly sinceMs: number }
  | { readonly kind: "live"; readonly sinceMs: number }
  /** `retryAtMs` null: an attempt is under way. */
  | {
      readonly kind: "lost";
      readonly sinceMs: number;
      readonly retryAtMs: number | null;
      readonly reason: string;
      /** It had once been there; false while the first attempt still fails. */
      readonly hadOnce: boolean;
    }
  /** The server does not know this browser (any more): only a new link helps. */
  | { readonly kind: "refused"; readonly sinceMs: number; readonly report: ErrorReport | null };

export interface FeedPorts {
  readonly fetch: (
    path: string,
    init: { headers: Record<string, string>; signal: AbortSignal },
  ) => Promise<FeedResponse>;
  readonly nowMs: () => number;
  readonly after: (delayMs: number, work: () => void) => () => void;
  readonly events: { readonly [N in StreamEventName]: (event: StreamEvents[N]) => void };
  readonly onLink: (link: Link) => void;
}

/** What is needed of a `Response`. */
export interface FeedResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  json(): Promise<unknown>;
}

/** Twice the beat, as the server promises, and a little for a machine under load. */
const SILENCE_MS_MAX = 2 * BEAT_MS + 1000;

const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 15_000;

export class Feed {
  readonly #ports: FeedPorts;
  #link: Link;
  #failures = 0;
  #lastId = "";
  #attempt: AbortController | null = null;
  #cancelTimer: () => void = () => {};

  constructor(ports: FeedPorts) {
    this.#ports = ports;
    this.#link = { kind: "joining", sinceMs: ports.nowMs() };
  }

  start(): void {
    this.#ports.onLink(this.#link);
    void this.#try();
  }

  /** Tries at once, if it waits for the next attempt. */
  retryNow(): void {
    if (this.#link.kind === "lost" && this.#link.retryAtMs !== null) void this.#try();
  }

  async #try(): Promise<void> {
    this.#cancelTimer();
    if (this.#link.kind === "lost") this.#become({ ...this.#link, retryAtMs: null });
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#expectSoon(attempt);
    let reason = "the server ended the stream";
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (this.#lastId !== "") headers["last-event-id"] = this.#lastId;
      const response = await this.#ports.fetch("/api/stream", { headers, signal: attempt.signal });
      if (response.status === 401) return this.#refuse(await reportIn(response));
      if (!response.ok || response.body === null) {
        reason = (await reportIn(response))?.message ?? `the server answered with status ${response.status}`;
      } else await this.#read(response.body, attempt);
    } catch {
      reason = attempt.signal.aborted ? "the server has gone silent" : "the server is not reached";
    }
    if (attempt === this.#attempt) this.#lose(reason);
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, attempt: AbortController): Promise<void> {
    const read = createEventReader();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#expectSoon(attempt);
      for (const event of read(value)) this.#take(event);
    }
  }

  #take({ name, data, id }: StreamEvent): void {
    this.#lastId = id;
    if (this.#link.kind !== "live") {
      this.#failures = 0;
      this.#become({ kind: "live", sinceMs: this.#ports.nowMs() });
    }
    // A newer server may tell more than this page knows.
    const { events } = this.#ports;
    if (Object.hasOwn(events, name)) events[name as StreamEventName](JSON.parse(data));
  }

  #expectSoon(attempt: AbortController): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#ports.after(SILENCE_MS_MAX, () => attempt.abort());
  }

  #lose(reason: string): void {
    const nowMs = this.#ports.nowMs();
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures);
    this.#failures += 1;
    const { kind } = this.#link;
    this.#become({
      kind: "lost",
      sinceMs: kind === "lost" || kind === "joining" ? this.#link.sinceMs : nowMs,
      retryAtMs: nowMs + delayMs,
      reason,
      hadOnce: this.#link.kind === "lost" ? this.#link.hadOnce : kind === "live",
    });
    this.#cancelTimer();
    this.#cancelTimer = this.#ports.after(delayMs, () => void this.#try());
  }

  #refuse(report: ErrorReport | null): void {
    this.#cancelTimer();
    this.#become({ kind: "refused", sinceMs: this.#ports.nowMs(), report });
  }

  #become(link: Link): void {
    this.#link = link;
    this.#ports.onLink(link);
  }
}

async function reportIn(response: FeedResponse): Promise<ErrorReport | null> {
  try {
    const { error } = (await response.json()) as { error?: ErrorReport };
    return error ?? null;
  } catch {
    return null;
  }
}
