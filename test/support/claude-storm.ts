/**
 * A thousand doorbells to Claude Code on bad days: messages that vanish, come late, are held back, or kill the
 * session; hooks that wake nobody; a model that sometimes does not drain; drains by somebody else while a ring is
 * under way. What happens to the n-th thing that comes in for a signal is drawn from the seed, so the same seed is
 * the same storm.
 */
import { open } from "../../src/surfaces/claude-code/claude-code.ts";
import { Random } from "../simulation/random.ts";
import { ClaudeSession, type Fate } from "./claude-stage.ts";
import { RingWatch } from "./ring-watch.ts";
import { contextWith } from "./surface-context.ts";

export interface StormFigures {
  readonly signals: number;
  /** Signals that were never drained. */
  readonly lost: number;
  /** Doorbells that were sent, by any way, after the drain that made them moot was known. */
  readonly sentAfterDrain: number;
  /** Doorbells that came before the model. */
  readonly heard: number;
  /** Signals before whose drain the model heard more than one doorbell. */
  readonly heardTwice: number;
  /** Doorbells that the client kept back, and that came before the model when nothing waited any more. */
  readonly heardLate: number;
  readonly rings: number;
  readonly taken: number;
  readonly failed: number;
  readonly sessions: number;
  readonly ways: { readonly [way: string]: number };
}

export interface StormPlan {
  readonly seed: number;
  readonly signals: number;
  readonly home: string;
  readonly project: string;
  /** A day on which nothing goes wrong, and receipts have all the time there is. */
  readonly isGood?: true;
}

const FAULTS = { drop: 0.12, late: 0.08, crash: 0.04, hold: 0.04 };
/** The model reads the doorbell and does something else. */
const IGNORED = 0.05;
/** Somebody else drains while it is rung for. */
const ELSEWHERE = 0.2;
const TIMINGS = { receiptMsMax: 40, busyMsMax: 2000, lookAgainMs: 10, heldMsMax: 100 };
/** Well past the time that a receipt has. */
const LATE_MS = 100;

export async function claudeStorm(plan: StormPlan): Promise<StormFigures> {
  const { seed, signals, home, project, isGood } = plan;
  const chanceOf = (bad: number): number => (isGood === true ? 0 : bad);
  const chance = new Random(seed);
  const counts = { sentAfterDrain: 0, heard: 0, heardTwice: 0, heardLate: 0, drained: 0, sessions: 0 };
  /** Of the signal that is waited for. */
  let now = { index: 0, came: 0, heard: 0 };
  const isBell = (text: string): boolean => text.includes("Prism: ");

  const watch = new RingWatch((agent) =>
    open(
      {},
      contextWith({
        ...{ agent, root: project, env: { HOME: home } },
        log(_level, event) {
          // Said before each send, at the last moment at which it could still be left out.
          if (event === "doorbellSent" && watch.view.open === 0) counts.sentAfterDrain += 1;
        },
      }),
      isGood === true ? { ...TIMINGS, receiptMsMax: 60_000 } : TIMINGS,
    ),
  );

  function fateOf(where: "inbox" | "wake"): Fate {
    now.came += 1;
    let drawn = chance.fork(`${now.index}/${now.came}/${where}`).unit();
    for (const [fate, share] of Object.entries(FAULTS)) {
      if (isGood === true) break;
      if (drawn < share) return fate === "hold" && where === "wake" ? "drop" : (fate as Fate);
      drawn -= share;
    }
    return "take";
  }

  function turn(texts: readonly string[]): void {
    const bells = texts.filter(isBell).length;
    if (bells === 0) return;
    counts.heard += bells;
    now.heard += bells;
    if (watch.view.open === 0) {
      counts.heardLate += bells;
      return;
    }
    if (chance.fork(`${now.index}/${now.heard}/ignored`).chance(chanceOf(IGNORED))) return;
    counts.drained += watch.drain();
  }

  /** Sometimes another window or a person drains, at any moment of the ring. */
  async function drainedElsewhere(index: number): Promise<void> {
    const elsewhere = chance.fork(`${index}/elsewhere`);
    if (!elsewhere.chance(chanceOf(ELSEWHERE))) return;
    await new Promise((later) => setTimeout(later, elsewhere.whole(0, 2 * TIMINGS.receiptMsMax)));
    counts.drained += watch.drain();
  }

  async function newSession(): Promise<ClaudeSession> {
    counts.sessions += 1;
    const session = new ClaudeSession({
      ...{ home, project, turn, lateMs: LATE_MS },
      id: `storm-${seed}-${String(counts.sessions).padStart(5, "0")}`,
      hear: (params, gone) => watch.desk.hook(params, gone),
      fate: fateOf,
    });
    await session.begin();
    // Hooks name the permission mode with the first prompt of a person's.
    session.type("hello");
    return session;
  }

  let session = await newSession();
  try {
    for (let index = 1; index <= signals; index += 1) {
      now = { index, came: 0, heard: 0 };
      if (chance.chance(0.1)) session.type("do something else");
      watch.post();
      const drained = Promise.all([watch.drained(), drainedElsewhere(index)]).then(() => true as const);
      while (!(await Promise.race([drained, soon()]))) {
        // What died is started again by somebody.
        if (session.ended) session = await newSession();
      }
      if (now.heard > 1) counts.heardTwice += 1;
      await session.rests();
    }
  } finally {
    await session.end();
    await watch.close();
  }
  const { sentAfterDrain, heard, heardTwice, heardLate, drained, sessions } = counts;
  const { rings, taken, failed } = watch;
  return {
    ...{ signals, lost: signals - drained, sentAfterDrain, heard, heardTwice, heardLate },
    ...{ rings, taken, failed, sessions, ways: Object.fromEntries(watch.ways) },
  };
}

const soon = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 20));
