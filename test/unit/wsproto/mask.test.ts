/** Masking a word at a time is masking octet by octet (RFC 6455 section 5.3), wherever the payload begins. */
import { expect, test } from "vitest";
import { maskInPlace } from "../../../src/wsproto/mask.ts";

test.each([0, 1, -1, 0x01020304, 0x80000000 | 0, 0x7fffffff, -559038737])("with the key %d", (key) => {
  const octets = [key & 0xff, (key >>> 8) & 0xff, (key >>> 16) & 0xff, (key >>> 24) & 0xff];
  for (let start = 0; start < 6; start += 1) {
    for (let length = 0; length < 20; length += 1) {
      const bytes = Uint8Array.from({ length: 28 }, (_, index) => (index * 37) & 0xff);
      const before = bytes.slice();
      maskInPlace(bytes, new Int32Array(bytes.buffer), { start, end: start + length }, key);
      const expected = before.map((byte, index) =>
        index < start || index >= start + length ? byte : byte ^ (octets[(index - start) % 4] ?? 0),
      );
      expect(bytes).toEqual(expected);
    }
  }
});
