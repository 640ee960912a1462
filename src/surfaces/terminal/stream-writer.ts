/**
 * Writes to the process's own output as a stream, in bounded time: a pipe that nobody reads takes one text and
 * no second one. Knows nothing of doorbells.
 */
import type { RingOutcome, SurfaceOutput } from "../surface.ts";

export interface StreamWrite {
  readonly timeoutMs: number;
  readonly cancelled: AbortSignal;
}

export class StreamWriter {
  readonly #output: SurfaceOutput;
  /** True while a text has not got out, which may outlast the call that wrote it. */
  #stuck = false;

  constructor(output: SurfaceOutput) {
    this.#output = output;
  }

  /** Never rejects; settles within `timeoutMs`, and soon after `cancelled` fires. */
  write(text: string, { timeoutMs, cancelled }: StreamWrite): Promise<RingOutcome> {
    if (this.#stuck) {
      return Promise.resolve({ kind: "failed", reason: "standard output still holds the last ring" });
    }
    return new Promise((resolve) => {
      const settle = (outcome: RingOutcome) => {
        clearTimeout(timer);
        cancelled.removeEventListener("abort", abandon);
        resolve(outcome);
      };
      const abandon = () => settle({ kind: "failed", reason: "the doorbell became moot before it was seen" });
      const timer = setTimeout(
        () => settle({ kind: "failed", reason: `standard output took nothing for ${timeoutMs} ms` }),
        timeoutMs,
      );
      cancelled.addEventListener("abort", abandon, { once: true });
      this.#put(text, (error) => {
        if (error) settle({ kind: "failed", reason: "standard output is closed" });
        else settle({ kind: "taken", path: "standard output" });
      });
    });
  }

  #put(text: string, written: (error?: unknown) => void): void {
    this.#stuck = true;
    const done = (error?: unknown) => {
      this.#stuck = false;
      written(error);
    };
    try {
      this.#output.write(text, done);
    } catch (error) {
      done(error);
    }
  }
}
