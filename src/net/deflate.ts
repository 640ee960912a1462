/**
 * permessage-deflate by node:zlib, which is loaded when the first connection has agreed on compression.
 *
 * Each message is (de)compressed by one synchronous call that is given the window before it as a dictionary.
 * That is what context takeover means, and the bytes are the same to the peer; against one long-lived zlib
 * stream in each direction it costs about 0.1 ms a message, and gains this: a connection keeps 64 kB instead of
 * 300, nothing native has to be closed, messages stay in order without a queue, the bound on inflated bytes
 * stops a bomb within one call, and everything used is documented.
 * Source: RFC 7692 section 7.2.
 */
import type { DeflateAgreement, DeflatePort } from "../wsproto.ts";

/**
 * Section 7.2.2 has the receiver append the first four bytes, an empty block that every message was cut by. The
 * last two are a final empty block: with it, zlib reports a message that ends amid a block.
 */
const MESSAGE_END = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x03, 0x00);
/** What a compressed message ends with before section 7.2.1 cuts it. */
const FLUSH_BYTES = 4;
/**
 * Section 7.2.3.4 lets a sender end blocks with BFINAL, after which the stream begins anew. One a message is
 * what such senders need; each costs a call, so their number is bounded.
 */
const FINAL_BLOCKS_MAX = 64;

/** Of zlib's 1 to 9: texts come out within 5 % of the default's (6) size in half to a third of its time. */
const LEVEL = 3;

export function openDeflate(agreement: DeflateAgreement): DeflatePort {
  const zlib = process.getBuiltinModule("node:zlib");
  const received = agreement.serverNoContextTakeover ? null : new Window(agreement.serverMaxWindowBits);
  const sent = agreement.clientNoContextTakeover ? null : new Window(agreement.clientMaxWindowBits);

  function inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "corrupt" | "tooLarge" {
    // An empty message is one zero byte (section 7.2.3.6), but senders on zlib can come out with none.
    if (payload.length === 0) return new Uint8Array(0);
    let rest: Uint8Array = Buffer.concat([payload, MESSAGE_END]);
    let message: Uint8Array = new Uint8Array(0);
    try {
      for (let streams = 0; rest.length > 0; streams += 1) {
        if (streams > FINAL_BLOCKS_MAX) return "corrupt";
        const { buffer, engine } = zlib.inflateRawSync(rest, {
          windowBits: agreement.serverMaxWindowBits,
          ...received?.dictionary(),
          maxOutputLength: Math.max(1, bytesMax - message.length),
          info: true,
        }) as unknown as { buffer: Buffer<ArrayBuffer>; engine: { bytesWritten: number } };
        received?.append(buffer);
        message = message.length === 0 ? buffer : Buffer.concat([message, buffer]);
        rest = rest.subarray(engine.bytesWritten);
      }
    } catch (error) {
      return verdictOf(error);
    }
    return message.length > bytesMax ? "tooLarge" : message;
  }

  function deflate(message: Uint8Array): Uint8Array {
    const deflated = zlib.deflateRawSync(message, {
      // zlib has no raw window of 256 bytes; with 512 it refers back 250 at most, which fits both.
      windowBits: Math.max(9, agreement.clientMaxWindowBits),
      ...sent?.dictionary(),
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      level: LEVEL,
    });
    sent?.append(message);
    return deflated.subarray(0, deflated.length - FLUSH_BYTES);
  }

  return { inflate, deflate };
}

function verdictOf(error: unknown): "corrupt" | "tooLarge" {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ERR_BUFFER_TOO_LARGE") return "tooLarge";
  if (code === "Z_DATA_ERROR" || code === "Z_BUF_ERROR" || code === "Z_NEED_DICT") return "corrupt";
  throw error;
}

/** The last 2^bits bytes that went one way. */
class Window {
  readonly #bytesMax: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  constructor(bits: number) {
    this.#bytesMax = 2 ** bits;
  }

  /** As options for zlib: an empty dictionary is none. */
  dictionary(): { readonly dictionary?: Uint8Array } {
    return this.#size === 0 ? {} : { dictionary: this.#bytes.subarray(0, this.#size) };
  }

  append(message: Uint8Array): void {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#bytesMax);
    const news = message.subarray(Math.max(0, message.length - this.#bytesMax));
    const kept = Math.min(this.#size, this.#bytesMax - news.length);
    this.#bytes.copyWithin(0, this.#size - kept, this.#size);
    this.#bytes.set(news, kept);
    this.#size = kept + news.length;
  }
}
