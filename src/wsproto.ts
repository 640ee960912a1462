/**
 * RFC 6455 client with RFC 7692 compression, sans-I/O: bytes from the server in, events out; texts and bytes
 * to send in, bytes for the server out. It knows no socket, TLS, proxy, clock, timer or source of randomness,
 * and never throws because of the server: bad bytes become an event and the right Close frame.
 *
 * Events are pulled one at a time, and what lies behind one is not read before the next is asked for. So what
 * the owner sends in answer to a message leaves before the answer to what came after it: a Close frame that
 * arrived in the same chunk does not cut him off. It also lets him stop between two messages.
 *
 * ```
 *   opening --answer accepted--> open --close()--> closing --Close frame--> ended
 *      |                          |  '------Close frame, answered-----------^ ^
 *      '--refused, failed---------+--failed-----------------------------------'
 * ```
 */
import { CLOSE, isCloseCode } from "./wsproto/close-codes.ts";
import type { DeflateOffer } from "./wsproto/deflate.ts";
import { CONTROL_BYTES_MAX, OPCODE, RSV1 } from "./wsproto/frame.ts";
import { FrameWriter, wholeFrame } from "./wsproto/frame-writer.ts";
import { type HandshakeVerdict, judgeAnswer, printRequest } from "./wsproto/handshake.ts";
import { HttpHeadReader } from "./wsproto/http-head.ts";
import { defaultWsLimits, type WsLimits } from "./wsproto/limits.ts";
import { type Incoming, MessageReader } from "./wsproto/message-reader.ts";
import type { DeflateAgreement, DeflatePort, WsPorts } from "./wsproto/ports.ts";
import { Utf8Check } from "./wsproto/utf8.ts";

export { CLOSE } from "./wsproto/close-codes.ts";
export type { DeflateOffer } from "./wsproto/deflate.ts";
export { defaultWsLimits, type WsLimits } from "./wsproto/limits.ts";
export type { BytesPort, DeflateAgreement, DeflatePort, WsPorts } from "./wsproto/ports.ts";

export interface WsClientOptions {
  /** Path and query of the request, as in `/v1/socket?a=b`. */
  readonly resource: string;
  /** The `Host` field: with the port unless it is the scheme's default. */
  readonly host: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Compression to offer; null or absent: none. */
  readonly deflate?: DeflateOffer | null;
  /** True: a server that declines compression is left with 1010 (RFC 6455 section 7.4.1). */
  readonly deflateRequired?: boolean;
  /** False: a binary message fails the connection with 1003. */
  readonly binary?: boolean;
  readonly limits?: Partial<WsLimits>;
  /** 16 unpredictable bytes for the handshake's key. */
  readonly nonce: Uint8Array;
}

/** `refused` and `failed` are last: after either, `next` gives null for ever. */
export type WsEvent =
  | { readonly kind: "opened"; readonly protocol: string; readonly extensions: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array }
  | { readonly kind: "ping"; readonly payload: Uint8Array }
  | { readonly kind: "pong"; readonly payload: Uint8Array }
  /** The server's Close frame: nothing more will come, and everything that must be sent has been. */
  | { readonly kind: "closing"; readonly code: number; readonly reason: string }
  /** The opening handshake was answered with another status than 101. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly phrase: string;
      readonly location: string | null;
    }
  /** The server broke the protocol: `code` is what the Close frame says, 1006 if there is none to send. */
  | { readonly kind: "failed"; readonly code: number; readonly why: string };

export type WsPhase = "opening" | "open" | "closing" | "ended";

/** RFC 6455 sections 7.1.4 to 7.1.6. */
export interface WsCloseInfo {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** Section 5.5.1: a Close frame's payload is a code of two bytes and a reason. */
export const REASON_BYTES_MAX = CONTROL_BYTES_MAX - 2;

export class WsClient {
  readonly #options: WsClientOptions & { readonly limits: WsLimits };
  readonly #ports: WsPorts;
  readonly #writer: FrameWriter;
  readonly #head: HttpHeadReader;
  #phase: WsPhase = "opening";
  #reader: MessageReader | null = null;
  #deflate: DeflatePort | null = null;
  /** The opening handshake's outcome, until it is asked for. */
  #outcome: WsEvent | null = null;
  /** The server's Close frame, once it came. */
  #closed: { readonly code: number; readonly reason: string } | null = null;
  #pongsHeld = false;
  #pongOwed: Uint8Array | null = null;

  /**
   * The request waits in `take` at once.
   *
   * @throws RangeError if an option can't stand in a request; secrets are not quoted
   */
  constructor(options: WsClientOptions, ports: WsPorts) {
    this.#options = { ...options, limits: { ...defaultWsLimits, ...options.limits } };
    this.#ports = ports;
    this.#writer = new FrameWriter(ports.bytes, () => ports.nextMaskKey());
    this.#head = new HttpHeadReader(this.#options.limits);
    this.#writer.raw(printRequest(this.#handshake()));
  }

  get phase(): WsPhase {
    return this.#phase;
  }

  /** Bytes that wait to be taken. */
  get pendingBytes(): number {
    return this.#writer.size;
  }

  /** All bytes that are to be sent by now, in order; empty if there are none. They are the caller's own. */
  take(): Uint8Array {
    return this.#writer.take();
  }

  /**
   * Feeds one chunk from the server, for `next` to read.
   *
   * @param chunk any split of the stream, 0..n bytes; it must stay as it is until `next` gives null, or until
   *   `keep` is called
   */
  receive(chunk: Uint8Array): void {
    const start = this.#phase === "opening" ? this.#receiveHead(chunk) : 0;
    this.#reader?.feed(chunk, start);
  }

  /** Copies what was received and not read yet, so that the chunk may be reused. */
  keep(): void {
    this.#reader?.keep();
  }

  /**
   * Reads on to what happened next, and writes the answers to pings and Close frames to `take`.
   *
   * @returns null: everything received was read. At most one `refused` or `failed`, always last
   * @throws never because of the server
   * Source: RFC 6455 sections 4.1, 5, 7. Limits: `options.limits`.
   */
  next(): WsEvent | null {
    if (this.#outcome !== null) {
      const outcome = this.#outcome;
      this.#outcome = null;
      return outcome;
    }
    const incoming = this.#reader?.next() ?? null;
    return incoming === null ? null : this.#happened(incoming);
  }

  /** False, and nothing is sent, unless the connection is open: after a Close frame no data may follow (section 5.5.1). */
  sendText(text: string): boolean {
    if (this.#phase !== "open") return false;
    // In UTF-16 units, which is close enough to choose by.
    if (this.#deflate === null || text.length < this.#options.limits.deflateBytesMin) {
      this.#writer.text(wholeFrame(OPCODE.text), text);
    } else {
      const bytes = this.#ports.bytes.alloc(text.length * 3);
      const length = this.#ports.bytes.encode(text, bytes, 0);
      this.#writer.frame(wholeFrame(OPCODE.text) | RSV1, this.#deflate.deflate(bytes.subarray(0, length)));
    }
    return true;
  }

  /** As `sendText`; `bytes` are copied before it returns. */
  sendBinary(bytes: Uint8Array): boolean {
    if (this.#phase !== "open") return false;
    if (this.#deflate === null || bytes.length < this.#options.limits.deflateBytesMin) {
      this.#writer.frame(wholeFrame(OPCODE.binary), bytes);
    } else {
      this.#writer.frame(wholeFrame(OPCODE.binary) | RSV1, this.#deflate.deflate(bytes));
    }
    return true;
  }

  /** Section 5.5.2. @param payload at most 125 bytes. @throws RangeError if it is longer */
  ping(payload: Uint8Array): boolean {
    if (payload.length > CONTROL_BYTES_MAX) {
      throw new RangeError(`a ping of ${payload.length} bytes is longer than ${CONTROL_BYTES_MAX}`);
    }
    if (this.#phase !== "open" && this.#phase !== "closing") return false;
    // Section 5.5.1 forbids data after a Close frame; a ping could only be answered before the Close is.
    if (this.#phase === "open") this.#writer.frame(wholeFrame(OPCODE.ping), payload);
    return this.#phase === "open";
  }

  /**
   * While held, pings are remembered instead of answered, and only the newest: what section 5.5.3 allows. For a
   * driver whose server sends pings and doesn't read, so that the answers don't pile up.
   */
  holdPongs(held: boolean): void {
    this.#pongsHeld = held;
    if (held || this.#pongOwed === null) return;
    const payload = this.#pongOwed;
    this.#pongOwed = null;
    if (this.#phase === "open") this.#writer.frame(wholeFrame(OPCODE.pong), payload);
  }

  /**
   * Starts the closing handshake (section 7.1.2); without effect unless open.
   *
   * @param code one that may be sent; null: no code
   * @param reason cut to 123 bytes of UTF-8 at a character's border
   * @throws RangeError for a code that may not be sent
   */
  close(code: number | null = CLOSE.normal, reason = ""): void {
    if (code !== null && !isCloseCode(code)) throw new RangeError(`the close code ${code} may not be sent`);
    if (this.#phase !== "open") return;
    this.#sendClose(code, reason);
    this.#phase = "closing";
  }

  /** What the end of the connection, seen now, amounts to. */
  closeInfo(): WsCloseInfo {
    // Sections 7.1.4 to 7.1.6: the code is the one received; 1005 without one, 1006 without a Close frame.
    if (this.#closed === null) return { code: CLOSE.abnormal, reason: "", wasClean: false };
    return { ...this.#closed, wasClean: true };
  }

  #handshake() {
    const { resource, host, protocols = [], headers = {}, deflate = null, nonce } = this.#options;
    return { resource, host, protocols, headers, deflate, nonce };
  }

  /** @returns where the bytes after the head begin */
  #receiveHead(chunk: Uint8Array): number {
    let at = 0;
    for (;;) {
      const progress = this.#head.feed(chunk, at);
      if (progress.kind === "more") return chunk.length;
      if (progress.kind === "malformed") {
        this.#failOpening(progress.why);
        return chunk.length;
      }
      at = progress.rest;
      // RFC 9110 section 15.2: interim answers precede the final one, and a client must be able to pass them by.
      if (progress.head.status >= 200 || progress.head.status === 101) {
        this.#judged(judgeAnswer(progress.head, this.#handshake()));
        return at;
      }
    }
  }

  #judged(verdict: HandshakeVerdict): void {
    switch (verdict.kind) {
      case "failed":
        this.#failOpening(verdict.why);
        return;
      case "refused":
        this.#phase = "ended";
        this.#outcome = verdict;
        return;
      case "accepted":
        this.#opened(verdict.protocol, verdict.extensions, verdict.deflate);
        return;
      default:
        verdict satisfies never;
    }
  }

  #opened(protocol: string, extensions: string, agreement: DeflateAgreement | null): void {
    this.#phase = "open";
    if (agreement !== null) this.#deflate = this.#ports.openDeflate(agreement);
    else if (this.#options.deflateRequired === true) {
      // Section 7.4.1, 1010: the reason lists the extensions that are needed.
      this.#outcome = this.#fail(CLOSE.extensionMissing, "it declined compression", "permessage-deflate");
      return;
    }
    this.#reader = new MessageReader({
      limits: this.#options.limits,
      bytes: this.#ports.bytes,
      deflate: this.#deflate,
      binary: this.#options.binary !== false,
    });
    this.#outcome = { kind: "opened", protocol, extensions };
  }

  #happened(incoming: Incoming): WsEvent {
    switch (incoming.kind) {
      case "ping":
        this.#pinged(incoming.payload);
        return incoming;
      case "close":
        return this.#closeReceived(incoming.payload);
      case "violation":
        return this.#fail(incoming.code, incoming.why);
      default:
        return incoming;
    }
  }

  /** Section 5.5.2: answered unless a Close frame was sent, with the same payload (section 5.5.3). */
  #pinged(payload: Uint8Array): void {
    if (this.#phase !== "open") return;
    if (this.#pongsHeld) this.#pongOwed = payload;
    else this.#writer.frame(wholeFrame(OPCODE.pong), payload);
  }

  /** Section 5.5.1. */
  #closeReceived(payload: Uint8Array): WsEvent {
    const [high, low] = payload;
    if (high === undefined) return this.#peerClosed(CLOSE.noStatus, "");
    // A payload is empty or begins with a code of two bytes.
    if (low === undefined) {
      return this.#fail(CLOSE.protocolError, "it sent a Close frame with half a code");
    }
    const code = high * 256 + low;
    // Section 7.4: codes outside the ranges that may be sent.
    if (!isCloseCode(code)) {
      return this.#fail(CLOSE.protocolError, `it sent a Close frame with the code ${code}`);
    }
    const utf8 = new Utf8Check();
    // Section 8.1 counts the reason among the texts.
    if (!utf8.feed(payload, 2, payload.length) || !utf8.complete) {
      return this.#fail(CLOSE.invalidPayload, "it sent a Close frame whose reason is not UTF-8");
    }
    return this.#peerClosed(code, this.#ports.bytes.decode(payload, 2, payload.length, utf8.ascii));
  }

  #peerClosed(code: number, reason: string): WsEvent {
    // Section 5.5.1: answered unless a Close frame was sent, typically with the code received.
    if (this.#phase === "open") this.#sendClose(code === CLOSE.noStatus ? null : code, "");
    this.#end();
    this.#closed = { code, reason };
    return { kind: "closing", code, reason };
  }

  /** Section 7.1.7 before the connection is established: there is no Close frame to send. */
  #failOpening(why: string): void {
    this.#phase = "ended";
    this.#outcome = { kind: "failed", code: CLOSE.abnormal, why };
  }

  /** Section 7.1.7: a Close frame with the code, unless one was sent, and nothing is read any more. */
  #fail(code: number, why: string, reason = why): WsEvent {
    if (this.#phase === "open") this.#sendClose(code, reason);
    this.#end();
    return { kind: "failed", code, why };
  }

  /** Nothing is read any more, and nothing is kept for it. */
  #end(): void {
    this.#phase = "ended";
    this.#reader = null;
    this.#deflate = null;
  }

  #sendClose(code: number | null, reason: string): void {
    if (code === null) {
      this.#writer.frame(wholeFrame(OPCODE.close), new Uint8Array(0));
      return;
    }
    const payload = this.#ports.bytes.alloc(2 + reason.length * 3);
    payload[0] = code >>> 8;
    payload[1] = code;
    const end = 2 + this.#ports.bytes.encode(reason, payload, 2);
    this.#writer.frame(wholeFrame(OPCODE.close), payload.subarray(0, cutAtCharacter(payload, end)));
  }
}

/** The largest end within a control frame that cuts no UTF-8 character. */
function cutAtCharacter(payload: Uint8Array, end: number): number {
  if (end <= CONTROL_BYTES_MAX) return end;
  let at = CONTROL_BYTES_MAX;
  while (((payload[at] as number) & 0xc0) === 0x80) at -= 1;
  return at;
}
