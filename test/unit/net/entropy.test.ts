/** Randomness: fresh at each call, over blocks' borders, with and without the device. */
import { expect, test } from "vitest";
import { fillRandom, randomBytes, randomWord } from "../../../src/net/entropy.ts";

test("words do not repeat, also from block to block", () => {
  const words = Array.from({ length: 5000 }, () => randomWord());
  // Of 5,000 among 2^32 an accidental pair is seen once in 340 runs; three would be a defect.
  expect(new Set(words).size).toBeGreaterThan(4997);
  expect(words.every((word) => Number.isInteger(word) && word === (word | 0))).toBe(true);
  expect(words.some((word) => word < 0) && words.some((word) => word > 0)).toBe(true);
});

test("bytes have the size asked for and differ", () => {
  expect(randomBytes(16)).toHaveLength(16);
  expect(randomBytes(16)).not.toEqual(randomBytes(16));
  expect(randomBytes(4096).filter((byte) => byte === 0).length).toBeLessThan(100);
});

test("without the device they come from node:crypto", () => {
  const bytes = new Uint8Array(32);
  fillRandom(bytes, "/nowhere/urandom");
  expect(bytes.some((byte) => byte !== 0)).toBe(true);
});
