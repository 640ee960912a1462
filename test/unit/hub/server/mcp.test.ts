import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, describe, expect, it } from "vitest";
import {
  AUTH,
  ask,
  JSON_AUTH,
  openTestServer,
  type PlainAnswer,
  type TestServer,
  TOKEN,
} from "../../../support/test-server.ts";

let hub: TestServer;
afterEach(() => hub.server.close("the test is over"));

const TOOLS = [
  "prism_start",
  "prism_signal",
  "prism_signal_status",
  "prism_signal_trace",
  "prism_drain",
  "prism_history",
  "prism_status",
  "prism_wrap",
  "prism_persona_create",
  "prism_persona_archive",
  "prism_persona_restore",
  "prism_persona_destroy",
  "prism_persona_list",
];
const ACCEPT = { Accept: "application/json, text/event-stream" };
const OLD_REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

async function connected(mode: "legacy" | "auto" | { pin: string }): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${hub.server.url}/mcp`), {
      requestInit: { headers: { Authorization: `Bearer ${TOKEN}` } },
    }),
  );
  return client;
}

function textOf(result: unknown): string {
  return (result as { content: { text: string }[] }).content.map((part) => part.text).join("");
}

/** One JSON-RPC message to /mcp; the answer, out of JSON or the first event of a stream. */
async function post(message: unknown, headers: { [name: string]: string } = {}) {
  const body = typeof message === "string" ? message : JSON.stringify(message);
  const answer = await ask(`${hub.server.url}/mcp`, {
    headers: { ...JSON_AUTH, ...ACCEPT, ...headers },
    body,
  });
  return { ...answer, json: messageIn(answer) };
}

function messageIn(answer: PlainAnswer): { [key: string]: unknown } {
  const data = /^data: (.*)$/m.exec(answer.text)?.[1];
  return data === undefined ? answer.json : (JSON.parse(data) as { [key: string]: unknown });
}

describe("today's revision", () => {
  it("offers the verbs as tools and answers in text", async () => {
    hub = await openTestServer();
    hub.service.answers.drain = {
      ok: {
        key: "k",
        remaining: 2,
        elsewhere: 0,
        repeated: false,
        signals: [
          {
            id: "s1",
            to: "reviewer@shop",
            from: "planner@shop",
            urgency: "urgent",
            state: "drained",
            acceptedAtMs: 0,
            expiresAtMs: 1,
            deliveredAtMs: 0,
            drainedAtMs: 0,
            expiredAtMs: null,
            replyTo: null,
            final: false,
            text: "look\u001b[31m at\nthis",
          },
        ],
      },
    };
    const client = await connected({ pin: "2026-07-28" });
    expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(TOOLS);
    const result = await client.callTool({
      name: "prism_drain",
      arguments: { persona: "reviewer", project: "shop", key: "k" },
    });
    expect(textOf(result)).toContain("2 signals wait still: call prism_drain again");
    expect(textOf(result)).toContain("urgent: from planner@shop, at 1970-01-01T00:00:00Z, id s1");
    expect(textOf(result)).toContain("| look\\u{1b}[31m at\n| this");
    expect(hub.service.asked).toEqual([
      {
        caller: { tenant: "local", scope: "home", session: null },
        verb: "drain",
        params: { persona: "reviewer", project: "shop", key: "k" },
      },
    ]);
    await client.close();
  });

  it("takes the trace of a signal from the call's _meta, and ignores one that is malformed", async () => {
    hub = await openTestServer();
    const client = await connected({ pin: "2026-07-28" });
    const params = { to: "reviewer@shop", text: "hello" };
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (const told of [traceparent, "00-nonsense"])
      await client.callTool({ name: "prism_signal", arguments: params, _meta: { traceparent: told } });
    expect(hub.service.asked.map((asked) => asked.params)).toEqual([{ ...params, traceparent }, params]);
    await client.close();
  });

  it("is found by a client that asks which there are", async () => {
    hub = await openTestServer();
    const client = await connected("auto");
    expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
    await client.close();
  });

  it("tells a model what was wrong as the tool's own failure", async () => {
    hub = await openTestServer();
    hub.service.answers.signal = {
      error: {
        code: "target_stale",
        message: "reviewer@shop was last heard from long ago",
        hint: "start its daemon",
        target: { address: "reviewer@shop", state: "stale", lastHeardAtMs: 0 },
      },
    };
    const client = await connected("auto");
    const stale = await client.callTool({
      name: "prism_signal",
      arguments: { to: "reviewer@shop", text: "x" },
    });
    expect(stale.isError).toBe(true);
    expect(textOf(stale)).toContain("target_stale: reviewer@shop was last heard from long ago");
    expect(textOf(stale)).toContain("is stale, last heard 1970-01-01T00:00:00Z");
    expect(textOf(stale)).toContain("What to do: start its daemon");
    const unknownKey = await client.callTool({ name: "prism_signal", arguments: { to: "a@b", txt: "x" } });
    expect(unknownKey.isError).toBe(true);
    expect(textOf(unknownKey)).toContain('did you mean "text"?');
    await client.close();
  });

  it("starts a session without asking the model for versions", async () => {
    hub = await openTestServer();
    const client = await connected("auto");
    await client.callTool({ name: "prism_start", arguments: { persona: "reviewer", project: "shop" } });
    expect(hub.service.asked[0]?.params).toMatchObject({ kind: "agent", protocol: 1 });
    await client.close();
  });
});

describe("older revisions", () => {
  for (const revision of OLD_REVISIONS) {
    it(`serves ${revision}`, async () => {
      hub = await openTestServer();
      const clientInfo = { name: "old", version: "1" };
      const hello = await post({
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: revision, capabilities: {}, clientInfo },
      });
      expect(hello.json["result"]).toMatchObject({
        protocolVersion: revision,
        serverInfo: { name: "prism" },
      });
      expect((await post({ jsonrpc: "2.0", method: "notifications/initialized" })).status).toBe(202);
      const headers = { "MCP-Protocol-Version": revision };
      const listed = await post({ jsonrpc: "2.0", id: 2, method: "tools/list" }, headers);
      expect((listed.json["result"] as { tools: unknown[] }).tools).toHaveLength(TOOLS.length);
      const call = { name: "prism_status", arguments: {} };
      hub.service.answers.status = { ok: { hub: { nowMs: 0 }, agents: [], daemons: [], waiting: [] } };
      const called = await post({ jsonrpc: "2.0", id: 3, method: "tools/call", params: call }, headers);
      expect(textOf(called.json["result"])).toContain("Agents: none.");
    });
  }
});

describe("bad input", () => {
  const cases: {
    what: string;
    message: unknown;
    status: number;
    number?: number;
    headers?: { [name: string]: string };
  }[] = [
    {
      what: "an unknown method",
      message: { jsonrpc: "2.0", id: 1, method: "tools/frob" },
      status: 200,
      number: -32601,
    },
    {
      what: "an unknown tool",
      message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "prism_drian" } },
      status: 200,
      number: -32602,
    },
    {
      what: "arguments that are no object",
      message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "prism_drain", arguments: 7 } },
      status: 200,
      number: -32602,
    },
    { what: "truncated JSON", message: '{"jsonrpc":"2.0","id":1', status: 400, number: -32700 },
    {
      what: "another type",
      message: "{}",
      status: 415,
      number: -32000,
      headers: { "Content-Type": "text/plain" },
    },
    { what: "no JSON-RPC", message: { hello: 1 }, status: 400, number: -32600 },
  ];
  for (const bad of cases) {
    it(`answers ${bad.number} for ${bad.what}`, async () => {
      hub = await openTestServer();
      const answer = await post(bad.message, bad.headers);
      expect([answer.status, (answer.json["error"] as { code: number } | undefined)?.code]).toEqual([
        bad.status,
        bad.number,
      ]);
      expect(hub.service.asked).toEqual([]);
    });
  }

  it("answers 401 without a token, and loads nothing for it", async () => {
    hub = await openTestServer();
    const answer = await ask(`${hub.server.url}/mcp`, {
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="prism"');
  });

  it("answers 413 for a body too long", async () => {
    hub = await openTestServer({ messageBytesMax: 1000 });
    expect((await post({ jsonrpc: "2.0", id: 1, method: "x".repeat(2000) })).status).toBe(413);
  });

  it("answers 405 for GET and DELETE: there are no sessions", async () => {
    hub = await openTestServer();
    for (const method of ["GET", "DELETE"]) {
      const answer = await ask(`${hub.server.url}/mcp`, {
        method,
        headers: { ...AUTH, Accept: "text/event-stream" },
      });
      expect(answer.status).toBe(405);
    }
  });

  for (const host of ["localhost:99999", "a b", "x/y", "[::1", "u@localhost"]) {
    it(`answers 400 for the Host "${host}"`, async () => {
      hub = await openTestServer();
      const answer = await post({}, { Host: host });
      expect(answer.status).toBe(400);
      expect(answer.json["error"]).toMatchObject({ code: "invalid_argument" });
    });
  }

  it("answers 403 for a page of another site", async () => {
    hub = await openTestServer();
    expect((await post({}, { Origin: "https://evil.example" })).status).toBe(403);
  });
});
