/**
 * The checker's own book of drains: which were asked, what each gave, and that one asked again gives the same
 * (invariant 8). Knows no signal but by its id.
 */
import { limits } from "../../src/domain/limits.ts";
import type { DrainAnswer, DrainParams } from "../../src/domain/verbs.ts";
import { Violation } from "./violation.ts";

export interface HubTime {
  /** The hub's clock now, and the highest it has ever shown. */
  readonly nowMs: number;
  readonly highMs: number;
  /** False once the clock was set. */
  readonly steady: boolean;
}

/** One drain by its address and key, asked any number of times. */
export interface Drain {
  readonly address: string;
  readonly key: string;
  /** The hub's time of the first answer. */
  answeredAtMs: number;
  answers: number;
  asked: number;
  /** Null until answered. */
  signals: readonly string[] | null;
}

export class DrainBook {
  readonly #drains = new Map<string, Drain>();
  /** Drains that were asked and have no answer: they may have taken signals that nobody was told of. */
  readonly #unanswered = new Map<string, number>();
  readonly #retentionMs: number;

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  asked(address: string, params: DrainParams): void {
    this.#unanswered.set(address, (this.#unanswered.get(address) ?? 0) + 1);
    if (params.key !== undefined) this.#drain(address, params.key).asked++;
  }

  refused(address: string): void {
    this.#unanswered.set(address, (this.#unanswered.get(address) ?? 1) - 1);
  }

  /** True if a drain of this address may have taken signals without anybody's knowing. */
  isUnsure(address: string): boolean {
    return (this.#unanswered.get(address) ?? 0) > 0;
  }

  answered(address: string, params: DrainParams, answer: DrainAnswer, time: HubTime): Drain {
    this.refused(address);
    if (params.key !== undefined && answer.key !== params.key) {
      throw new Violation(8, address, `drain "${params.key}" was answered as "${answer.key}"`);
    }
    if (params.key === undefined && answer.repeated) {
      throw new Violation(8, address, `drain "${answer.key}" without a key is called a repetition`);
    }
    const ids = answer.signals.map((signal) => signal.id);
    const drain = this.#drainOf(address, params.key ?? answer.key, ids, time);
    const before = drain.signals ?? [];
    // A drain that took nothing leaves nothing to repeat: asked again, it may find what came since.
    if (before.length > 0 && before.join() !== ids.join()) {
      throw new Violation(
        8,
        address,
        `drain "${drain.key}" gave [${before}] once and [${ids}] when asked again`,
      );
    }
    if (drain.answers === 0 && answer.repeated && drain.asked < 2) {
      throw new Violation(
        8,
        address,
        `drain "${drain.key}" is called a repetition and was never asked before`,
      );
    }
    if (drain.answers === 0) drain.answeredAtMs = time.nowMs;
    drain.answers++;
    drain.signals = ids;
    checkBatch(address, params, answer, time);
    return drain;
  }

  /** The drain of this key; a new one, once retention has taken the old one with all that it gave. */
  #drainOf(address: string, key: string, ids: readonly string[], time: HubTime): Drain {
    const drain = this.#drain(address, key);
    const kept = time.steady && time.nowMs - drain.answeredAtMs < this.#retentionMs;
    if (drain.answers === 0 || kept || drain.signals?.some((id) => ids.includes(id))) return drain;
    this.#drains.delete(`${address} ${key}`);
    const fresh = this.#drain(address, key);
    fresh.asked = drain.asked;
    return fresh;
  }

  #drain(address: string, key: string): Drain {
    const name = `${address} ${key}`;
    let drain = this.#drains.get(name);
    if (drain === undefined) {
      drain = { address, key, answeredAtMs: 0, answers: 0, asked: 0, signals: null };
      this.#drains.set(name, drain);
    }
    return drain;
  }
}

function checkBatch(address: string, params: DrainParams, answer: DrainAnswer, time: HubTime): void {
  const count = answer.signals.length;
  const limit = params.limit ?? limits.drainSignalsDefault;
  const bytesMax = params.bytesMax ?? limits.drainBytesMax;
  const bytes = answer.signals.reduce((sum, signal) => sum + signal.text.length, 0);
  if (count > limit || (bytes > bytesMax && count > 1)) {
    throw new Violation(
      8,
      address,
      `drain "${answer.key}" gave ${count} signals, ${bytes} bytes, beyond its bounds of ${limit} and ${bytesMax}`,
    );
  }
  if (count === 0 && answer.remaining > 0 && !answer.repeated) {
    throw new Violation(
      3,
      address,
      `drain "${answer.key}" gave nothing and ${answer.remaining} signals wait`,
    );
  }
  if (time.steady && !isSorted(answer.signals.map((signal) => signal.acceptedAtMs))) {
    throw new Violation(8, address, `drain "${answer.key}" did not give the oldest first`);
  }
}

function isSorted(times: readonly number[]): boolean {
  return times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0));
}
