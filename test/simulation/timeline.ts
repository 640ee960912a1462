/**
 * Virtual time: a queue of things to come, in whole milliseconds of true time, which nobody inside the
 * simulation can read directly (each host has clocks of its own, see host.ts).
 *
 * What is due at the same millisecond runs in an order drawn from the seed, not in order of insertion: real
 * schedulers promise none. Whoever needs an order (a connection) keeps its own queue.
 */
import type { Random } from "./random.ts";

interface Entry {
  readonly atMs: number;
  readonly tie: number;
  readonly order: number;
  run: (() => void) | null;
}

export interface Scheduled {
  cancel(): void;
}

export class Timeline {
  readonly #heap: Entry[] = [];
  readonly #ties: Random;
  #nowMs = 0;
  #order = 0;
  #steps = 0;

  constructor(ties: Random) {
    this.#ties = ties;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Runs `run` after `delayMs` (whole, at least 0) of true time; never synchronously. */
  after(delayMs: number, run: () => void): Scheduled {
    const entry: Entry = {
      atMs: this.#nowMs + Math.max(0, Math.ceil(delayMs)),
      tie: this.#ties.unit(),
      order: this.#order++,
      run,
    };
    this.#push(entry);
    return {
      cancel() {
        entry.run = null;
      },
    };
  }

  /** Runs the next thing due, if it is due at or before `untilMs`; says whether there was one. */
  step(untilMs: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs) return false;
      this.#pop();
      if (first.run === null) continue;
      this.#nowMs = first.atMs;
      this.#steps++;
      const run = first.run;
      first.run = null;
      run();
      return true;
    }
  }

  /** Lets time pass up to `untilMs`, with nothing due before it. */
  advanceTo(untilMs: number): void {
    if (untilMs > this.#nowMs) this.#nowMs = untilMs;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!before(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as Entry)) child++;
      const smaller = heap[child] as Entry;
      if (!before(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.order < b.order;
}
