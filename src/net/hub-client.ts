/**
 * The hub's client: JSON-RPC over the hub's socket, for daemons, shims and the CLI. One connection, one
 * life: it never reconnects by itself, because when to try again is each caller's own decision.
 * Knows no session and no state of signals; what the hub says is checked here before anyone acts on it.
 */
import { type ErrorReport, errorOf, PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { notificationText, parseRpc, type RpcMessage, requestText } from "../domain/rpc.ts";
import {
  HUB_SUBPROTOCOL,
  type HubPushes,
  type RungParams,
  VERBS,
  type VerbAnswers,
  type VerbName,
  type VerbParams,
} from "../domain/verbs.ts";
import { isAnswer, isPush } from "./hub-answers.ts";
import { hubHttpUrl, hubSocketUrl } from "./hub-url.ts";
import { connectSocket, type SocketEvents, type SocketHandle, type SocketOptions } from "./websocket.ts";

/** Calls under way on one connection; more would only queue inside the hub. */
const CALLS_MAX = 1024;
/** Requests that the system has not taken yet: a hub that reads this slowly is told no more. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;
/** A drain of 256 kB from a busy hub takes milliseconds; after this long the answer is lost. */
const CALL_TIMEOUT_MS = 10_000;

export interface HubClientOptions {
  /** `HOST:PORT`, `http(s)://...` or `ws(s)://...`. */
  readonly url: string;
  readonly token: string;
  /** For HTTP_PROXY and its kin. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tls?: NonNullable<SocketOptions["tls"]>;
  readonly openTimeoutMs?: number;
  readonly pingIntervalMs?: number;
  readonly pongTimeoutMs?: number;
}

export interface HubClientEvents {
  /** The socket is open and the token was taken; calls may begin. */
  opened(): void;
  push<K extends keyof HubPushes>(name: K, value: HubPushes[K]): void;
  /**
   * Exactly once, always last. `interrupted` if this side closed; `unauthorized`, `protocol_mismatch` and
   * `invalid_argument` will not go away by trying again.
   */
  closed(error: PrismError): void;
}

export interface HubConnection {
  /**
   * @param timeoutMs default 10,000
   * @throws PrismError as a rejection: the hub's own, or `hub_timeout`, `hub_unreachable`, `overloaded`
   */
  call<V extends VerbName>(verb: V, params: VerbParams<V>, timeoutMs?: number): Promise<VerbAnswers[V]>;
  /** Tells the hub that all signals up to `through` have arrived. No answer; nothing if not open. */
  acknowledge(through: number): void;
  /** Tells the hub how a ring ended. The same; a hub that was made before it knew of rings pays no attention. */
  rung(ring: RungParams): void;
  /** Asks the peer for life now instead of at the next interval, as after a laptop's sleep. */
  pingNow(): void;
  close(): void;
}

export type ConnectSocket = (options: SocketOptions, events: SocketEvents) => SocketHandle;

/**
 * @param connect the driver; tests hand in another
 * @throws PrismError `invalid_argument` for a URL that is none; everything later comes through `closed`
 */
export function connectHub(
  options: HubClientOptions,
  events: HubClientEvents,
  connect: ConnectSocket = connectSocket,
): HubConnection {
  return new Connection(options, events, connect);
}

interface Outstanding {
  readonly verb: VerbName;
  readonly timer: NodeJS.Timeout;
  resolve(answer: never): void;
  reject(error: PrismError): void;
}

class Connection implements HubConnection {
  readonly #events: HubClientEvents;
  readonly #where: string;
  readonly #socket: SocketHandle;
  readonly #outstanding = new Map<number, Outstanding>();
  #state: "opening" | "open" | "closed" = "opening";
  #lastId = 0;
  /** Why this side ended it, to be told instead of what the socket says about the end. */
  #reason: PrismError | undefined;

  constructor(options: HubClientOptions, events: HubClientEvents, connect: ConnectSocket) {
    this.#events = events;
    this.#where = hubHttpUrl(options.url);
    this.#socket = connect(
      {
        url: hubSocketUrl(options.url),
        protocols: [HUB_SUBPROTOCOL],
        binary: false,
        limits: { messageBytesMax: limits.messageBytesMax },
        headers: { Authorization: `Bearer ${options.token}` },
        env: options.env,
        ...(options.tls === undefined ? {} : { tls: options.tls }),
        ...(options.openTimeoutMs === undefined ? {} : { openTimeoutMs: options.openTimeoutMs }),
        ...(options.pingIntervalMs === undefined ? {} : { pingIntervalMs: options.pingIntervalMs }),
        ...(options.pongTimeoutMs === undefined ? {} : { pongTimeoutMs: options.pongTimeoutMs }),
      },
      {
        opened: (protocol) => this.#opened(protocol),
        text: (message) => this.#received(message),
        // Refused by the driver, as asked for above.
        binary() {},
        closed: (info) => this.#closed(info.code, info.error),
      },
    );
  }

  call<V extends VerbName>(
    verb: V,
    params: VerbParams<V>,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<VerbAnswers[V]> {
    if (this.#state !== "open") return Promise.reject(this.#reason ?? this.#unreachable());
    if (this.#outstanding.size >= CALLS_MAX || this.#socket.bufferedBytes > BUFFERED_BYTES_MAX) {
      return Promise.reject(
        new PrismError("overloaded", `${this.#outstanding.size} calls to the hub are under way already`, {
          hint: "wait for answers before asking more",
        }),
      );
    }
    const id = ++this.#lastId;
    const request = requestText(id, verb, params);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#timedOut(id, verb, timeoutMs), timeoutMs);
      this.#outstanding.set(id, { verb, timer, resolve, reject });
      this.#socket.sendText(request);
    });
  }

  acknowledge(through: number): void {
    if (this.#state === "open") this.#socket.sendText(notificationText("acknowledge", { through }));
  }

  rung(ring: RungParams): void {
    if (this.#state === "open") this.#socket.sendText(notificationText("rung", ring));
  }

  pingNow(): void {
    this.#socket.pingNow();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#reason ??= new PrismError("interrupted", "the connection to the hub was closed on this side");
    this.#socket.close(1000);
  }

  #opened(protocol: string): void {
    if (protocol !== HUB_SUBPROTOCOL) {
      this.#fail(`the hub at ${this.#where} does not speak ${HUB_SUBPROTOCOL}`);
      return;
    }
    this.#state = "open";
    this.#events.opened();
  }

  #received(text: string): void {
    // After this side has given up, late answers must not overtake the end.
    if (this.#state !== "open" || this.#reason !== undefined) return;
    let message: RpcMessage;
    try {
      message = parseRpc(text);
    } catch (error) {
      this.#fail(
        error instanceof PrismError ? `the hub's message is wrong: ${error.message}` : String(error),
      );
      return;
    }
    switch (message.kind) {
      case "result":
        this.#answered(message.id, message.result);
        return;
      case "error":
        if (message.id === null) this.#fail(`the hub did not understand: ${message.error.message}`);
        else this.#refused(message.id, message.error);
        return;
      case "notification":
        this.#pushed(message.method, message.params);
        return;
      case "request":
        this.#fail("the hub sent a request, and only answers and pushes are known here");
    }
  }

  #answered(id: string | number | null, result: unknown): void {
    const asked = this.#settle(id);
    // Its time was up: the caller was told so.
    if (asked === undefined) return;
    if (isAnswer(asked.verb, result)) {
      asked.resolve(result as never);
      return;
    }
    this.#fail(`the hub's answer to ${asked.verb} has the wrong form`);
    asked.reject(this.#reason ?? this.#unreachable());
  }

  #refused(id: string | number, report: ErrorReport): void {
    const asked = this.#settle(id);
    if (asked === undefined) return;
    if (report.code !== "unknown_verb") asked.reject(errorOf(report));
    else {
      // Every verb of this side's table is asked by its name: a hub that does not know it was made before it.
      asked.reject(
        new PrismError("unknown_verb", `the hub at ${this.#where} is too old to know "${asked.verb}"`, {
          hint: "update Prism on the hub's host: prism upgrade",
        }),
      );
    }
  }

  #pushed(name: string, value: unknown): void {
    const right = isPush(name, value);
    if (right === undefined) return;
    if (right) this.#events.push(name as keyof HubPushes, value as never);
    else this.#fail(`the hub's push "${name}" has the wrong form`);
  }

  #settle(id: string | number | null): Outstanding | undefined {
    if (typeof id !== "number") return undefined;
    const asked = this.#outstanding.get(id);
    if (asked === undefined) return undefined;
    this.#outstanding.delete(id);
    clearTimeout(asked.timer);
    return asked;
  }

  #timedOut(id: number, verb: VerbName, timeoutMs: number): void {
    this.#settle(id)?.reject(
      new PrismError(
        "hub_timeout",
        `the hub at ${this.#where} did not answer ${verb} within ${timeoutMs} ms`,
        {
          hint: "ask again; a signal or drain with the same key is not done twice",
        },
      ),
    );
  }

  #fail(message: string): void {
    if (this.#state === "closed" || this.#reason !== undefined) return;
    this.#reason = new PrismError("protocol_mismatch", message, {
      hint: "run the same version of prism on both sides",
    });
    this.#socket.close(1002);
  }

  #closed(code: number, error: PrismError | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#reason ??= error ?? this.#endedBy(code);
    const reason = this.#reason;
    for (const asked of this.#outstanding.values()) {
      clearTimeout(asked.timer);
      asked.reject(reason);
    }
    this.#outstanding.clear();
    this.#events.closed(reason);
  }

  #endedBy(code: number): PrismError {
    return new PrismError("hub_unreachable", `the hub at ${this.#where} ended the connection (${code})`, {
      hint: "try again; the hub may be restarting",
    });
  }

  #unreachable(): PrismError {
    return new PrismError("hub_unreachable", `there is no connection to the hub at ${this.#where}`, {
      hint: "start the hub with: prism hub",
    });
  }
}

/**
 * Connects, asks once, closes: for callers that live as long as one answer. If the answer got lost on the
 * way, a verb that may be asked again (it only reads, or carries a key) is asked once more.
 *
 * @throws PrismError
 */
export async function callHub<V extends VerbName>(
  options: HubClientOptions & { readonly timeoutMs?: number },
  verb: V,
  params: VerbParams<V>,
  connect: ConnectSocket = connectSocket,
): Promise<VerbAnswers[V]> {
  const first = await callOnce(options, verb, params, connect);
  if ("answer" in first) return first.answer;
  if (!first.sent || !isLost(first.error) || !mayRepeat(verb, params)) throw first.error;
  const second = await callOnce(options, verb, params, connect);
  if ("answer" in second) return second.answer;
  throw second.error;
}

type Once<A> = { readonly answer: A } | { readonly error: unknown; readonly sent: boolean };

function callOnce<V extends VerbName>(
  options: HubClientOptions & { readonly timeoutMs?: number },
  verb: V,
  params: VerbParams<V>,
  connect: ConnectSocket,
): Promise<Once<VerbAnswers[V]>> {
  return new Promise((resolve) => {
    let sent = false;
    const connection = connectHub(
      options,
      {
        opened() {
          // From here the call itself settles, whatever becomes of the connection.
          sent = true;
          connection
            .call(verb, params, options.timeoutMs)
            .then(
              (answer) => resolve({ answer }),
              (error: unknown) => resolve({ error, sent }),
            )
            .finally(() => connection.close());
        },
        push() {},
        closed(error) {
          if (!sent) resolve({ error, sent });
        },
      },
      connect,
    );
  });
}

function isLost(error: unknown): boolean {
  return error instanceof PrismError && (error.code === "hub_unreachable" || error.code === "hub_timeout");
}

function mayRepeat(verb: VerbName, params: object): boolean {
  return VERBS[verb].readOnly || ("key" in params && params.key !== undefined);
}
