/**
 * Bytes to lines: UTF-8, ended by a line feed, bounded. Any split of the same bytes gives the same lines and
 * faults in the same order. Knows nothing of what a line says, and no socket.
 */
import { PrismError } from "../domain/errors.ts";

export type LineEvent =
  | { readonly kind: "line"; readonly text: string }
  /** The line is lost, the next one is read as usual: once `too_large` or `malformed` per bad line. */
  | { readonly kind: "fault"; readonly error: PrismError };

export interface LineReader {
  /**
   * @param chunk any split of the stream, 0..n bytes; not retained
   * @returns what it completed, oldest first; blank lines are left out
   */
  push(chunk: Uint8Array): readonly LineEvent[];
  /** The stream has ended: a begun line is a fault. */
  end(): readonly LineEvent[];
}

const LINE_FEED = 0x0a;
const BUFFER_BYTES_MIN = 512;
/** A buffer that one long line needed is not kept for the short ones after it. */
const BUFFER_BYTES_KEPT = 16 * 1024;
const NONE: readonly LineEvent[] = [];

/** @param bytesMax of one line, its line feed not counted */
export function createLineReader(bytesMax: number): LineReader {
  // A byte order mark stays: it belongs to no message of ours, and JSON refuses it.
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let held = new Uint8Array(0);
  let heldBytes = 0;
  /** True from the fault of an overlong line to its end. */
  let skipping = false;

  function hold(bytes: Uint8Array): void {
    const wanted = heldBytes + bytes.length;
    if (wanted > held.length) {
      const grown = new Uint8Array(Math.min(bytesMax, Math.max(BUFFER_BYTES_MIN, wanted * 2)));
      grown.set(held.subarray(0, heldBytes));
      held = grown;
    }
    held.set(bytes, heldBytes);
    heldBytes = wanted;
  }

  /** Takes the next bytes of the current line, or gives up on the line. */
  function extend(bytes: Uint8Array, events: LineEvent[]): void {
    if (skipping) return;
    if (heldBytes + bytes.length <= bytesMax) {
      hold(bytes);
      return;
    }
    skipping = true;
    release();
    events.push(fault("too_large", `a line is longer than ${bytesMax} bytes`, "send one message a line"));
  }

  function release(): void {
    heldBytes = 0;
    if (held.length > BUFFER_BYTES_KEPT) held = new Uint8Array(0);
  }

  function decode(line: Uint8Array): LineEvent | undefined {
    let text: string;
    try {
      text = utf8.decode(line);
    } catch {
      return fault("malformed", "a line is not UTF-8", "send JSON in UTF-8");
    }
    return text.trim() === "" ? undefined : { kind: "line", text };
  }

  return {
    push(chunk) {
      let start = 0;
      let end = chunk.indexOf(LINE_FEED);
      if (end === -1 && chunk.length === 0) return NONE;
      const events: LineEvent[] = [];
      for (; end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        const bytes = chunk.subarray(start, end);
        start = end + 1;
        // The common case: a whole line in one chunk is decoded in place.
        const inPlace = heldBytes === 0 && !skipping && bytes.length <= bytesMax;
        if (!inPlace) extend(bytes, events);
        if (!skipping) {
          const event = decode(inPlace ? bytes : held.subarray(0, heldBytes));
          if (event !== undefined) events.push(event);
        }
        release();
        skipping = false;
      }
      if (start < chunk.length) extend(chunk.subarray(start), events);
      return events;
    },
    end() {
      const cut = heldBytes > 0;
      release();
      skipping = false;
      if (!cut) return NONE;
      return [
        fault(
          "malformed",
          "the connection ended in the middle of a line",
          "end each message with a line feed",
        ),
      ];
    },
  };
}

function fault(code: "too_large" | "malformed", message: string, hint: string): LineEvent {
  return { kind: "fault", error: new PrismError(code, message, { hint }) };
}
