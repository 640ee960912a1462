/** Whatever happens to a daemon, in whatever order: the rules of ringing and the table hold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MailboxView } from "../../src/domain/verbs.ts";
import { DOORBELL_SCHEDULE } from "../../src/fsm/doorbell.ts";
import { encodeSlot, recover } from "../../src/fsm/position.ts";
import { RETRY_PLAN } from "../../src/fsm/retry.ts";
import { begin, type Effect, type Event, type State, step, TABLE, wakeAtMsOf } from "../../src/fsm.ts";
import { NO_SIGNALS } from "../support/lifecycle-script.ts";

const count = fc.nat({ max: 5 });

/** Views of any content: a hub that contradicts itself must not break a daemon. */
const anyView: fc.Arbitrary<MailboxView> = fc.record({
  revision: fc.nat({ max: 30 }),
  through: count,
  open: count,
  urgent: count,
  told: count,
  drains: count,
  oldestAtMs: fc.constantFrom(null, 0, 1e12),
  newestAtMs: fc.constantFrom(null, 0, 1e12),
  senders: fc.constant([]),
  othersOpen: count,
});

const failure = fc.record({
  code: fc.constantFrom(
    "hub_unreachable" as const,
    "unauthorized" as const,
    "overloaded" as const,
    "session_unknown" as const,
    "session_gone" as const,
    "address_taken" as const,
  ),
  message: fc.constant("random"),
});

const ring = fc.nat({ max: 12 });
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Event>({ on: "wakeReached" }) },
  { weight: 3, arbitrary: fc.constant<Event>({ on: "socketOpened" }) },
  fc.record({ on: fc.constant("socketClosed" as const), failure }),
  {
    weight: 3,
    arbitrary: fc.record({
      on: fc.constant("startAnswered" as const),
      session: fc.constantFrom("s-1", "s-2"),
      hubId: fc.constantFrom("hub-a", "hub-a", "hub-a", "hub-b"),
      hubNowMs: fc.nat(),
      mailbox: anyView,
    }),
  },
  fc.record({ on: fc.constant("startRefused" as const), failure }),
  { weight: 8, arbitrary: fc.record({ on: fc.constant("mailboxPushed" as const), mailbox: anyView }) },
  fc.constant<Event>({ on: "hubClosing" }),
  {
    weight: 5,
    arbitrary: fc.record({
      on: fc.constant("ringSettled" as const),
      settled: fc.oneof(
        fc.record({ ring, taken: fc.constant(true as const), path: fc.constant("bell") }),
        fc.record({ ring, taken: fc.constant(false as const), reason: fc.constant("no") }),
      ),
    }),
  },
  fc.record({ on: fc.constant("notifyAsked" as const), ask: fc.nat() }),
  fc.constant<Event>({ on: "hostResumed" }),
);

const moment = fc.record({
  event: anyEvent,
  passedMs: fc.constantFrom(0, 1, 500, 5000, 31_000, 3_600_000),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

interface Step {
  readonly before: State;
  readonly event: Event;
  readonly after: State;
  readonly effects: readonly Effect[];
  readonly nowMs: number;
}

function run(moments: readonly { event: Event; passedMs: number; random: number }[]): Step[] {
  let nowMs = 1_000_000;
  let [state] = begin({ plan: RETRY_PLAN, schedule: DOORBELL_SCHEDULE, position: null, nowMs });
  return moments.map(({ event, passedMs, random }) => {
    nowMs += passedMs;
    const before = state;
    const [after, effects] = step(before, event, nowMs, random);
    state = after;
    return { before, event, after, effects, nowMs };
  });
}

function holds(check: (steps: readonly Step[]) => void): void {
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 80 }), (moments) => check(run(moments))),
    { numRuns: 300 },
  );
}

const done = <D extends Effect["do"]>(effects: readonly Effect[], what: D) =>
  effects.filter((effect): effect is Extract<Effect, { do: D }> => effect.do === what);

describe("the lifecycle, whatever happens", () => {
  test("never leaves its table", () => {
    holds((steps) => {
      for (const { before, event, after } of steps) {
        const rule = TABLE[before.id][event.on];
        expect("ignored" in rule ? [before.id] : rule.to).toContain(after.id);
      }
    });
  });

  test("is the same for the same events", () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 30 }), (moments) => {
        expect(run(moments)).toEqual(run(moments));
      }),
      { numRuns: 50 },
    );
  });

  test("rings only what is open, by the hub's truth, and one ring at a time (invariant 6)", () => {
    holds((steps) => {
      for (const { before, after, effects } of steps) {
        const rings = done(effects, "ring");
        expect(rings.length).toBeLessThanOrEqual(1);
        for (const { view, ring: number } of rings) {
          expect(view.open).toBeGreaterThan(0);
          expect(after.id).toBe("emitting");
          expect(view).toBe(after.watch.doorbells.view);
          const inFlight = before.watch.doorbells.ring;
          const settled = done(effects, "countDoorbell").some(({ outcome }) => outcome !== "coalesced");
          if (inFlight !== null) expect(settled).toBe(true);
          expect(number).toBe(before.watch.doorbells.rings + 1);
        }
      }
    });
  });

  test("counts one outcome for each ring", () => {
    holds((steps) => {
      const effects = steps.flatMap((one) => one.effects);
      const rings = done(effects, "ring").length;
      const ended = done(effects, "countDoorbell").filter(
        ({ outcome }) => outcome === "rung" || outcome === "failed",
      );
      const last = steps.at(-1)?.after.watch.doorbells.ring ?? null;
      const suppressed = done(effects, "countDoorbell").filter(({ outcome }) => outcome === "suppressed");
      expect(ended.length + (last === null ? 0 : 1)).toBeLessThanOrEqual(rings);
      expect(ended.length + suppressed.length + (last === null ? 0 : 1)).toBeGreaterThanOrEqual(rings);
    });
  });

  test("is EMITTING exactly while a ring is owed and not taken", () => {
    holds((steps) => {
      for (const { after } of steps) {
        if (after.id !== "connected" && after.id !== "emitting") continue;
        const { ring: inFlight, bell } = after.watch.doorbells;
        expect(after.id === "emitting").toBe(inFlight !== null || bell.id === "failing");
      }
    });
  });

  test("always has an alarm while it waits for something, and never one in the past", () => {
    holds((steps) => {
      for (const { after, nowMs, event } of steps) {
        const atMs = wakeAtMsOf(after);
        const waits =
          after.id === "disconnected" || after.id === "reconciling" || after.watch.doorbells.ring !== null;
        if (after.id !== "ended" && waits) expect(atMs).not.toBeNull();
        if (after.id !== "ended" && event.on === "wakeReached" && atMs !== null)
          expect(atMs).toBeGreaterThanOrEqual(nowMs);
      }
    });
  });

  test("persists what it acknowledges, before it does", () => {
    holds((steps) => {
      let saved: number | undefined;
      for (const { effects } of steps) {
        for (const effect of effects) {
          if (effect.do === "persist") saved = effect.position?.through;
          if (effect.do === "acknowledge") expect(effect.through).toBe(saved);
        }
      }
    });
  });

  test("answers each who asks for a ring exactly once, unless that ring is still in flight", () => {
    holds((steps) => {
      const asked = steps.flatMap(({ event, before }) =>
        event.on === "notifyAsked" && before.id !== "ended" ? [event.ask] : [],
      );
      const answered = steps.flatMap(({ effects }) =>
        done(effects, "answerNotify").flatMap(({ asks }) => asks),
      );
      const last = steps.at(-1)?.after;
      const waiting =
        last === undefined || last.id === "ended" ? [] : (last.watch.doorbells.ring?.asks ?? []);
      expect([...answered, ...waiting].toSorted()).toEqual(asked.toSorted());
    });
  });
});

/** A hub that tells the truth, and a surface that takes every ring: the life of one mailbox. */
const act = fc.record({
  what: fc.constantFrom("signal", "signal", "urgent", "drainAll", "drainOne", "expire", "wait", "reconnect"),
  passedMs: fc.constantFrom(0, 10, 1000, 40_000, 7_200_000),
});

function play(acts: readonly { what: string; passedMs: number }[]) {
  let nowMs = 1_000_000;
  let view = NO_SIGNALS;
  let [state] = begin({ plan: RETRY_PLAN, schedule: DOORBELL_SCHEDULE, position: null, nowMs });
  const rings: {
    readonly atMs: number;
    readonly drains: number;
    readonly attempt: number;
    readonly urgent: number;
  }[] = [];

  function feed(event: Event): void {
    const [after, effects] = step(state, event, nowMs, 0.5);
    state = after;
    for (const { ring: number, attempt } of done(effects, "ring")) {
      rings.push({ atMs: nowMs, drains: view.drains, attempt, urgent: view.urgent });
      feed({ on: "ringSettled", settled: { ring: number, taken: true, path: "bell" } });
    }
  }

  function connect(): void {
    feed({ on: "socketOpened" });
    feed({ on: "startAnswered", session: "s", hubId: "hub-a", hubNowMs: nowMs, mailbox: view });
  }

  function change(next: Partial<MailboxView>): void {
    view = { ...view, ...next, revision: view.revision + 1 };
    feed({ on: "mailboxPushed", mailbox: view });
  }

  function pass(ms: number): void {
    const untilMs = nowMs + ms;
    for (;;) {
      const atMs = wakeAtMsOf(state);
      if (atMs === null || atMs > untilMs) break;
      nowMs = Math.max(nowMs, atMs);
      feed({ on: "wakeReached" });
      if (state.id === "disconnected" && state.dial.dialing) connect();
    }
    nowMs = untilMs;
  }

  connect();
  for (const { what, passedMs } of acts) {
    pass(passedMs);
    const { open, through, drains } = view;
    if (what === "signal") change({ open: open + 1, through: through + 1, newestAtMs: nowMs });
    if (what === "urgent")
      change({ open: open + 1, through: through + 1, urgent: view.urgent + 1, newestAtMs: nowMs });
    if (what === "drainAll" && open > 0) change({ open: 0, urgent: 0, told: through, drains: drains + 1 });
    if (what === "drainOne" && open > 0) {
      change({ open: open - 1, urgent: Math.min(view.urgent, open - 1), told: through, drains: drains + 1 });
    }
    if (what === "expire" && open > 0) change({ open: 0, urgent: 0 });
    if (what === "reconnect") {
      feed({ on: "socketClosed", failure: { code: "hub_unreachable", message: "gone" } });
      pass(5000);
    }
  }
  return { rings, state, view };
}

describe("a mailbox, an honest hub and a working surface", () => {
  test("have a bell standing whenever a signal waits that no drain told of", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const { state, view } = play(acts);
        const { bell } = state.watch.doorbells;
        if (view.open > 0 && view.through > view.told) {
          expect(bell.id).toBe("standing");
        } else if (view.open > 0) {
          expect(["standing", "owed"]).toContain(bell.id);
        } else {
          expect(bell.id).toBe("silent");
        }
      }),
      { numRuns: 300 },
    );
  });

  test("ring again for one unanswered bell never sooner than the first delay", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const { rings } = play(acts);
        rings.forEach((one, index) => {
          const before = rings[index - 1];
          if (before === undefined || one.attempt === 1) return;
          expect(one.drains).toBe(before.drains);
          expect(one.attempt).toBe(before.attempt + 1);
          expect(one.atMs - before.atMs).toBeGreaterThanOrEqual(30_000);
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe("a slot of the state file", () => {
  const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const id = fc.string({ minLength: 1, maxLength: 36 });
  const saved = fc.record({
    instance: id,
    position: fc.option(
      fc.record({
        hubId: id,
        session: id,
        revision: whole,
        through: whole,
        urgent: fc.nat({ max: 20_000 }),
        standing: fc.option(
          fc.record({
            drains: whole,
            attempt: fc.nat({ max: 1000 }),
            round: fc.nat({ max: 24 }),
            rungAtMs: fc.double({ min: 0, max: 1e14, noNaN: true }).map(Math.abs),
            dueAtMs: fc.option(fc.double({ min: 0, max: 1e14, noNaN: true }).map(Math.abs)),
          }),
        ),
      }),
    ),
  });

  test("gives back what was put in", () => {
    fc.assert(
      fc.property(saved, whole, (state, sequence) => {
        const slot = encodeSlot(state, sequence);
        if (slot === null) throw new Error("plain ids of 36 characters fit");
        expect(recover(slot)).toEqual({ kind: "found", saved: state, sequence });
      }),
    );
  });

  test("of any bytes is read or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (bytes) => {
        expect(recover(bytes).kind).toBe(bytes.length === 0 ? "absent" : "corrupt");
      }),
    );
  });
});
