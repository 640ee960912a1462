/** Turns and time in a test's hand: deferred work runs on `turn`, timers on `advance`. */
import type { EngineScheduler } from "../../src/hub/engine.ts";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

export class ManualScheduler implements EngineScheduler {
  nowMs = 1_000_000;
  #deferred: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** One turn of the event loop: what was deferred before it. */
  turn(): void {
    for (const run of this.#deferred.splice(0)) run();
  }

  /** Turns until nothing is deferred any more. */
  settle(): void {
    for (let turns = 0; this.#deferred.length > 0; turns++) {
      if (turns === 10_000) throw new Error("the turns never come to an end");
      this.turn();
    }
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    this.settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      this.#timers.delete(next);
      next.run();
      this.settle();
    }
    this.nowMs = untilMs;
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}
