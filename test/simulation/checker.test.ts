/** The checker sees each broken promise: a history that breaks one is played to it, and one that does not. */
import { describe, expect, test } from "vitest";
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { ErrorReport } from "../../src/domain/errors.ts";
import type {
  MailboxView,
  SessionReport,
  SignalRecord,
  VerbAnswers,
  VerbName,
} from "../../src/domain/verbs.ts";
import { TEXT_MARK } from "./bell-ledger.ts";
import { Checker } from "./checker.ts";
import type { Asked, DaemonReport } from "./observer.ts";

const ADDRESS = "reviewer@shop";
const NAMES = { persona: "reviewer", project: "shop" };
const DAY = 86_400_000;

const VIEW: MailboxView = {
  ...{ revision: 1, through: 1, open: 1, urgent: 0, told: 0, drains: 0 },
  ...{ oldestAtMs: 100, newestAtMs: 100, senders: [{ from: "", count: 1 }], othersOpen: 0 },
};
const EMPTY: MailboxView = {
  ...{ revision: 2, through: 1, open: 0, urgent: 0, told: 1, drains: 1 },
  ...{ oldestAtMs: null, newestAtMs: null, senders: [], othersOpen: 0 },
};

/** Speaks as a hub and its daemon would, and is heard by a checker. */
class Play {
  nowMs = 1000;
  readonly checker = new Checker({
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
    const call = { verb, params, session: null, hubMs: this.nowMs, life: 1 } as Asked;
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
    this.answers("drain", { ...NAMES, key, ...params }, { signals, key, remaining, repeated });
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

function textOf(serial: number): string {
  return `${TEXT_MARK}${serial} x`;
}

function record(serial: number, id: string, about: Partial<SignalRecord> = {}): SignalRecord {
  return {
    ...{
      id,
      to: ADDRESS,
      from: null,
      urgency: "normal",
      state: "drained",
      replyTo: null,
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

function brokenBy(cases: readonly Case[]): void {
  test.each(cases)("$name ($invariant)", ({ invariant, play: run }) => {
    const play = new Play();
    run(play);
    expect(play.broken).toBe(invariant);
  });
}

describe("signals", () => {
  const sent = (play: Play): void => {
    play.start();
    play.signal(1, "a");
  };
  brokenBy([
    {
      name: "sent, repeated, drained and asked for again",
      invariant: null,
      play(play) {
        sent(play);
        play.signal(1, "a", true);
        play.drain("d1", [record(1, "a")]);
        play.drain("d1", [record(1, "a")], { repeated: true });
        play.answers("signal_status", { id: "a" }, record(1, "a"));
        play.checker.check(() => play.checker.signals.checkSettled());
      },
    },
    {
      name: "acknowledged, and unknown after that",
      invariant: 3,
      play(play) {
        sent(play);
        play.refuses("signal_status", { id: "a" }, { code: "signal_unknown", message: "no signal" });
      },
    },
    {
      name: "drained, and pending again",
      invariant: 3,
      play(play) {
        sent(play);
        play.drain("d1", [record(1, "a")]);
        play.answers("signal_status", { id: "a" }, record(1, "a", { state: "pending", drainedAtMs: null }));
      },
    },
    {
      name: "expired before its time",
      invariant: 3,
      play(play) {
        sent(play);
        const expired = { state: "expired", drainedAtMs: null, expiredAtMs: 1000 + DAY } as const;
        play.answers("signal_status", { id: "a" }, record(1, "a", expired));
      },
    },
    {
      name: "still open at the end of all",
      invariant: 3,
      play(play) {
        sent(play);
        play.checker.check(() => play.checker.signals.checkSettled());
      },
    },
    {
      name: "accepted twice under one key",
      invariant: 8,
      play(play) {
        sent(play);
        play.signal(1, "b");
      },
    },
    {
      name: "in two drains",
      invariant: 8,
      play(play) {
        sent(play);
        play.drain("d1", [record(1, "a")]);
        play.drain("d2", [record(1, "a")]);
      },
    },
    {
      name: "others, when a drain is asked for again",
      invariant: 8,
      play(play) {
        sent(play);
        play.signal(2, "b");
        play.drain("d1", [record(1, "a")], { limit: 1, remaining: 1 });
        play.drain("d1", [record(2, "b")], { limit: 1, repeated: true });
      },
    },
    {
      name: "more than the drain's limit",
      invariant: 8,
      play(play) {
        sent(play);
        play.signal(2, "b");
        play.drain("d1", [record(1, "a"), record(2, "b")], { limit: 1 });
      },
    },
    {
      name: "the newest first",
      invariant: 8,
      play(play) {
        play.start();
        play.asks("signal", { to: ADDRESS, text: textOf(1) });
        play.asks("signal", { to: ADDRESS, text: textOf(2) });
        play.drain("d1", [record(1, "a", { acceptedAtMs: 900 }), record(2, "b", { acceptedAtMs: 800 })]);
      },
    },
    {
      name: "of somebody else",
      invariant: 3,
      play(play) {
        play.start();
        play.asks("signal", { to: "planner@shop", text: textOf(1) });
        play.drain("d1", [record(1, "a", { to: "planner@shop" })]);
      },
    },
    {
      name: "refused, and queued all the same",
      invariant: 4,
      play(play) {
        play.refuses("signal", { to: ADDRESS, text: textOf(1) }, refusal("unknown"));
        play.start();
        play.drain("d1", [record(1, "a")]);
      },
    },
  ]);
});

function refusal(state: "unknown" | "wrapped" | "stale", about: Partial<ErrorReport> = {}): ErrorReport {
  const target = { address: ADDRESS, state, lastHeardAtMs: null };
  return { code: `target_${state}`, message: "no", hint: "start it", target, ...about };
}

describe("who is on duty", () => {
  const send = { to: ADDRESS, text: textOf(1) };
  brokenBy([
    {
      name: "nobody, and a send is refused",
      invariant: null,
      play: (play) => play.refuses("signal", send, refusal("unknown")),
    },
    { name: "nobody, and a send is taken", invariant: 4, play: (play) => play.signal(1, "a") },
    {
      name: "a daemon, and a send is refused",
      invariant: 4,
      play(play) {
        play.start();
        play.refuses("signal", send, refusal("unknown"));
      },
    },
    {
      name: "nobody any more after the lease, and a send is taken",
      invariant: 4,
      play(play) {
        play.start();
        play.nowMs += DAY + 1;
        play.signal(1, "a");
      },
    },
    {
      name: "a daemon within its lease, and it is called stale",
      invariant: 4,
      play(play) {
        play.start();
        play.nowMs += DAY - 1;
        play.refuses("signal", send, refusal("stale"));
      },
    },
    {
      name: "nobody after a wrap, and a send is taken",
      invariant: 4,
      play(play) {
        play.start();
        play.answers("wrap", NAMES, { wrapped: ["s-daemon"] });
        play.signal(1, "a");
      },
    },
    {
      name: "nobody, and the refusal does not say what to do",
      invariant: 4,
      play(play) {
        const { hint: _, ...report } = refusal("unknown");
        play.refuses("signal", send, report);
      },
    },
    { name: "a daemon that is made master", invariant: 2, play: (play) => play.start(VIEW, "daemon", true) },
    {
      name: "a daemon listed among the agents",
      invariant: 2,
      play(play) {
        play.start();
        const daemon: SessionReport = {
          ...{
            session: "s-daemon",
            kind: "agent" as const,
            address: ADDRESS,
            surface: null,
            host: null,
            root: null,
          },
          ...{
            version: "0",
            liveness: "alive" as const,
            connected: true,
            master: false,
            startedAtMs: 0,
            lastHeardAtMs: 0,
          },
        };
        const hub = { id: "h", version: "0", protocol: 1, nowMs: 0, startedAtMs: 0 };
        play.answers("status", {}, { hub, tenant: "local", agents: [daemon], daemons: [], waiting: [] });
      },
    },
  ]);
});

describe("doorbells", () => {
  const rung = (play: Play): void => {
    play.connect();
    play.hears(VIEW);
    play.rings(1);
  };
  brokenBy([
    {
      name: "first, repeated when due, and again for news after a drain",
      invariant: null,
      play(play) {
        rung(play);
        play.nowMs += 30_000;
        play.rings(2);
        play.nowMs += 60_000;
        play.rings(3);
        play.hears({ ...VIEW, revision: 3, through: 2, told: 1, drains: 1 });
        play.rings(4);
      },
    },
    {
      name: "before anything is settled",
      invariant: 7,
      play(play) {
        play.checker.daemonUp(play.daemon, true);
        play.checker.lifecycle(play.daemon, "reconciling");
        play.hears(VIEW);
        play.rings(1);
      },
    },
    {
      name: "for what the daemon knows to be drained",
      invariant: 6,
      play(play) {
        rung(play);
        play.hears(EMPTY);
        play.nowMs += DAY;
        play.rings(2);
      },
    },
    {
      name: "with a count that is not so",
      invariant: 6,
      play(play) {
        play.connect();
        play.hears(VIEW);
        play.rings(1, { open: 2 });
      },
    },
    {
      name: "with a text in it",
      invariant: 5,
      play(play) {
        play.connect();
        play.hears(VIEW);
        play.rings(1, { senders: [{ from: textOf(1), count: 1 }] });
      },
    },
    {
      name: "repeated too soon",
      invariant: 6,
      play(play) {
        rung(play);
        play.nowMs += 29_000;
        play.rings(2);
      },
    },
    {
      name: "repeated without growing gaps",
      invariant: 6,
      play(play) {
        rung(play);
        play.nowMs += 30_000;
        play.rings(2);
        play.nowMs += 30_000;
        play.rings(3);
      },
    },
    {
      name: "for more signals while one stands",
      invariant: 6,
      play(play) {
        rung(play);
        play.hears({ ...VIEW, revision: 2, through: 2, open: 2, senders: [{ from: "", count: 2 }] });
        play.rings(2, { open: 2 });
      },
    },
    {
      name: "at once for what a drain knowingly left",
      invariant: 6,
      play(play) {
        rung(play);
        play.hears({ ...VIEW, revision: 2, through: 1, told: 1, drains: 1 });
        play.rings(2);
      },
    },
    {
      name: "while another is under way",
      invariant: 6,
      play(play) {
        play.connect();
        play.hears(VIEW);
        const bell = { ring: 1, attempt: 1, ...NAMES, ...VIEW };
        play.checker.rang(play.daemon, bell);
        play.checker.rang(play.daemon, { ...bell, ring: 2 });
      },
    },
  ]);
});

describe("the rest", () => {
  brokenBy([
    {
      name: "a view that contradicts itself",
      invariant: 6,
      play: (play) => play.start({ ...VIEW, open: 3 }),
    },
    {
      name: "a view that goes back",
      invariant: 3,
      play(play) {
        play.start(EMPTY);
        play.start(VIEW);
      },
    },
    {
      name: "two views of one revision",
      invariant: 6,
      play(play) {
        play.start(VIEW);
        play.start({ ...VIEW, through: 2 });
      },
    },
    {
      name: "a crowd of daemons that dial at once",
      invariant: 7,
      play(play) {
        for (let i = 0; i < 21; i++) play.checker.dialled(play.daemon, true);
      },
    },
    {
      name: "as many, spread out",
      invariant: null,
      play(play) {
        for (let i = 0; i < 21; i++) {
          play.checker.dialled(play.daemon, true);
          play.nowMs += 10;
        }
      },
    },
    {
      name: "a failure outside the closed set",
      invariant: 9,
      play: (play) => play.refuses("status", {}, { code: "odd" as never, message: "?" }),
    },
    {
      name: "a bug that reaches a peer",
      invariant: 9,
      play: (play) => play.refuses("status", {}, { code: "internal", message: "?" }),
    },
    {
      name: "an error class outside the closed set",
      invariant: 9,
      play: (play) => play.checker.errorCounted(play.daemon, { code: "internal", message: "?" }),
    },
    {
      name: "a crash of the parts",
      invariant: 0,
      play: (play) => play.checker.broke(play.daemon, "connected may not lead to nowhere"),
    },
  ]);
});
