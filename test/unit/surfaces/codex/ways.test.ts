/** The queue and the turn, answer by answer; what a whole Codex makes of them is in `codex.test.ts`. */
import { describe, expect, test } from "vitest";
import { CODEX_LIMITS } from "../../../../src/surfaces/codex/limits.ts";
import { byQueue, byTurn, wordsFor } from "../../../../src/surfaces/codex/ways.ts";
import { FakeAgentSide } from "../../../support/fake-agent-side.ts";
import { ScriptedAppServer } from "../../../support/scripted-app-server.ts";

const never = new AbortController().signal;
const T = "01a1fdfe-4a3d-75e0-bec1-e33e0516aaaa";
const MARK = "prism:reviewer@shop:";
const words = wordsFor(T, "Prism: 1 signal waits for reviewer@shop. Call the prism_drain tool", MARK);
const HASTY = { ...CODEX_LIMITS, beginMsMax: 20, takeMsMax: 40 };

interface Item {
  readonly id: string;
  readonly clientUserMessageId: string;
}

/** A thread with a queue; `sent` is called once words have come in by either way. */
function codex(
  sent: (server: ScriptedAppServer, queue: Item[]) => void = () => {},
  more: { readonly [method: string]: (params: { readonly [name: string]: unknown }) => unknown } = {},
  queue: Item[] = [],
) {
  const server = new ScriptedAppServer({
    "thread/resume": () => ({}),
    "thread/read": () => ({ thread: { status: { type: "idle" } } }),
    "thread/queue/list": () => ({ data: queue }),
    "thread/queue/delete": ({ queuedSubmissionId }) => {
      const at = queue.findIndex(({ id }) => id === queuedSubmissionId);
      if (at !== -1) queue.splice(at, 1);
      return { deleted: at !== -1 };
    },
    "thread/queue/add": ({ clientUserMessageId }) => {
      queue.push({ id: `q-${queue.length}`, clientUserMessageId: String(clientUserMessageId) });
      queueMicrotask(() => sent(server, queue));
      return { queuedSubmission: {} };
    },
    "turn/start": () => {
      queueMicrotask(() => sent(server, queue));
      return { turn: {} };
    },
    ...more,
  });
  const agent = new FakeAgentSide();
  const side = { agent, limits: HASTY, log() {} };
  return { server, queue, agent, side };
}

function began(server: ScriptedAppServer): void {
  server.tell("turn/started", { threadId: T });
}

function took(server: ScriptedAppServer, clientId: string, type = "userMessage"): void {
  server.tell("item/started", { threadId: T, item: { type, clientId } });
}

describe.each([
  ["byQueue", byQueue],
  ["byTurn", byTurn],
] as const)("%s", (_name, by) => {
  test("is taken once the turn's item carries our own id", async () => {
    const { server, side } = codex((codex, queue) => {
      queue.length = 0;
      began(codex);
      took(codex, "somebody's");
      took(codex, words.id, "agentMessage");
      codex.tell("item/started", { threadId: "another", item: { type: "userMessage", clientId: words.id } });
      setTimeout(() => took(codex, words.id), 5);
    });
    expect(await by(server, words, side, never)).toEqual({ kind: "taken" });
  });

  test("is taken when the prompt's hook says so for this thread", async () => {
    const { server, side, agent } = codex((_, queue) => {
      queue.length = 0;
      agent.receive({ by: "prompt", session: T });
    });
    expect(await by(server, words, side, never)).toEqual({ kind: "taken" });
  });

  test("stands back where the agent was told in another way", async () => {
    const { server, side, agent, queue } = codex(() => agent.receive({ by: "drain" }));
    expect(await by(server, words, side, never)).toEqual({ kind: "sent" });
    expect(queue).toEqual([]);
  });

  test("is refused by a turn that ends without it", async () => {
    const { server, side } = codex((codex) => {
      began(codex);
      codex.tell("turn/completed", { threadId: T, turn: { status: "completed" } });
    });
    expect(await by(server, words, side, never)).toMatchObject({
      reason: expect.stringMatching(/^Codex ended the turn without taking the words/),
    });
  });

  test("is given up where a turn begins and never takes it", async () => {
    const { server, side, queue } = codex(began);
    expect(await by(server, words, side, never)).toMatchObject({
      reason: "Codex began the turn, and has not taken the words in its time",
    });
    expect(queue).toEqual([]);
  });

  test("is lost with the connection", async () => {
    const { server, side } = codex((codex) => codex.close());
    expect(await by(server, words, side, never)).toMatchObject({
      reason: expect.stringContaining("was lost"),
    });
  });

  test("sends nothing where the thread can't be followed", async () => {
    const { server, side } = codex(undefined, { "thread/resume": () => new Error("it is archived") });
    expect(await by(server, words, side, never)).toEqual({
      kind: "unready",
      reason: "Codex does not open its thread: it is archived",
    });
    expect(server.asked).toHaveLength(1);
  });

  test("in a thread that never had a turn is taken by what its preview becomes", async () => {
    let isBegun = false;
    const fresh = {
      "thread/resume": () => (isBegun ? {} : new Error(`no rollout found for thread id ${T}`)),
      "thread/read": () => ({
        thread: { status: { type: "idle" }, preview: isBegun ? words.text.slice(0, 40) : "" },
      }),
    };
    const { server, side } = codex((codex) => {
      isBegun = true;
      codex.tell("thread/status/changed", { threadId: T, status: { type: "active", activeFlags: [] } });
    }, fresh);
    expect(await by(server, words, side, never)).toEqual({ kind: "taken" });
  });

  test("sends nothing once it is called off", async () => {
    const { server, side } = codex();
    expect(await by(server, words, side, AbortSignal.abort())).not.toMatchObject({ kind: "taken" });
    expect(server.asked.some(({ method }) => /add|start/.test(method))).toBe(false);
  });
});

describe("the queue", () => {
  test("is cleared of what earlier rings left, and of nothing else", async () => {
    const theirs = { id: "q-theirs", clientUserMessageId: "a person's" };
    const left = { id: "q-left", clientUserMessageId: `${MARK}0123` };
    const { server, side, queue } = codex((codex) => took(codex, words.id), {}, [theirs, left]);
    expect(await byQueue(server, words, side, never)).toEqual({ kind: "taken" });
    expect(queue.map(({ id }) => id)).not.toContain("q-left");
    expect(queue).toContain(theirs);
  });

  test("gives the words back where it stands still", async () => {
    const { server, side, queue } = codex();
    expect(await byQueue(server, words, side, never)).toEqual({
      kind: "failed",
      reason: "Codex keeps its queue standing, as it does after an interrupted turn",
    });
    expect(queue).toEqual([]);
  });

  test("gives the words back when the doorbell becomes moot", async () => {
    const cancel = new AbortController();
    const { server, side, queue } = codex(() => cancel.abort());
    expect(await byQueue(server, words, side, cancel.signal)).not.toMatchObject({ kind: "taken" });
    expect(queue).toEqual([]);
  });

  test("is none where Codex does not know of it", async () => {
    const { server, side } = codex(undefined, {
      "thread/queue/add": () => new Error("Invalid request: unknown variant `thread/queue/add`"),
    });
    expect(await byQueue(server, words, side, never)).toEqual({
      kind: "unready",
      reason: "this version of Codex has no queue",
    });
  });

  test("that took it without an answer gives it back all the same", async () => {
    const held: Item[] = [];
    const { server, side } = codex(
      undefined,
      {
        "thread/queue/add": ({ clientUserMessageId }) => {
          held.push({ id: "q", clientUserMessageId: String(clientUserMessageId) });
          return new Error("it did not answer thread/queue/add within 8000 ms");
        },
      },
      held,
    );
    expect(await byQueue(server, words, side, never)).toMatchObject({
      reason: expect.stringMatching(/^Codex did not take it into its queue: it did not answer/),
    });
    expect(held).toEqual([]);
  });
});

test("a turn is not begun in a thread that has become busy, where it would be steered into another", async () => {
  const { server, side } = codex(undefined, {
    "thread/read": () => ({ thread: { status: { type: "active", activeFlags: [] } } }),
  });
  expect(await byTurn(server, words, side, never)).toMatchObject({ kind: "unready" });
  expect(server.asked.some(({ method }) => method === "turn/start")).toBe(false);
});

test("no two messages have one id", () => {
  const ids = new Set(Array.from({ length: 100 }, () => wordsFor(T, "x", MARK).id));
  expect(ids.size).toBe(100);
  for (const id of ids) expect(id.startsWith(MARK)).toBe(true);
});
