/**
 * The desk where hooks report, the ringer that tries an agent's ways and the doorbell policy, together, against hooks,
 * signals, drains, lost connections, restarts and other hubs in any order. Time is a number here.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AgentDesk } from "../../src/daemon/agent-desk.ts";
import { type Doorbell, doorbellOf } from "../../src/domain/doorbell.ts";
import type { MailboxView } from "../../src/domain/verbs.ts";
import {
  askRing,
  DOORBELL_SCHEDULE,
  type DoorbellEffect,
  type Doorbells,
  doorbellsFrom,
  dueAtMsOf,
  expireRing,
  hear,
  ringIfDue,
  settleRing,
  standingOf,
  startAnew,
} from "../../src/fsm/doorbell.ts";
import type { HookAnswer, HookEvent, HookParams } from "../../src/ipc/hook.ts";
import { openFondness } from "../../src/surfaces/path-memory.ts";
import { PathRinger } from "../../src/surfaces/path-ringer.ts";
import { keptMemory } from "../support/fake-agent-side.ts";
import { NO_SIGNALS } from "../support/lifecycle-script.ts";

const CLIENT = "claude-code";
const SHOP = { persona: "reviewer", project: "shop" };
const SESSIONS = ["s-1", "s-2", "s-3"] as const;
const NOBODY = new AbortController().signal;
/** A busy agent is waited for all of it; then the schedule begins again. */
const SCHEDULE = { ...DOORBELL_SCHEDULE, ringTimeoutMs: 600_000 };
const HOLDS_MAX = 7;

type Move =
  | { readonly do: "signal" | "restart" | "otherHub" | "connection" | "lose" }
  | { readonly do: "drain"; readonly left: number }
  | { readonly do: "elapse"; readonly ms: number }
  | { readonly do: "hook"; readonly session: string; readonly event: HookEvent; readonly isGone: boolean }
  | { readonly do: "compact"; readonly session: string }
  /** Whenever its turn would end, one more signal comes in. */
  | { readonly do: "storm"; readonly session: string; readonly signals: number };

const session = fc.constantFrom(...SESSIONS);
const event = fc.constantFrom<HookEvent>(
  ...(["session-start", "user-prompt-submit", "post-tool-use", "post-tool-use"] as const),
  ...(["stop", "stop", "stop", "session-end"] as const),
);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant("hook" as const), session, event, isGone: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("signal" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("drain" as const), left: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("elapse" as const), ms: fc.nat(120_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("compact" as const), session }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("storm" as const), session, signals: fc.nat(12) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("restart", "otherHub", "connection", "connection", "lose" as const),
    }),
  },
);

/** A world in which the truth is known: what the hub holds, and what was said to whom. */
class Watch {
  nowMs = 1_000_000;
  /** The hub's truth. The daemon has `seen`, and nothing while it is not connected. */
  hub: MailboxView = NO_SIGNALS;
  isConnected = true;
  rings = 0;
  /** Of each session, by what was said, asked and answered, the position that it must have been told of. */
  readonly #told = new Map<string, number>();
  readonly #heldInARow = new Map<string, number>();
  /** News, drains and lost talks so far: each is worth one hold of each session. */
  #reasonsToHold = 0;
  readonly #heldFor = new Map<string, number>();
  #receipts = 0;
  #losesNext = false;
  #saved: unknown = null;
  #seen: MailboxView | null = null;
  #asks = 0;
  #alarms: { atMs: number; rang: () => void }[] = [];
  #bells: Doorbells = doorbellsFrom(SCHEDULE, {
    heard: { through: 0, urgent: 0 },
    standing: null,
    nowMs: this.nowMs,
  });
  readonly #underWay = new Map<number, AbortController>();
  #desk!: AgentDesk;
  #ringer!: PathRinger<string>;

  constructor() {
    this.#live();
    this.#reconcile(false);
  }

  async play(move: Move): Promise<void> {
    switch (move.do) {
      case "signal":
        this.signal();
        break;
      case "storm":
        for (let i = 0; i < move.signals; i++) {
          this.signal();
          this.hook("stop", move.session);
        }
        break;
      case "drain":
        this.drain(move.left);
        break;
      case "elapse":
        this.elapse(move.ms);
        break;
      case "hook":
        this.hook(move.event, move.session, {}, move.isGone);
        break;
      case "compact":
        this.hook("session-start", move.session, { reason: "compact" });
        break;
      case "lose":
        this.#losesNext = true;
        break;
      case "connection":
        this.isConnected = !this.isConnected;
        if (this.isConnected) this.#reconcile(false);
        break;
      case "restart":
        await this.#restart();
        break;
      case "otherHub":
        this.hub = { ...NO_SIGNALS, revision: 1, through: 1, open: 1, drains: 4, newestAtMs: this.nowMs };
        this.isConnected = true;
        this.#forgetTold();
        this.#reconcile(true);
        break;
    }
    await this.settle();
    this.check();
  }

  signal(): void {
    this.#reasonsToHold += 1;
    this.#change({ through: this.hub.through + 1, open: this.hub.open + 1, newestAtMs: this.nowMs });
  }

  drain(left: number): void {
    const { open, drains, through } = this.hub;
    if (open === 0) return;
    this.#reasonsToHold += 1;
    this.#change({ open: Math.min(left, open - 1), drains: drains + 1, told: through });
  }

  elapse(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const ringAtMs = this.isConnected ? dueAtMsOf(this.#bells) : null;
      const times = [ringAtMs, this.#bells.ring?.deadlineMs ?? null, ...this.#alarms.map(({ atMs }) => atMs)];
      const nextMs = Math.min(...times.map((atMs) => atMs ?? Infinity));
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      const rang = this.#alarms.filter(({ atMs }) => atMs <= this.nowMs);
      this.#alarms = this.#alarms.filter(({ atMs }) => atMs > this.nowMs);
      for (const alarm of rang) alarm.rang();
      this.#feed(expireRing(this.#bells, this.nowMs));
      if (this.isConnected) this.#feed(ringIfDue(this.#bells, this.nowMs));
    }
    this.nowMs = endMs;
  }

  /** Everything that promises lead to has come about. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
  }

  hook(event: HookEvent, id: string, more: Partial<HookParams> = {}, isGone = false): HookAnswer {
    const params = { event, client: CLIENT, session: id, ...more };
    const answer = this.#desk.hook(params, isGone ? AbortSignal.abort() : NOBODY) as HookAnswer;
    this.#judge(params, answer, isGone);
    return answer;
  }

  check(): void {
    expect(this.#desk.receipts).toBe(this.#receipts);
  }

  isIdle(id: string): boolean {
    return this.#desk.sessions(CLIENT).some((known) => known.id === id && known.state === "idle");
  }

  #judge({ event, session: id, isBell }: HookParams, { say, hold }: HookAnswer, isGone: boolean): void {
    if (event === "session-start") {
      this.#told.delete(id);
      this.#heldFor.delete(id);
    }
    if (event === "session-end") {
      this.#heldInARow.delete(id);
      this.#told.delete(id);
      this.#heldFor.delete(id);
    }
    if (event === "user-prompt-submit") this.#heldInARow.set(id, 0);
    if (event === "stop" && !hold) this.#heldInARow.set(id, 0);
    if (isBell === true) {
      this.#receipts += 1;
      this.#told.set(id, this.#seen?.through ?? 0);
    }
    if (say === null) {
      const isNews = this.hub.through > Math.max(this.#told.get(id) ?? 0, this.hub.told);
      const isBoundary = event === "post-tool-use" || (event === "user-prompt-submit" && isBell !== true);
      const isOwed = isBoundary && isNews && this.isConnected && this.hub.open > 0;
      expect(isOwed && !isGone, "news is said at the next boundary").toBe(false);
      return;
    }
    expect(isGone, "nothing is said to who has gone").toBe(false);
    expect(this.isConnected && this.hub.open > 0, "nothing is said after its drain").toBe(true);
    this.#receipts += 1;
    if (hold) {
      expect(this.#reasonsToHold, "no turn is held twice for the same").toBeGreaterThan(
        this.#heldFor.get(id) ?? -1,
      );
      this.#heldFor.set(id, this.#reasonsToHold);
      const row = (this.#heldInARow.get(id) ?? 0) + 1;
      this.#heldInARow.set(id, row);
      expect(row).toBeLessThanOrEqual(HOLDS_MAX);
    } else {
      expect(this.hub.through, "words are not said twice").toBeGreaterThan(this.#told.get(id) ?? 0);
    }
    this.#told.set(id, this.hub.through);
  }

  #change(more: Partial<MailboxView>): void {
    this.hub = { ...this.hub, ...more, revision: this.hub.revision + 1 };
    if (this.isConnected) this.#see();
  }

  #see(): void {
    const before = this.#seen;
    const view = this.hub;
    this.#seen = view;
    if (before !== null && view.drains > before.drains) this.#receipts += 1;
    const [bells, effects] = hear(this.#bells, view, this.nowMs);
    // As the driver does: it is known by then, and nothing has followed from it.
    this.#bells = bells;
    this.#desk.viewed(view, before);
    this.#feed([this.#bells, effects]);
    this.#feed(ringIfDue(this.#bells, this.nowMs));
  }

  #reconcile(isAnew: boolean): void {
    if (isAnew) {
      this.#feed(startAnew(this.#bells, this.nowMs));
      this.#seen = null;
    }
    this.#see();
  }

  #forgetTold(): void {
    this.#told.clear();
    this.#heldFor.clear();
  }

  #live(): void {
    this.#desk = new AgentDesk({
      address: SHOP,
      nowMs: () => this.nowMs,
      bootedAtMs: () => 0,
      alarm: (delayMs, rang) => {
        const alarm = { atMs: this.nowMs + delayMs, rang };
        this.#alarms.push(alarm);
        return () => {
          this.#alarms = this.#alarms.filter((other) => other !== alarm);
        };
      },
      load: () => this.#saved,
      save: (record) => {
        this.#saved = JSON.parse(JSON.stringify(record));
      },
      waiting: () => {
        const view = this.isConnected ? this.#seen : null;
        return { bell: this.#bell(view ?? NO_SIGNALS, 0), through: this.#bells.heard.through };
      },
      listeners: () => 0,
      tellChannels: () => 0,
      came: () => {
        if (this.isConnected) this.#feed(askRing(this.#bells, ++this.#asks, this.nowMs));
      },
      flag: { show() {}, takeAway() {} },
      log() {},
    });
    this.#desk.begin();
    const desk = this.#desk;
    this.#ringer = new PathRinger<string>({
      agent: desk,
      paths: [{ name: "inbox", receiptMsMax: 60_000, send: async (_bell, id) => this.#send(desk, id) }],
      fondness: openFondness(keptMemory(), () => this.nowMs),
      versionOf: () => "1",
      async look() {
        const known = desk.sessions(CLIENT);
        const idle = known.find(({ state }) => state === "idle");
        if (idle !== undefined) return { kind: "idle", target: idle.id };
        const [busy] = known;
        if (busy === undefined) return { kind: "none", reason: "nobody is here" };
        return { kind: "busy", target: busy.id, reason: "it is busy" };
      },
      busyMsMax: 2 ** 30,
      lookAgainMs: 2 ** 30,
    });
  }

  #send(desk: AgentDesk, id: string) {
    if (this.#losesNext || desk !== this.#desk) {
      this.#losesNext = false;
      return { kind: "failed" as const, reason: "it got lost" };
    }
    this.hook("user-prompt-submit", id, { isBell: true, via: "inbox" });
    return { kind: "sent" as const };
  }

  async #restart(): Promise<void> {
    const ringing = this.#ringer;
    this.#desk.close();
    expect(this.#alarms).toEqual([]);
    for (const ring of this.#underWay.values()) ring.abort();
    this.#underWay.clear();
    await ringing.close();
    const { heard } = this.#bells;
    const standing = standingOf(this.#bells);
    this.#bells = doorbellsFrom(SCHEDULE, { heard, standing, nowMs: this.nowMs });
    this.#seen = null;
    this.#receipts = 0;
    // Kept for one life: what a former one has counted costs a turn a few more requests at most.
    this.#heldInARow.clear();
    this.#forgetTold();
    this.#live();
    if (this.isConnected) this.#reconcile(false);
  }

  #feed([bells, effects]: readonly [Doorbells, readonly DoorbellEffect[]]): void {
    this.#bells = bells;
    for (const effect of effects) {
      if (effect.do === "ring") this.#ring(effect.ring, effect.attempt);
      if (effect.do === "cancelRing") this.#underWay.get(effect.ring)?.abort();
    }
  }

  #ring(ring: number, attempt: number): void {
    expect(this.isConnected && this.hub.open > 0, "nothing is rung after its drain").toBe(true);
    this.rings += 1;
    const cancelled = new AbortController();
    this.#underWay.set(ring, cancelled);
    void this.#ringer.ring(this.#bell(this.hub, attempt), cancelled.signal).then((outcome) => {
      if (this.#underWay.get(ring) !== cancelled) return;
      this.#underWay.delete(ring);
      const settled =
        outcome.kind === "taken"
          ? { ring, taken: true as const, path: outcome.path }
          : { ring, taken: false as const, reason: outcome.reason };
      this.#feed(settleRing(this.#bells, settled, this.nowMs));
      if (this.isConnected) this.#feed(ringIfDue(this.#bells, this.nowMs));
    });
  }

  #bell(view: MailboxView, attempt: number): Doorbell {
    return doorbellOf(view, { ...SHOP, ring: this.#bells.rings, attempt });
  }
}

describe("desk, ringer and schedule together", () => {
  test("say and ring nothing that is drained, nothing twice, hold no turn for ever, and lose nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 100, size: "max" }), async (moves) => {
        const watch = new Watch();
        for (const move of moves) await watch.play(move);
        // Then the weather clears: one agent is there, with nobody beside it, and drains whatever it is told of.
        if (!watch.isConnected) await watch.play({ do: "connection" });
        for (const id of SESSIONS) watch.hook("session-end", id);
        watch.hook("session-start", "s-1");
        for (let round = 0; watch.hub.open > 0 && round < 60; round++) {
          const rings = watch.rings;
          watch.elapse(3_600_000);
          await watch.settle();
          if (watch.isIdle("s-1")) continue;
          expect(watch.rings).toBeGreaterThan(rings);
          watch.drain(0);
          watch.hook("stop", "s-1");
        }
        expect(watch.hub.open).toBe(0);
        const rings = watch.rings;
        watch.elapse(86_400_000);
        await watch.settle();
        expect(watch.rings).toBe(rings);
      }),
      { numRuns: 300 },
    );
  });
});
