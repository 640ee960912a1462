/**
 * The disk under a daemon's state file, and what a death leaves on it. A kill in the middle of a write leaves
 * the first bytes of that write; a power cut takes any number of the latest writes that nobody waited for,
 * and leaves the first bytes of the next one.
 */
import type { SlotDisk } from "../../src/daemon/state-file.ts";
import type { Random } from "./random.ts";

interface Write {
  readonly atByte: number;
  readonly bytes: Uint8Array;
}

/** The kernel writes back what is older than this many writes, more or less. */
const UNSYNCED_MAX = 8;

export class SlotFile implements SlotDisk {
  #synced: Uint8Array = new Uint8Array(0);
  #unsynced: Write[] = [];
  #forgetful = false;

  /** False from a death that took a write until the next write: its daemon can't know what was in it. */
  get remembers(): boolean {
    return !this.#forgetful;
  }

  read(bytesMax: number): Uint8Array {
    return this.#now(this.#unsynced).subarray(0, bytesMax);
  }

  write(bytes: Uint8Array, atByte: number): void {
    this.#forgetful = false;
    this.#unsynced.push({ atByte, bytes });
    if (this.#unsynced.length > UNSYNCED_MAX) this.#synced = patched(this.#synced, this.#unsynced.shift());
  }

  setAside(): void {
    this.#synced = new Uint8Array(0);
    this.#unsynced = [];
  }

  sync(): void {
    this.#synced = this.#now(this.#unsynced);
    this.#unsynced = [];
  }

  close(): void {}

  tornByKill(random: Random): void {
    this.#tear(random, this.#unsynced.length - 1);
  }

  tornByPowerCut(random: Random): void {
    this.#tear(random, random.whole(0, this.#unsynced.length));
  }

  /** Of the unsynced writes the first `kept` have arrived, and some bytes of the next. */
  #tear(random: Random, kept: number): void {
    const next = this.#unsynced[kept];
    if (kept < 0 || next === undefined) return;
    const written = random.whole(0, next.bytes.length);
    this.#forgetful = written < next.bytes.length || kept + 1 < this.#unsynced.length;
    const torn = { atByte: next.atByte, bytes: next.bytes.subarray(0, written) };
    this.#synced = this.#now([...this.#unsynced.slice(0, kept), torn]);
    this.#unsynced = [];
  }

  #now(writes: readonly Write[]): Uint8Array {
    return writes.reduce(patched, this.#synced);
  }
}

function patched(bytes: Uint8Array, write: Write | undefined): Uint8Array {
  if (write === undefined) return bytes;
  const whole = new Uint8Array(Math.max(bytes.length, write.atByte + write.bytes.length));
  whole.set(bytes);
  whole.set(write.bytes, write.atByte);
  return whole;
}
