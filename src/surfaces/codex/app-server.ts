/**
 * Codex's app-server, as a client speaks with it: JSON-RPC without the member `jsonrpc`, one message a text, over
 * whatever carries texts. Asks, hears notifications, and leaves what the server asks to `asked`. Knows no thread.
 * Source: observed on codex 0.169.0, and its schema (`codex app-server generate-json-schema --experimental`).
 */
import { printable } from "../../domain/address.ts";
import { pause } from "../../host/pause.ts";

/** What carries the texts, both ways. */
export interface Wire {
  send(text: string): void;
  close(): void;
}

export interface WireEvents {
  opened(): void;
  said(text: string): void;
  /** Once, last. @param reason one sentence */
  closed(reason: string): void;
}

export type ConnectWire = (events: WireEvents) => Wire;

export type Answer =
  | { readonly ok: true; readonly result: unknown }
  /** `code` is the server's own, or null if no answer came. */
  | { readonly ok: false; readonly code: number | null; readonly reason: string };

export interface Notice {
  readonly method: string;
  readonly params: unknown;
}

/** A request of the server's, for its client to decide. */
export interface Asked extends Notice {
  readonly id: string | number;
}

export interface AppServer {
  /** The version of the client that serves, or "" if it does not say. */
  readonly version: string;
  /** Never rejects. An overloaded server is asked again, a few times. */
  ask(method: string, params: object, cancelled?: AbortSignal): Promise<Answer>;
  /** Tells every notice from now on, until `until` fires. */
  hear(told: (notice: Notice) => void, until: AbortSignal): void;
  answer(id: string | number, result: object): void;
  /** Says that this client can't do what is asked. */
  refuse(id: string | number): void;
  /** Fires once the connection is gone, whoever ended it. */
  readonly gone: AbortSignal;
  close(): void;
}

export type Opened =
  | { readonly ok: true; readonly server: AppServer }
  | { readonly ok: false; readonly reason: string };

const OPEN_MS_MAX = 3000;
/** What the server says of itself when it has too much to do, and how long it is left alone then. */
const OVERLOADED = -32001;
const OVERLOADED_WAITS_MS = [100, 300, 900];
const REASON_CHARS_MAX = 160;

/**
 * Connects and introduces itself. Never rejects.
 *
 * @param cancelled gives up the opening
 */
export function openAppServer(
  connect: ConnectWire,
  options: AppServerOptions,
  cancelled: AbortSignal,
): Promise<Opened> {
  return new Session(options).open(connect, cancelled);
}

export interface AppServerOptions {
  readonly answerMsMax: number;
  /**
   * Hears what the server asks of its client; absent: it is left unanswered, for another client that is connected,
   * and before which a person sits.
   */
  readonly asked?: (request: Asked, server: AppServer) => void;
}

class Session implements AppServer {
  version = "";
  readonly #options: AppServerOptions;
  readonly #gone = new AbortController();
  readonly #outstanding = new Map<number, (answer: Answer) => void>();
  readonly #listeners = new Set<(notice: Notice) => void>();
  #wire: Wire | undefined;
  #lastId = 0;
  #whyGone = "the connection was closed on this side";

  constructor(options: AppServerOptions) {
    this.#options = options;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  async open(connect: ConnectWire, cancelled: AbortSignal): Promise<Opened> {
    const until = AbortSignal.any([cancelled, AbortSignal.timeout(OPEN_MS_MAX), this.gone]);
    const isOpen = await new Promise<boolean>((resolve) => {
      until.addEventListener("abort", () => resolve(false), { once: true });
      this.#wire = connect({
        opened: () => resolve(true),
        said: (text) => this.#heard(text),
        closed: (reason) => this.#ended(reason),
      });
    });
    if (!isOpen) {
      const reason = this.gone.aborted ? this.#whyGone : `it did not answer within ${OPEN_MS_MAX} ms`;
      this.close();
      return { ok: false, reason };
    }
    const hello = {
      clientInfo: { name: "prism", title: "Prism", version: "1" },
      // Queue and thread items beyond the stable ones; without it they are refused by name.
      capabilities: { experimentalApi: true },
    };
    const answer = await this.#askOnce("initialize", hello, cancelled);
    if (!answer.ok) {
      this.close();
      return { ok: false, reason: answer.reason };
    }
    this.version = versionIn(textAt(answer.result, "userAgent") ?? "");
    this.#send({ method: "initialized" });
    return { ok: true, server: this };
  }

  async ask(method: string, params: object, cancelled?: AbortSignal): Promise<Answer> {
    for (const waitMs of OVERLOADED_WAITS_MS) {
      const answer = await this.#askOnce(method, params, cancelled);
      if (answer.ok || answer.code !== OVERLOADED || cancelled?.aborted === true) return answer;
      await pause(waitMs, cancelled);
    }
    return this.#askOnce(method, params, cancelled);
  }

  hear(told: (notice: Notice) => void, until: AbortSignal): void {
    if (until.aborted) return;
    this.#listeners.add(told);
    until.addEventListener("abort", () => this.#listeners.delete(told), { once: true });
  }

  answer(id: string | number, result: object): void {
    this.#send({ id, result });
  }

  refuse(id: string | number): void {
    this.#send({ id, error: { code: -32601, message: "nobody sits before this client" } });
  }

  close(): void {
    this.#wire?.close();
    this.#ended(this.#whyGone);
  }

  #askOnce(method: string, params: object, cancelled?: AbortSignal): Promise<Answer> {
    if (this.gone.aborted) return Promise.resolve(unanswered(this.#whyGone));
    this.#lastId += 1;
    const id = this.#lastId;
    const { answerMsMax } = this.#options;
    return new Promise((resolve) => {
      const end = (answer: Answer): void => {
        clearTimeout(timer);
        cancelled?.removeEventListener("abort", stop);
        this.#outstanding.delete(id);
        resolve(answer);
      };
      const stop = (): void => end(unanswered("it was called off"));
      const late = (): void => end(unanswered(`it did not answer ${method} within ${answerMsMax} ms`));
      const timer = setTimeout(late, answerMsMax);
      this.#outstanding.set(id, end);
      cancelled?.addEventListener("abort", stop, { once: true });
      if (cancelled?.aborted === true) stop();
      else this.#send({ id, method, params });
    });
  }

  #send(message: object): void {
    if (!this.gone.aborted) this.#wire?.send(JSON.stringify(message));
  }

  #heard(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    const method = textAt(message, "method");
    const id = memberAt(message, "id");
    if (method === undefined) {
      if (typeof id === "number") this.#outstanding.get(id)?.(answerIn(message));
      return;
    }
    const params = memberAt(message, "params");
    if (typeof id === "number" || typeof id === "string") this.#options.asked?.({ id, method, params }, this);
    else for (const told of [...this.#listeners]) told({ method, params });
  }

  #ended(reason: string): void {
    if (this.gone.aborted) return;
    this.#whyGone = reason;
    this.#gone.abort();
    for (const end of [...this.#outstanding.values()]) end(unanswered(reason));
  }
}

function unanswered(reason: string): Answer {
  return { ok: false, code: null, reason };
}

function answerIn(message: unknown): Answer {
  const error = memberAt(message, "error");
  if (error === undefined) return { ok: true, result: memberAt(message, "result") };
  const code = memberAt(error, "code");
  const said = printable(textAt(error, "message") ?? "an error without a word", REASON_CHARS_MAX);
  return { ok: false, code: typeof code === "number" ? code : null, reason: said };
}

/** `codex-tui/0.169.0 (Debian 12.0.0; x86_64) ...` */
function versionIn(userAgent: string): string {
  return /\/(\d{1,5}\.\d{1,5}\.\d{1,5})/.exec(userAgent)?.[1] ?? "";
}

/** A member of a value of any shape, however deep. */
export function memberAt(value: unknown, ...names: readonly string[]): unknown {
  let at = value;
  for (const name of names) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as { readonly [name: string]: unknown })[name];
  }
  return at;
}

export function textAt(value: unknown, ...names: readonly string[]): string | undefined {
  const found = memberAt(value, ...names);
  return typeof found === "string" ? found : undefined;
}

export function listAt(value: unknown, ...names: readonly string[]): readonly unknown[] {
  const found = memberAt(value, ...names);
  return Array.isArray(found) ? found : [];
}
