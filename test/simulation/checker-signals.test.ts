/** The checker sees each broken promise about signals and targets, and none where none is broken. */
import { describe } from "vitest";
import type { ErrorReport } from "../../src/domain/errors.ts";
import type { SessionReport } from "../../src/domain/verbs.ts";
import { ADDRESS, brokenBy, DAY, NAMES, type Play, record, textOf, VIEW } from "./play.ts";

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
