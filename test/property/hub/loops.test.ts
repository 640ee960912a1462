/**
 * Whatever a few addresses say to each other, in whatever order and at whatever pace: no pair gets beyond the two
 * bounds, and nobody is refused whose pair is within them. Held against books that are kept the naive way.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { BURST_MAX, GROUP_FACTOR, LoopWatch, NOBODY_NAMED } from "../../../src/hub/core/loops.ts";

const QUICK = { answersMax: 15, paceMs: 1_000, quietMs: 60_000 };
/** A pace so slow that who waits for it has rested. */
const SLOW = { ...QUICK, paceMs: 3_600_000 };

interface Said {
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
}

/** All that two addresses said to each other since nobody in particular spoke to one of them, and neither rested. */
function runOf(
  book: readonly Said[],
  one: number,
  other: number,
  nowMs: number,
  quietMs: number,
): readonly Said[] {
  let run: Said[] = [];
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  for (const said of book) {
    const ofPair = isOf(said, one, other);
    if (said.from === NOBODY_NAMED && (said.to === one || said.to === other)) run = [];
    if (!ofPair) continue;
    if (said.atMs - answeredAtMs >= quietMs) run = [];
    const last = run.at(-1);
    if (last === undefined || isAnswer(last, said)) answeredAtMs = said.atMs;
    run.push(said);
  }
  return nowMs - answeredAtMs >= quietMs ? [] : run;
}

function isOf({ from, to }: Said, one: number, other: number): boolean {
  return (from === one && to === other) || (from === other && to === one);
}

function isAnswer(last: Said, said: Said): boolean {
  return said.from !== last.from || said.from === said.to;
}

function answersOf(run: readonly Said[]): readonly Said[] {
  return run.filter((said, at) => at > 0 && isAnswer(run[at - 1] as Said, said));
}

/** Walks the bucket: a burst at once, then one for each pace. */
function isPaced(answers: readonly Said[], paceMs: number, beginMs: number, nowMs: number): boolean {
  let level = 0;
  let atMs = beginMs;
  for (const answer of answers) {
    level = Math.max(0, level - (answer.atMs - atMs) / paceMs) + 1;
    atMs = answer.atMs;
  }
  return Math.max(0, level - (nowMs - atMs) / paceMs) > BURST_MAX - 1;
}

/** One word; or two in turn for a while. Whole paces between them: both sides then count in whole numbers. */
const part = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .record({
        from: fc.constantFrom(NOBODY_NAMED, 1, 2, 3, 3),
        to: fc.constantFrom(1, 2, 3),
        afterMs: fc.constantFrom(0, 1_000, 59_000, 60_000),
      })
      .map((said) => [said]),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        pair: fc.constantFrom([1, 2], [2, 1], [2, 3], [1, 1]),
        turns: fc.integer({ min: 1, max: 25 }),
        afterMs: fc.constantFrom(0, 0, 1_000, 5_000),
        echo: fc.boolean(),
      })
      .map(({ pair: [one = 1, other = 2], turns, afterMs, echo }) =>
        Array.from({ length: turns }, (_, at) => ({ from: one, to: other, afterMs, swap: at % 2 === 1 }))
          .map(({ swap, ...said }) => (swap ? { ...said, from: other, to: one } : said))
          .flatMap((said) => (echo ? [said, { ...said, afterMs: 0 }] : [said])),
      ),
  },
);

it.each([QUICK, SLOW])("refuses exactly what goes beyond pace or depth: %o", (bounds) => {
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 20, size: "max" }), (parts) => {
      const watch = new LoopWatch(bounds);
      const book: Said[] = [];
      let nowMs = 1_000_000;
      for (const { from, to, afterMs } of parts.flat()) {
        nowMs += afterMs;
        const run = from === NOBODY_NAMED ? [] : runOf(book, from, to, nowMs, bounds.quietMs);
        const answers = answersOf(run);
        const next = { from, to, atMs: nowMs };
        const last = run.at(-1);
        const outside = book.findLastIndex(
          (other) => (other.to === from || other.to === to) && !isOf(other, from, to),
        );
        const since = answers.filter((answer) => book.indexOf(answer) > outside).length;
        const isBeyond =
          last !== undefined &&
          isAnswer(last, next) &&
          (since >= bounds.answersMax ||
            answers.length >= bounds.answersMax * GROUP_FACTOR ||
            isPaced(answers, bounds.paceMs, run[0]?.atMs ?? nowMs, nowMs));
        const stop = watch.refusal(from, to, nowMs);
        expect(stop !== null, JSON.stringify({ next, answers: answers.length, since })).toBe(isBeyond);
        if (stop !== null) {
          refusals++;
          expect(stop.opensAtMs).toBeGreaterThan(nowMs);
          expect(watch.refusal(from, to, stop.opensAtMs - 1)).not.toBeNull();
          expect(watch.refusal(from, to, stop.opensAtMs)).toBeNull();
          expect(watch.stops(nowMs).some(({ between }) => between.includes(from))).toBe(true);
          continue;
        }
        watch.note(from, to, nowMs);
        book.push(next);
      }
    }),
    { numRuns: 150 },
  );
  expect(refusals).toBeGreaterThan(100);
});
