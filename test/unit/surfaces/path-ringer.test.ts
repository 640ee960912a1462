import { describe, expect, it, vi } from "vitest";
import { openFondness } from "../../../src/surfaces/path-memory.ts";
import {
  type Look,
  PathRinger,
  type PathRingerOptions,
  type RingPath,
  type Sent,
  TURN_BOUNDARY,
} from "../../../src/surfaces/path-ringer.ts";
import { FakeAgentSide, keptMemory } from "../../support/fake-agent-side.ts";
import { bellOf } from "../../support/ipc-stage.ts";

const never = new AbortController().signal;
const idle: Look<string> = { kind: "idle", target: "s" };
const busy: Look<string> = { kind: "busy", target: "s", reason: "the agent is at work" };
const none: Look<string> = { kind: "none", reason: "nobody is there" };

interface Stage {
  readonly agent: FakeAgentSide;
  readonly ringer: PathRinger<string>;
  /** Names of the ways by which something was sent, in order. */
  readonly sent: string[];
  look: Look<string>;
  looks: number;
}

type Way = (agent: FakeAgentSide) => Sent | Promise<Sent>;

function staged(
  ways: { readonly [name: string]: Way },
  more: Partial<PathRingerOptions<string>> = {},
): Stage {
  const agent = new FakeAgentSide();
  const sent: string[] = [];
  const paths = Object.entries(ways).map(
    ([name, way]): RingPath<string> => ({
      name,
      receiptMsMax: 40,
      async send() {
        const said = await way(agent);
        if (said.kind !== "unready") sent.push(name);
        return said;
      },
    }),
  );
  const stage: Stage = {
    agent,
    sent,
    look: idle,
    looks: 0,
    ringer: new PathRinger({
      agent,
      paths,
      fondness: openFondness(keptMemory(), () => 7),
      versionOf: () => "1",
      async look() {
        stage.looks += 1;
        return stage.look;
      },
      busyMsMax: 60_000,
      lookAgainMs: 5,
      ...more,
    }),
  };
  return stage;
}

const silent: Way = () => ({ kind: "sent" });
const works: Way = (agent) => {
  queueMicrotask(() => agent.receive());
  return { kind: "sent" };
};

describe("a ring along several ways", () => {
  it("ends with the first that brings a receipt", async () => {
    const { ringer, sent } = staged({ a: works, b: works });
    expect(await ringer.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "a" });
    expect(sent).toEqual(["a"]);
  });

  it("goes on when none comes in time, and says what each said", async () => {
    const { ringer, sent } = staged({
      a: () => ({ kind: "unready", reason: "it is closed" }),
      b: silent,
      c: () => ({ kind: "failed", reason: "it broke" }),
    });
    expect(await ringer.ring(bellOf(1), never)).toEqual({
      kind: "failed",
      reason: "a: it is closed; b: no receipt came within 40 ms; c: it broke",
    });
    expect(sent).toEqual(["b", "c"]);
    expect(ringer.report()).toEqual([
      { name: TURN_BOUNDARY, state: "untried", reason: null, lastTakenAtMs: null },
      { name: "a", state: "unready", reason: "it is closed", lastTakenAtMs: null },
      { name: "b", state: "fails", reason: "no receipt came within 40 ms", lastTakenAtMs: null },
      { name: "c", state: "fails", reason: "it broke", lastTakenAtMs: null },
    ]);
  });

  it("goes on at once when a way hears that it was refused", async () => {
    const { ringer } = staged({
      a: () => ({ kind: "sent", refused: Promise.resolve("it is held") }),
      b: works,
    });
    expect(await ringer.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "b" });
    expect(ringer.report()[1]).toMatchObject({ state: "fails", reason: "it is held" });
  });

  it("takes a receipt that comes late for what it is, and names the way that the receipt names", async () => {
    const { ringer, agent, sent } = staged({ a: silent, b: silent });
    const ringing = ringer.ring(bellOf(1), never);
    await vi.waitFor(() => expect(sent).toEqual(["a", "b"]));
    agent.receive({ via: "a" });
    expect(await ringing).toEqual({ kind: "taken", path: "a" });
    expect(ringer.report()[1]).toMatchObject({ name: "a", state: "works", lastTakenAtMs: 7 });
  });

  it("tries a way last that failed twice, and first again what works", async () => {
    const { ringer, sent } = staged({ a: silent, b: works });
    for (const ring of [1, 2, 3]) {
      expect(await ringer.ring(bellOf(ring), never)).toEqual({ kind: "taken", path: "b" });
    }
    expect(sent).toEqual(["a", "b", "a", "b", "b"]);
  });

  it("sends nothing more once it is moot", async () => {
    const cancel = new AbortController();
    const { ringer, sent } = staged({
      a: () => {
        cancel.abort();
        return { kind: "failed", reason: "it broke" };
      },
      b: works,
    });
    expect(await ringer.ring(bellOf(1), cancel.signal)).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining("moot"),
    });
    expect(sent).toEqual(["a"]);
    expect(ringer.report()[1]).toMatchObject({ state: "untried" });
  });
});

describe("a busy agent", () => {
  it("is told at its turn boundary, and not along any way", async () => {
    const stage = staged({ a: works });
    stage.look = busy;
    const ringing = stage.ringer.ring(bellOf(1), never);
    await vi.waitFor(() => expect(stage.looks).toBeGreaterThan(2));
    expect(stage.ringer.report()[0]).toMatchObject({ state: "unready", reason: "the agent is at work" });
    stage.agent.receive({ by: "boundary" });
    expect(await ringing).toEqual({ kind: "taken", path: TURN_BOUNDARY });
    expect(stage.sent).toEqual([]);
    expect(stage.ringer.report()[0]).toMatchObject({ state: "works", reason: null });
  });

  it("is rung once it is idle without having heard", async () => {
    const stage = staged({ a: works });
    stage.look = busy;
    const ringing = stage.ringer.ring(bellOf(1), never);
    await vi.waitFor(() => expect(stage.looks).toBeGreaterThan(1));
    stage.look = idle;
    expect(await ringing).toEqual({ kind: "taken", path: "a" });
  });

  it("is looked at when its hooks say a word, however rarely it is looked at by itself", async () => {
    const stage = staged({ a: works }, { lookAgainMs: 60_000 });
    stage.look = busy;
    const ringing = stage.ringer.ring(bellOf(1), never);
    await vi.waitFor(() => expect(stage.ringer.report()[0]?.state).toBe("unready"));
    stage.look = idle;
    stage.agent.become();
    expect(await ringing).toEqual({ kind: "taken", path: "a" });
  });

  it("is given up in the end, with what it is at", async () => {
    const stage = staged({ a: works }, { busyMsMax: 20 });
    stage.look = busy;
    expect(await stage.ringer.ring(bellOf(1), never)).toEqual({
      kind: "failed",
      reason: "the agent is at work",
    });
  });
});

describe("nobody there", () => {
  it("fails, where nothing may be started", async () => {
    const stage = staged({ a: works });
    stage.look = none;
    expect(await stage.ringer.ring(bellOf(1), never)).toEqual({ kind: "failed", reason: "nobody is there" });
    expect(stage.sent).toEqual([]);
  });

  it("is started, where that is allowed", async () => {
    const stage = staged({ a: works }, { resume: async () => ({ kind: "taken", path: "resumed" }) });
    stage.look = none;
    expect(await stage.ringer.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "resumed" });
  });

  it("is tried by ways that need nobody known, before anything is started", async () => {
    const resume = vi.fn(async () => ({ kind: "taken" as const, path: "resumed" }));
    const stage = staged({ a: () => ({ kind: "taken" }) }, { resume });
    stage.look = { ...none, target: "pane" };
    expect(await stage.ringer.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "a" });
    expect(resume).not.toHaveBeenCalled();
  });

  it("says both when neither works", async () => {
    const stage = staged({ a: () => ({ kind: "unready", reason: "no pane" }) });
    stage.look = { ...none, target: "pane" };
    expect(await stage.ringer.ring(bellOf(1), never)).toEqual({
      kind: "failed",
      reason: "nobody is there; a: no pane",
    });
  });
});

it("a drain that comes first ends the ring", async () => {
  const stage = staged({ a: works });
  stage.look = busy;
  const ringing = stage.ringer.ring(bellOf(1), never);
  stage.agent.receive({ by: "drain" });
  expect(await ringing).toEqual({ kind: "taken", path: "drain" });
  expect(stage.sent).toEqual([]);
});

it("nothing is learnt of a way whose receipt is somebody's drain", async () => {
  const stage = staged({
    a: (agent) => {
      agent.receive({ by: "drain" });
      return { kind: "sent" };
    },
  });
  expect(await stage.ringer.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "drain" });
  expect(stage.ringer.report().map(({ state }) => state)).toEqual(["untried", "untried"]);
});

it("one ring at a time; closing ends it", async () => {
  const stage = staged({ a: works });
  stage.look = busy;
  const first = stage.ringer.ring(bellOf(1), never);
  expect(await stage.ringer.ring(bellOf(2), never)).toEqual({
    kind: "failed",
    reason: "an earlier ring is still under way",
  });
  await stage.ringer.close();
  expect(await first).toMatchObject({ kind: "failed" });
  expect(await stage.ringer.ring(bellOf(3), never)).toEqual({
    kind: "failed",
    reason: "the surface is closed",
  });
});
