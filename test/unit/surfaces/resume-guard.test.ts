import { describe, expect, test } from "vitest";
import {
  openResumeGuard,
  RESUME_POLICY,
  type ResumeGuard,
  type ResumePolicy,
} from "../../../src/surfaces/resume-guard.ts";

const MINUTE = 60_000;
const START = 1_800_000_000_000;

interface Bench {
  readonly guard: ResumeGuard;
  nowMs: number;
  saved: unknown;
  /** The same place after a restart of the daemon. */
  readonly restarted: () => ResumeGuard;
  readonly later: (ms: number) => void;
}

function benchWith(policy: ResumePolicy = RESUME_POLICY): Bench {
  const open = () =>
    openResumeGuard({
      policy,
      now: () => bench.nowMs,
      load: () => bench.saved,
      save(record) {
        bench.saved = JSON.parse(JSON.stringify(record));
      },
    });
  const bench: { -readonly [K in keyof Bench]: Bench[K] } = {
    nowMs: START,
    saved: undefined,
    guard: undefined as never,
    restarted: open,
    later(ms) {
      bench.nowMs += ms;
    },
  };
  bench.guard = open();
  return bench;
}

function failOnce({ guard }: Bench, reason = "no login"): void {
  guard.began();
  guard.failed(reason);
}

describe("an attempt", () => {
  test("may be made when nothing is known", () => {
    const { guard } = benchWith();
    expect(guard.mayResume()).toEqual({ ok: true });
    expect(guard.status()).toEqual({
      state: "idle",
      attempts: 0,
      attemptsMax: 3,
      failures: 0,
      lastReason: null,
      lastAttemptAtMs: null,
      untilMs: null,
    });
  });

  test("is the only one: not even a person starts a second while it comes up", () => {
    const { guard } = benchWith();
    guard.began();
    const refusal = {
      ok: false,
      reason: "the agent is being started already",
      untilMs: START + 10 * MINUTE,
    };
    expect(guard.mayResume()).toEqual(refusal);
    expect(guard.mayResume({ forced: true })).toEqual(refusal);
  });

  test("keeps its place until the agent shows up, and all is forgotten then", () => {
    const bench = benchWith();
    failOnce(bench);
    bench.later(MINUTE);
    bench.guard.began();
    bench.guard.started();
    expect(bench.guard.mayResume()).toEqual({
      ok: false,
      reason: "the agent was started a moment ago, and has not shown up yet",
      untilMs: START + 11 * MINUTE,
    });
    bench.guard.succeeded();
    expect(bench.guard.mayResume()).toEqual({ ok: true });
    expect(bench.guard.status()).toMatchObject({ state: "idle", attempts: 0, failures: 0, lastReason: null });
  });

  test("that no drain followed has failed when its time is over", () => {
    const bench = benchWith();
    bench.guard.began();
    bench.guard.started();
    bench.later(10 * MINUTE - 1);
    expect(bench.guard.status().state).toBe("unproven");
    bench.later(1);
    expect(bench.guard.status()).toMatchObject({
      state: "coolingOff",
      failures: 1,
      lastReason: "the agent was started, and neither took a doorbell nor drained",
      untilMs: START + 11 * MINUTE,
    });
    bench.guard.failed("told late");
    expect(bench.guard.status().failures).toBe(1);
  });

  test("that never came up fails too, also when nobody looks until much later", () => {
    const bench = benchWith();
    bench.guard.began();
    bench.later(24 * 60 * MINUTE);
    expect(bench.guard.mayResume()).toEqual({ ok: true });
    expect(bench.guard.status()).toMatchObject({ failures: 1, lastReason: "the agent did not come up" });
  });

  test("a late failure of one that was proven counts for nothing", () => {
    const { guard } = benchWith();
    guard.began();
    guard.succeeded();
    guard.failed("its process ended with status 1");
    expect(guard.status()).toMatchObject({ state: "idle", failures: 0 });
  });
});

describe("cooling off", () => {
  test("grows with each failure in a row, and says why", () => {
    const bench = benchWith({ ...RESUME_POLICY, attemptsMax: 100 });
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      failOnce(bench, `failure ${i}`);
      const leave = bench.guard.mayResume();
      if (leave.ok) throw new Error("no pause");
      pauses.push((leave.untilMs - bench.nowMs) / MINUTE);
      bench.nowMs = leave.untilMs;
    }
    expect(pauses).toEqual([1, 5, 15, 60, 60, 60]);
    failOnce(bench, "the login has run out");
    expect(bench.guard.mayResume()).toMatchObject({
      reason: "cooling off after 7 failed starts in a row: the login has run out",
    });
  });

  test("three attempts within half an hour are all there are", () => {
    const bench = benchWith({ ...RESUME_POLICY, coolingOffMs: [1] });
    for (let i = 0; i < 3; i++) {
      failOnce(bench);
      bench.later(MINUTE);
    }
    expect(bench.guard.mayResume()).toEqual({
      ok: false,
      reason: "the agent was started 3 times within 30 min and never showed up: no login",
      untilMs: START + 30 * MINUTE,
    });
    bench.nowMs = START + 30 * MINUTE;
    expect(bench.guard.mayResume()).toEqual({ ok: true });
  });

  test("does not hold a person back, whose attempt counts like any other", () => {
    const bench = benchWith();
    failOnce(bench);
    expect(bench.guard.mayResume().ok).toBe(false);
    expect(bench.guard.mayResume({ forced: true })).toEqual({ ok: true });
    failOnce(bench);
    failOnce(bench);
    expect(bench.guard.mayResume({ forced: true })).toEqual({ ok: true });
    expect(bench.guard.status()).toMatchObject({ attempts: 3, failures: 3, untilMs: START + 30 * MINUTE });
  });

  test("a person may begin anew while the last one is unproven, which has failed then", () => {
    const bench = benchWith();
    bench.guard.began();
    bench.guard.started();
    expect(bench.guard.mayResume({ forced: true })).toEqual({ ok: true });
    bench.guard.began();
    expect(bench.guard.status()).toMatchObject({ state: "starting", attempts: 2, failures: 1 });
  });

  test("a drain that nobody was started for ends it", () => {
    const bench = benchWith();
    failOnce(bench);
    bench.guard.succeeded();
    expect(bench.guard.mayResume()).toEqual({ ok: true });
  });
});

describe("over a restart", () => {
  test("an attempt, its failures and the pause are remembered", () => {
    const bench = benchWith();
    failOnce(bench);
    expect(bench.restarted().status()).toEqual(bench.guard.status());
    bench.later(MINUTE);
    bench.guard.began();
    expect(bench.restarted().status()).toMatchObject({ state: "starting", attempts: 2, failures: 1 });
    bench.restarted().succeeded();
    expect(bench.restarted().status()).toMatchObject({ state: "idle", attempts: 0 });
  });

  test("an attempt is saved before it can be made", () => {
    const bench = benchWith();
    bench.guard.began();
    expect(bench.saved).toEqual({ attemptsAtMs: [START], failures: 0, underWay: "starting" });
  });

  test("who drains again and again costs one write", () => {
    const bench = benchWith();
    bench.guard.began();
    bench.guard.succeeded();
    bench.saved = "untouched";
    bench.guard.succeeded();
    expect(bench.saved).toBe("untouched");
  });

  test.each([
    null,
    "",
    [],
    { attemptsAtMs: ["yesterday"], failures: 1 },
    { attemptsAtMs: [1], failures: -1 },
    { attemptsAtMs: Array.from({ length: 101 }, () => 1), failures: 0 },
    { attemptsAtMs: [], failures: 0, underWay: "starting" },
    { attemptsAtMs: [], failures: 0, foreign: true },
  ])("a record that is none counts as nothing: %j", (saved) => {
    const bench = benchWith();
    bench.saved = saved;
    expect(bench.restarted().status()).toEqual(bench.guard.status());
  });

  test("a disk that fails stops nobody", () => {
    let nowMs = START;
    const broken = () => {
      throw new Error("the disk is full");
    };
    const guard = openResumeGuard({ now: () => nowMs, load: broken, save: broken });
    guard.began();
    guard.failed("no login");
    expect(guard.mayResume().ok).toBe(false);
    nowMs += MINUTE;
    expect(guard.mayResume().ok).toBe(true);
  });

  test("a clock that was set back by a year holds nothing up for a year", () => {
    const bench = benchWith();
    failOnce(bench);
    bench.nowMs -= 365 * 24 * 60 * MINUTE;
    const leave = bench.restarted().mayResume();
    expect(leave).toMatchObject({ ok: false, untilMs: bench.nowMs + MINUTE });
  });

  test("what failed is told without control characters, and not at length", () => {
    const bench = benchWith();
    failOnce(bench, `\u001b[2Jgone ${"x".repeat(198)}\u{1f600}${"y".repeat(500)}`);
    expect(bench.guard.status().lastReason).toMatch(/^\\u001b\[2Jgone x+/);
    expect(bench.restarted().status()).toEqual(bench.guard.status());
  });
});

test.each<Partial<ResumePolicy>>([
  { attemptsMax: 0 },
  { attemptsMax: 1.5 },
  { attemptsMax: 101 },
  { windowMs: 0 },
  { proofMsMax: Number.NaN },
  { coolingOffMs: [MINUTE, -1] },
])("a policy that makes no sense is a programmer's error: %j", (part) => {
  expect(() => benchWith({ ...RESUME_POLICY, ...part })).toThrow(RangeError);
});
