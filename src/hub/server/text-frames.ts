/**
 * Several text messages as one run of bytes: a server's frames are unmasked, so a message is a header of 2, 4 or
 * 10 bytes before its UTF-8. The library writes each header and each message by itself; one buffer a turn costs a
 * fifth of that. All else of the protocol is the library's.
 * Source: RFC 6455 section 5.2. Only for connections without extensions.
 */

/** FIN and opcode 1. */
const FINAL_TEXT = 0x81;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** @param messages well-formed text, as JSON.stringify makes it */
export function textFrames(messages: readonly string[]): Buffer {
  // Nearly always all is ASCII. Then headers and messages are one string, which is made into bytes with one
  // call (measured, 20 answers in a turn: 0.3 us a message; with a call for each of them 0.7 to 1.1 us).
  let latin1 = "";
  for (const message of messages) {
    const size = Buffer.byteLength(message);
    if (size !== message.length) return Buffer.concat(messages.flatMap(frameParts));
    latin1 += header(size) + message;
  }
  return Buffer.from(latin1, "latin1");
}

function frameParts(message: string): readonly [Buffer, Buffer] {
  const text = Buffer.from(message);
  return [Buffer.from(header(text.length), "latin1"), text];
}

/** @returns the header's bytes as characters */
function header(size: number): string {
  if (size < LENGTH_16) return String.fromCharCode(FINAL_TEXT, size);
  if (size <= 0xffff) return String.fromCharCode(FINAL_TEXT, LENGTH_16, size >>> 8, size & 0xff);
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(size));
  return String.fromCharCode(FINAL_TEXT, LENGTH_64, ...new Uint8Array(bytes.buffer));
}
