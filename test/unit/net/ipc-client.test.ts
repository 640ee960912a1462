import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Doorbell } from "../../../src/domain/doorbell.ts";
import type { PrismError } from "../../../src/domain/errors.ts";
import { limits } from "../../../src/domain/limits.ts";
import { callIpc, connectIpc } from "../../../src/net/ipc-client.ts";
import { bellOf, daemonStatus, identity, ipcStage } from "../../support/ipc-stage.ts";
import { nodeProcess } from "../../support/node-process.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { rejectedBy } from "../../support/thrown.ts";

const caller = { version: "0.1.0", role: "cli", address: { persona: "reviewer", project: "shop" } };
const deaf = { doorbell() {}, closed() {} };
const HINT = "start it: prism daemon --persona reviewer --project DIR";

/** Something that listens and is no daemon. */
async function impostor(answer: (socket: Socket) => void): Promise<string> {
  const path = join(tempDir(), "a.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}

const greets = (socket: Socket, then: string | Uint8Array) => {
  socket.once("data", () => {
    socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, result: { protocol: 1, ...identity } })}\n`);
    socket.once("data", () => socket.write(then));
  });
};

describe("connectIpc", () => {
  it("greets, asks and hears", async () => {
    const { path, server } = await ipcStage();
    const bells = Promise.withResolvers<Doorbell>();
    const connection = await connectIpc(path, caller, { ...deaf, doorbell: bells.resolve });
    onTestFinished(connection.close);
    expect(connection.daemon).toEqual({ protocol: 1, ...identity });
    expect(await connection.call("status", {})).toEqual(daemonStatus);
    expect(await connection.call("attach", { name: "codex", pid: 1 })).toEqual({ standing: null });
    server.broadcast(bellOf(5));
    expect(await bells.promise).toEqual(bellOf(5));
  });

  it("gives each of many calls its own answer", async () => {
    const { path } = await ipcStage();
    const connection = await connectIpc(path, caller, deaf);
    onTestFinished(connection.close);
    const [status, moot, taken] = await Promise.all([
      connection.call("status", {}),
      connection.call("notify_surface", {}),
      connection.call("resume_surface", {}),
    ]);
    expect([status.persona, moot.kind, taken.kind]).toEqual(["reviewer", "moot", "taken"]);
  });

  it("rejects with the daemon's own failure", async () => {
    const { path } = await ipcStage();
    const connection = await connectIpc(path, caller, deaf);
    onTestFinished(connection.close);
    expect(await rejectedBy(connection.call("shutdown", { reason: "x".repeat(300) }))).toMatchObject({
      code: "too_large",
      message: "params.reason is longer than 200 bytes",
    });
  });

  it("tells once that the connection ended, and rejects what waits", async () => {
    const { path, server } = await ipcStage({
      handlers: { notify_surface: () => new Promise(() => {}) },
      limits: { closeMsMax: 10 },
    });
    const ends: PrismError[] = [];
    const ended = Promise.withResolvers<void>();
    const connection = await connectIpc(path, caller, {
      ...deaf,
      closed(error) {
        ends.push(error);
        ended.resolve();
      },
    });
    const waiting = rejectedBy(connection.call("notify_surface", {}));
    await server.close();
    expect(await waiting).toMatchObject({ code: "daemon_unreachable", hint: HINT });
    await ended.promise;
    connection.close();
    expect(await rejectedBy(connection.call("status", {}))).toMatchObject({ code: "daemon_unreachable" });
    expect(ends).toHaveLength(1);
  });

  it("tells that this side closed", async () => {
    const { path } = await ipcStage();
    const ended = Promise.withResolvers<PrismError>();
    const connection = await connectIpc(path, caller, { ...deaf, closed: ended.resolve });
    connection.close();
    expect((await ended.promise).code).toBe("interrupted");
  });

  it("does not wait for an answer for ever, nor ask without bound", async () => {
    const { path } = await ipcStage({ handlers: { notify_surface: () => new Promise(() => {}) } });
    const connection = await connectIpc(path, caller, deaf);
    onTestFinished(connection.close);
    expect(await rejectedBy(connection.call("notify_surface", {}, 20))).toMatchObject({
      code: "daemon_unreachable",
      message: 'the daemon of reviewer@shop did not answer "notify_surface" within 20 ms',
    });
    const waiting = Array.from({ length: 16 }, () => connection.call("notify_surface", {}).catch(() => {}));
    expect((await rejectedBy(connection.call("status", {}))).code).toBe("overloaded");
    connection.close();
    await Promise.all(waiting);
  });
});

describe("no daemon", () => {
  it.each([
    ["no folder", (path: string) => path],
    [
      "no socket",
      (path: string) => {
        mkdirSync(dirname(path), { mode: 0o700 });
        return path;
      },
    ],
    [
      "a file in its place",
      (path: string) => {
        mkdirSync(dirname(path), { mode: 0o700 });
        writeFileSync(path, "");
        return path;
      },
    ],
  ])("%s: says how to start it", async (_what, made) => {
    const path = made(join(tempDir(), "run", "a.sock"));
    expect(await rejectedBy(callIpc(path, caller, "status", {}))).toMatchObject({
      code: "daemon_unreachable",
      message: "the daemon of reviewer@shop is not running",
      hint: HINT,
    });
  });

  it("a socket that its daemon left behind", async () => {
    const path = join(tempDir(), "a.sock");
    const child = nodeProcess(
      `import { createServer } from "node:net"; createServer().listen(${JSON.stringify(path)}, () => console.log("up"));`,
    );
    await child.line();
    await child.kill("SIGKILL");
    expect(existsSync(path)).toBe(true);
    expect((await rejectedBy(callIpc(path, caller, "status", {}))).message).toContain("is not running");
  });

  it("a folder that others can enter is not trusted", async () => {
    const { path } = await ipcStage();
    chmodSync(dirname(path), 0o755);
    expect((await rejectedBy(callIpc(path, caller, "status", {}))).code).toBe("permission_denied");
  });

  it.each<[string, string | Uint8Array]>([
    ["garbage", "SSH-2.0-OpenSSH\r\n"],
    ["binary", Uint8Array.of(0xff, 0xff, 0x0a)],
    ["a line without an end", "x".repeat(limits.messageBytesMax + 1)],
  ])("what answers with %s is no daemon", async (_what, bytes) => {
    const path = await impostor((socket) => socket.write(bytes));
    expect(await rejectedBy(callIpc(path, caller, "status", {}))).toMatchObject({
      code: "daemon_unreachable",
    });
  });

  it.each<[string, unknown]>([
    ["nothing in it", {}],
    ["another version", { protocol: 2, ...identity }],
  ])("a greeting with %s is refused", async (_what, result) => {
    const path = await impostor((socket) =>
      socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, result })}\n`),
    );
    expect((await rejectedBy(callIpc(path, caller, "status", {}))).code).toBe("protocol_mismatch");
  });

  it("another persona's daemon in its place is refused", async () => {
    const { path } = await ipcStage({ identity: { ...identity, persona: "planner" } });
    expect(await rejectedBy(callIpc(path, caller, "status", {}))).toMatchObject({
      code: "daemon_unreachable",
      message: "the daemon of planner@shop answers in the place of reviewer@shop",
    });
  });

  it("one that says nothing is given up on, and one that hangs up too", async () => {
    const silent = await impostor(() => {});
    expect(
      (await rejectedBy(callIpc(silent, { ...caller, openTimeoutMs: 20 }, "status", {}))).message,
    ).toContain('did not answer "hello" within 20 ms');
    const curt = await impostor((socket) => socket.destroy());
    expect((await rejectedBy(callIpc(curt, caller, "status", {}))).code).toBe("daemon_unreachable");
  });

  it("garbage after the greeting ends the connection", async () => {
    const path = await impostor((socket) => greets(socket, "what?\n"));
    expect(await rejectedBy(callIpc(path, caller, "status", {}))).toMatchObject({
      message: "the daemon of reviewer@shop sent what could not be read",
    });
  });

  it("so does garbage in one piece with the greeting: who calls is not left with a dead connection", async () => {
    const path = await impostor((socket) => {
      socket.once("data", () => {
        const greeting = { jsonrpc: "2.0", id: 1, result: { protocol: 1, ...identity } };
        socket.write(`${JSON.stringify(greeting)}\nnonsense\n`);
      });
    });
    expect(await rejectedBy(connectIpc(path, caller, deaf))).toMatchObject({ code: "daemon_unreachable" });
  });

  it("strangers' notifications, answers to nothing and broken doorbells are passed over", async () => {
    const lines = [
      { jsonrpc: "2.0", method: "weather", params: 1 },
      { jsonrpc: "2.0", method: "doorbell", params: { ring: "x" } },
      { jsonrpc: "2.0", id: 99, result: 1 },
      { jsonrpc: "2.0", id: "2", result: 1 },
      { jsonrpc: "2.0", id: 2, result: daemonStatus },
    ];
    const path = await impostor((socket) =>
      greets(socket, lines.map((line) => `${JSON.stringify(line)}\n`).join("")),
    );
    expect(await callIpc(path, caller, "status", {})).toEqual(daemonStatus);
  });
});
