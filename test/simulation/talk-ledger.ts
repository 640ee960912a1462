/**
 * The checker's own book of who answers whom, and of matters that were ended: two agents that only answer each
 * other stay within pace and depth, and what was final is answered by nobody. Knows only what crosses the hub's
 * edge, so it counts no more than the hub does: what a crash kept from its sender stands in no book of ours.
 */
import type { SignalParams } from "../../src/domain/verbs.ts";
import { BURST_MAX, GROUP_FACTOR, type LoopBounds } from "../../src/hub/core/loops.ts";
import { Violation } from "./violation.ts";

interface Run {
  lastFrom: string;
  /** When each answer was taken, by the hub's clock. */
  answersMs: number[];
}

/** The book may take for an answer what was the hub's beginning, at either end. */
const SLACK = 2;

export class TalkLedger {
  readonly #bounds: LoopBounds;
  readonly #runs = new Map<string, Run>();
  /** Signals by id, and whether they were final. */
  readonly #finals = new Map<string, boolean>();
  #stopped = 0;

  constructor(bounds: LoopBounds) {
    this.#bounds = bounds;
  }

  /** How often somebody was refused for a loop. */
  get stopped(): number {
    return this.#stopped;
  }

  /** A word of nobody in particular may have been taken, whatever becomes of its answer. */
  asked(from: string | null, to: string): void {
    if (from !== null) return;
    for (const pair of this.#runs.keys()) if (pair.split(" ").includes(to)) this.#runs.delete(pair);
  }

  taken(
    from: string | null,
    to: string,
    params: SignalParams,
    answer: { id: string; acceptedAtMs: number },
  ): void {
    this.#finals.set(answer.id, params.final === true);
    if (params.replyTo !== undefined && this.#finals.get(params.replyTo) === true)
      throw new Violation(0, to, `${answer.id} answers ${params.replyTo}, which was final`);
    if (from !== null) this.#answered(from, to, answer.acceptedAtMs);
  }

  #answered(from: string, to: string, atMs: number): void {
    const pair = [from, to].sort().join(" ");
    const run = this.#runs.get(pair);
    if (run === undefined || atMs - (run.answersMs.at(-1) ?? atMs) >= this.#bounds.quietMs) {
      this.#runs.set(pair, { lastFrom: from, answersMs: [] });
      return;
    }
    if (run.lastFrom !== from || from === to) {
      run.answersMs.push(atMs);
      this.#check(pair, run.answersMs, atMs);
    }
    run.lastFrom = from;
  }

  #check(pair: string, answersMs: readonly number[], nowMs: number): void {
    const { answersMax, paceMs } = this.#bounds;
    if (answersMs.length > answersMax * GROUP_FACTOR + SLACK)
      throw new Violation(0, pair, `${pair} answered each other ${answersMs.length} times in a row`);
    for (const [at, fromMs] of answersMs.entries()) {
      const answers = answersMs.length - at;
      if (answers <= BURST_MAX + (nowMs - fromMs) / paceMs + SLACK) continue;
      throw new Violation(0, pair, `${pair} answered each other ${answers} times in ${nowMs - fromMs} ms`);
    }
  }

  refused(params: SignalParams, code: string): void {
    if (code === "loop_stopped") this.#stopped++;
    if (code === "matter_closed" && this.#finals.get(params.replyTo ?? "") === false)
      throw new Violation(0, params.to, `${params.replyTo} was not final, and is called so`);
  }

  /** The hub's clock was set: its times say nothing any more. */
  forget(): void {
    this.#runs.clear();
  }
}
