/** What a running Codex is asked and how its answers are read: protocol, threads, hooks, versions. */
import { describe, expect, test } from "vitest";
import {
  type Asked,
  openAppServer,
  type Wire,
  type WireEvents,
} from "../../../../src/surfaces/codex/app-server.ts";
import { hookFault } from "../../../../src/surfaces/codex/hook-trust.ts";
import { findThread } from "../../../../src/surfaces/codex/threads.ts";
import { queueFault } from "../../../../src/surfaces/codex/version.ts";
import { ScriptedAppServer } from "../../../support/scripted-app-server.ts";

const never = new AbortController().signal;

/** A wire whose other end the test plays; what was sent is answered by `react`. */
function wired(react: (message: { id?: number; method?: string }, events: WireEvents) => void) {
  const sent: { id?: number; method?: string }[] = [];
  const connect = (events: WireEvents): Wire => {
    queueMicrotask(() => events.opened());
    return {
      send(text) {
        const message = JSON.parse(text);
        sent.push(message);
        queueMicrotask(() => react(message, events));
      },
      close() {},
    };
  };
  return { sent, connect };
}

function answering(more: (message: { id?: number; method?: string }, events: WireEvents) => void) {
  return wired((message, events) => {
    if (message.method !== "initialize") return more(message, events);
    const result = { userAgent: "codex-tui/0.169.0 (Debian 12.0.0; x86_64) xterm (prism; 1)" };
    events.said(JSON.stringify({ id: message.id, result }));
  });
}

async function opened(
  wire: { connect(events: WireEvents): Wire },
  more: { readonly answerMsMax?: number; asked?(request: Asked): void } = {},
) {
  const found = await openAppServer(wire.connect, { answerMsMax: 1000, ...more }, never);
  if (!found.ok) throw new Error(found.reason);
  return found.server;
}

describe("an app-server", () => {
  test("is greeted first, asks for what is experimental, and says its version", async () => {
    const wire = answering(() => {});
    expect((await opened(wire)).version).toBe("0.169.0");
    expect(wire.sent).toMatchObject([
      { method: "initialize", params: { capabilities: { experimentalApi: true } } },
      { method: "initialized" },
    ]);
    expect(wire.sent[0]).not.toHaveProperty("jsonrpc");
  });

  test("is asked again while it is overloaded", async () => {
    let times = 0;
    const wire = answering(({ id, method }, events) => {
      if (method !== "turn/start") return;
      times += 1;
      const error = { code: -32001, message: "Server overloaded; retry later." };
      events.said(JSON.stringify(times < 3 ? { id, error } : { id, result: { turn: {} } }));
    });
    expect(await (await opened(wire)).ask("turn/start", {})).toEqual({ ok: true, result: { turn: {} } });
    expect(times).toBe(3);
  });

  test("that says nothing is not waited for longer than its time", async () => {
    const server = await opened(
      answering(() => {}),
      { answerMsMax: 20 },
    );
    expect(await server.ask("thread/read", {})).toEqual({
      ...{ ok: false, code: null },
      reason: "it did not answer thread/read within 20 ms",
    });
  });

  test("that ends answers everything outstanding so, and all that is asked later", async () => {
    const server = await opened(answering((_, events) => events.closed("it ended the connection")));
    const gone = { ok: false, code: null, reason: "it ended the connection" };
    expect(await server.ask("thread/read", {})).toEqual(gone);
    expect(await server.ask("thread/read", {})).toEqual(gone);
    expect(server.gone.aborted).toBe(true);
  });

  test("tells notices and requests apart, and survives what is neither", async () => {
    const asked: Asked[] = [];
    const heard: string[] = [];
    const wire = answering(({ id }, events) => {
      for (const text of ["no JSON", "null", "[]", '{"id":"x"}', '{"id":999,"result":1}']) events.said(text);
      events.said('{"method":"turn/started","params":{}}');
      events.said('{"method":"item/fileChange/requestApproval","id":0,"params":{}}');
      if (id !== undefined) events.said(JSON.stringify({ id, result: {} }));
    });
    const server = await opened(wire, { asked: (request) => asked.push(request) });
    server.hear(({ method }) => heard.push(method), never);
    await server.ask("thread/read", {});
    expect(heard).toContain("turn/started");
    expect(asked.at(-1)).toMatchObject({ id: 0, method: "item/fileChange/requestApproval" });
    expect(wire.sent.filter(({ id }) => id === 0)).toEqual([]);
  });
});

const AT = { cwd: "/work/shop", threadSource: "user", ephemeral: false, canAcceptDirectInput: true };

function threads(known: { readonly [id: string]: object }): ScriptedAppServer {
  return new ScriptedAppServer({
    "thread/loaded/list": () => ({ data: Object.keys(known) }),
    "thread/read": ({ threadId }) =>
      known[String(threadId)] === undefined
        ? new Error(`thread not loaded: ${threadId}`)
        : { thread: known[String(threadId)] },
  });
}

const idle = { ...AT, status: { type: "idle" }, cliVersion: "0.169.0" };

describe("the agent's thread", () => {
  test("is the one that its hooks made known, wherever it works", async () => {
    const server = threads({ other: idle, ours: { ...idle, cwd: "/elsewhere" } });
    expect(await findThread(server, ["gone", "ours"], ["/work/shop"], never)).toMatchObject({
      thread: { id: "ours", state: "idle", version: "0.169.0" },
    });
  });

  test.each([
    ["finds titles", { ...idle, ephemeral: true, threadSource: "thread_title" }],
    ["takes no word of a person's", { ...idle, canAcceptDirectInput: false }],
    ["works elsewhere", { ...idle, cwd: "/work/other" }],
    ["is not loaded", { ...idle, status: { type: "notLoaded" } }],
    ["has no form at all", { status: 7 }],
  ])("is none that %s", async (_, thread) => {
    expect(await findThread(threads({ it: thread }), [], ["/work/shop"], never)).toEqual({
      kind: "none",
      reason: "Codex has no thread open in the project's folder",
    });
  });

  test("that failed is told of", async () => {
    const server = threads({ ours: { ...idle, status: { type: "systemError" } } });
    expect(await findThread(server, ["ours"], ["/work/shop"], never)).toMatchObject({
      reason: expect.stringContaining("thread has failed"),
    });
  });

  test("says what it waits for", async () => {
    const waiting = { ...idle, status: { type: "active", activeFlags: ["waitingOnApproval"] } };
    expect(await findThread(threads({ ours: waiting }), ["ours"], [], never)).toMatchObject({
      thread: { state: "busy", waitsFor: "a person's approval" },
    });
  });
});

const SHOP = { persona: "reviewer", root: "/work/shop" };

describe("hooks", () => {
  const ours = (more: object) => ({
    command: "'/opt/prism' hook stop --client codex --persona reviewer --project /work/shop",
    ...{ enabled: true, trustStatus: "trusted" },
    ...more,
  });
  const asked = (...hooks: readonly object[]) =>
    hookFault(new ScriptedAppServer({ "hooks/list": () => ({ data: [{ hooks }] }) }), SHOP, never);

  test.each([
    [
      "of others alone",
      [{ command: "fmt", enabled: true, trustStatus: "trusted" }],
      /knows no hook of Prism's/,
    ],
    [
      "of another persona's",
      [ours({ command: "'/opt/prism' hook stop --client codex --persona tester --project /work/shop" })],
      /knows no hook of Prism's/,
    ],
    ["that nobody has trusted", [ours({}), ours({ trustStatus: "untrusted" })], /until they are trusted/],
    ["that were changed since", [ours({ trustStatus: "modified" })], /until they are trusted/],
    ["that are switched off", [ours({ enabled: false })], /are switched off/],
  ])("%s are found out", async (_, hooks, reason) => {
    expect(await asked(...hooks)).toMatch(reason);
  });

  test("that run are no fault, nor those of an administrator", async () => {
    expect(await asked(ours({}), ours({ trustStatus: "managed" }))).toBeNull();
  });

  test("of a Codex that can't say are unknown", async () => {
    expect(await hookFault(new ScriptedAppServer({}), SHOP, never)).toBeUndefined();
  });
});

test.each([
  ["0.139.9", null],
  ["0.140.0", /takes messages into its queue and never runs them/],
  ["0.145.12", /Codex 0\.145\.12/],
  ["0.146.0", null],
  ["0.169.0", null],
  ["1.141.0", null],
  ["", null],
  ["nightly", null],
])("the queue of version %j", (version, fault) => {
  const found = queueFault(version);
  if (fault === null) expect(found).toBeNull();
  else expect(found).toMatch(fault);
});
