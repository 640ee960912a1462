/**
 * The checker's own book of signals: what was sent, what the hub said of it, who drained it. Kept from what
 * crosses the hub's edge only, so that it can be held against the hub (invariants 3, 4 and 8).
 *
 * Texts are the key of the book: each meant signal has one text of its own, whatever number of attempts were
 * made to send it, so an attempt that was never answered can still be recognised when it turns up.
 */

import { limits } from "../../src/domain/limits.ts";
import type {
  DrainAnswer,
  DrainParams,
  SignalAnswer,
  SignalParams,
  SignalRecord,
  SignalState,
  SignalStatusAnswer,
} from "../../src/domain/verbs.ts";
import { keyMemoryMs } from "../../src/hub/core/bounds.ts";
import { type Drain, DrainBook, type HubTime } from "./drain-book.ts";
import { Violation } from "./violation.ts";

/** A signal as somebody means to send it. */
interface Meant {
  readonly to: string;
  readonly from: string | null;
  readonly text: string;
  readonly ttlMs: number;
  /** Attempts that have reached the hub, and those of them that it refused. */
  attempts: number;
  refusals: number;
  known: Known | null;
}

/** A signal that the hub has spoken of. */
interface Known {
  readonly id: string;
  readonly meant: Meant;
  /** The furthest state that the hub has told anybody. */
  state: SignalState;
  acceptedAtMs: number;
  expiresAtMs: number;
  deliveredAtMs: number | null;
  drainedAtMs: number | null;
  expiredAtMs: number | null;
  /** The drain that handed it over, once that drain was answered. */
  drain: Drain | null;
  /** True once the hub has acknowledged it to its sender: from now on it must not get lost. */
  acknowledged: boolean;
  /** True once retention has taken it: how it ended is no longer known. */
  forgotten: boolean;
}

const RANK: Record<SignalState, number> = { pending: 0, delivered: 1, drained: 2, expired: 2 };

export class SignalLedger {
  readonly #byText = new Map<string, Meant>();
  readonly #byId = new Map<string, Known>();
  readonly #drains: DrainBook;
  readonly #retentionMs: number;
  readonly #addressOf: (to: string) => string;

  /** @param addressOf the address that a recipient belongs to: of `session:ID`, the session's */
  constructor(retentionMs: number, addressOf: (to: string) => string) {
    this.#retentionMs = retentionMs;
    this.#drains = new DrainBook(retentionMs);
    this.#addressOf = addressOf;
  }

  signalAsked(params: SignalParams, from: string | null): void {
    const meant = this.#byText.get(params.text);
    if (meant !== undefined) {
      meant.attempts++;
      return;
    }
    this.#byText.set(params.text, {
      to: params.to,
      from: params.from ?? from,
      text: params.text,
      ttlMs: params.ttlMs ?? limits.signalTtlMsDefault,
      attempts: 1,
      refusals: 0,
      known: null,
    });
  }

  signalRefused(params: SignalParams): void {
    const meant = this.#meant(params.text);
    meant.refusals++;
    this.#checkQueued(meant);
  }

  /** Keys are remembered for so long by the hub's clock; who repeats itself later sends anew. */
  #remembersKey(known: Known, time: HubTime): boolean {
    return time.steady && time.nowMs - known.acceptedAtMs < keyMemoryMs(this.#retentionMs);
  }

  signalAccepted(params: SignalParams, answer: SignalAnswer, time: HubTime): void {
    const meant = this.#meant(params.text);
    const before = meant.known;
    if (before?.acknowledged && !answer.duplicate && this.#remembersKey(before, time)) {
      throw new Violation(
        8,
        meant.to,
        `signal ${answer.id} "${params.text}" was accepted twice, first as ${before.id}`,
      );
    }
    if (answer.duplicate && meant.attempts < 2) {
      throw new Violation(3, meant.to, `signal ${answer.id} is called a duplicate of a signal never sent`);
    }
    if (answer.expiresAtMs - answer.acceptedAtMs !== meant.ttlMs) {
      throw new Violation(
        3,
        meant.to,
        `signal ${answer.id} shall expire after ${answer.expiresAtMs - answer.acceptedAtMs} ms, not ${meant.ttlMs}`,
      );
    }
    if (answer.acceptedAtMs > time.highMs) {
      throw new Violation(3, meant.to, `signal ${answer.id} was accepted in the future`);
    }
    if (before !== null && before.id !== answer.id && !this.#remembersKey(before, time)) meant.known = null;
    const known = this.#know(meant, answer.id, answer.acceptedAtMs, answer.expiresAtMs);
    this.#advance(known, answer.state, time);
    known.acknowledged = true;
  }

  drainAsked(address: string, params: DrainParams): void {
    this.#drains.asked(address, params);
  }

  drainRefused(address: string): void {
    this.#drains.refused(address);
  }

  drainAnswered(address: string, params: DrainParams, answer: DrainAnswer, time: HubTime): void {
    const drain = this.#drains.answered(address, params, answer, time);
    for (const signal of answer.signals) this.#takenBy(drain, signal, time);
  }

  #takenBy(drain: Drain, signal: SignalRecord, time: HubTime): void {
    const known = this.#record(signal, time);
    if (this.#addressOf(known.meant.to) !== drain.address) {
      throw new Violation(3, drain.address, `signal ${signal.id} for ${known.meant.to} was drained here`);
    }
    if (signal.state !== "drained") {
      throw new Violation(3, drain.address, `signal ${signal.id} was handed over and is ${signal.state}`);
    }
    if (known.drain !== null && known.drain !== drain) {
      throw new Violation(
        8,
        drain.address,
        `signal ${signal.id} was handed over twice: by drain "${known.drain.key}" and by drain "${drain.key}"`,
      );
    }
    known.drain = drain;
  }

  /** Somebody was shown a signal with its text: by a drain or from history. */
  #record(signal: SignalRecord, time: HubTime): Known {
    const meant = this.#byText.get(signal.text);
    if (meant === undefined) {
      throw new Violation(3, signal.to, `signal ${signal.id} has a text that nobody sent: "${signal.text}"`);
    }
    const known = this.#know(meant, signal.id, signal.acceptedAtMs, signal.expiresAtMs);
    this.shown(signal, time);
    this.#checkQueued(meant);
    return known;
  }

  historyShown(address: string, signals: readonly SignalRecord[], time: HubTime): void {
    for (const signal of signals) {
      if (this.#addressOf(signal.to) !== address) {
        throw new Violation(3, address, `history shows signal ${signal.id} for ${signal.to}`);
      }
      this.#record(signal, time);
    }
  }

  /** What the hub says of one signal must fit everything that it ever said of it (invariant 3). */
  shown(status: SignalStatusAnswer, time: HubTime): void {
    const known = this.#byId.get(status.id);
    if (known === undefined) return;
    const { meant } = known;
    if (status.to !== meant.to || status.from !== meant.from) {
      throw new Violation(
        3,
        meant.to,
        `signal ${status.id} from ${meant.from} to ${meant.to} is shown as from ${status.from} to ${status.to}`,
      );
    }
    this.#advance(known, status.state, time);
    if (status.acceptedAtMs !== known.acceptedAtMs || status.expiresAtMs !== known.expiresAtMs) {
      throw new Violation(3, meant.to, `signal ${status.id} changed its times of acceptance or expiry`);
    }
    known.deliveredAtMs = this.#sameTime(known, "delivered", known.deliveredAtMs, status.deliveredAtMs);
    known.drainedAtMs = this.#sameTime(known, "drained", known.drainedAtMs, status.drainedAtMs);
    known.expiredAtMs = this.#sameTime(known, "expired", known.expiredAtMs, status.expiredAtMs);
    if (
      (status.state === "drained") !== (status.drainedAtMs !== null) ||
      (status.state === "expired") !== (status.expiredAtMs !== null)
    ) {
      throw new Violation(3, meant.to, `signal ${status.id} is ${status.state}, and its times say otherwise`);
    }
  }

  #sameTime(known: Known, what: SignalState, before: number | null, now: number | null): number | null {
    if (before !== null && before !== now) {
      throw new Violation(
        3,
        known.meant.to,
        `signal ${known.id} was ${what} at ${before}, and now at ${now}`,
      );
    }
    return now;
  }

  /** The hub says that it knows no such signal: true only of what it never acknowledged, or let go. */
  unknown(id: string, time: HubTime): void {
    const known = this.#byId.get(id);
    if (known === undefined) return;
    const over = known.state === "drained" || known.state === "expired" || time.highMs >= known.expiresAtMs;
    const sinceMs = known.drainedAtMs ?? Math.min(known.expiredAtMs ?? known.expiresAtMs, known.expiresAtMs);
    if (over && time.highMs - sinceMs >= this.#retentionMs) {
      known.forgotten = true;
      return;
    }
    throw new Violation(
      3,
      known.meant.to,
      `signal ${id}, ${known.acknowledged ? "acknowledged" : "shown"} and ${known.state}, is unknown to the hub now`,
    );
  }

  /** Ids of signals that the hub must still answer for. */
  acknowledged(): string[] {
    return [...this.#byId.values()]
      .filter((known) => known.acknowledged && !known.forgotten)
      .map((known) => known.id);
  }

  /** Every acknowledged signal, at the end of all: drained once or expired (invariant 3). */
  checkSettled(): void {
    for (const known of this.#byId.values()) {
      const { to } = known.meant;
      if (known.forgotten) continue;
      if (known.state === "pending" || known.state === "delivered") {
        throw new Violation(3, to, `signal ${known.id} is still ${known.state} at the end of all`);
      }
      if (known.state === "drained" && known.drain === null && !this.#drains.isUnsure(this.#addressOf(to))) {
        throw new Violation(8, to, `signal ${known.id} is drained, and no drain has handed it over`);
      }
    }
  }

  counts(): { acknowledged: number; drained: number } {
    const known = [...this.#byId.values()];
    return {
      acknowledged: known.filter((one) => one.acknowledged).length,
      drained: known.filter((one) => one.state === "drained").length,
    };
  }

  openOf(address: string): number {
    let open = 0;
    for (const known of this.#byId.values()) {
      if (this.#addressOf(known.meant.to) === address && RANK[known.state] < 2 && !known.forgotten) open++;
    }
    return open;
  }

  #advance(known: Known, state: SignalState, time: HubTime): void {
    const { to } = known.meant;
    if (
      RANK[state] < RANK[known.state] ||
      (RANK[state] === 2 && RANK[known.state] === 2 && state !== known.state)
    ) {
      throw new Violation(3, to, `signal ${known.id} was ${known.state} and is ${state} now`);
    }
    if (state === "expired" && time.highMs < known.expiresAtMs) {
      throw new Violation(3, to, `signal ${known.id} is expired ${known.expiresAtMs - time.highMs} ms early`);
    }
    known.state = state;
  }

  #know(meant: Meant, id: string, acceptedAtMs: number, expiresAtMs: number): Known {
    const owner = this.#byId.get(id);
    if (owner !== undefined && owner.meant !== meant) {
      throw new Violation(
        3,
        meant.to,
        `id ${id} stands for two signals: "${owner.meant.text}" and "${meant.text}"`,
      );
    }
    if (owner !== undefined) return owner;
    if (meant.known !== null) {
      throw new Violation(8, meant.to, `"${meant.text}" was queued twice: as ${meant.known.id} and as ${id}`);
    }
    const known: Known = {
      id,
      meant,
      state: "pending",
      acceptedAtMs,
      expiresAtMs,
      deliveredAtMs: null,
      drainedAtMs: null,
      expiredAtMs: null,
      drain: null,
      acknowledged: false,
      forgotten: false,
    };
    meant.known = known;
    this.#byId.set(id, known);
    return known;
  }

  /** A send that failed has queued nothing (invariant 4). */
  #checkQueued(meant: Meant): void {
    if (meant.known !== null && !meant.known.acknowledged && meant.refusals >= meant.attempts) {
      throw new Violation(
        4,
        meant.to,
        `"${meant.text}" was refused, and queued as ${meant.known.id} all the same`,
      );
    }
  }

  #meant(text: string): Meant {
    const meant = this.#byText.get(text);
    if (meant === undefined) throw new Violation(3, "", `an answer for "${text}", which was never asked`);
    return meant;
  }
}
