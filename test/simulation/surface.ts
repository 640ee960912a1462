/**
 * A simulated surface: prompt, slow, never answering, or failing. It keeps the contract of
 * `src/surfaces/surface.ts`: it rings once, tells the truth, and makes no ring after it was called off.
 * It lives beside its daemon, not in it, and survives it.
 */
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { RingOutcome } from "../../src/surfaces/surface.ts";
import type { Process } from "./host.ts";
import type { Random } from "./random.ts";

export type SurfaceMood = "prompt" | "slow" | "hanging" | "failing";

export interface RingCall {
  /** The ring became moot: if it was not made yet, it will not be made. */
  cancel(): void;
}

export class SimSurface {
  readonly #process: Process;
  readonly #random: Random;
  readonly #made: (bell: Doorbell) => void;
  mood: SurfaceMood = "prompt";

  /** @param made called at the moment at which a ring can be noticed */
  constructor(process: Process, random: Random, made: (bell: Doorbell) => void) {
    this.#process = process;
    this.#random = random;
    this.#made = made;
  }

  ring(bell: Doorbell, settled: (outcome: RingOutcome) => void): RingCall {
    const { mood } = this;
    let phase: "waiting" | "made" | "over" = "waiting";
    if (mood !== "hanging") {
      this.#process.after(this.#delayMs(mood), () => {
        if (phase !== "waiting") return;
        if (this.mood === "failing") {
          phase = "over";
          settled({ kind: "failed", reason: "the surface is gone" });
          return;
        }
        phase = "made";
        this.#made(bell);
        // Slow to say so as well: called off in between, the ring was made all the same.
        this.#process.after(mood === "slow" ? this.#delayMs(mood) : 0, () =>
          settled({ kind: "taken", path: "simulated" }),
        );
      });
    }
    return {
      cancel: () => {
        // A hanging surface does not even hear that it was called off.
        if (phase !== "waiting" || mood === "hanging") return;
        phase = "over";
        this.#process.after(1, () => settled({ kind: "failed", reason: "called off" }));
      },
    };
  }

  #delayMs(mood: SurfaceMood): number {
    return mood === "slow" ? this.#random.magnitude(100, 20_000) : this.#random.whole(0, 20);
  }
}
