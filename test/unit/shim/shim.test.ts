import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Doorbell } from "../../../src/domain/doorbell.ts";
import { PrismError } from "../../../src/domain/errors.ts";
import { ensureHome, ensurePrivateDir, homeAt, ipcPathOf } from "../../../src/host/home.ts";
import { type HubServer, openHubServer } from "../../../src/hub/server.ts";
import { openIpcServer, type RunningIpcServer } from "../../../src/net/ipc-server.ts";
import { runShim, type ShimOptions } from "../../../src/shim/shim.ts";
import { FakeHubService } from "../../support/fake-hub-service.ts";
import { type JsonLines, openJsonLines, type RpcLine } from "../../support/json-lines.ts";
import { TOKEN } from "../../support/test-server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Bench {
  readonly service: FakeHubService;
  readonly lines: JsonLines;
  readonly done: Promise<void>;
  readonly logged: string[];
  readonly options: ShimOptions;
  hubDown(): Promise<void>;
  hubUp(): Promise<void>;
}

const ADDRESS = { persona: "reviewer", project: "shop" };

async function openBench(overrides: Partial<ShimOptions> = {}): Promise<Bench> {
  const root = mkdtempSync(join(tmpdir(), "prism-shim-"));
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  const home = homeAt(join(root, "home"));
  ensureHome(home);
  const service = new FakeHubService();
  service.answers.status = { ok: { hub: { nowMs: 0 }, agents: [], daemons: [], waiting: [] } };
  service.answers.wrap = ({ params }) => ({ ok: { wrapped: [(params as { session: string }).session] } });
  const logged: string[] = [];
  let server: HubServer | undefined;
  let port = 0;
  const hubUp = async () => {
    server = await openHubServer({
      service,
      bearerOf: (token) => (token === TOKEN ? { tenant: "local", scope: "home" } : undefined),
      listen: { host: "127.0.0.1", port },
      plaintext: false,
      version: "1",
      log() {},
      bounds: { closeTimeoutMs: 100 },
    });
    port = server.port;
  };
  const hubDown = async () => {
    await server?.close("down");
    server = undefined;
  };
  await hubUp();
  const lines = openJsonLines();
  const options: ShimOptions = {
    home,
    tenant: "local",
    host: "here",
    ...ADDRESS,
    root,
    hub: () => ({ url: `127.0.0.1:${port}`, token: TOKEN }),
    env: {},
    version: "9.9.9",
    log: (_level, event, fields) => logged.push(`${event} ${JSON.stringify(fields ?? {})}`),
    stdin: lines.stdin,
    stdout: lines.stdout,
    bounds: {
      hub: { retryDelayMsMin: 10, retryDelayMsMax: 50 },
      daemon: { retryDelayMsMin: 10, retryDelayMsMax: 50 },
    },
    ...overrides,
  };
  const done = runShim(options);
  cleanups.push(async () => {
    lines.end();
    await done;
    await hubDown();
  });
  return { service, lines, done, logged, options, hubDown, hubUp };
}

const HELLO = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "claude-code", version: "2" },
};

async function shakeHands(lines: JsonLines, hello: object = HELLO): Promise<RpcLine> {
  const answer = await lines.ask("initialize", hello);
  lines.write({ jsonrpc: "2.0", method: "notifications/initialized" });
  return answer;
}

async function callTool(
  lines: JsonLines,
  name: string,
  args: object = {},
): Promise<{ text: string; isError: boolean }> {
  const answer = await lines.ask("tools/call", { name, arguments: args });
  const result = answer.result as { content: { text: string }[]; isError?: boolean };
  return { text: result.content.map((part) => part.text).join(""), isError: result.isError === true };
}

function keysOf(service: FakeHubService, verb: string): string[] {
  return service.asked
    .filter((asked) => asked.verb === verb)
    .map(({ params }) => (params as { key: string }).key);
}

/** Until the hub has been asked this, without an answer to wait for. */
async function asked(service: FakeHubService, verb: string): Promise<void> {
  while (!service.asked.some((call) => call.verb === verb))
    await new Promise((resolve) => setImmediate(resolve));
}

describe("the handshake", () => {
  for (const revision of ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]) {
    it(`speaks ${revision}`, async () => {
      const { lines } = await openBench();
      const answer = await shakeHands(lines, { ...HELLO, protocolVersion: revision });
      expect(answer.result).toMatchObject({
        protocolVersion: revision,
        serverInfo: { name: "prism", version: "9.9.9" },
      });
      expect(answer.result?.["instructions"]).toContain("reviewer@shop");
      const tools = (await lines.ask("tools/list")).result?.["tools"] as { name: string }[];
      expect(tools.map((tool) => tool.name)).toContain("prism_drain");
    });
  }

  it("speaks 2026-07-28, without a handshake", async () => {
    const { lines } = await openBench();
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "tomorrow", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const found = await lines.ask("server/discover", { _meta });
    expect(found.result?.["supportedVersions"]).toContain("2026-07-28");
    const called = await lines.ask("tools/call", { name: "prism_status", arguments: {}, _meta });
    expect(JSON.stringify(called.result)).toContain("Agents: none.");
  });

  it("answers an unknown method at once, before and after", async () => {
    const { lines } = await openBench();
    expect((await lines.ask("resources/frob")).error?.code).toBe(-32601);
    await shakeHands(lines);
    expect((await lines.ask("prompts/list")).error?.code).toBe(-32601);
  });

  it("survives lines that are no messages, and writes nothing but messages", async () => {
    const { lines, logged } = await openBench();
    lines.write("this is no JSON");
    const refusal = await lines.until((line) => line.error !== undefined);
    expect(refusal).toMatchObject({ id: null, error: { code: -32700 } });
    expect(logged.join()).toContain("mcpLineNotJson");
    lines.write("[]");
    lines.write('{"jsonrpc":"1.0","id":1,"method":"x"}');
    lines.write("{}");
    lines.write("");
    const answer = await shakeHands(lines);
    expect(answer.result).toBeDefined();
    for (const line of lines.written().trim().split("\n"))
      expect(JSON.parse(line)).toHaveProperty("jsonrpc", "2.0");
  });
});

describe("registration", () => {
  it("comes with the client's first word of work, and not with a mere look", async () => {
    const { service, lines } = await openBench();
    await lines.ask("initialize", HELLO);
    expect(service.asked).toEqual([]);
    lines.write({ jsonrpc: "2.0", method: "notifications/initialized" });
    await callTool(lines, "prism_status");
    const started = service.asked[0];
    expect(started?.verb).toBe("start");
    expect(started?.params).toMatchObject({
      kind: "agent",
      ...ADDRESS,
      surface: "claude-code",
      host: "here",
      version: "9.9.9",
    });
  });

  for (const [client, surface] of [
    ["claude-ai", "claude-desktop"],
    ["codex-mcp-client", "codex"],
    ["My Editor!", "my-editor"],
    ["\u0000", "mcp"],
  ] as const) {
    it(`takes ${JSON.stringify(client)} for the surface ${surface}`, async () => {
      const { service, lines } = await openBench();
      await shakeHands(lines, { ...HELLO, clientInfo: { name: client, version: "1" } });
      await callTool(lines, "prism_status");
      expect(service.asked[0]?.params).toMatchObject({ surface });
    });
  }

  it("keeps to a surface that was given", async () => {
    const { service, lines } = await openBench({ surface: "tmux" });
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    expect(service.asked[0]?.params).toMatchObject({ surface: "tmux" });
  });

  it("ends with a wrap, a drain again only after a start", async () => {
    const { service, lines } = await openBench();
    await shakeHands(lines);
    expect((await callTool(lines, "prism_wrap")).text).toContain("Ended: session-1");
    expect((await callTool(lines, "prism_wrap")).text).toContain("There was no session to end");
    expect((await callTool(lines, "prism_start")).text).toContain(
      "You are registered as reviewer@shop (session session-2",
    );
    expect((await callTool(lines, "prism_start")).text).toContain("session session-2");
    expect(service.asked.filter((asked) => asked.verb === "start")).toHaveLength(2);
  });

  it("does not come back by itself after somebody else wrapped it", async () => {
    const { service, lines, hubDown, hubUp } = await openBench();
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    service.push("session-1", "wrapped", { session: "session-1" });
    await callTool(lines, "prism_status");
    await hubDown();
    await hubUp();
    await callTool(lines, "prism_status");
    expect(service.asked.filter((asked) => asked.verb === "start")).toHaveLength(1);
  });

  it("does not knock again and again for an archived persona: it reads, and says why it can't start", async () => {
    const { service, lines } = await openBench();
    service.answers.start = {
      error: {
        code: "persona_archived",
        message: "reviewer@shop is archived, and nobody may start for it",
        hint: "put it back on duty with prism persona restore reviewer@shop",
      },
    };
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    await callTool(lines, "prism_status");
    expect(service.asked.filter((asked) => asked.verb === "start")).toHaveLength(1);
    const refused = (await callTool(lines, "prism_start")).text;
    expect(refused).toContain("persona_archived: reviewer@shop is archived");
    expect(refused).toContain("prism persona restore reviewer@shop");
    delete service.answers.start;
    expect((await callTool(lines, "prism_start")).text).toContain("You are registered as reviewer@shop");
  });
});

describe("tools", () => {
  const record = {
    id: "s1",
    to: "reviewer@shop",
    from: "planner@shop",
    urgency: "normal",
    state: "drained",
    acceptedAtMs: 0,
    expiresAtMs: 1,
    deliveredAtMs: 0,
    drainedAtMs: 0,
    expiredAtMs: null,
    replyTo: null,
    final: false,
    text: "look at this",
  };

  it("fill in who the agent is", async () => {
    const { service, lines } = await openBench();
    service.answers.signal = {
      ok: {
        id: "s2",
        to: "planner@shop",
        state: "pending",
        acceptedAtMs: 0,
        expiresAtMs: 1,
        duplicate: false,
      },
    };
    await shakeHands(lines);
    await callTool(lines, "prism_signal", { to: "planner@shop", text: "done" });
    const sent = service.asked.find((asked) => asked.verb === "signal");
    expect(sent?.params).toMatchObject({ to: "planner@shop", text: "done", from: "reviewer@shop" });
    expect(keysOf(service, "signal")[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(sent?.caller.session).toBe("session-1");
  });

  it("do not let a model speak as somebody else", async () => {
    const { service, lines } = await openBench();
    await shakeHands(lines);
    const forged = await callTool(lines, "prism_signal", { to: "a@b", text: "x", from: "boss@shop" });
    expect(forged).toMatchObject({ isError: true });
    expect(forged.text).toContain('prism_signal has no argument "from"');
    expect(service.asked.some((asked) => asked.verb === "signal")).toBe(false);
  });

  it("say first what waits", async () => {
    const { service, lines } = await openBench();
    const senders = [{ from: "planner@shop", count: 2 }];
    const waiting = [
      { to: "reviewer@shop", open: 2, urgent: 1, pending: 2, delivered: 0, oldestAtMs: 0, senders },
    ];
    service.answers.status = { ok: { hub: { nowMs: 0 }, agents: [], daemons: [], waiting } };
    service.answers.signal_status = { ok: record };
    await shakeHands(lines);
    const answer = await callTool(lines, "prism_signal_status", { id: "s1" });
    expect(answer.text).toMatch(
      /^\[prism\] 2 signals wait for reviewer@shop \(1 urgent\), from planner@shop: call prism_drain\.\n\nSignal s1/,
    );
  });

  it("drain again under the same key when the answer got lost, even by another call", async () => {
    const { service, lines, hubDown, hubUp } = await openBench();
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    service.answers.drain = "silence";
    const calling = callTool(lines, "prism_drain");
    await asked(service, "drain");
    await hubDown();
    const failed = await calling;
    expect(failed).toMatchObject({ isError: true });
    expect(failed.text).toMatch(/^hub_unreachable: /);
    service.answers.drain = ({ params }) => ({
      ok: {
        signals: [record],
        key: (params as { key: string }).key,
        remaining: 0,
        elsewhere: 0,
        repeated: true,
      },
    });
    await hubUp();
    expect((await callTool(lines, "prism_drain")).text).toContain("| look at this");
    await callTool(lines, "prism_drain");
    const keys = keysOf(service, "drain");
    expect(keys).toHaveLength(3);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("send the same signal under the same key when the answer got lost", async () => {
    const { service, lines, hubDown, hubUp } = await openBench();
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    service.answers.signal = "silence";
    const signal = { to: "planner@shop", text: "once" };
    const calling = callTool(lines, "prism_signal", signal);
    await asked(service, "signal");
    await hubDown();
    expect(await calling).toMatchObject({ isError: true });
    const ok = {
      id: "s3",
      to: "planner@shop",
      state: "pending",
      acceptedAtMs: 0,
      expiresAtMs: 1,
      duplicate: true,
    };
    service.answers.signal = { ok };
    await hubUp();
    expect((await callTool(lines, "prism_signal", signal)).text).toContain("was not sent twice");
    await callTool(lines, "prism_signal", signal);
    const keys = keysOf(service, "signal");
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("fail plainly while the hub is away, and work again after", async () => {
    const { service, lines, hubDown, hubUp } = await openBench();
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    await hubDown();
    const away = await callTool(lines, "prism_status");
    expect(away).toMatchObject({ isError: true });
    expect(away.text).toMatch(/^hub_unreachable: .*127\.0\.0\.1/);
    await hubUp();
    expect(await callTool(lines, "prism_status")).toMatchObject({ isError: false });
    const starts = service.asked.filter((asked) => asked.verb === "start");
    expect(starts[1]?.params).toMatchObject({ session: "session-1" });
  });

  it("name a wrong token without repeating it", async () => {
    const { lines, logged, options } = await openBench();
    const other = openJsonLines();
    const done = runShim({
      ...options,
      hub: () => ({ ...options.hub(), token: "wrong-token" }),
      stdin: other.stdin,
      stdout: other.stdout,
    });
    await shakeHands(other);
    expect((await callTool(other, "prism_status")).text).toMatch(/^unauthorized: /);
    other.end();
    await done;
    expect(logged.join() + other.written() + lines.written()).not.toContain("wrong-token");
  });

  it("start before any hub ever ran, and find it once it does", async () => {
    let token = "";
    const { lines, options } = await openBench();
    const other = openJsonLines();
    const done = runShim({
      ...options,
      hub: () => {
        if (token === "") throw new PrismError("hub_unreachable", "no hub ever ran here");
        return { ...options.hub(), token };
      },
      stdin: other.stdin,
      stdout: other.stdout,
    });
    await shakeHands(other);
    expect((await callTool(other, "prism_status")).text).toMatch(/^hub_unreachable: no hub ever ran here/);
    token = TOKEN;
    expect(await callTool(other, "prism_status")).toMatchObject({ isError: false });
    other.end();
    await done;
    expect(lines.written()).not.toContain("no hub ever ran");
  });

  it("name a hub address that is none", async () => {
    const { lines } = await openBench({ hub: () => ({ url: "nonsense://x", token: TOKEN }) });
    await shakeHands(lines);
    expect((await callTool(lines, "prism_status")).text).toMatch(/^invalid_argument: /);
  });
});

describe("doorbells", () => {
  const BELL: Doorbell = {
    ring: 1,
    attempt: 1,
    ...ADDRESS,
    open: 1,
    urgent: 0,
    senders: [{ from: "planner@shop", count: 1 }],
    othersOpen: 0,
    oldestAtMs: 0,
  };

  async function openDaemon(
    bench: Bench,
    standing: Doorbell | null,
  ): Promise<{ ipc: RunningIpcServer; attached: Promise<void> }> {
    const path = ipcPathOf(bench.options.home, "local", ADDRESS);
    ensurePrivateDir(dirname(path));
    let attached: () => void = () => {};
    const whenAttached = new Promise<void>((resolve) => {
      attached = resolve;
    });
    const never = () => {
      throw new Error("not asked here");
    };
    const ipc = await openIpcServer({
      path,
      identity: { version: "1", tenant: "local", ...ADDRESS },
      handlers: {
        status: never,
        metrics: never,
        notify_surface: never,
        resume_surface: never,
        shutdown: never,
        hook: never,
      },
      standing: () => standing,
      attachedChanged: (who) => who.some((client) => client.session !== null) && attached(),
      log() {},
    });
    cleanups.push(() => ipc.close());
    return { ipc, attached: whenAttached };
  }

  it("come as log notifications, also from a daemon that starts later", async () => {
    const bench = await openBench();
    await shakeHands(bench.lines);
    await callTool(bench.lines, "prism_status");
    const { ipc, attached } = await openDaemon(bench, null);
    await attached;
    ipc.broadcast(BELL);
    const told = await bench.lines.until((line) => line.method === "notifications/message");
    expect(told.params).toMatchObject({
      level: "notice",
      logger: "prism",
      data: "1 signal waits for reviewer@shop, from planner@shop: call prism_drain",
    });
  });

  it("are kept from clients of today's revision, which ask for logs by the request", async () => {
    const bench = await openBench();
    const { attached } = await openDaemon(bench, BELL);
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "tomorrow", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const call = () => bench.lines.ask("tools/call", { name: "prism_status", arguments: {}, _meta });
    await call();
    await attached;
    bench.service.answers.status = { error: { code: "storage_failed", message: "no" } };
    bench.service.answers.history = { ok: { signals: [], next: null } };
    const history = await bench.lines.ask("tools/call", { name: "prism_history", arguments: {}, _meta });
    expect(JSON.stringify(history.result)).toContain("[prism] 1 signal waits for reviewer@shop");
    expect(bench.lines.written()).not.toContain("notifications/message");
  });

  it("come through a channel of Claude Code where the shim is one, and nowhere else", async () => {
    for (const isChannel of [true, false]) {
      const bench = await openBench({ isChannel });
      const { ipc, attached } = await openDaemon(bench, null);
      const { capabilities } = (await shakeHands(bench.lines)).result as { capabilities: object };
      await callTool(bench.lines, "prism_status");
      await attached;
      expect(capabilities).toEqual({
        ...{ tools: {}, logging: {} },
        ...(isChannel ? { experimental: { "claude/channel": {} } } : {}),
      });
      expect(ipc.tellChannels("Prism: 1 signal waits")).toBe(isChannel ? 1 : 0);
      if (!isChannel) continue;
      const told = await bench.lines.until((line) => line.method === "notifications/claude/channel");
      expect(told.params).toEqual({ content: "Prism: 1 signal waits", meta: { kind: "doorbell" } });
    }
  });

  it("stand before every answer while the hub is silent", async () => {
    const bench = await openBench();
    const { attached } = await openDaemon(bench, BELL);
    await shakeHands(bench.lines);
    bench.service.answers.status = { error: { code: "storage_failed", message: "no" } };
    bench.service.answers.history = { ok: { signals: [], next: null } };
    await attached;
    await bench.lines.until((line) => line.method === "notifications/message");
    expect((await callTool(bench.lines, "prism_history")).text).toMatch(
      /^\[prism\] 1 signal waits for reviewer@shop/,
    );
  });
});

describe("the end", () => {
  it("comes with the end of the input: the session is wrapped", async () => {
    const { service, lines, done } = await openBench();
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    lines.end();
    await done;
    expect(service.asked.at(-1)).toMatchObject({ verb: "wrap", params: { session: "session-1" } });
  });

  it("does not wait for a hub that is silent or away", async () => {
    const { service, lines, done } = await openBench();
    await shakeHands(lines);
    await callTool(lines, "prism_status");
    service.answers.wrap = "silence";
    lines.end();
    await done;
  });

  it("comes with a stop from outside, too", async () => {
    const stop = new AbortController();
    const { done } = await openBench({ stopped: stop.signal });
    stop.abort();
    await done;
  });
});
