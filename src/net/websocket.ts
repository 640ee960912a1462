/**
 * The WebSocket driver: gives the core of `wsproto.ts` a socket, a clock, timers and randomness. It holds no
 * rule of the protocol and knows nothing of what the messages mean.
 *
 * What it bounds: the opening, the closing handshake and a silent peer by time; what waits to be written by
 * `bufferedBytesMax` (told to the sender, who must heed it); what is read by the core's limits. Messages are
 * handed on as they are read and never queued.
 */
import { PrismError } from "../domain/errors.ts";
import { monotonicMs } from "../host/monotonic.ts";
import { CLOSE, defaultWsLimits, WsClient, type WsEvent, type WsLimits } from "../wsproto.ts";
import { type Channel, openChannel } from "./channel.ts";
import { openDeflate } from "./deflate.ts";
import { randomBytes, randomWord } from "./entropy.ts";
import { nodeBytes } from "./node-bytes.ts";
import { proxyFor } from "./proxy.ts";
import {
  answerRefusal,
  brokenProtocol,
  lostConnection,
  openingTimeout,
  refusedUnanswered,
  silentPeer,
} from "./socket-errors.ts";
import { parseSocketUrl, type SocketUrl } from "./socket-url.ts";
import type { TlsFiles } from "./tls-trust.ts";

export interface SocketOptions {
  /** `ws:` or `wss:`; credentials in it become a `Basic` Authorization unless `headers` has one. */
  readonly url: string;
  /** Where to connect instead of the URL's host: a Unix socket or named pipe; `ws:` alone, and no proxy is asked. */
  readonly socketPath?: string;
  /** Most wanted first; a server that speaks none of them is refused. */
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: TlsFiles;
  /** For HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From the call to `opened`, name look-up, proxy and TLS included. Default 10,000. */
  readonly openTimeoutMs?: number;
  /** A ping after this long without a byte from the server; 0: never. Default 30,000. */
  readonly pingIntervalMs?: number;
  /** The server is dead when it has sent neither the pong nor anything else for this long. Default 10,000. */
  readonly pongTimeoutMs?: number;
  /** How long the server may take to answer a Close frame and to end the connection. Default 3,000. */
  readonly closeTimeoutMs?: number;
  /** High-water mark of what waits to be written. Default 1 MiB. */
  readonly bufferedBytesMax?: number;
  /** Offer permessage-deflate. Default false: it costs each side time and memory. */
  readonly deflate?: boolean;
  /** False: a binary message fails the connection with 1003. Default true. */
  readonly binary?: boolean;
  readonly limits?: Partial<WsLimits>;
}

/** Called one at a time, never while `connectSocket` runs. None may throw. */
export interface SocketEvents {
  /** @param protocol the subprotocol agreed on, or "" @param extensions as the server wrote them, or "" */
  opened(protocol: string, extensions: string): void;
  text(message: string): void;
  /** @param bytes the receiver's own, in an ArrayBuffer of their own */
  binary(bytes: Uint8Array): void;
  /** After a send returned false: less than half of `bufferedBytesMax` waits now. */
  drained?(): void;
  /** The closing handshake has begun from the server's side: nothing more can be sent. */
  closing?(): void;
  /** Exactly once, always last. */
  closed(info: SocketClosed): void;
}

export interface SocketClosed {
  /** RFC 6455 section 7.1.5: as received, 1005 if the Close frame had none, 1006 without a Close frame. */
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** Why it ended; absent if it ended in order, or because this side closed or destroyed it. */
  readonly error?: PrismError;
}

export interface SocketHandle {
  /**
   * Sends of one turn leave in one write.
   *
   * @returns false: sent, but over the high-water mark, so wait for `drained`
   * @throws Error before `opened`; after the closing has begun nothing is sent and nothing thrown
   */
  sendText(text: string): boolean;
  /** As `sendText`; `bytes` may be reused at once. */
  sendBinary(bytes: Uint8Array): boolean;
  /**
   * Starts the closing handshake; no message is handed on after it. Before `opened` it gives up the opening.
   *
   * @param code 1000 unless given; null: a Close frame without one
   * @param reason cut to 123 bytes
   * @throws RangeError for a code that may not be sent
   */
  close(code?: number | null, reason?: string): void;
  /** Ends the connection at once, without a Close frame. */
  destroy(): void;
  /** Asks for a sign of life now, as after a sleep: without one within `pongTimeoutMs` the socket is closed. */
  pingNow(): void;
  /** Reads no more until `resume`: the server's sends stop by TCP's own back-pressure. */
  pause(): void;
  resume(): void;
  /** Bytes of frames that the operating system has not taken yet. */
  readonly bufferedBytes: number;
}

export const socketDefaults = {
  openTimeoutMs: 10_000,
  pingIntervalMs: 30_000,
  pongTimeoutMs: 10_000,
  closeTimeoutMs: 3_000,
  bufferedBytesMax: 1024 * 1024,
} as const;

/** Sends of one turn are held back for one write up to this size: about what one call hands to the system. */
const BATCH_BYTES_MAX = 64 * 1024;
const NO_PAYLOAD = new Uint8Array(0);

/**
 * Opens a WebSocket connection. Everything that goes wrong later comes through `closed`, as `hub_unreachable`,
 * `hub_timeout`, `unauthorized` or `protocol_mismatch` (or, for a TLS file, as `trustOf` has it).
 *
 * @throws PrismError `invalid_argument` or `unsupported` for a URL, header, protocol or proxy that can't be used
 */
export function connectSocket(options: SocketOptions, events: SocketEvents): SocketHandle {
  return new SocketDriver(options, events);
}

class SocketDriver implements SocketHandle {
  readonly #events: SocketEvents;
  readonly #url: SocketUrl;
  readonly #core: WsClient;
  readonly #channel: Channel;
  /** The handshake was done once. */
  #wasOpen = false;
  readonly #limits: Required<Pick<SocketOptions, keyof typeof socketDefaults>>;

  /** Handed to the channel, not yet taken by the system. */
  #writingBytes = 0;
  #flushScheduled = false;
  /** A send returned false and `drained` is owed. */
  #overfull = false;
  /** While a chunk is handled its answers gather for one write at its end. */
  #reading = false;
  #paused = false;
  /** Either side has begun to close: no message is handed on. */
  #closing = false;
  #destroyed = false;
  #error: PrismError | undefined;

  /** The one timer: of the opening, then of liveness, then of the closing. */
  #timer: NodeJS.Timeout | undefined;
  #heardAtMs = 0;
  #pingedAtMs: number | null = null;

  constructor(options: SocketOptions, events: SocketEvents) {
    this.#events = events;
    this.#limits = limitsOf(options);
    this.#url = parseSocketUrl(options.url, options.socketPath);
    this.#core = coreFor(options, this.#url);
    const proxy = proxyFor(this.#url.endpoint, options.env);
    this.#channel = openChannel(
      { target: this.#url.endpoint, proxy, tls: options.tls ?? {} },
      {
        ready: () => this.#flush(),
        bytes: (chunk) => this.#received(chunk),
        closed: (error) => this.#channelClosed(error),
      },
    );
    this.#setTimer(this.#limits.openTimeoutMs, () => {
      this.#abandon(openingTimeout(this.#url, this.#limits.openTimeoutMs));
    });
  }

  get bufferedBytes(): number {
    return this.#writingBytes + this.#core.pendingBytes;
  }

  sendText(text: string): boolean {
    this.#assertOpened();
    this.#core.sendText(text);
    return this.#sent();
  }

  sendBinary(bytes: Uint8Array): boolean {
    this.#assertOpened();
    this.#core.sendBinary(bytes);
    return this.#sent();
  }

  close(code: number | null = CLOSE.normal, reason = ""): void {
    if (this.#core.phase === "opening") {
      this.destroy();
      return;
    }
    this.#core.close(code, reason);
    if (this.#closing) return;
    this.#closingBegins();
    if (!this.#reading) this.#flush();
    // A paused reader would never see the answer.
    this.resume();
  }

  destroy(): void {
    this.#closing = true;
    this.#destroyed = true;
    this.#channel.destroy();
  }

  pingNow(): void {
    if (this.#core.phase !== "open") return;
    this.#core.ping(NO_PAYLOAD);
    this.#pingedAtMs = monotonicMs();
    if (!this.#reading) this.#flush();
    this.#watchPong();
  }

  pause(): void {
    if (this.#paused || this.#closing) return;
    this.#paused = true;
    this.#channel.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#channel.resume();
    if (!this.#reading) this.#read();
  }

  #assertOpened(): void {
    if (this.#core.phase === "opening") throw new Error("a message was sent before the connection was open");
  }

  #sent(): boolean {
    const core = this.#core;
    if (core.pendingBytes >= BATCH_BYTES_MAX) this.#flush();
    else if (!this.#flushScheduled && !this.#reading && core.pendingBytes > 0) {
      this.#flushScheduled = true;
      // After this turn's callback and the promises it settles, before anything is read.
      process.nextTick(() => {
        this.#flushScheduled = false;
        this.#flush();
      });
    }
    if (this.bufferedBytes <= this.#limits.bufferedBytesMax) return true;
    this.#overfull = true;
    return false;
  }

  #flush(): void {
    const bytes = this.#core.take();
    if (bytes.length === 0) return;
    this.#writingBytes += bytes.length;
    this.#core.holdPongs(this.#writingBytes > this.#limits.bufferedBytesMax);
    this.#channel.write(bytes, () => this.#written(bytes.length));
  }

  #written(size: number): void {
    this.#writingBytes -= size;
    if (this.#writingBytes <= this.#limits.bufferedBytesMax) {
      this.#core.holdPongs(false);
      if (this.#core.pendingBytes > 0 && !this.#reading && !this.#flushScheduled) this.#flush();
    }
    if (!this.#overfull || this.bufferedBytes > this.#limits.bufferedBytesMax / 2) return;
    this.#overfull = false;
    if (!this.#closing) this.#events.drained?.();
  }

  #received(chunk: Uint8Array): void {
    this.#heardAtMs = monotonicMs();
    this.#core.receive(chunk);
    this.#read();
  }

  #read(): void {
    this.#reading = true;
    while (!this.#paused && !this.#destroyed) {
      const event = this.#core.next();
      if (event === null) break;
      this.#happened(event);
    }
    // The chunk is the channel's, and comes back with other bytes.
    if (this.#paused) this.#core.keep();
    this.#reading = false;
    this.#flush();
  }

  #happened(event: WsEvent): void {
    switch (event.kind) {
      case "text":
        if (!this.#closing) this.#events.text(event.text);
        return;
      case "binary":
        if (!this.#closing) this.#events.binary(event.bytes);
        return;
      case "opened":
        this.#wasOpen = true;
        this.#watchSilence();
        this.#events.opened(event.protocol, event.extensions);
        return;
      case "ping":
        return;
      case "pong":
        // One that nobody asked for says nothing (RFC 6455 section 5.5.3).
        if (this.#pingedAtMs === null || this.#closing) return;
        this.#pingedAtMs = null;
        this.#watchSilence();
        return;
      case "closing":
        // The server ends the connection now (RFC 6455 section 7.1.1); it is given the time.
        if (!this.#closing) this.#events.closing?.();
        this.#closingBegins();
        return;
      case "refused":
        this.#abandon(answerRefusal(this.#url, event));
        return;
      case "failed":
        if (event.code === CLOSE.abnormal) this.#abandon(brokenProtocol(this.#url, event));
        else this.#failed(brokenProtocol(this.#url, event));
        return;
      default:
        event satisfies never;
    }
  }

  /** RFC 6455 section 7.1.7: the Close frame goes out, and this side's half of the stream is ended. */
  #failed(error: PrismError): void {
    this.#error ??= error;
    this.#closingBegins();
    this.#flush();
    // Not destroyed: unread bytes would turn the end into a reset, and the server might never see the frame.
    this.#channel.end();
  }

  #abandon(error: PrismError): void {
    this.#error ??= error;
    this.destroy();
  }

  #closingBegins(): void {
    this.#closing = true;
    this.#setTimer(this.#limits.closeTimeoutMs, () => this.#channel.destroy());
  }

  #lost(error: PrismError | null): PrismError {
    if (this.#wasOpen || this.#url.endpoint.secure) return lostConnection(this.#url, error);
    return refusedUnanswered(this.#url, error);
  }

  #channelClosed(error: PrismError | null): void {
    clearTimeout(this.#timer);
    const byOwner = this.#closing && this.#error === undefined;
    this.#closing = true;
    const info = this.#core.closeInfo();
    const cause = this.#error ?? (info.wasClean || byOwner ? undefined : this.#lost(error));
    this.#events.closed(cause === undefined ? info : { ...info, error: cause });
  }

  /** A ping when nothing was heard for the interval. One timer that looks back: nothing is re-armed per message. */
  #watchSilence(): void {
    const { pingIntervalMs } = this.#limits;
    clearTimeout(this.#timer);
    if (pingIntervalMs === 0) return;
    const quietMs = monotonicMs() - this.#heardAtMs;
    this.#setTimer(Math.max(1, pingIntervalMs - quietMs), () => {
      // While this side does not read, silence says nothing of the other.
      if (this.#paused) this.#heardAtMs = monotonicMs();
      if (monotonicMs() - this.#heardAtMs < pingIntervalMs) this.#watchSilence();
      else this.pingNow();
    });
  }

  #watchPong(): void {
    const { pongTimeoutMs } = this.#limits;
    const since = Math.max(this.#pingedAtMs ?? 0, this.#heardAtMs);
    this.#setTimer(Math.max(1, since + pongTimeoutMs - monotonicMs()), () => {
      // After a suspension the timer is overdue while the pong may lie unread: one round of reading goes first.
      setImmediate(() => this.#judgeSilence());
    });
  }

  #judgeSilence(): void {
    // Answered, or ended, in the round of reading that went first.
    if (this.#closing || this.#pingedAtMs === null) return;
    const { pongTimeoutMs } = this.#limits;
    if (this.#paused) this.#heardAtMs = monotonicMs();
    if (monotonicMs() - Math.max(this.#pingedAtMs, this.#heardAtMs) < pongTimeoutMs) this.#watchPong();
    else this.#abandon(silentPeer(this.#url, pongTimeoutMs));
  }

  #setTimer(delayMs: number, due: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(due, delayMs);
  }
}

function limitsOf(options: SocketOptions): Required<Pick<SocketOptions, keyof typeof socketDefaults>> {
  return {
    openTimeoutMs: options.openTimeoutMs ?? socketDefaults.openTimeoutMs,
    pingIntervalMs: options.pingIntervalMs ?? socketDefaults.pingIntervalMs,
    pongTimeoutMs: options.pongTimeoutMs ?? socketDefaults.pongTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs ?? socketDefaults.closeTimeoutMs,
    bufferedBytesMax: options.bufferedBytesMax ?? socketDefaults.bufferedBytesMax,
  };
}

/** @throws PrismError `invalid_argument` */
function coreFor(options: SocketOptions, url: SocketUrl): WsClient {
  const headers = options.headers ?? {};
  const named = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  try {
    return new WsClient(
      {
        resource: url.resource,
        host: url.hostField,
        protocols: options.protocols ?? [],
        headers:
          url.authorization === null || named ? headers : { ...headers, Authorization: url.authorization },
        deflate: options.deflate === true ? { clientMaxWindowBits: true } : null,
        binary: options.binary ?? true,
        limits: { ...defaultWsLimits, ...options.limits },
        nonce: randomBytes(16),
      },
      { bytes: nodeBytes, nextMaskKey: randomWord, openDeflate },
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PrismError("invalid_argument", `no request to ${url.shown} can be made: ${error.message}`);
  }
}
