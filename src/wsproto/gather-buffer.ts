/**
 * The pieces of one message, in one growing buffer. It grows with what came, never with what was announced:
 * a header alone costs nothing. Bounded by the reader's limits.
 */
import type { BytesPort } from "./ports.ts";

const CAPACITY_MIN = 256;
/** A buffer up to this size is kept for the next message. */
const CAPACITY_KEPT_MAX = 4096;

export class GatherBuffer {
  readonly #port: BytesPort;
  #buffer: Uint8Array;
  #size = 0;

  constructor(port: BytesPort) {
    this.#port = port;
    this.#buffer = new Uint8Array(0);
  }

  get size(): number {
    return this.#size;
  }

  /** @param expected how many bytes will follow, or null if that is unknown */
  append(
    chunk: Uint8Array,
    range: { readonly start: number; readonly end: number },
    expected: number | null,
  ): void {
    const size = this.#size + range.end - range.start;
    if (size > this.#buffer.length) this.#grow(size, expected);
    this.#buffer.set(chunk.subarray(range.start, range.end), this.#size);
    this.#size = size;
  }

  /** Doubles, so that each byte is copied a bounded number of times, but not beyond what will come. */
  #grow(size: number, expected: number | null): void {
    const doubled = Math.max(size, this.#buffer.length * 2, CAPACITY_MIN);
    const capacity = expected === null ? doubled : Math.min(doubled, size + expected);
    const buffer = this.#port.alloc(capacity);
    buffer.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = buffer;
  }

  /** What was gathered, where it lies: valid until the next call. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  /** What was gathered, as the caller's own; empty after it. */
  take(): Uint8Array {
    const bytes = this.#size === this.#buffer.length ? this.#buffer : this.#port.alloc(this.#size);
    if (bytes === this.#buffer) this.#buffer = new Uint8Array(0);
    else bytes.set(this.view());
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#size = 0;
    if (this.#buffer.length > CAPACITY_KEPT_MAX) this.#buffer = new Uint8Array(0);
  }
}
