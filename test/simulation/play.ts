/** Histories for the checker's tests: speaks as a hub and its daemon would, and is heard by a checker. */

import { expect, test } from "vitest";
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { ErrorReport } from "../../src/domain/errors.ts";
import type { MailboxView, SignalRecord, VerbAnswers, VerbName } from "../../src/domain/verbs.ts";
import { loopBounds } from "../../src/hub/core/bounds.ts";
import { TEXT_MARK } from "./bell-ledger.ts";
import { Checker } from "./checker.ts";
import type { Asked, DaemonReport } from "./observer.ts";

export const ADDRESS = "reviewer@shop";
export const NAMES = { persona: "reviewer", project: "shop" };
export const DAY = 86_400_000;

export const VIEW: MailboxView = {
  ...{ revision: 1, through: 1, open: 1, urgent: 0, told: 0, drains: 0 },
  ...{ oldestAtMs: 100, newestAtMs: 100, senders: [{ from: "", count: 1 }], othersOpen: 0 },
};
export const EMPTY: MailboxView = {
  ...{ revision: 2, through: 1, open: 0, urgent: 0, told: 1, drains: 1 },
  ...{ oldestAtMs: null, newestAtMs: null, senders: [], othersOpen: 0 },
};

export class Play {
  nowMs = 1000;
  readonly checker = new Checker({
    loops: loopBounds,
    nowMs: () => this.nowMs,
    hubMs: () => this.nowMs,
    hubSteady: () => true,
    retentionMs: 7 * DAY,
    errorClassOf: (report) => (report.code === "internal" ? "odd" : "connection"),
  });
  readonly daemon: DaemonReport = { address: ADDRESS, name: ADDRESS, life: 1, clockLeapMsMax: () => 0 };

  constructor() {
    this.checker.hubUp(1);
  }

  asks(verb: VerbName, params: object): Asked {
    const call = { verb, params, session: null, token: null, hubMs: this.nowMs, life: 1 } as Asked;
    this.checker.asked(call);
    return call;
  }

  answers<V extends VerbName>(verb: V, params: object, ok: VerbAnswers[V]): void {
    this.checker.told(this.asks(verb, params), { ok } as never);
  }

  refuses(verb: VerbName, params: object, error: ErrorReport): void {
    this.checker.told(this.asks(verb, params), { error });
  }

  start(
    view: MailboxView = { ...VIEW, revision: 0 },
    kind: "agent" | "daemon" = "daemon",
    master = false,
  ): void {
    this.answers(
      "start",
      { kind, ...NAMES },
      {
        ...{ session: `s-${kind}`, master, tenant: "local", address: ADDRESS, leaseMs: DAY },
        ...{ hub: { id: "h", version: "0", protocol: 1 }, nowMs: this.nowMs, mailbox: view },
      },
    );
  }

  signal(serial: number, id: string, duplicate = false): void {
    const params = { to: ADDRESS, text: textOf(serial), ttlMs: DAY, key: `k${serial}` };
    this.answers("signal", params, {
      ...{ id, to: ADDRESS, state: "pending", acceptedAtMs: 1000, expiresAtMs: 1000 + DAY, duplicate },
    });
  }

  drain(
    key: string,
    signals: SignalRecord[],
    more: { limit?: number; remaining?: number; repeated?: boolean } = {},
  ): void {
    const { remaining = 0, repeated = false, ...params } = more;
    this.answers("drain", { ...NAMES, key, ...params }, { signals, key, remaining, elsewhere: 0, repeated });
  }

  connect(): void {
    this.checker.daemonUp(this.daemon, true);
    this.checker.lifecycle(this.daemon, "reconciling");
    this.checker.lifecycle(this.daemon, "connected");
  }

  hears(view: MailboxView): void {
    this.checker.viewArrived(this.daemon, view);
  }

  rings(ring: number, about: Partial<Doorbell> = {}): void {
    const { open, urgent, senders, othersOpen, oldestAtMs } = VIEW;
    const bell = { ring, attempt: 1, ...NAMES, open, urgent, senders, othersOpen, oldestAtMs, ...about };
    this.checker.rang(this.daemon, bell);
    this.checker.ringTaken(this.daemon, bell);
  }

  get broken(): number | null {
    return this.checker.violation?.invariant ?? null;
  }
}

export function textOf(serial: number): string {
  return `${TEXT_MARK}${serial} x`;
}

export function record(serial: number, id: string, about: Partial<SignalRecord> = {}): SignalRecord {
  return {
    ...{
      id,
      to: ADDRESS,
      from: null,
      urgency: "normal",
      state: "drained",
      replyTo: null,
      final: false,
      text: textOf(serial),
    },
    ...{
      acceptedAtMs: 1000,
      expiresAtMs: 1000 + DAY,
      deliveredAtMs: null,
      drainedAtMs: 1000,
      expiredAtMs: null,
    },
    ...about,
  };
}

interface Case {
  readonly name: string;
  readonly invariant: number | null;
  readonly play: (play: Play) => void;
}

/** One test a case: after its play the checker must have seen just that invariant broken, or none. */
export function brokenBy(cases: readonly Case[]): void {
  test.each(cases)("$name ($invariant)", ({ invariant, play: run }) => {
    const play = new Play();
    run(play);
    expect(play.broken).toBe(invariant);
  });
}
