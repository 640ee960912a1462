/**
 * Incoming bytes: frames into messages and control frames, each byte judged as it arrives. Every rule that a
 * server's frames must keep stands here; what a control frame means for the connection does not.
 * Source: RFC 6455 sections 5 and 8.1; RFC 7692 sections 6 and 7.
 */
import { CLOSE } from "./close-codes.ts";
import {
  CONTROL,
  CONTROL_BYTES_MAX,
  FIN,
  LENGTH_16,
  LENGTH_64,
  LENGTH_BITS,
  MASK,
  OPCODE,
  OPCODE_BITS,
  RSV1,
  RSV2_RSV3,
} from "./frame.ts";
import { GatherBuffer } from "./gather-buffer.ts";
import type { WsLimits } from "./limits.ts";
import type { BytesPort, DeflatePort } from "./ports.ts";
import { asciiEnd, Utf8Check } from "./utf8.ts";

/** What came, in order. All bytes are the receiver's own. */
export type Incoming =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array }
  | { readonly kind: "ping"; readonly payload: Uint8Array }
  | { readonly kind: "pong"; readonly payload: Uint8Array }
  /** The last one: nothing after a Close frame is read (section 5.5.1). */
  | { readonly kind: "close"; readonly payload: Uint8Array }
  /** The last one: the connection must be failed with this code. `why` is half a sentence about the server. */
  | Violation;

export interface Violation {
  readonly kind: "violation";
  readonly code: number;
  readonly why: string;
}

export interface MessageReaderOptions {
  readonly limits: WsLimits;
  readonly bytes: BytesPort;
  /** Null: compression was not agreed, so RSV1 is an error. */
  readonly deflate: DeflatePort | null;
  /** False: a binary message fails the connection with 1003. */
  readonly binary: boolean;
}

/** What the next byte is. */
const FLAGS = 0;
const LENGTH = 1;
const LONG_LENGTH = 2;
const PAYLOAD = 3;

const NOTHING = new Uint8Array(0);

export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #limits: WsLimits;
  readonly #control = new Uint8Array(CONTROL_BYTES_MAX);
  readonly #utf8 = new Utf8Check();
  readonly #gathered: GatherBuffer;

  /** `#chunk[#at, ...)` is unread. */
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  #stage = FLAGS;
  /** The frame under way: its first byte, its payload's length, and how much of that is still to come. */
  #flags = 0;
  #length = 0;
  #lengthBytesLeft = 0;
  #lengthMin = 0;
  #payloadLeft = 0;
  /** The message under way: its opcode, or `continuation` if there is none. */
  #opcode: number = OPCODE.continuation;
  #compressed = false;
  #fragments = 0;
  /** Payload of its frames so far, the one under way included. */
  #messageBytes = 0;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#gathered = new GatherBuffer(options.bytes);
  }

  /** Takes `chunk[start, ...)`, which must stay as it is until `next` gives null or `keep` was called. */
  feed(chunk: Uint8Array, start = 0): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
      this.#at = start;
      return;
    }
    const rest = this.#chunk.subarray(this.#at);
    const both = this.#options.bytes.alloc(rest.length + chunk.length - start);
    both.set(rest);
    both.set(chunk.subarray(start), rest.length);
    this.#chunk = both;
    this.#at = 0;
  }

  /** Copies what is unread, so that the chunk may be reused. */
  keep(): void {
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = this.#owned(rest);
    this.#at = 0;
  }

  /**
   * Reads up to the end of the next message or control frame; null: everything was read. After a violation or
   * a Close frame it must not be called again.
   */
  next(): Incoming | null {
    const chunk = this.#chunk;
    const end = chunk.length;
    let at = this.#at;
    let incoming: Incoming | null = null;
    while (incoming === null) {
      if (this.#stage !== PAYLOAD) {
        if (at === end) break;
        incoming = this.#header(chunk[at] as number);
        at += 1;
        if (this.#stage !== PAYLOAD) continue;
      }
      const until = Math.min(at + this.#payloadLeft, end);
      // Only an empty payload needs no byte to be complete.
      if (until === at && this.#payloadLeft > 0) break;
      incoming ??=
        (this.#flags & CONTROL) === 0
          ? this.#dataPayload(chunk, at, until)
          : this.#controlPayload(chunk, at, until);
      at = until;
    }
    this.#at = at;
    if (at === end) {
      this.#chunk = NOTHING;
      this.#at = 0;
    }
    return incoming;
  }

  /** One byte of a frame's header, judged at once: nothing waits for a frame that can't be right. */
  #header(byte: number): Violation | null {
    switch (this.#stage) {
      case FLAGS:
        return this.#firstByte(byte);
      case LENGTH:
        return this.#secondByte(byte);
      default:
        return this.#lengthByte(byte);
    }
  }

  #firstByte(byte: number): Violation | null {
    this.#flags = byte;
    this.#stage = LENGTH;
    // Section 5.2: reserved bits are 0 unless an extension was negotiated that defines them.
    if ((byte & RSV2_RSV3) !== 0) return protocolError("it set a reserved bit");
    const opcode = byte & OPCODE_BITS;
    // RFC 7692 section 6.1: RSV1 stands on the first frame of a data message only.
    if ((byte & RSV1) !== 0) {
      if (this.#options.deflate === null) return protocolError("it set a reserved bit");
      if (opcode !== OPCODE.text && opcode !== OPCODE.binary) {
        return protocolError("it marked a frame as compressed that can't be");
      }
    }
    switch (opcode) {
      case OPCODE.continuation: // section 5.4: only inside a message
        if (this.#opcode !== OPCODE.continuation) return null;
        return protocolError("it continued a message that it had not begun");
      case OPCODE.binary:
        // Section 7.4.1, 1003: an endpoint that understands only text refuses binary messages.
        if (!this.#options.binary) return violation(CLOSE.unsupportedData, "it sent a binary message");
        return this.#messageBegins(byte);
      case OPCODE.text:
        return this.#messageBegins(byte);
      case OPCODE.close:
      case OPCODE.ping:
      case OPCODE.pong: // section 5.5: control frames are not fragmented
        return (byte & FIN) !== 0 ? null : protocolError("it fragmented a control frame");
      default: // section 5.2: an unknown opcode fails the connection
        return protocolError(`it sent a frame of the unknown opcode ${opcode}`);
    }
  }

  #messageBegins(byte: number): Violation | null {
    // Section 5.4: fragments of one message are not interleaved with another's.
    if (this.#opcode !== OPCODE.continuation) return protocolError("it began a message inside another");
    this.#opcode = byte & OPCODE_BITS;
    this.#compressed = (byte & RSV1) !== 0;
    return null;
  }

  #secondByte(byte: number): Violation | null {
    // Section 5.1: a server's frames are not masked.
    if ((byte & MASK) !== 0) return protocolError("it masked a frame");
    const length = byte & LENGTH_BITS;
    // Section 5.5: a control frame carries at most 125 bytes.
    if ((this.#flags & CONTROL) !== 0 && length > CONTROL_BYTES_MAX) {
      return protocolError(`it sent a control frame of more than ${CONTROL_BYTES_MAX} bytes`);
    }
    if (length < LENGTH_16) {
      this.#length = length;
      return this.#headerEnded();
    }
    this.#stage = LONG_LENGTH;
    this.#length = 0;
    this.#lengthBytesLeft = length === LENGTH_64 ? 8 : 2;
    this.#lengthMin = length === LENGTH_64 ? 0x10000 : LENGTH_16;
    return null;
  }

  #lengthByte(byte: number): Violation | null {
    // Section 5.2: the highest bit of a 64-bit length is 0.
    if (this.#lengthBytesLeft === 8 && byte > 0x7f) return protocolError("it sent a length above 2^63");
    this.#length = this.#length * 256 + byte;
    this.#lengthBytesLeft -= 1;
    if (this.#lengthBytesLeft > 0) return null;
    // Section 5.2: the minimal number of bytes must be used.
    if (this.#length < this.#lengthMin) return protocolError("it sent a length in a longer form than needed");
    return this.#headerEnded();
  }

  #headerEnded(): Violation | null {
    this.#stage = PAYLOAD;
    this.#payloadLeft = this.#length;
    if ((this.#flags & CONTROL) !== 0) return null;
    const { frameBytesMax, messageBytesMax, fragmentsMax } = this.#limits;
    // Section 10.4: limits on frame and message, kept before a byte of the payload is.
    if (this.#length > frameBytesMax) return tooBig(`it sent a frame of more than ${frameBytesMax} bytes`);
    this.#messageBytes += this.#length;
    if (this.#messageBytes > messageBytesMax) return this.#messageTooBig();
    this.#fragments += 1;
    if (this.#fragments <= fragmentsMax) return null;
    return violation(CLOSE.policyViolation, `it cut a message into more than ${fragmentsMax} frames`);
  }

  #controlPayload(chunk: Uint8Array, start: number, end: number): Incoming | null {
    const at = this.#length - this.#payloadLeft;
    for (let index = start; index < end; index += 1)
      this.#control[at + index - start] = chunk[index] as number;
    this.#payloadLeft -= end - start;
    if (this.#payloadLeft > 0) return null;
    this.#stage = FLAGS;
    const payload = this.#control.slice(0, this.#length);
    switch (this.#flags & OPCODE_BITS) {
      case OPCODE.ping:
        return { kind: "ping", payload };
      case OPCODE.pong:
        return { kind: "pong", payload };
      default:
        return { kind: "close", payload };
    }
  }

  #dataPayload(chunk: Uint8Array, start: number, end: number): Incoming | null {
    const final = (this.#flags & FIN) !== 0;
    const whole = final && this.#fragments === 1 && end - start === this.#length;
    this.#payloadLeft -= end - start;
    if (whole) {
      // The common case: a message in one frame in one chunk is read where it lies.
      return this.#compressed
        ? this.#compressedMessage(chunk.subarray(start, end))
        : this.#wholeMessage(chunk, start, end);
    }
    // Section 8.1, failing fast: a bad byte ends the connection before the frame, let alone the message, does.
    if (this.#opcode === OPCODE.text && !this.#compressed && !this.#utf8.feed(chunk, start, end)) {
      return notUtf8();
    }
    this.#gathered.append(chunk, { start, end }, final ? this.#payloadLeft : null);
    if (this.#payloadLeft > 0) return null;
    this.#stage = FLAGS;
    return final ? this.#gatheredMessage() : null;
  }

  #wholeMessage(chunk: Uint8Array, start: number, end: number): Incoming {
    if (this.#opcode === OPCODE.binary) {
      const bytes = this.#owned(chunk.subarray(start, end));
      this.#messageEnded();
      return { kind: "binary", bytes };
    }
    return this.#text(chunk, start, end);
  }

  /** A complete text that was not checked on the way. */
  #text(bytes: Uint8Array, start: number, end: number): Incoming {
    const notAscii = asciiEnd(bytes, start, end);
    if (notAscii < end) {
      this.#utf8.reset();
      if (!this.#utf8.feed(bytes, notAscii, end) || !this.#utf8.complete) return notUtf8();
    }
    const text = this.#options.bytes.decode(bytes, start, end, notAscii === end);
    this.#messageEnded();
    return { kind: "text", text };
  }

  #gatheredMessage(): Incoming {
    if (this.#compressed) return this.#compressedMessage(this.#gathered.view());
    if (this.#opcode === OPCODE.binary) {
      const bytes = this.#gathered.take();
      this.#messageEnded();
      return { kind: "binary", bytes };
    }
    // Section 8.1: a character may be cut between fragments, but not at the message's end.
    if (!this.#utf8.complete) return notUtf8();
    const view = this.#gathered.view();
    const text = this.#options.bytes.decode(view, 0, view.length, this.#utf8.ascii);
    this.#messageEnded();
    return { kind: "text", text };
  }

  /** RFC 7692 section 6.2: a message is inflated as one, however it was fragmented. */
  #compressedMessage(payload: Uint8Array): Incoming {
    const inflated = this.#options.deflate?.inflate(payload, this.#limits.messageBytesMax) ?? "corrupt";
    if (inflated === "tooLarge") return this.#messageTooBig();
    if (inflated === "corrupt") {
      return violation(CLOSE.invalidPayload, "it sent a message that can't be decompressed");
    }
    if (this.#opcode === OPCODE.text) return this.#text(inflated, 0, inflated.length);
    this.#messageEnded();
    // A small message in the inflater's large buffer would keep all of it alive.
    const bytes = inflated.length === inflated.buffer.byteLength ? inflated : this.#owned(inflated);
    return { kind: "binary", bytes };
  }

  /** A copy in memory of its own. Not by `slice`: a Buffer's shares its memory. */
  #owned(bytes: Uint8Array): Uint8Array {
    const copy = this.#options.bytes.alloc(bytes.length);
    copy.set(bytes);
    return copy;
  }

  #messageEnded(): void {
    this.#stage = FLAGS;
    this.#opcode = OPCODE.continuation;
    this.#fragments = 0;
    this.#messageBytes = 0;
    if (this.#gathered.size > 0) this.#gathered.clear();
    this.#utf8.reset();
  }

  #messageTooBig(): Violation {
    return tooBig(`it sent a message of more than ${this.#limits.messageBytesMax} bytes`);
  }
}

function violation(code: number, why: string): Violation {
  return { kind: "violation", code, why };
}

function protocolError(why: string): Violation {
  return violation(CLOSE.protocolError, why);
}

function tooBig(why: string): Violation {
  return violation(CLOSE.messageTooBig, why);
}

function notUtf8(): Violation {
  return violation(CLOSE.invalidPayload, "it sent a text that is not UTF-8");
}
