/**
 * The browsers' `WebSocket` class over the driver, for programs and test suites that expect it. It translates
 * and checks arguments; what happens on the wire is the driver's. Its events are its own classes: the global
 * `MessageEvent` and `CloseEvent` would load all of undici. Source: WHATWG WebSockets, section 3.
 */
import type { PrismError } from "../domain/errors.ts";
import { CLOSE, REASON_BYTES_MAX } from "../wsproto.ts";
import { connectSocket, type SocketClosed, type SocketHandle, type SocketOptions } from "./websocket.ts";

/** Everything of the driver's but the address; compression is offered unless `deflate` is false. */
export type W3cSocketOptions = Partial<Omit<SocketOptions, "url" | "protocols">>;

/** How a binary message is handed over; here the default is `arraybuffer`, for a Blob must be read once more. */
export type BinaryType = "arraybuffer" | "blob" | "nodebuffer";

export type MessageData = string | ArrayBuffer | Blob | Buffer;

export class SocketMessageEvent extends Event {
  readonly data: MessageData;
  readonly origin: string;

  constructor(data: MessageData, origin: string) {
    super("message");
    this.data = data;
    this.origin = origin;
  }
}

export class SocketCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(closed: SocketClosed) {
    super("close");
    this.code = closed.code;
    this.reason = closed.reason;
    this.wasClean = closed.wasClean;
  }
}

/** Beyond the standard, which tells a page nothing: what went wrong. */
export class SocketErrorEvent extends Event {
  readonly error: PrismError | undefined;
  readonly message: string;

  constructor(error: PrismError | undefined) {
    super("error");
    this.error = error;
    this.message = error?.message ?? "the connection was closed before it was open";
  }
}

interface SocketEventMap {
  readonly open: Event;
  readonly message: SocketMessageEvent;
  readonly error: SocketErrorEvent;
  readonly close: SocketCloseEvent;
}
type Handler<K extends keyof SocketEventMap> =
  | ((this: WebSocket, event: SocketEventMap[K]) => unknown)
  | null;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
type ReadyState = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;

export class WebSocket extends EventTarget {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSING = CLOSING;
  readonly CLOSED = CLOSED;

  readonly #url: URL;
  readonly #handlers = new HandlerAttributes(this);
  /** Null: the driver refused the options, and `close` comes next. */
  readonly #socket: SocketHandle | null;
  #readyState: ReadyState = CONNECTING;
  #hasOpened = false;
  #binaryType: BinaryType = "arraybuffer";
  #protocol = "";
  #extensions = "";
  /** Bytes of messages sent after the closing began: the standard counts them though they go nowhere. */
  #discardedBytes = 0;

  /**
   * @param url `ws:` or `wss:`, or `http:` or `https:` for the same
   * @throws DOMException `SyntaxError` for a URL or subprotocols that the standard refuses
   */
  constructor(url: string | URL, protocols: string | readonly string[] = [], options: W3cSocketOptions = {}) {
    super();
    this.#url = parseUrl(String(url));
    const wanted = checkedProtocols(typeof protocols === "string" ? [protocols] : protocols);
    this.#socket = this.#connect(wanted, options);
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get extensions(): string {
    return this.#extensions;
  }

  /** Bytes of frames not yet taken by the operating system, and of messages sent too late. */
  get bufferedAmount(): number {
    return (this.#socket?.bufferedBytes ?? 0) + this.#discardedBytes;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  /** Another value is ignored, as for every enumeration of the platform. */
  set binaryType(type: BinaryType) {
    if (type === "arraybuffer" || type === "blob" || type === "nodebuffer") this.#binaryType = type;
  }

  get onopen(): Handler<"open"> {
    return this.#handlers.get("open") as Handler<"open">;
  }
  set onopen(handler: Handler<"open">) {
    this.#handlers.set("open", handler);
  }
  get onmessage(): Handler<"message"> {
    return this.#handlers.get("message") as Handler<"message">;
  }
  set onmessage(handler: Handler<"message">) {
    this.#handlers.set("message", handler);
  }
  get onerror(): Handler<"error"> {
    return this.#handlers.get("error") as Handler<"error">;
  }
  set onerror(handler: Handler<"error">) {
    this.#handlers.set("error", handler);
  }
  get onclose(): Handler<"close"> {
    return this.#handlers.get("close") as Handler<"close">;
  }
  set onclose(handler: Handler<"close">) {
    this.#handlers.set("close", handler);
  }

  /** @throws DOMException `InvalidStateError` before `open`; after the closing has begun it is ignored */
  send(data: string | ArrayBuffer | SharedArrayBuffer | ArrayBufferView): void {
    if (this.#readyState === CONNECTING) {
      throw new DOMException("a message was sent before the connection was open", "InvalidStateError");
    }
    const message = typeof data === "string" ? data : (bytesOf(data) ?? String(data));
    if (this.#readyState !== OPEN) {
      this.#discardedBytes += typeof message === "string" ? Buffer.byteLength(message) : message.length;
    } else if (typeof message === "string") {
      this.#socket?.sendText(message);
    } else {
      this.#socket?.sendBinary(message);
    }
  }

  /**
   * @param code 1000 or 3000 to 4999 @param reason at most 123 bytes of UTF-8
   * @throws DOMException `InvalidAccessError` or `SyntaxError`
   */
  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(
        `the close code ${code} is neither 1000 nor in 3000 to 4999`,
        "InvalidAccessError",
      );
    }
    if (reason !== undefined && Buffer.byteLength(reason) > REASON_BYTES_MAX) {
      throw new DOMException(`the close reason is longer than ${REASON_BYTES_MAX} bytes`, "SyntaxError");
    }
    if (this.#readyState === CLOSING || this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#socket?.close(code ?? (reason === undefined ? null : CLOSE.normal), reason);
  }

  #connect(protocols: readonly string[], options: W3cSocketOptions): SocketHandle | null {
    const href = this.#url.href;
    try {
      return connectSocket(
        { env: {}, deflate: true, pingIntervalMs: 0, ...options, url: href, protocols },
        {
          opened: (protocol, extensions) => this.#opened(protocol, extensions),
          text: (text) => this.#message(text),
          binary: (bytes) => this.#message(this.#inBinaryType(bytes)),
          closing: () => {
            this.#readyState = CLOSING;
          },
          closed: (closed) => this.#closed(closed),
        },
      );
    } catch (error) {
      const closed = { code: CLOSE.abnormal, reason: "", wasClean: false, error: error as PrismError };
      process.nextTick(() => this.#closed(closed));
      return null;
    }
  }

  #opened(protocol: string, extensions: string): void {
    this.#readyState = OPEN;
    this.#hasOpened = true;
    this.#protocol = protocol;
    this.#extensions = extensions;
    this.dispatchEvent(new Event("open"));
  }

  #message(data: MessageData): void {
    if (this.#readyState === OPEN) this.dispatchEvent(new SocketMessageEvent(data, this.#url.origin));
  }

  #inBinaryType(bytes: Uint8Array): MessageData {
    switch (this.#binaryType) {
      case "nodebuffer":
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      case "blob":
        return new Blob([bytes as Uint8Array<ArrayBuffer>]);
      default:
        // The driver gives each message an ArrayBuffer of its own.
        return bytes.buffer as ArrayBuffer;
    }
  }

  #closed(closed: SocketClosed): void {
    this.#readyState = CLOSED;
    // Giving up the opening counts as a failure (section 3.1, `close`), even if it was asked for.
    if (closed.error !== undefined || !this.#hasOpened)
      this.dispatchEvent(new SocketErrorEvent(closed.error));
    this.dispatchEvent(new SocketCloseEvent(closed));
  }
}

/**
 * The `on...` attributes: each is one listener, which keeps its place among the others when it is replaced.
 * Source: HTML, section 8.1.8.1.
 */
class HandlerAttributes {
  readonly #target: EventTarget;
  readonly #current = new Map<string, (event: never) => unknown>();
  readonly #listening = new Set<string>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): ((event: never) => unknown) | null {
    return this.#current.get(type) ?? null;
  }

  set(type: string, handler: unknown): void {
    if (typeof handler !== "function") {
      this.#current.delete(type);
      return;
    }
    this.#current.set(type, handler as (event: never) => unknown);
    if (this.#listening.has(type)) return;
    this.#listening.add(type);
    this.#target.addEventListener(type, (event) => {
      this.#current.get(type)?.call(this.#target, event as never);
    });
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "http:") url.protocol = "ws:";
  if (url?.protocol === "https:") url.protocol = "wss:";
  if (url === null || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
    throw new DOMException("the URL is not one of ws:, wss:, http: or https:", "SyntaxError");
  }
  url.hash = "";
  return url;
}

function checkedProtocols(protocols: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(protocol) || seen.has(protocol.toLowerCase())) {
      throw new DOMException(
        `the subprotocol ${JSON.stringify(protocol)} is no token or stands twice`,
        "SyntaxError",
      );
    }
    seen.add(protocol.toLowerCase());
  }
  return protocols;
}

function bytesOf(data: ArrayBuffer | SharedArrayBuffer | ArrayBufferView): Uint8Array | null {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return data instanceof ArrayBuffer || data instanceof SharedArrayBuffer ? new Uint8Array(data) : null;
}
