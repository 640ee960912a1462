/** The guard of resuming over any course of time, attempts, restarts and clocks that are set back. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  openResumeGuard,
  RESUME_POLICY,
  type ResumeGuard,
  type ResumePolicy,
} from "../../src/surfaces/resume-guard.ts";

const MINUTE = 60_000;
const START = 1_800_000_000_000;

type Move =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "ask" | "force" | "started" | "succeeded" | "failed" | "restart" };

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(20 * MINUTE) }) },
  { weight: 4, arbitrary: fc.constant({ do: "ask" as const }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Move>(
      { do: "force" },
      { do: "started" },
      { do: "failed" },
      { do: "failed" },
      { do: "restart" },
    ),
  },
  { weight: 1, arbitrary: fc.constant({ do: "succeeded" as const }) },
);

interface World {
  nowMs: number;
  guard: ResumeGuard;
  restart(): void;
}

function newWorld(policy: ResumePolicy = RESUME_POLICY): World {
  let saved: unknown;
  const open = () =>
    openResumeGuard({
      policy,
      now: () => world.nowMs,
      load: () => saved,
      save(record) {
        saved = JSON.parse(JSON.stringify(record));
      },
    });
  const world: World = {
    nowMs: START,
    guard: undefined as never,
    restart() {
      world.guard = open();
    },
  };
  world.restart();
  return world;
}

/** Pauses short beside the window, so that each bound has its turn to hold back. */
const someMs = fc.integer({ min: 1, max: 4 * MINUTE });
const somePolicy: fc.Arbitrary<ResumePolicy> = fc.record({
  attemptsMax: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.integer({ min: 1, max: 200 * MINUTE }),
  coolingOffMs: fc
    .tuple(someMs, someMs, someMs)
    .map(([a, b, c]): [number, ...number[]] => [a, a + b, a + b + c]),
  proofMsMax: fc.integer({ min: 1, max: 60 * MINUTE }),
});

/** @returns whether an attempt began */
function play(world: World, move: Move): boolean {
  const { guard } = world;
  switch (move.do) {
    case "wait":
      world.nowMs += move.ms;
      return false;
    case "ask":
    case "force": {
      const mayBegin = guard.mayResume({ forced: move.do === "force" }).ok;
      if (mayBegin) guard.began();
      return mayBegin;
    }
    case "failed":
      guard.failed("it failed");
      return false;
    case "restart":
      world.restart();
      return false;
    default:
      guard[move.do]();
      return false;
  }
}

test("unforced, no window holds more attempts than allowed, and each failure is followed by its pause", () => {
  fc.assert(
    fc.property(somePolicy, fc.array(move, { maxLength: 120 }), (policy, moves) => {
      const world = newWorld(policy);
      let attemptsAtMs: number[] = [];
      let failedAtMs: number | undefined;
      for (const move of moves) {
        const before = world.guard.status();
        const began = play(world, move);
        const after = world.guard.status();
        if (move.do === "succeeded") {
          attemptsAtMs = [];
          failedAtMs = undefined;
        }
        if (after.failures > before.failures) failedAtMs = world.nowMs;
        if (!began) continue;
        attemptsAtMs.push(world.nowMs);
        if (move.do === "force") continue;
        const recent = attemptsAtMs.filter((atMs) => atMs + policy.windowMs > world.nowMs);
        expect(recent.length).toBeLessThanOrEqual(policy.attemptsMax);
        // A failure by lapse of time is seen when somebody looks: it was earlier, so its pause may be shorter here.
        if (
          failedAtMs !== undefined &&
          before.failures === after.failures &&
          before.lastReason === "it failed"
        ) {
          const pauseMs = policy.coolingOffMs[Math.min(before.failures, 3) - 1] ?? 0;
          expect(world.nowMs - failedAtMs).toBeGreaterThanOrEqual(pauseMs);
        }
      }
    }),
  );
});

test("a restart at any moment changes no answer", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 120 }), (moves) => {
      const steady = newWorld();
      const restless = newWorld();
      for (const move of moves) {
        restless.restart();
        expect(play(restless, move)).toBe(play(steady, move.do === "restart" ? { do: "wait", ms: 0 } : move));
        expect(restless.guard.status()).toEqual(steady.guard.status());
        expect(restless.guard.mayResume()).toEqual(steady.guard.mayResume());
      }
    }),
  );
});

test("a refusal names a time ahead, and who waits for it is let through within three turns", () => {
  const setBack = fc.nat(400 * 24 * 60 * MINUTE);
  fc.assert(
    fc.property(somePolicy, fc.array(move, { maxLength: 60 }), setBack, (policy, moves, setBackMs) => {
      const world = newWorld(policy);
      const waitMsMax = Math.max(policy.windowMs, policy.proofMsMax, ...policy.coolingOffMs);
      for (const move of moves) play(world, move);
      world.nowMs = Math.max(0, world.nowMs - setBackMs);
      let turns = 0;
      for (;;) {
        const leave = world.guard.mayResume();
        expect(world.guard.mayResume()).toEqual(leave);
        if (leave.ok) break;
        expect(leave.untilMs).toBeGreaterThan(world.nowMs);
        expect(leave.untilMs - world.nowMs).toBeLessThanOrEqual(waitMsMax);
        world.nowMs = leave.untilMs;
        turns += 1;
      }
      expect(turns).toBeLessThanOrEqual(3);
    }),
  );
});

test("at most one attempt is under way, forced ones included, and each fails at most once", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 120 }), (moves) => {
      const world = newWorld();
      let begun = 0;
      for (const move of moves) {
        const before = world.guard.status();
        const began = play(world, move);
        if (began) expect(before.state).not.toBe("starting");
        if (began) begun += 1;
        if (move.do === "succeeded") begun = 0;
        expect(world.guard.status().failures).toBeLessThanOrEqual(begun);
      }
    }),
  );
});
