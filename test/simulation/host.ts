/**
 * Simulated machines and the processes on them. A host has a wall clock that can jump and a monotonic clock
 * that stands still while the host is suspended, as Linux's CLOCK_MONOTONIC does. A process has timers on its
 * host's monotonic clock, and takes nothing with it when it dies.
 */
import type { Scheduled, Timeline } from "./timeline.ts";

export class Host {
  readonly name: string;
  readonly timeline: Timeline;
  readonly #wallBaseMs: number;
  #wallOffsetMs = 0;
  #sleptMs = 0;
  #asleepSinceMs: number | null = null;
  #jumped = false;
  /** What the kernel holds for processes that do not run: frames that came in, timers that came due. */
  #parked: (() => void)[] = [];
  readonly #wakers = new Set<(gapMs: number) => void>();
  #everSlept = false;

  constructor(name: string, timeline: Timeline, wallBaseMs: number) {
    this.name = name;
    this.timeline = timeline;
    this.#wallBaseMs = wallBaseMs;
  }

  /** False from a power cut until it boots again. */
  powered = true;

  /** True while its kernel runs, and so answers for the dead and the living on it. */
  get answers(): boolean {
    return this.powered && !this.suspended;
  }

  get suspended(): boolean {
    return this.#asleepSinceMs !== null;
  }

  /** Epoch milliseconds as this host believes them to be. */
  wallMs(): number {
    return this.#wallBaseMs + this.timeline.nowMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return (this.#asleepSinceMs ?? this.timeline.nowMs) - this.#sleptMs;
  }

  jumpWall(deltaMs: number): void {
    this.#wallOffsetMs += deltaMs;
    this.#jumped = true;
    if (!this.suspended) for (const waker of [...this.#wakers]) waker(deltaMs);
  }

  /** True if its wall clock was ever set: spans of time by it prove nothing from then on. */
  get jumped(): boolean {
    return this.#jumped;
  }

  get everSlept(): boolean {
    return this.#everSlept;
  }

  suspend(): void {
    this.#asleepSinceMs ??= this.timeline.nowMs;
  }

  resume(): void {
    if (this.#asleepSinceMs === null) return;
    const sleptMs = this.timeline.nowMs - this.#asleepSinceMs;
    this.#sleptMs += sleptMs;
    this.#everSlept = true;
    this.#asleepSinceMs = null;
    const parked = this.#parked;
    this.#parked = [];
    for (const waker of [...this.#wakers]) waker(sleptMs);
    for (const run of parked) run();
  }

  /**
   * Calls `woke` whenever the wall clock has left the monotonic one, by `gapMs`: on each resume, before anything
   * that was parked runs, and when the wall clock is set. Returns what takes it back.
   */
  onTimeLost(woke: (gapMs: number) => void): () => void {
    this.#wakers.add(woke);
    return () => this.#wakers.delete(woke);
  }

  /** Runs now, or when the host resumes. */
  whenAwake(run: () => void): void {
    if (this.suspended) this.#parked.push(run);
    else run();
  }
}

export class Process {
  readonly host: Host;
  readonly name: string;
  #alive = true;
  readonly #endings: (() => void)[] = [];

  constructor(host: Host, name: string) {
    this.host = host;
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Runs what came from outside, unless the process is dead by the time its host runs. */
  deliver(run: () => void): void {
    this.host.whenAwake(() => {
      if (this.#alive) run();
    });
  }

  /** A timer: `delayMs` of this host's monotonic time. */
  after(delayMs: number, run: () => void): Scheduled {
    const dueMs = this.host.monotonicMs() + Math.max(0, delayMs);
    let cancelled = false;
    let armed: Scheduled | null = null;
    const arm = (): void => {
      armed = this.host.timeline.after(dueMs - this.host.monotonicMs(), () => {
        if (cancelled || !this.#alive) return;
        this.host.whenAwake(() => {
          if (cancelled || !this.#alive) return;
          // The host slept in between: the clock that counts has not come to it yet.
          if (this.host.monotonicMs() < dueMs) arm();
          else run();
        });
      });
    };
    arm();
    return {
      cancel() {
        cancelled = true;
        armed?.cancel();
      },
    };
  }

  /** Calls `ended` when the process dies: what the kernel does for the dead. */
  onEnd(ended: () => void): void {
    this.#endings.push(ended);
  }

  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const ended of this.#endings.splice(0)) ended();
  }
}
