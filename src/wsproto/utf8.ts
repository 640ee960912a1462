/**
 * UTF-8 checked as it arrives: over any split, failing at the very byte that no valid text can continue with.
 * Knows no frames. Source: RFC 3629 section 4; RFC 6455 sections 5.6 and 8.1.
 */

/** Index of the first byte in `bytes[start, end)` that is not ASCII, or `end`. */
export function asciiEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  // Eight at a time: most text is ASCII, and this loop sees every byte of it.
  for (const last = end - 8; at <= last; at += 8) {
    const any =
      byteAt(bytes, at) |
      byteAt(bytes, at + 1) |
      byteAt(bytes, at + 2) |
      byteAt(bytes, at + 3) |
      byteAt(bytes, at + 4) |
      byteAt(bytes, at + 5) |
      byteAt(bytes, at + 6) |
      byteAt(bytes, at + 7);
    if (any > 0x7f) break;
  }
  while (at < end && byteAt(bytes, at) < 0x80) at += 1;
  return at;
}

/** The cast says what the callers know: `at` lies inside. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** One text's check, fed piece by piece. */
export class Utf8Check {
  /** Continuation bytes that the character under way still needs. */
  #needed = 0;
  /** Range of the next continuation byte: narrower right after E0, ED, F0 and F4. */
  #low = 0x80;
  #high = 0xbf;
  #ascii = true;

  /** False as soon as a byte comes that no valid text continues with; the check is then spent. */
  feed(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      if (this.#needed === 0) {
        at = asciiEnd(bytes, at, end);
        if (at === end) return true;
        this.#ascii = false;
        if (!this.#lead(byteAt(bytes, at))) return false;
      } else {
        const byte = byteAt(bytes, at);
        if (byte < this.#low || byte > this.#high) return false;
        this.#low = 0x80;
        this.#high = 0xbf;
        this.#needed -= 1;
      }
      at += 1;
    }
    return true;
  }

  /** True if the text may end here: no character is half done. */
  get complete(): boolean {
    return this.#needed === 0;
  }

  /** True if every byte so far was ASCII. */
  get ascii(): boolean {
    return this.#ascii;
  }

  reset(): void {
    this.#needed = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
    this.#ascii = true;
  }

  /** RFC 3629 section 4: C0, C1 and F5 to FF never occur; the second byte rules out overlong forms, surrogates and > U+10FFFF. */
  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    if (byte < 0xe0) {
      this.#needed = 1;
    } else if (byte < 0xf0) {
      this.#needed = 2;
      if (byte === 0xe0) this.#low = 0xa0;
      else if (byte === 0xed) this.#high = 0x9f;
    } else {
      this.#needed = 3;
      if (byte === 0xf0) this.#low = 0x90;
      else if (byte === 0xf4) this.#high = 0x8f;
    }
    return true;
  }
}
