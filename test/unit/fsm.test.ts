import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lifecycleDiagram } from "../../scripts/lifecycle-diagram.ts";
import { DOORBELL_SCHEDULE } from "../../src/fsm/doorbell.ts";
import { RETRY_PLAN } from "../../src/fsm/retry.ts";
import { begin, type Event, type State, step, TABLE } from "../../src/fsm.ts";
import { NO_SIGNALS } from "../support/lifecycle-script.ts";

const failure = { code: "hub_unreachable", message: "gone" } as const;
const view = { ...NO_SIGNALS, revision: 1, through: 1, open: 1, newestAtMs: 0 };

const EVENTS: { readonly [E in Event["on"]]: Event } = {
  wakeReached: { on: "wakeReached" },
  socketOpened: { on: "socketOpened" },
  socketClosed: { on: "socketClosed", failure },
  startAnswered: { on: "startAnswered", session: "s", hubId: "h", hubNowMs: 0, mailbox: NO_SIGNALS },
  startRefused: { on: "startRefused", failure },
  mailboxPushed: { on: "mailboxPushed", mailbox: view },
  wrapPushed: { on: "wrapPushed" },
  hubClosing: { on: "hubClosing" },
  ringSettled: { on: "ringSettled", settled: { ring: 1, taken: true, path: "bell" } },
  notifyAsked: { on: "notifyAsked", ask: 1 },
  hostResumed: { on: "hostResumed" },
  stopAsked: { on: "stopAsked" },
};

function reach(...events: Event[]): State {
  let [state] = begin({ plan: RETRY_PLAN, schedule: DOORBELL_SCHEDULE, position: null, nowMs: 0 });
  for (const event of events) [state] = step(state, event, 0, 0.5);
  return state;
}

const STATES: { readonly [S in State["id"]]: State } = {
  disconnected: reach(),
  reconciling: reach(EVENTS.socketOpened),
  connected: reach(EVENTS.socketOpened, EVENTS.startAnswered),
  emitting: reach(EVENTS.socketOpened, EVENTS.startAnswered, EVENTS.mailboxPushed),
  ended: reach(EVENTS.stopAsked),
};

describe("the table of the lifecycle", () => {
  const pairs = Object.values(STATES).flatMap((state) =>
    Object.values(EVENTS).map((event) => ({ state, event, from: state.id, on: event.on })),
  );

  test.each(pairs)("$from on $on leads where the table says", ({ state, event }) => {
    const rule = TABLE[state.id][event.on];
    const [next, effects] = step(state, event, 1, 0.5);
    if ("ignored" in rule) {
      expect(next).toBe(state);
      expect(effects).toEqual([]);
      expect(rule.ignored).toMatch(/\w+ \w+/);
    } else {
      expect(rule.to).toContain(next.id);
    }
  });

  test("reaches each of its states", () => {
    expect(Object.entries(STATES).filter(([id, state]) => state.id !== id)).toEqual([]);
  });

  test("is what ARCHITECTURE.md shows", () => {
    expect(readFileSync(new URL("../../ARCHITECTURE.md", import.meta.url), "utf8")).toContain(
      lifecycleDiagram(),
    );
  });
});
