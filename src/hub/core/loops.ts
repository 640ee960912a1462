/**
 * Breaks loops: two agents that do nothing but answer each other, as with thanks for thanks. Each answer wakes
 * the other, so the pair would go on until somebody pays for it.
 *
 * Counted are *answers*: signals between two addresses in the other direction than the one before. Whatever one
 * of them only reports, however often, is none; and a loop without answers there is not. Two bounds:
 *
 *   pace    some answers may come as fast as they like, then one for each `paceMs`: thanks are quick, work isn't
 *   depth   `answersMax` in a row, until somebody else says a word to one of them, or both let it rest
 *
 * Nothing that a sender says of its signal (urgent, final, a key, a reply) counts for or against it. A word from
 * a sender without an address, a person or a script, begins the run anew. One from another agent begins the depth
 * anew, but neither the pace nor the sum of `answersMax` times `GROUP_FACTOR`: three that thank each other in a
 * group must come to an end too. Who passes on to a third what it got from a second gives no answer: a ring
 * of three that never answer backwards is not seen here.
 *
 * Told the time, keeps no store: a new core notes the newest signals again. Knows addresses by their ids only.
 */
import { Generations } from "./generations.ts";

export interface LoopBounds {
  /** Answers in a row, while nobody else says a word to either. */
  readonly answersMax: number;
  /** Beyond `burstMax` answers, one for each so many milliseconds; 0 for no such bound. */
  readonly paceMs: number;
  /** Without an answer for so long, the run is over. */
  readonly quietMs: number;
}

/** Sender ids beside those of addresses, which begin at 1. */
export const NOBODY_NAMED = 0;
export const NOT_REGISTERED = -1;

/** Answers at whatever speed: six quick questions with theirs. */
export const BURST_MAX = 12;
/** Other agents' words can put the depth off this many times in one run. */
export const GROUP_FACTOR = 4;

/** Pairs and recipients remembered: some 3 MB. Beyond it the longest silent are forgotten, and begin anew. */
const PAIRS_MAX = 16_384;
const RECIPIENTS_MAX = 32_768;
/** Stopped pairs listed at once; more than that, and the oldest are left out. */
const STOPPED_MAX = 256;

/** The answers of one pair in a row. */
interface Run {
  readonly low: number;
  readonly high: number;
  lastFrom: number;
  /** Number of its last signal, in the order of all. */
  last: number;
  /** The last answer, or the beginning. */
  answeredAtMs: number;
  /** Since somebody else's word. */
  answers: number;
  /** Since the beginning. */
  answersInAll: number;
  /** When the burst will be whole again: a bucket that leaks, as one number (GCRA). */
  wholeAtMs: number;
  /** When an answer was first refused, until one is taken again. */
  stoppedAtMs: number | null;
}

/** Numbers of the newest signals to one address. */
interface Heard {
  from: number;
  last: number;
  /** Beside the last, because it does more than any other's. */
  ofNobodyNamed: number;
}

export interface Stop {
  /** Ids of the pair. */
  readonly between: readonly [number, number];
  readonly answers: number;
  readonly why: "pace" | "depth";
  readonly stoppedAtMs: number;
  readonly opensAtMs: number;
}

export class LoopWatch {
  readonly #bounds: LoopBounds;
  readonly #runs = new Generations<Run>(PAIRS_MAX);
  readonly #heard = new Generations<Heard>(RECIPIENTS_MAX);
  readonly #stopped = new Set<Run>();
  /** Of all signals noted. */
  #count = 0;

  constructor(bounds: LoopBounds) {
    this.#bounds = bounds;
  }

  /**
   * Whether a signal must not be taken now. To be asked before it is, and told by `note` if it was.
   * @param from an address's id, or one of the two above
   */
  refusal(from: number, to: number, nowMs: number): (Stop & { readonly isNew: boolean }) | null {
    if (from <= 0) return null;
    const run = this.#runOf(from, to, nowMs);
    if (run === undefined || !isAnswer(run, from, to)) return null;
    const stop = this.#stopOf(run, nowMs);
    if (stop === null) return null;
    const isNew = run.stoppedAtMs === null;
    run.stoppedAtMs ??= nowMs;
    this.#list(run);
    return { ...stop, stoppedAtMs: run.stoppedAtMs, isNew };
  }

  /** A signal was taken. */
  note(from: number, to: number, nowMs: number): void {
    const number = ++this.#count;
    if (from > 0) this.#noteAnswer(from, to, { number, nowMs });
    const heard = this.#heard.get(to);
    const ofNobodyNamed = from === NOBODY_NAMED ? number : 0;
    if (heard === undefined) {
      this.#heard.set(to, { from, last: number, ofNobodyNamed });
      return;
    }
    heard.from = from;
    heard.last = number;
    if (ofNobodyNamed > 0) heard.ofNobodyNamed = ofNobodyNamed;
  }

  #noteAnswer(from: number, to: number, at: { readonly number: number; readonly nowMs: number }): void {
    const { number, nowMs } = at;
    const run = this.#runOf(from, to, nowMs);
    if (run === undefined) {
      this.#runs.set(pairKey(from, to), {
        low: Math.min(from, to),
        high: Math.max(from, to),
        lastFrom: from,
        last: number,
        answeredAtMs: nowMs,
        answers: 0,
        answersInAll: 0,
        wholeAtMs: nowMs,
        stoppedAtMs: null,
      });
      return;
    }
    if (isAnswer(run, from, to)) {
      run.answers++;
      run.answersInAll++;
      run.answeredAtMs = nowMs;
      run.wholeAtMs = Math.max(run.wholeAtMs, nowMs) + this.#bounds.paceMs;
      run.stoppedAtMs = null;
      this.#stopped.delete(run);
    }
    run.lastFrom = from;
    run.last = number;
  }

  /** The pair's run as it stands now, or undefined if the next signal begins one. */
  #runOf(from: number, to: number, nowMs: number): Run | undefined {
    const run = this.#runs.get(pairKey(from, to));
    if (run === undefined) return undefined;
    settleClock(run, nowMs);
    if (this.#isOver(run, nowMs)) return undefined;
    if (Math.max(this.#ofOthers(run.low, run.high), this.#ofOthers(run.high, run.low)) > run.last)
      run.answers = 0;
    return run;
  }

  #isOver(run: Run, nowMs: number): boolean {
    if (nowMs - run.answeredAtMs >= this.#bounds.quietMs) return true;
    return Math.max(this.#ofNobodyNamed(run.low), this.#ofNobodyNamed(run.high)) > run.last;
  }

  /**
   * Number of the newest signal to `to` if it was not the other's, else 0: a word of the other's is noted in their
   * run, which has taken in by then what came before it.
   */
  #ofOthers(to: number, other: number): number {
    const heard = this.#heard.get(to);
    return heard === undefined || heard.from === other ? 0 : heard.last;
  }

  #ofNobodyNamed(to: number): number {
    return this.#heard.get(to)?.ofNobodyNamed ?? 0;
  }

  #stopOf(run: Run, nowMs: number): Omit<Stop, "stoppedAtMs"> | null {
    const { answersMax, paceMs, quietMs } = this.#bounds;
    const between = [run.low, run.high] as const;
    const restedAtMs = run.answeredAtMs + quietMs;
    if (run.answers >= answersMax || run.answersInAll >= answersMax * GROUP_FACTOR) {
      const answers = run.answers >= answersMax ? run.answers : run.answersInAll;
      return { between, answers, why: "depth", opensAtMs: restedAtMs };
    }
    const opensAtMs = Math.min(run.wholeAtMs - (BURST_MAX - 1) * paceMs, restedAtMs);
    return opensAtMs > nowMs ? { between, answers: run.answersInAll, why: "pace", opensAtMs } : null;
  }

  #list(run: Run): void {
    this.#stopped.add(run);
    if (this.#stopped.size <= STOPPED_MAX) return;
    const [oldest] = this.#stopped;
    if (oldest !== undefined) this.#stopped.delete(oldest);
  }

  /** Pairs of which an answer was refused and the next one still would be, in the order in which they were stopped. */
  stops(nowMs: number): Stop[] {
    const stops: Stop[] = [];
    for (const run of this.#stopped) {
      settleClock(run, nowMs);
      const stop = this.#isOver(run, nowMs) ? null : this.#stopOf(run, nowMs);
      if (stop !== null && run.stoppedAtMs !== null) stops.push({ ...stop, stoppedAtMs: run.stoppedAtMs });
      else this.#stopped.delete(run);
    }
    return stops;
  }
}

/** A clock that was set back takes the run with it: nothing is kept waiting for a time that comes twice. */
function settleClock(run: Run, nowMs: number): void {
  const backMs = run.answeredAtMs - nowMs;
  if (backMs <= 0) return;
  run.answeredAtMs -= backMs;
  run.wholeAtMs -= backMs;
  if (run.stoppedAtMs !== null) run.stoppedAtMs = Math.min(run.stoppedAtMs, nowMs);
}

/** Who signals itself answers itself. */
function isAnswer(run: Run, from: number, to: number): boolean {
  return from !== run.lastFrom || from === to;
}

/** Two ids as one number, another for each pair, and a small one for small ids (Szudzik): exact up to ids of 2^26. */
function pairKey(one: number, other: number): number {
  return one < other ? other * other + one : one * one + other;
}
