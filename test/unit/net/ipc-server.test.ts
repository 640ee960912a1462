import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import type { Log } from "../../../src/domain/log.ts";
import { HOOK_SILENT } from "../../../src/ipc/hook.ts";
import type { AttachedClient, RingAnswer } from "../../../src/ipc.ts";
import { connectIpc } from "../../../src/net/ipc-client.ts";
import { bellOf, HELLO, identity, ipcStage, rawClient } from "../../support/ipc-stage.ts";
import { nodeProcess } from "../../support/node-process.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { rejectedBy } from "../../support/thrown.ts";

const ask = (id: unknown, method: string, params?: unknown) => ({ jsonrpc: "2.0", id, method, params });
const ATTACH = ask("a", "attach", { name: "claude-code", pid: 7, session: "s-1" });

describe("the socket", () => {
  it("is the owner's alone, in a folder that is the owner's alone", async () => {
    const { path } = await ipcStage();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  });

  it("is gone once the server is closed, and can be listened on again", async () => {
    const { path, server } = await ipcStage();
    await Promise.all([server.close(), server.close()]);
    expect(existsSync(path)).toBe(false);
    await ipcStage({ path });
  });

  it("is taken over from a daemon that was killed", async () => {
    const path = join(tempDir(), "a.sock");
    const child = nodeProcess(
      `import { createServer } from "node:net"; createServer().listen(${JSON.stringify(path)}, () => console.log("up"));`,
    );
    await child.line();
    await child.kill("SIGKILL");
    expect(existsSync(path)).toBe(true);
    const { server } = await ipcStage({ path });
    expect((await rawClient(server.path)).socket.readyState).toBe("open");
  });

  it("is never taken from a daemon that lives", async () => {
    const { path } = await ipcStage();
    expect(await rejectedBy(ipcStage({ path }))).toMatchObject({ code: "already_running" });
    const client = await rawClient(path);
    client.send(HELLO);
    expect(await client.next()).toHaveProperty("result");
  });

  it("does not replace what is no socket", async () => {
    const path = join(tempDir(), "a.sock");
    writeFileSync(path, "precious");
    expect(await rejectedBy(ipcStage({ path }))).toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("is no socket"),
    });
    expect(readFileSync(path, "utf8")).toBe("precious");
    const folder = join(tempDir(), "b.sock");
    mkdirSync(folder);
    expect((await rejectedBy(ipcStage({ path: folder }))).code).toBe("permission_denied");
  });

  it("leaves the process's mask as it was", async () => {
    const child = nodeProcess(`
      import { openIpcServer } from "#src/net/ipc-server.ts";
      process.umask(0o022);
      const server = await openIpcServer({ path: ${JSON.stringify(join(tempDir(), "a.sock"))}, identity: {}, handlers: {}, standing: () => null, log() {} });
      console.log(process.umask().toString(8));
      await server.close();
    `);
    expect(await child.line()).toBe("22");
  });
});

describe("a conversation", () => {
  it("begins with hello, and goes on with answers of the handlers", async () => {
    const { path } = await ipcStage();
    const client = await rawClient(path);
    client.send(
      HELLO,
      ask("s", "status"),
      ask(2, "resume_surface", {}),
      ask(3, "shutdown", { reason: "update" }),
    );
    expect(await client.next()).toEqual({ jsonrpc: "2.0", id: 0, result: { protocol: 1, ...identity } });
    expect(await client.next()).toMatchObject({
      id: "s",
      result: { persona: "reviewer", position: { through: 7 } },
    });
    expect(await client.next()).toMatchObject({ id: 2, result: { kind: "taken", path: "tmux" } });
    expect(await client.next()).toMatchObject({ id: 3, result: { stopping: true } });
  });

  it("answers who closes its writing side after asking", async () => {
    const later = Promise.withResolvers<RingAnswer>();
    const { path } = await ipcStage({ handlers: { notify_surface: () => later.promise } });
    const client = await rawClient(path);
    client.send(HELLO, ask(1, "notify_surface"));
    client.socket.end();
    expect(await client.next()).toHaveProperty("result");
    later.resolve({ kind: "taken", path: "x" });
    expect(await client.next()).toMatchObject({ id: 1, result: { kind: "taken" } });
    expect(await client.next()).toBeUndefined();
  });

  it("passes a handler's failure on, and hides a bug's details", async () => {
    const { path, logged } = await ipcStage({
      handlers: {
        notify_surface: () =>
          Promise.reject(new PrismError("surface_failed", "no pane", { hint: "open one" })),
        resume_surface: () => {
          throw new Error("secret detail");
        },
      },
    });
    const client = await rawClient(path);
    client.send(HELLO, ask(1, "notify_surface"), ask(2, "resume_surface"));
    await client.next();
    const answers = [await client.next(), await client.next()].sort(
      (a, b) => Number(a?.["id"]) - Number(b?.["id"]),
    );
    expect(answers[0]).toMatchObject({
      error: { message: "no pane", data: { code: "surface_failed", hint: "open one" } },
    });
    expect(answers[1]).toMatchObject({ error: { code: -32603, data: { code: "internal" } } });
    expect(JSON.stringify(answers)).not.toContain("secret detail");
    await logged("ipcHandlerFailed");
  });

  it("reads a thousand requests in one piece from a client that reads late, and answers all in order", async () => {
    const { path } = await ipcStage();
    const client = await rawClient(path);
    client.socket.pause();
    client.send(HELLO, ...Array.from({ length: 1000 }, (_, i) => ask(i + 1, "status")));
    client.socket.resume();
    for (let id = 0; id <= 1000; id++) expect(await client.next()).toMatchObject({ id });
  });
});

describe("bad input", () => {
  const badMessages: [what: string, message: string | Uint8Array, id: unknown, code: string, text: string][] =
    [
      ["no JSON", "{", null, "malformed", "not JSON"],
      ["binary", Uint8Array.of(0xff, 0x00, 0xfe), null, "malformed", "not UTF-8"],
      ["a batch", "[]", null, "malformed", "not a JSON-RPC 2.0 object"],
      ["a bare value", "7", null, "malformed", "not a JSON-RPC 2.0 object"],
      ["no version", '{"id":1,"method":"status"}', null, "malformed", "jsonrpc"],
      ["an older version", '{"jsonrpc":"1.0","id":1,"method":"status"}', null, "malformed", "jsonrpc"],
      ["an id of a wrong type", '{"jsonrpc":"2.0","id":{},"method":"status"}', null, "malformed", "id"],
      [
        "a method of a wrong type",
        '{"jsonrpc":"2.0","id":1,"method":5}',
        null,
        "malformed",
        "neither a request",
      ],
      [
        "too deep",
        JSON.stringify(ask(1, "status", JSON.parse("[".repeat(20) + "]".repeat(20)))),
        null,
        "malformed",
        "nested deeper",
      ],
      [
        "an id too long",
        JSON.stringify(ask("i".repeat(200), "status")),
        null,
        "too_large",
        "the id is longer",
      ],
      ["an unknown method", JSON.stringify(ask(1, "stauts")), 1, "unknown_verb", 'no method "stauts"'],
      ["a method of the prototype", JSON.stringify(ask(1, "toString")), 1, "unknown_verb", "no method"],
      [
        "params of a wrong type",
        JSON.stringify(ask(1, "status", "now")),
        1,
        "invalid_argument",
        "params must be an object",
      ],
      [
        "an unknown param",
        JSON.stringify(ask(1, "shutdown", { reson: "x" })),
        1,
        "unknown_key",
        'no member "reson"',
      ],
      [
        "a prototype param",
        '{"jsonrpc":"2.0","id":1,"method":"status","params":{"__proto__":{}}}',
        1,
        "unknown_key",
        "__proto__",
      ],
      ["a second hello", JSON.stringify({ ...HELLO, id: 1 }), 1, "invalid_argument", "said before"],
      [
        "a newer protocol",
        JSON.stringify(ask(1, "hello", { protocol: 2, version: "9", role: "x" })),
        1,
        "invalid_argument",
        "",
      ],
    ];

  it.each(badMessages)(
    "%s is answered with its error, and the connection lives",
    async (_what, message, id, code, text) => {
      const { path } = await ipcStage();
      const client = await rawClient(path);
      client.send(HELLO, message, ask("after", "status"));
      await client.next();
      expect(await client.next()).toMatchObject({
        id,
        error: { message: expect.stringContaining(text), data: { code } },
      });
      expect(await client.next()).toMatchObject({ id: "after", result: {} });
    },
  );

  it("a hello of another protocol is refused, and a better one may follow", async () => {
    const { path } = await ipcStage();
    const client = await rawClient(path);
    client.send(ask(1, "hello", { protocol: 3, protocolMin: 2, version: "9", role: "x" }), HELLO);
    expect(await client.next()).toMatchObject({ id: 1, error: { data: { code: "protocol_mismatch" } } });
    expect(await client.next()).toMatchObject({ id: 0, result: { protocol: 1 } });
  });

  it.each(["status", "attach", "shutdown"])("%s before hello is refused and not run", async (method) => {
    const { path, server } = await ipcStage({
      handlers: {
        shutdown: () => {
          throw new Error("run");
        },
      },
    });
    const client = await rawClient(path);
    client.send(ask(1, method, method === "attach" ? ATTACH.params : {}));
    expect(await client.next()).toMatchObject({
      id: 1,
      error: { message: `"${method}" came before hello`, data: { code: "protocol_mismatch" } },
    });
    expect(server.attached()).toEqual([]);
  });

  it("a hook that has gone before it is heard is told so, and what it reports counts", async () => {
    const heard: boolean[] = [];
    const { path } = await ipcStage({
      handlers: {
        hook: (_params, gone) => {
          heard.push(gone.aborted);
          return HOOK_SILENT;
        },
      },
    });
    const params = { event: "stop", client: "codex", session: "s-1" };
    const client = await rawClient(path);
    client.send(HELLO, ask(2, "hook", params));
    client.socket.destroySoon();
    const patient = await rawClient(path);
    patient.send(HELLO, ask(2, "hook", params));
    await patient.next();
    await patient.next();
    expect(heard).toEqual([true, false]);
  });

  it("an overlong line ends the connection, after its error", async () => {
    const { path } = await ipcStage();
    const client = await rawClient(path);
    client.send(HELLO, "x".repeat(70_000), ask(1, "status"));
    await client.next();
    expect(await client.next()).toMatchObject({ id: null, error: { data: { code: "too_large" } } });
    expect(await client.next()).toBeUndefined();
  });

  it("a line without an end is answered when the client ends", async () => {
    const { path } = await ipcStage();
    const client = await rawClient(path);
    client.send(HELLO);
    await client.next();
    client.socket.end('{"jsonrpc"');
    expect(await client.next()).toMatchObject({ id: null, error: { data: { code: "malformed" } } });
    expect(await client.next()).toBeUndefined();
  });

  it("notifications and answers get no answer", async () => {
    const { path } = await ipcStage();
    const client = await rawClient(path);
    client.send(
      HELLO,
      { jsonrpc: "2.0", method: "shutdown" },
      { jsonrpc: "2.0", method: "nonsense", params: 5 },
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", id: 1, error: {} },
      ask("after", "status"),
    );
    await client.next();
    expect(await client.next()).toMatchObject({ id: "after" });
  });

  it.each([
    ["garbage", "{"],
    ["wrong params", JSON.stringify(ask(1, "status", 5))],
    ["notifications", '{"jsonrpc":"2.0","method":"x"}'],
  ])("who goes on with %s is dropped", async (_what, message) => {
    const { path, events, logged } = await ipcStage();
    const client = await rawClient(path);
    client.send(HELLO, ...Array.from({ length: 100 }, () => message));
    await client.closed;
    await logged("ipcClientDropped");
    expect(events).toContain("ipcClientDropped");
  });

  it("who vanishes in the middle of a request harms nobody", async () => {
    const later = Promise.withResolvers<RingAnswer>();
    const asked = Promise.withResolvers<void>();
    const { path } = await ipcStage({
      handlers: {
        notify_surface: () => {
          asked.resolve();
          return later.promise;
        },
      },
    });
    const client = await rawClient(path);
    client.send(HELLO, ask(1, "notify_surface"));
    await asked.promise;
    client.socket.destroy();
    later.resolve({ kind: "taken", path: "x" });
    const other = await rawClient(path);
    other.send(HELLO);
    expect(await other.next()).toHaveProperty("result");
  });
});

describe("bounds", () => {
  it("on clients: one too many is told so", async () => {
    const { path } = await ipcStage({ limits: { clientsMax: 2 } });
    const first = await rawClient(path);
    const second = await rawClient(path);
    for (const client of [first, second]) client.send(HELLO);
    for (const client of [first, second]) await client.next();
    const third = await rawClient(path);
    expect(await third.next()).toMatchObject({ id: null, error: { data: { code: "overloaded" } } });
    expect(await third.next()).toBeUndefined();
    first.socket.destroy();
    // The place is free once the server has seen the end of the first.
    for (;;) {
      const next = await rawClient(path);
      next.send(HELLO);
      if ((await next.next())?.["result"] !== undefined) break;
    }
  });

  it("on attached clients, so that a status still finds a place", async () => {
    const { path } = await ipcStage({ limits: { clientsMax: 3, attachedMax: 1 } });
    const shim = await rawClient(path);
    shim.send(HELLO, ask(1, "attach", { name: "one", pid: 1 }));
    await shim.next();
    expect(await shim.next()).toHaveProperty("result");
    const other = await rawClient(path);
    other.send(HELLO, ask(1, "attach", { name: "two", pid: 2 }), ask(2, "status"));
    await other.next();
    expect(await other.next()).toMatchObject({ id: 1, error: { data: { code: "overloaded" } } });
    expect(await other.next()).toMatchObject({ id: 2, result: {} });
  });

  it("on requests that wait for an answer", async () => {
    const later = Promise.withResolvers<RingAnswer>();
    const { path } = await ipcStage({
      handlers: { notify_surface: () => later.promise },
      limits: { outstandingMax: 2 },
    });
    const client = await rawClient(path);
    client.send(HELLO, ask(1, "notify_surface"), ask(2, "notify_surface"), ask(3, "notify_surface"));
    await client.next();
    expect(await client.next()).toMatchObject({ id: 3, error: { data: { code: "overloaded" } } });
    later.resolve({ kind: "moot", reason: "x" });
    expect(await client.next()).toMatchObject({ id: 1 });
    expect(await client.next()).toMatchObject({ id: 2 });
  });

  it("on a client without a hello", async () => {
    const { path } = await ipcStage({ limits: { helloMsMax: 30 } });
    const client = await rawClient(path);
    expect(await client.next()).toMatchObject({
      error: { message: expect.stringContaining("no hello came within 30 ms") },
    });
    expect(await client.next()).toBeUndefined();
  });

  it("on a client that keeps sending and never says hello", async () => {
    const { path } = await ipcStage({ limits: { helloMsMax: 30 } });
    const client = await rawClient(path);
    const sending = setInterval(() => client.socket.write(" "), 5);
    await client.closed;
    clearInterval(sending);
  });

  it("on one that never ends its overlong line", async () => {
    const { path } = await ipcStage({ limits: { closeMsMax: 30 } });
    // Half-open, so that the server's end of the conversation does not end ours.
    const socket = connect({ path, allowHalfOpen: true }).resume();
    const piece = "x".repeat(70_000);
    const send = (): void => void socket.write(piece, (error) => error || send());
    send();
    await new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
  });

  it("on what the log says of clients for whom there is no place", async () => {
    const levels: string[] = [];
    const log: Log = (level, event) => event === "ipcClientRefused" && levels.push(level);
    const { path } = await ipcStage({ limits: { clientsMax: 1 }, log });
    const first = await rawClient(path);
    for (let extra = 0; extra < 3; extra++) await (await rawClient(path)).closed;
    expect(levels).toEqual(["warn", "debug", "debug"]);
    first.socket.destroy();
  });

  it("on an idle client, but not on one that is attached", async () => {
    const { path, server } = await ipcStage({ limits: { idleMsMax: 30 } });
    const [idle, attached] = [await rawClient(path), await rawClient(path)];
    attached.send(HELLO, ATTACH);
    await attached.next();
    await attached.next();
    idle.send(HELLO);
    await idle.next();
    expect(await idle.next()).toMatchObject({ error: { data: { code: "interrupted" } } });
    await idle.closed;
    expect(server.attached()).toHaveLength(1);
    server.broadcast(bellOf(1));
    expect(await attached.next()).toMatchObject({ method: "doorbell" });
    // Detached, it is as any other.
    attached.send(ask("d", "detach"));
    expect(await attached.next()).toMatchObject({ id: "d", result: {} });
    expect(await attached.next()).toMatchObject({ error: { data: { code: "interrupted" } } });
  });
});

describe("who attaches", () => {
  it("is listed, hears the doorbell that stands and every one after it, until it leaves", async () => {
    const changes: (readonly AttachedClient[])[] = [];
    const { path, server } = await ipcStage({
      standing: () => bellOf(1, { attempt: 3 }),
      attachedChanged: (attached) => changes.push(attached),
    });
    const client = await rawClient(path);
    client.send(HELLO);
    await client.next();
    expect(server.broadcast(bellOf(1))).toBe(0);
    client.send(ATTACH);
    expect(await client.next()).toEqual({
      jsonrpc: "2.0",
      id: "a",
      result: { standing: bellOf(1, { attempt: 3 }) },
    });
    expect(server.attached()).toEqual([
      { name: "claude-code", role: "test", pid: 7, session: "s-1", sinceMs: expect.any(Number) },
    ]);
    expect(server.broadcast(bellOf(2))).toBe(1);
    expect(await client.next()).toEqual({ jsonrpc: "2.0", method: "doorbell", params: bellOf(2) });
    client.send(ask("d", "detach"));
    await client.next();
    expect(server.broadcast(bellOf(3))).toBe(0);
    expect(changes.map((attached) => attached.length)).toEqual([1, 0]);
  });

  it("may say so again, as another", async () => {
    const { path, server } = await ipcStage();
    const client = await rawClient(path);
    client.send(HELLO, ATTACH, ask("b", "attach", { name: "codex", pid: 8 }));
    for (let i = 0; i < 3; i++) await client.next();
    expect(server.attached()).toMatchObject([{ name: "codex", pid: 8, session: null }]);
  });

  it("leaves with its connection", async () => {
    const left = Promise.withResolvers<void>();
    const { path, server } = await ipcStage({
      attachedChanged: (attached) => {
        if (attached.length === 0) left.resolve();
      },
    });
    const client = await rawClient(path);
    client.send(HELLO, ATTACH);
    await client.next();
    await client.next();
    client.socket.destroy();
    await left.promise;
    expect(server.broadcast(bellOf(1))).toBe(0);
  });

  it("is told words for the agent only as a channel", async () => {
    const { path, server } = await ipcStage();
    const [plain, channel] = [await rawClient(path), await rawClient(path)];
    const who = { name: "claude-code", pid: 7 };
    for (const [client, params] of [
      [plain, who],
      [channel, { ...who, isChannel: true }],
    ] as const) {
      client.send(HELLO);
      await client.next();
      client.send(ask("a", "attach", params));
      await client.next();
    }
    expect(server.tellChannels("wake up")).toBe(1);
    expect(await channel.next()).toEqual({ jsonrpc: "2.0", method: "channel", params: { words: "wake up" } });
    server.broadcast(bellOf(2));
    expect(await plain.next()).toMatchObject({ method: "doorbell" });
  });

  it("and reads slowly gets the newest doorbell, not all of them", async () => {
    const { path, server, events } = await ipcStage();
    const client = await rawClient(path);
    client.send(HELLO, ATTACH);
    await client.next();
    await client.next();
    client.socket.pause();
    const last = 20_000;
    for (let ring = 1; ring <= last; ring++) {
      server.broadcast(bellOf(ring));
      if (ring % 500 === 0) await new Promise(setImmediate);
    }
    client.socket.resume();
    const rings: number[] = [];
    while (rings.at(-1) !== last) {
      const message = await client.next();
      rings.push((message?.["params"] as { ring: number } | undefined)?.ring ?? Number.NaN);
      if (message === undefined) break;
    }
    expect(rings.length).toBeLessThan(last / 2);
    expect(rings).toEqual([...rings].sort((a, b) => a - b));
    expect(events).not.toContain("ipcClientDropped");
  });
});

describe("close", () => {
  it("lets an answer under way reach its caller", async () => {
    const later = Promise.withResolvers<RingAnswer>();
    const asked = Promise.withResolvers<void>();
    const { path, server } = await ipcStage({
      handlers: {
        notify_surface: () => {
          asked.resolve();
          return later.promise;
        },
      },
    });
    const client = await rawClient(path);
    client.send(HELLO, ask(1, "notify_surface"));
    await asked.promise;
    const closed = server.close();
    later.resolve({ kind: "taken", path: "x" });
    await client.next();
    expect(await client.next()).toMatchObject({ id: 1 });
    expect(await client.next()).toBeUndefined();
    client.socket.end();
    await closed;
  });

  it("ends although a client holds on and a handler never answers", async () => {
    const asked = Promise.withResolvers<void>();
    const { path, server } = await ipcStage({
      handlers: {
        notify_surface: () => {
          asked.resolve();
          return new Promise(() => {});
        },
      },
      limits: { closeMsMax: 20 },
    });
    const client = await rawClient(path);
    client.send(HELLO, ask(1, "notify_surface"));
    await asked.promise;
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it("tells the daemon's caller that stopped it", async () => {
    const stage = await ipcStage({
      handlers: {
        shutdown() {
          setImmediate(() => void stage.server.close());
          return { stopping: true };
        },
      },
    });
    const ended = Promise.withResolvers<PrismError>();
    const connection = await connectIpc(
      stage.path,
      { version: "1", role: "cli" },
      { doorbell() {}, closed: ended.resolve },
    );
    expect(await connection.call("shutdown", {})).toEqual({ stopping: true });
    expect(await ended.promise).toMatchObject({ code: "daemon_unreachable" });
  });
});

describe("a scraper at the same socket", () => {
  async function ask(path: string, request: string): Promise<string> {
    const socket = connect(path);
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    // Byte for byte: the first one alone tells HTTP from a message.
    for (const byte of request) await new Promise((resolve) => socket.write(byte, resolve));
    return new Promise((resolve) => socket.once("close", () => resolve(text)));
  }

  it("gets the page in the form that it asks for, and nothing else", async () => {
    const { path } = await ipcStage();
    const get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
    expect(await ask(path, `${get}\r\n`)).toMatch(/^HTTP\/1\.1 200 .*version=0\.0\.4.*\r\n\r\ntext\n$/s);
    expect(await ask(path, `${get}Accept: application/openmetrics-text\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 200 .*version=1\.0\.0.*\r\n\r\nopenmetrics\n$/s,
    );
    expect(await ask(path, `${get.replace("/metrics", "/status")}\r\n`)).toMatch(/^HTTP\/1\.1 404 /);
    expect(await ask(path, `${get.replace("GET", "POST")}\r\n`)).toMatch(/^HTTP\/1\.1 405 /);
  });

  it("takes a place among the clients, and gives it back", async () => {
    const { path, logged } = await ipcStage({ limits: { clientsMax: 1 } });
    const slow = connect(path);
    await new Promise((resolve) => slow.write("GET /metrics", resolve));
    const other = await rawClient(path);
    expect(await other.next()).toMatchObject({ error: { data: { code: "overloaded" } } });
    await logged("ipcClientRefused");
    slow.destroy();
    await expect
      .poll(() => ask(path, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"))
      .toMatch(/^HTTP\/1\.1 200 /);
  });
});
