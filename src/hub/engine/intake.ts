/**
 * Commands that wait for their batch, bounded by number and by bytes: a hub that is asked more than it can
 * do says so at once, instead of growing until it dies.
 */
import { PrismError } from "../../domain/errors.ts";
import type { Command, Outcome } from "../core/core.ts";
import type { PushSink } from "../service.ts";
import { engineBounds } from "./bounds.ts";

export interface Waiting {
  readonly command: Command;
  readonly answered: (outcome: Outcome) => void;
  /** Of a `start` that came over a socket. */
  readonly sink: PushSink | null;
}

export class Intake {
  #queue: Waiting[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** @returns why it can't be taken, or null if it was */
  add(waiting: Waiting): PrismError | null {
    const bytes = this.#bytes + bytesOf(waiting);
    if (this.#queue.length >= engineBounds.queueCommandsMax || bytes > engineBounds.queueBytesMax) {
      return new PrismError("overloaded", "the hub has more requests waiting than it can take", {
        hint: "wait a moment, then ask again with the same key",
      });
    }
    this.#bytes = bytes;
    this.#queue.push(waiting);
    return null;
  }

  /** Puts readers of a failed batch back, before all others. */
  putBack(readers: readonly Waiting[]): void {
    this.#queue = [...readers, ...this.#queue];
  }

  /** The next batch, oldest first. */
  take(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#queue) {
      bytes += bytesOf(waiting);
      if (count === engineBounds.batchCommandsMax || (count > 0 && bytes > engineBounds.batchBytesMax)) {
        bytes -= bytesOf(waiting);
        break;
      }
      count++;
    }
    this.#bytes -= bytes;
    const batch = count === this.#queue.length ? this.#queue : this.#queue.slice(0, count);
    this.#queue = batch === this.#queue ? [] : this.#queue.slice(count);
    return batch;
  }
}

function bytesOf({ command }: Waiting): number {
  return command.verb === "signal" ? command.textBytes : 0;
}
