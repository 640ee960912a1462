/** The core's `BytesPort` by Node's Buffer: its conversions are several times faster than TextDecoder's. */
import type { BytesPort } from "../wsproto.ts";

export const nodeBytes: BytesPort = {
  // Not from the pool: a message that is kept must not keep 8 kB of others alive, and `.buffer` is its own.
  alloc: (size) => Buffer.allocUnsafeSlow(size),
  decode: (bytes, start, end, ascii) => bufferOver(bytes).toString(ascii ? "latin1" : "utf8", start, end),
  encode: (text, into, at) => bufferOver(into).write(text, at, "utf8"),
};

/** The same memory: no copy. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
