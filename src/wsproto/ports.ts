/**
 * What the core is handed by its driver: bytes and texts in the platform's fastest form, unpredictable mask
 * keys, and DEFLATE. Each is small enough to be written in portable code; none may throw because of a peer.
 */

/** Conversions between texts and bytes. Every buffer given to `encode` and most given to `decode` come from `alloc`. */
export interface BytesPort {
  /** Bytes of any content; the core overwrites what it hands out. The length is a multiple of 4 if `size` is. */
  alloc(size: number): Uint8Array<ArrayBuffer>;
  /** `bytes[start, end)` as a text. The core has checked that they are UTF-8, and ASCII if `ascii`. */
  decode(bytes: Uint8Array, start: number, end: number, ascii: boolean): string;
  /**
   * Writes `text` as UTF-8 at `at`, a lone surrogate as U+FFFD; returns the bytes written. There is room for
   * three bytes a UTF-16 unit.
   */
  encode(text: string, into: Uint8Array, at: number): number;
}

/** What both sides agreed on. Source: RFC 7692 section 7.1. */
export interface DeflateAgreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** Base-2 logarithm of the window the server compresses with, 8 to 15. */
  readonly serverMaxWindowBits: number;
  /** Base-2 logarithm of the largest window this side may compress with, 8 to 15. */
  readonly clientMaxWindowBits: number;
}

/** One connection's compression in both directions; it keeps the context between messages where agreed. */
export interface DeflatePort {
  /**
   * One whole message's payload, without the empty block that RFC 7692 section 7.2.2 has the receiver append.
   * The answer is the caller's own. `tooLarge` as soon as more than `bytesMax` would come out.
   */
  inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "corrupt" | "tooLarge";
  /** One whole message, ready to be sent: the empty block at its end removed (RFC 7692 section 7.2.1). */
  deflate(message: Uint8Array): Uint8Array;
}

export interface WsPorts {
  readonly bytes: BytesPort;
  /** 32 unpredictable bits, fresh at each call (RFC 6455 section 5.3). */
  nextMaskKey(): number;
  /** Called at most once, when compression was agreed: whatever it needs is loaded here, not before. */
  openDeflate(agreement: DeflateAgreement): DeflatePort;
}
