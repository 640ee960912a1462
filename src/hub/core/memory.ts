/**
 * Remembers the newest keys and what each stood for, bounded by time and by number. Two uses: idempotency
 * keys of senders, and names of drains.
 */
interface Remembered {
  readonly key: string;
  readonly position: number;
  readonly atMs: number;
}

/** Queue slots that were used up before the queue is cut: rarely enough to cost nothing. */
const USED_MAX = 1_024;

export class Memory {
  readonly #memoryMs: number;
  readonly #keysMax: number;
  readonly #entries = new Map<string, Remembered>();
  /** Oldest first from `#used` on. Not the Map's own order: finding its first entry walks all it ever lost. */
  #queue: Remembered[] = [];
  #used = 0;
  /** False once a key came with an earlier time than the one before it: the clock was set back. */
  #isOrdered = true;

  constructor(bounds: { readonly memoryMs: number; readonly keysMax: number }) {
    this.#memoryMs = bounds.memoryMs;
    this.#keysMax = bounds.keysMax;
  }

  get(key: string, nowMs: number): number | null {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isOld(entry, nowMs) ? null : entry.position;
  }

  set(key: string, position: number, atMs: number): void {
    const entry: Remembered = { key, position, atMs };
    this.#isOrdered &&= atMs >= (this.#queue.at(-1)?.atMs ?? atMs);
    this.#entries.set(key, entry);
    this.#queue.push(entry);
    this.#forget(atMs);
  }

  /**
   * Drops all keys up to `atMs`. To be called when the store may forget what they stand for: a clock that ran
   * ahead and was set back would have them remembered here, and gone there.
   */
  forgetUntil(atMs: number): void {
    for (let at = this.#used; at < this.#queue.length; at++) {
      const entry = this.#queue[at];
      if (entry === undefined || (entry.atMs > atMs && this.#isOrdered)) return;
      if (entry.atMs > atMs) continue;
      this.#drop(entry);
      if (at === this.#used) this.#used++;
    }
  }

  /** Two steps for each key added keep up with both bounds, and no single call is ever long. */
  #forget(nowMs: number): void {
    for (let steps = 0; steps < 2; steps++) {
      const oldest = this.#queue[this.#used];
      if (oldest === undefined) return;
      if (!this.#isOld(oldest, nowMs) && this.#queue.length - this.#used <= this.#keysMax) return;
      this.#drop(oldest);
      this.#used++;
    }
    if (this.#used > USED_MAX && this.#used * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#used);
      this.#used = 0;
    }
  }

  #drop(entry: Remembered): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  #isOld(entry: Remembered, nowMs: number): boolean {
    return entry.atMs + this.#memoryMs <= nowMs;
  }
}
