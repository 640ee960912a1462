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

/** The connection must be failed with this code; `why` is half a sentence about the server, for its log and ours. */
export interface Violation {
  readonly code: number;
  readonly why: string;
}

/** Where messages and control frames go, in the order they came. All bytes are the receiver's own. */
export interface MessageSink {
  text(text: string): void;
  binary(bytes: Uint8Array): void;
  ping(payload: Uint8Array): void;
  pong(payload: Uint8Array): void;
  /** The last call: nothing after a Close frame is read (section 5.5.1). */
  close(payload: Uint8Array): void;
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
const ENDED = 4;

export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #limits: WsLimits;
  readonly #sink: MessageSink;
  readonly #control = new Uint8Array(CONTROL_BYTES_MAX);
  readonly #utf8 = new Utf8Check();
  readonly #gathered: GatherBuffer;

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

  constructor(options: MessageReaderOptions, sink: MessageSink) {
    this.#options = options;
    this.#limits = options.limits;
    this.#sink = sink;
    this.#gathered = new GatherBuffer(options.bytes);
  }

  /**
   * Reads `chunk[start, ...)`, which is not retained. Once it has returned a violation or seen a Close frame it
   * must not be called again.
   */
  read(chunk: Uint8Array, start: number): Violation | null {
    const end = chunk.length;
    let at = start;
    while (this.#stage !== ENDED) {
      if (this.#stage !== PAYLOAD) {
        if (at === end) return null;
        const violation = this.#header(chunk[at] as number);
        at += 1;
        if (violation !== null) return violation;
        if (this.#stage !== PAYLOAD) continue;
      }
      const until = Math.min(at + this.#payloadLeft, end);
      if (until === at && this.#payloadLeft > 0) return null;
      const violation =
        (this.#flags & CONTROL) === 0
          ? this.#dataPayload(chunk, at, until)
          : this.#controlPayload(chunk, at, until);
      if (violation !== null) return violation;
      at = until;
    }
    return null;
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
        if (!this.#options.binary) return { code: CLOSE.unsupportedData, why: "it sent a binary message" };
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
    return {
      code: CLOSE.policyViolation,
      why: `it cut a message into more than ${fragmentsMax} frames`,
    };
  }

  #controlPayload(chunk: Uint8Array, start: number, end: number): Violation | null {
    const at = this.#length - this.#payloadLeft;
    for (let index = start; index < end; index += 1)
      this.#control[at + index - start] = chunk[index] as number;
    this.#payloadLeft -= end - start;
    if (this.#payloadLeft > 0) return null;
    this.#stage = FLAGS;
    const payload = this.#control.slice(0, this.#length);
    switch (this.#flags & OPCODE_BITS) {
      case OPCODE.ping:
        this.#sink.ping(payload);
        return null;
      case OPCODE.pong:
        this.#sink.pong(payload);
        return null;
      default:
        this.#stage = ENDED;
        this.#sink.close(payload);
        return null;
    }
  }

  #dataPayload(chunk: Uint8Array, start: number, end: number): Violation | null {
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

  #wholeMessage(chunk: Uint8Array, start: number, end: number): Violation | null {
    if (this.#opcode === OPCODE.binary) {
      const bytes = this.#options.bytes.alloc(end - start);
      bytes.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
      this.#messageEnded();
      this.#sink.binary(bytes);
      return null;
    }
    return this.#text(chunk, start, end);
  }

  /** A complete text that was not checked on the way. */
  #text(bytes: Uint8Array, start: number, end: number): Violation | null {
    const notAscii = asciiEnd(bytes, start, end);
    if (notAscii < end) {
      this.#utf8.reset();
      if (!this.#utf8.feed(bytes, notAscii, end) || !this.#utf8.complete) return notUtf8();
    }
    const text = this.#options.bytes.decode(bytes, start, end, notAscii === end);
    this.#messageEnded();
    this.#sink.text(text);
    return null;
  }

  #gatheredMessage(): Violation | null {
    if (this.#compressed) return this.#compressedMessage(this.#gathered.view());
    if (this.#opcode === OPCODE.binary) {
      const bytes = this.#gathered.take();
      this.#messageEnded();
      this.#sink.binary(bytes);
      return null;
    }
    // Section 8.1: a character may be cut between fragments, but not at the message's end.
    if (!this.#utf8.complete) return notUtf8();
    const view = this.#gathered.view();
    const text = this.#options.bytes.decode(view, 0, view.length, this.#utf8.ascii);
    this.#messageEnded();
    this.#sink.text(text);
    return null;
  }

  /** RFC 7692 section 6.2: a message is inflated as one, however it was fragmented. */
  #compressedMessage(payload: Uint8Array): Violation | null {
    const inflated = this.#options.deflate?.inflate(payload, this.#limits.messageBytesMax) ?? "corrupt";
    if (inflated === "tooLarge") return this.#messageTooBig();
    if (inflated === "corrupt") {
      return { code: CLOSE.invalidPayload, why: "it sent a message that can't be decompressed" };
    }
    if (this.#opcode === OPCODE.text) return this.#text(inflated, 0, inflated.length);
    this.#messageEnded();
    this.#sink.binary(inflated);
    return null;
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

function protocolError(why: string): Violation {
  return { code: CLOSE.protocolError, why };
}

function tooBig(why: string): Violation {
  return { code: CLOSE.messageTooBig, why };
}

function notUtf8(): Violation {
  return { code: CLOSE.invalidPayload, why: "it sent a text that is not UTF-8" };
}
