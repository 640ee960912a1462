/**
 * Open signals by the time they expire: a binary heap. A signal that ends early stays in it, marked, until it
 * comes up or until the dead outnumber the living; so ending a signal costs nothing here.
 */
import type { OpenSignal } from "./mailbox.ts";

const DEAD_MIN = 1_024;

export class Deadlines {
  #heap: OpenSignal[] = [];
  #dead = 0;

  add(signal: OpenSignal): void {
    const heap = this.#heap;
    const due = signal.head.expiresAtMs;
    let at = heap.length;
    heap.push(signal);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || parent.head.expiresAtMs <= due) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = signal;
  }

  /** To be told of each signal that ended before its time. */
  ended(): void {
    this.#dead++;
    if (this.#dead > DEAD_MIN && this.#dead * 2 > this.#heap.length) this.#rebuild();
  }

  nextMs(): number | null {
    this.#dropDead();
    return this.#heap[0]?.head.expiresAtMs ?? null;
  }

  /** The next signal whose time has come, taken out, or null. */
  takeDue(nowMs: number): OpenSignal | null {
    this.#dropDead();
    const first = this.#heap[0];
    if (first === undefined || first.head.expiresAtMs > nowMs) return null;
    this.#removeFirst();
    return first;
  }

  #dropDead(): void {
    for (let first = this.#heap[0]; first !== undefined && !first.open; first = this.#heap[0]) {
      this.#removeFirst();
      this.#dead--;
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#sink(0, last);
  }

  #sink(start: number, signal: OpenSignal): void {
    const heap = this.#heap;
    const due = signal.head.expiresAtMs;
    let at = start;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = heap[childAt];
      if (child === undefined) break;
      const right = heap[childAt + 1];
      if (right !== undefined && right.head.expiresAtMs < child.head.expiresAtMs) {
        child = right;
        childAt++;
      }
      if (child.head.expiresAtMs >= due) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = signal;
  }

  #rebuild(): void {
    this.#heap = this.#heap.filter((signal) => signal.open);
    this.#dead = 0;
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) {
      const signal = this.#heap[at];
      if (signal !== undefined) this.#sink(at, signal);
    }
  }
}
