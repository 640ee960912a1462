/**
 * Outgoing bytes: masked frames, written one behind the other into one growing slab, so that many small
 * messages leave in one write. Knows no connection state. Source: RFC 6455 sections 5.2 and 5.3.
 */
import { CONTROL_BYTES_MAX, FIN, LENGTH_16, LENGTH_64, MASK } from "./frame.ts";
import { maskInPlace } from "./mask.ts";
import type { BytesPort } from "./ports.ts";

/** A quiet connection keeps this much; each further slab doubles, up to the bound. */
const SLAB_BYTES_MIN = 512;
const SLAB_BYTES_MAX = 64 * 1024;
/** Two bytes, a 64-bit length, the mask key. */
const HEADER_BYTES_MAX = 14;

export class FrameWriter {
  readonly #port: BytesPort;
  readonly #nextMaskKey: () => number;
  #slab: Uint8Array;
  #words: Int32Array;
  /** `#slab[#taken, #end)` waits to be taken; what lies before belongs to whoever took it. */
  #taken = 0;
  #end = 0;
  #slabBytesNext = SLAB_BYTES_MIN;

  constructor(port: BytesPort, nextMaskKey: () => number) {
    this.#port = port;
    this.#nextMaskKey = nextMaskKey;
    this.#slab = new Uint8Array(0);
    this.#words = new Int32Array(0);
  }

  /** Bytes that wait to be taken. */
  get size(): number {
    return this.#end - this.#taken;
  }

  /** All bytes that wait; they are the taker's own and are never written to again. */
  take(): Uint8Array {
    const bytes = this.#slab.subarray(this.#taken, this.#end);
    this.#taken = this.#end;
    return bytes;
  }

  /** Text that is no frame: the opening handshake. */
  raw(text: string): void {
    this.#reserve(text.length * 3);
    this.#end += this.#port.encode(text, this.#slab, this.#end);
  }

  /** @param flags FIN, RSV1 and opcode, as in the frame's first byte */
  frame(flags: number, payload: Uint8Array): void {
    this.#reserve(HEADER_BYTES_MAX + payload.length);
    const start = this.#end;
    const body = start + headerBytesFor(payload.length);
    this.#slab.set(payload, body);
    this.#seal(flags, start, body, payload.length);
  }

  /** One text frame, encoded where it will be sent from. */
  text(flags: number, text: string): void {
    this.#reserve(HEADER_BYTES_MAX + text.length * 3);
    const start = this.#end;
    // The header's length depends on the payload's, known only once it is written: the guess from the number
    // of UTF-16 units is right unless the text is not ASCII and of a length near a threshold.
    const guess = start + headerBytesFor(text.length);
    const length = this.#port.encode(text, this.#slab, guess);
    const body = start + headerBytesFor(length);
    if (body !== guess) this.#slab.copyWithin(body, guess, guess + length);
    this.#seal(flags, start, body, length);
  }

  /** Writes the header before a payload that is in place, and masks it. */
  #seal(flags: number, start: number, body: number, length: number): void {
    const slab = this.#slab;
    slab[start] = flags;
    let at = start + 2;
    if (length <= CONTROL_BYTES_MAX) {
      slab[start + 1] = MASK | length;
    } else if (length <= 0xffff) {
      slab[start + 1] = MASK | LENGTH_16;
      slab[at] = length >>> 8;
      slab[at + 1] = length;
      at += 2;
    } else {
      slab[start + 1] = MASK | LENGTH_64;
      for (let index = 0, rest = length; index < 8; index += 1, rest = Math.floor(rest / 256)) {
        slab[at + 7 - index] = rest % 256;
      }
      at += 8;
    }
    const key = this.#nextMaskKey();
    slab[at] = key;
    slab[at + 1] = key >>> 8;
    slab[at + 2] = key >>> 16;
    slab[at + 3] = key >>> 24;
    this.#end = body + length;
    maskInPlace(slab, this.#words, { start: body, end: this.#end }, key);
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    const waiting = this.#slab.subarray(this.#taken, this.#end);
    // Twice what waits, so that a caller who never takes copies each byte a bounded number of times.
    const size = Math.max(this.#slabBytesNext, waiting.length * 2, waiting.length + bytes);
    this.#slabBytesNext = Math.min(this.#slabBytesNext * 2, SLAB_BYTES_MAX);
    const slab = this.#port.alloc((size + 3) & ~3);
    slab.set(waiting);
    this.#slab = slab;
    this.#words = new Int32Array(slab.buffer, slab.byteOffset, slab.length >> 2);
    this.#end = waiting.length;
    this.#taken = 0;
  }
}

/** Section 5.2: the shortest of the three length forms. */
function headerBytesFor(length: number): number {
  if (length <= CONTROL_BYTES_MAX) return 6;
  return length <= 0xffff ? 8 : 14;
}

/** A whole message in one frame: this side never fragments. */
export function wholeFrame(opcode: number): number {
  return FIN | opcode;
}
