/** A surface whose every ring waits for the test to say what becomes of it. */
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { RingOutcome, Surface } from "../../src/surfaces/surface.ts";

export interface FakeRing {
  readonly bell: Doorbell;
  readonly cancelled: AbortSignal;
  take(): void;
  fail(reason: string): void;
  /** Breaks the contract: rejects. */
  break(error: unknown): void;
  settle(outcome: unknown): void;
}

export class FakeSurface implements Surface {
  readonly name = "fake";
  readonly rings: FakeRing[] = [];
  closed = false;
  #waiting: ((ring: FakeRing) => void)[] = [];
  #handed = 0;

  ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<RingOutcome>();
    const ring: FakeRing = {
      bell,
      cancelled,
      take: () => resolve({ kind: "taken", path: "fake" }),
      fail: (reason) => resolve({ kind: "failed", reason }),
      break: reject,
      settle: (outcome) => resolve(outcome as RingOutcome),
    };
    this.rings.push(ring);
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#handed++;
      next(ring);
    }
    return promise;
  }

  /** The oldest ring that no test has looked at yet, or the next to come. */
  next(): Promise<FakeRing> {
    const ring = this.rings[this.#handed];
    if (ring === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#handed++;
    return Promise.resolve(ring);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
