/**
 * A daemon's part in ringing, without hub and socket: a mailbox, the real doorbell policy, the real desk and a real
 * surface under it. It keeps the books by which a storm of rings is judged: what was lost, what was rung too late.
 */
import { AgentDesk } from "../../src/daemon/agent-desk.ts";
import { type Doorbell, doorbellOf } from "../../src/domain/doorbell.ts";
import type { MailboxView } from "../../src/domain/verbs.ts";
import {
  askRing,
  type DoorbellEffect,
  type DoorbellSchedule,
  type Doorbells,
  doorbellsFrom,
  dueAtMsOf,
  expireRing,
  hear,
  ringIfDue,
  settleRing,
} from "../../src/fsm/doorbell.ts";
import type { AgentSide } from "../../src/surfaces/agent-side.ts";
import type { Surface } from "../../src/surfaces/surface.ts";
import { NO_SIGNALS } from "./lifecycle-script.ts";

const ADDRESS = { persona: "reviewer", project: "shop" };

/** The real one's shape, a thousand times as fast. */
const FAST: DoorbellSchedule = {
  unansweredDelaysMs: [60, 120, 240],
  unansweredRingsMax: 1000,
  failedDelaysMs: [2, 4, 8, 15, 30],
  failedRingsMax: 1000,
  ringTimeoutMs: 10_000,
  cancelTimeoutMs: 2000,
  resumedDelayMs: 6000,
};

export class RingWatch {
  readonly desk: AgentDesk;
  readonly surface: Surface;
  /** Rings that were asked of the surface. */
  rings = 0;
  taken = 0;
  failed = 0;
  /** Ways by which rings were taken, with how often. */
  readonly ways = new Map<string, number>();
  /** Rings that were made although nothing was open any more. */
  moot = 0;
  view: MailboxView = NO_SIGNALS;
  #doorbells: Doorbells = doorbellsFrom(FAST, {
    heard: { through: 0, urgent: 0 },
    standing: null,
    nowMs: Date.now(),
  });
  readonly #underWay = new Map<number, AbortController>();
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #asks = 0;
  #closed = false;

  constructor(make: (agent: AgentSide) => Surface) {
    this.desk = new AgentDesk({
      address: ADDRESS,
      nowMs: Date.now,
      bootedAtMs: () => 0,
      alarm: (_delayMs, rang) => {
        const timer = setTimeout(rang, 1);
        return () => clearTimeout(timer);
      },
      load: () => null,
      save() {},
      waiting: () => ({ bell: this.#bell(0, 0), through: this.view.through }),
      listeners: () => 0,
      tellChannels: () => 0,
      came: () => this.#feed(askRing(this.#doorbells, ++this.#asks, Date.now())),
      flag: { show() {}, takeAway() {} },
      log() {},
    });
    this.surface = make(this.desk);
  }

  /** A signal was accepted. */
  post(): void {
    const { revision, through, open } = this.view;
    const nowMs = Date.now();
    this.#see({
      ...this.view,
      ...{ revision: revision + 1, through: through + 1, open: open + 1 },
      ...{ newestAtMs: nowMs, oldestAtMs: this.view.oldestAtMs ?? nowMs },
      senders: [{ from: "planner@shop", count: open + 1 }],
    });
  }

  /** The agent takes all that waits. @returns how much it was */
  drain(): number {
    const { revision, open, drains, through } = this.view;
    if (open === 0) return 0;
    this.#see({
      ...NO_SIGNALS,
      ...{ revision: revision + 1, through, told: through, drains: drains + 1 },
    });
    return open;
  }

  /** Settles once nothing is open. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.view.open > 0) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const ring of this.#underWay.values()) ring.abort();
    await this.surface.close();
    this.desk.close();
  }

  #see(view: MailboxView): void {
    const before = this.view;
    this.view = view;
    // As the driver does: nothing follows from a view that the desk has not seen.
    this.desk.viewed(view, before);
    this.#feed(hear(this.#doorbells, view, Date.now()));
    for (const look of [...this.#waiting]) look();
  }

  #feed([doorbells, effects]: readonly [Doorbells, readonly DoorbellEffect[]]): void {
    this.#doorbells = doorbells;
    for (const effect of effects) {
      if (effect.do === "ring") this.#ring(effect.ring, effect.attempt);
      if (effect.do === "cancelRing") this.#underWay.get(effect.ring)?.abort();
    }
    if (effects.length > 0) this.#feed([this.#doorbells, []]);
    else this.#follow();
  }

  #follow(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const nowMs = Date.now();
    const dueAtMs = this.#doorbells.ring?.deadlineMs ?? dueAtMsOf(this.#doorbells);
    if (dueAtMs === null) return;
    this.#timer = setTimeout(
      () => {
        this.#feed(expireRing(this.#doorbells, Date.now()));
        this.#feed(ringIfDue(this.#doorbells, Date.now()));
      },
      Math.max(0, dueAtMs - nowMs),
    );
  }

  #ring(ring: number, attempt: number): void {
    const cancelled = new AbortController();
    this.#underWay.set(ring, cancelled);
    this.rings += 1;
    if (this.view.open === 0) this.moot += 1;
    void this.surface.ring(this.#bell(ring, attempt), cancelled.signal).then((outcome) => {
      this.#underWay.delete(ring);
      if (outcome.kind === "taken") {
        this.taken += 1;
        this.ways.set(outcome.path, (this.ways.get(outcome.path) ?? 0) + 1);
        this.#feed(settleRing(this.#doorbells, { ring, taken: true, path: outcome.path }, Date.now()));
      } else {
        this.failed += 1;
        const { reason } = outcome;
        this.#feed(settleRing(this.#doorbells, { ring, taken: false, reason }, Date.now()));
      }
    });
  }

  #bell(ring: number, attempt: number): Doorbell {
    return doorbellOf(this.view, { ...ADDRESS, ring, attempt });
  }
}
