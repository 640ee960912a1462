/** How the engine's turns come about: the event loop's, or a simulation's own. */
export interface EngineScheduler {
  /** Runs soon, after what is under way: the end of the turn in which a batch gathers. */
  defer(run: () => void): void;
  /** Runs once, later; returns what cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Milliseconds from anywhere, with fractions if it can; never goes back. */
  monotonicMs(): number;
}

export const eventLoop: EngineScheduler = {
  defer: (run) => void setImmediate(run),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  monotonicMs: () => performance.now(),
};

/** One timer that is moved forward as needed, never back: firing early costs nothing. */
export class Alarm {
  readonly #scheduler: EngineScheduler;
  readonly #ring: () => void;
  #set: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(scheduler: EngineScheduler, ring: () => void) {
    this.#scheduler = scheduler;
    this.#ring = ring;
  }

  /** Rings `delayMs` from now, or earlier if it was set so before. */
  within(delayMs: number): void {
    const atMs = this.#scheduler.monotonicMs() + delayMs;
    if (this.#set !== null && this.#set.atMs <= atMs) return;
    this.#set?.cancel();
    const cancel = this.#scheduler.after(delayMs, () => {
      this.#set = null;
      this.#ring();
    });
    this.#set = { atMs, cancel };
  }

  cancel(): void {
    this.#set?.cancel();
    this.#set = null;
  }
}
