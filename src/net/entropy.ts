/**
 * Unpredictable bytes for mask keys and handshake nonces, from the operating system's generator. Read from
 * `/dev/urandom` in blocks, because `node:crypto` costs a process 1.1 MB and a call for each mask key would
 * cost more than the masking; where there is no such file (Windows), from `node:crypto` after all.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** 1,024 mask keys a read: the read's 10 us then weigh 10 ns on each. */
const BLOCK_BYTES = 4096;
const DEVICE = "/dev/urandom";

const bytes = new Uint8Array(BLOCK_BYTES);
const words = new Int32Array(bytes.buffer);
/** Everything before it was handed out, and is never handed out again. */
let usedWords = words.length;

/** 32 fresh unpredictable bits, as a signed integer. */
export function randomWord(): number {
  if (usedWords === words.length) {
    fillRandom(bytes);
    usedWords = 0;
  }
  const word = words[usedWords] as number;
  usedWords += 1;
  return word;
}

/** @param size 1 to 4,096 */
export function randomBytes(size: number): Uint8Array {
  const fresh = new Uint8Array(size);
  fillRandom(fresh);
  return fresh;
}

/** Fills all of `into`. @throws if the operating system has no generator, which no caller can make up for */
export function fillRandom(into: Uint8Array, device: string = DEVICE): void {
  let file: number;
  try {
    file = openSync(device, "r");
  } catch {
    process.getBuiltinModule("node:crypto").randomFillSync(into);
    return;
  }
  try {
    // A read may be short: a signal can interrupt it.
    for (let at = 0; at < into.length; ) at += readSync(file, into, at, into.length - at, null);
  } finally {
    closeSync(file);
  }
}
