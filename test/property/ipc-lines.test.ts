/** Any split of the same bytes gives the same lines and faults, in the same order. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createLineReader, type LineEvent } from "../../src/ipc.ts";

const BYTES_MAX = 40;

/** A stream of good, blank, overlong and broken lines, its end cut or not. */
const line = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }).map((text) => Buffer.from(text.replaceAll("\n", " "))),
  fc.constantFrom("", " ", "\r", '{"jsonrpc":"2.0"}\r', "\u{1f514}").map((text) => Buffer.from(text)),
  fc.integer({ min: BYTES_MAX - 2, max: BYTES_MAX * 3 }).map((bytes) => Buffer.alloc(bytes, "x")),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const stream = fc
  .record({ lines: fc.array(line, { maxLength: 12 }), tail: fc.option(line) })
  .map(({ lines, tail }) =>
    Buffer.concat([...lines.flatMap((bytes) => [bytes, Buffer.from("\n")]), tail ?? Buffer.alloc(0)]),
  );

function read(bytes: Uint8Array, cuts: readonly number[]): string[] {
  const reader = createLineReader(BYTES_MAX);
  const events: LineEvent[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    // A copy that is overwritten afterwards: the reader keeps nothing of a chunk.
    const chunk = Uint8Array.from(bytes.subarray(from, Math.max(from, to)));
    events.push(...reader.push(chunk));
    chunk.fill(0x2a);
    from = Math.max(from, to);
  }
  events.push(...reader.push(bytes.subarray(from)), ...reader.end());
  return events.map((event) => (event.kind === "line" ? `line ${event.text}` : `fault ${event.error.code}`));
}

it("gives the same for every split", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat({ max: 400 }), { maxLength: 30 }), (bytes, cuts) => {
      expect(read(bytes, cuts)).toEqual(read(bytes, []));
    }),
    { numRuns: 500 },
  );
});

it("gives the same byte by byte", () => {
  fc.assert(
    fc.property(stream, (bytes) => {
      const everywhere = Array.from({ length: bytes.length }, (_, i) => i);
      expect(read(bytes, everywhere)).toEqual(read(bytes, []));
    }),
    { numRuns: 200 },
  );
});

it("gives back what was written, line for line", () => {
  const text = fc
    .string({ unit: "grapheme", maxLength: 8 })
    .filter((value) => value.trim() !== "" && !value.includes("\n"));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), (texts) => {
      const fitting = texts.filter((value) => Buffer.byteLength(value) <= BYTES_MAX);
      const bytes = Buffer.from(fitting.map((value) => `${value}\n`).join(""));
      expect(read(bytes, [])).toEqual(fitting.map((value) => `line ${value}`));
    }),
  );
});
