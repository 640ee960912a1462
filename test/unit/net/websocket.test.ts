/** The driver over real sockets: opening, sending, receiving, back-pressure, dead peers, and every way to end. */
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openedSocket, recordedSocket } from "../../support/recorded-socket.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import {
  answerTo,
  BINARY,
  close,
  fragments,
  frameOf,
  PING,
  PONG,
  ping,
  TEXT,
  text,
} from "../../support/server-frames.ts";
import { tempDir } from "../../support/temp-dir.ts";

async function opened(options = {}, react?: Parameters<typeof openedSocket>[1]) {
  const server = await scriptedServer();
  const [peer, recorded] = await Promise.all([
    server.peer(),
    openedSocket({ url: server.url, ...options }, react),
  ]);
  return { server, peer, ...recorded };
}

describe("options", () => {
  test.each(["http://127.0.0.1/", "127.0.0.1:80", "ws://", ""])("the URL %j is refused at once", (url) => {
    expect(() => recordedSocket({ url })).toThrow(/is not a WebSocket URL/);
  });

  test("a refused URL does not show its password", () => {
    expect(() => recordedSocket({ url: "http://user:s3cret@host/?token=s3cret" })).not.toThrow(/s3cret/);
  });

  test("a header that can't be sent is refused at once, without its value", () => {
    const options = { url: "ws://127.0.0.1:9/", headers: { Authorization: "Bearer s3cret\n" } };
    expect(() => recordedSocket(options)).toThrow(/header "Authorization" holds a character/);
    expect(() => recordedSocket(options)).not.toThrow(/s3cret/);
  });

  test("credentials in the URL become a Basic Authorization, unless there is one", async () => {
    const server = await scriptedServer();
    const url = server.url.replace("//", "//me:pass%20word@");
    recordedSocket({ url });
    expect((await server.peer()).request).toContain(`Authorization: Basic ${btoa("me:pass word")}\r\n`);
    recordedSocket({ url, headers: { authorization: "Bearer t" } });
    const { request } = await server.peer();
    expect(request).toContain("authorization: Bearer t\r\n");
    expect(request).not.toContain("Basic");
  });
});

describe.skipIf(process.platform === "win32")("a Unix socket", () => {
  test("is connected to in place of the URL's host, past any proxy", async () => {
    const socketPath = join(tempDir(), "control.sock");
    const server = await scriptedServer({ socketPath });
    const env = { ALL_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" };
    const [peer, { socket, next }] = await Promise.all([
      server.peer(),
      openedSocket({ url: "ws://localhost/rpc", socketPath, env }),
    ]);
    expect(peer.request).toContain("GET /rpc HTTP/1.1\r\nHost: localhost\r\n");
    socket.sendText("over");
    expect(await peer.next()).toMatchObject({ opcode: TEXT });
    peer.send(text("and out"));
    expect(await next()).toEqual({ name: "text", text: "and out" });
  });

  test("that nobody listens on is told by its path, without advice about a hub", async () => {
    const socketPath = join(tempDir(), "gone.sock");
    const { error } = await recordedSocket({ url: "ws://localhost/", socketPath }).closed();
    expect(error).toMatchObject({ code: "hub_unreachable", hint: undefined });
    expect(error?.message).toBe(`no connection to ${socketPath} (ENOENT)`);
  });

  test("takes no TLS", () => {
    expect(() => recordedSocket({ url: "wss://localhost/", socketPath: "/run/x" })).toThrow(
      /there is no TLS/,
    );
  });
});

describe("opening", () => {
  test("sends path, query and host, and tells the subprotocol", async () => {
    const server = await scriptedServer({
      answer: (request) => answerTo(request, { "Sec-WebSocket-Protocol": "prism.v1" }),
    });
    const { next } = recordedSocket({ url: `${server.url}v1/socket?a=b#c`, protocols: ["prism.v1"] });
    expect((await server.peer()).request).toContain(
      `GET /v1/socket?a=b HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`,
    );
    expect(await next()).toEqual({ name: "opened", protocol: "prism.v1", extensions: "" });
  });

  test("a nonce is never used twice", async () => {
    const server = await scriptedServer();
    const keys = new Set<string | undefined>();
    for (let index = 0; index < 5; index += 1) {
      recordedSocket({ url: server.url });
      keys.add(/Sec-WebSocket-Key: (.*)\r/.exec((await server.peer()).request)?.[1]);
    }
    expect(keys.size).toBe(5);
  });

  test.each([
    ["401 Unauthorized", "unauthorized"],
    ["403 Forbidden", "unauthorized"],
    ["404 Not Found", "protocol_mismatch"],
    ["200 OK", "protocol_mismatch"],
    ["426 Upgrade Required", "protocol_mismatch"],
    ["429 Too Many Requests", "hub_unreachable"],
    ["503 Service Unavailable", "hub_unreachable"],
    ["504 Gateway Timeout", "hub_timeout"],
  ])("the answer %s is told as %s", async (line, code) => {
    const server = await scriptedServer({ answer: () => `HTTP/1.1 ${line}\r\n\r\n` });
    const { closed, said } = recordedSocket({ url: `${server.url}?token=s3cret` });
    const info = await closed();
    expect(info).toMatchObject({ code: 1006, wasClean: false, error: { code } });
    expect(info.error?.message).toBe(`ws://127.0.0.1:${server.port}/ answered ${line}`);
    expect(said).toHaveLength(1);
  });

  test("a redirect is told, not followed, and without its query", async () => {
    const server = await scriptedServer({
      answer: () => "HTTP/1.1 302 Found\r\nLocation: wss://u:p@new.test/x?secret=1\r\n\r\n",
    });
    const { error } = await recordedSocket({ url: server.url }).closed();
    expect(error).toMatchObject({ code: "hub_unreachable" });
    expect(error?.message).toMatch(/answered 302 Found and points to "wss:\/\/new.test\/x"$/);
  });

  test("an answer that breaks the handshake is told", async () => {
    const server = await scriptedServer({ answer: (request) => answerTo(request, { Upgrade: null }) });
    const { error } = await recordedSocket({ url: server.url }).closed();
    expect(error).toMatchObject({
      code: "protocol_mismatch",
      message: `ws://127.0.0.1:${server.port}/ broke the WebSocket protocol: its answer lacks "Upgrade: websocket"`,
    });
  });

  test("nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((ended) => server.close(ended));
    const { error } = await recordedSocket({ url: `ws://127.0.0.1:${port}/` }).closed();
    expect(error).toMatchObject({
      code: "hub_unreachable",
      message: `no connection to 127.0.0.1:${port} (ECONNREFUSED)`,
    });
  });

  test("a server that ends without an answer", async () => {
    const server = await scriptedServer({ answer: () => null });
    const { closed } = recordedSocket({ url: server.url });
    (await server.peer()).socket.end();
    expect(await closed()).toMatchObject({ code: 1006, error: { code: "hub_unreachable" } });
  });

  test("a server that never answers is given up after the timeout", async () => {
    const server = await scriptedServer({ answer: () => null });
    const { closed } = recordedSocket({ url: server.url, openTimeoutMs: 30 });
    expect(await closed()).toMatchObject({ code: 1006, error: { code: "hub_timeout" } });
  });

  test("closing it gives up, without an error: it was asked for", async () => {
    const server = await scriptedServer({ answer: () => null });
    const { closed, socket } = recordedSocket({ url: server.url });
    const peer = await server.peer();
    socket.close();
    const info = await closed();
    expect(info).toEqual({ code: 1006, reason: "", wasClean: false });
    await peer.gone();
  });

  test("sending before it is done is a mistake of the caller's", async () => {
    const server = await scriptedServer({ answer: () => null });
    const { socket } = recordedSocket({ url: server.url });
    expect(() => socket.sendText("early")).toThrow(/before the connection was open/);
    expect(() => socket.sendBinary(Buffer.of(1))).toThrow(/before the connection was open/);
  });
});

describe("messages", () => {
  test("come and go, texts and bytes", async () => {
    const { peer, socket, next } = await opened();
    peer.send(
      text("héllo"),
      frameOf({ opcode: BINARY, payload: Buffer.of(0, 255) }),
      ...fragments(TEXT, ["a", "b"]),
    );
    expect(await next()).toEqual({ name: "text", text: "héllo" });
    expect(await next()).toEqual({ name: "binary", bytes: Buffer.of(0, 255) });
    expect(await next()).toEqual({ name: "text", text: "ab" });
    expect(socket.sendText("wörld")).toBe(true);
    expect(socket.sendBinary(Buffer.of(1, 2))).toBe(true);
    expect(await peer.next()).toMatchObject({ opcode: TEXT, payload: Buffer.from("wörld") });
    expect(await peer.next()).toMatchObject({ opcode: BINARY, payload: Buffer.of(1, 2) });
  });

  test("right behind the handshake's answer are not lost", async () => {
    const server = await scriptedServer({
      answer: (request) => answerTo(request) + text("first").toString("latin1"),
    });
    const { next } = recordedSocket({ url: server.url });
    expect(await next()).toMatchObject({ name: "opened" });
    expect(await next()).toEqual({ name: "text", text: "first" });
  });

  test("sent in one turn leave in one write", async () => {
    const { peer, socket } = await opened();
    for (let index = 0; index < 20; index += 1) socket.sendText(`message ${index}`);
    for (let index = 0; index < 20; index += 1) await peer.next();
    expect(peer.chunks()).toBe(1);
  });

  test("sent as an answer leave in one write", async () => {
    const { peer } = await opened({}, (said, socket) => {
      if (said.name === "text") socket.sendText(said.text);
    });
    peer.send(...Array.from({ length: 20 }, (_, index) => text(`${index}`)));
    for (let index = 0; index < 20; index += 1) {
      expect((await peer.next())?.payload.toString()).toBe(`${index}`);
    }
    expect(peer.chunks()).toBe(1);
  });

  test("larger than any buffer pass both ways", async () => {
    const { peer, socket, next } = await opened({ bufferedBytesMax: 10_000_000 });
    const bytes = Buffer.alloc(5_000_000, "0123456789");
    socket.sendBinary(bytes);
    expect((await peer.next())?.payload.equals(bytes)).toBe(true);
    peer.send(frameOf({ opcode: BINARY, payload: bytes }));
    const said = await next();
    expect(said.name === "binary" && bytes.equals(said.bytes)).toBe(true);
  });

  test("pings are answered", async () => {
    const { peer } = await opened();
    peer.send(ping("are you there"));
    expect(await peer.next()).toMatchObject({ opcode: PONG, payload: Buffer.from("are you there") });
  });
});

describe("back-pressure", () => {
  test("a send over the high-water mark says so, and drained tells when to go on", async () => {
    const { peer, socket, next } = await opened({ bufferedBytesMax: 100_000 });
    peer.socket.pause();
    const block = Buffer.alloc(50_000);
    let sent = 1;
    while (socket.sendBinary(block)) sent += 1;
    expect(socket.bufferedBytes).toBeGreaterThan(100_000);
    peer.socket.resume();
    expect(await next()).toEqual({ name: "drained" });
    expect(socket.bufferedBytes).toBeLessThanOrEqual(50_000);
    for (let index = 0; index < sent; index += 1) expect((await peer.next())?.payload.length).toBe(50_000);
    expect(socket.sendBinary(Buffer.of(1))).toBe(true);
  });

  test("a server that pings and does not read costs one pong, not one a ping", async () => {
    const { peer, socket } = await opened({ bufferedBytesMax: 10_000 });
    peer.socket.pause();
    // Until the operating system takes no more: what waits then waits for as long as the server does not read.
    while (socket.bufferedBytes < 1_000_000) {
      socket.sendBinary(Buffer.alloc(500_000));
      await new Promise((done) => setImmediate(done));
    }
    const before = socket.bufferedBytes;
    const pings = Array.from({ length: 5000 }, () => ping("p".repeat(100)));
    await new Promise<void>((written) =>
      peer.socket.write(Buffer.concat([...pings, ping("last"), text("read")]), () => written()),
    );
    await new Promise((done) => setImmediate(done));
    expect(socket.bufferedBytes).toBeLessThanOrEqual(before + 5000);
    peer.socket.resume();
    const pongs: string[] = [];
    for (let frame = await peer.next(); pongs.at(-1) !== "last"; frame = await peer.next()) {
      if (frame?.opcode === PONG) pongs.push(frame.payload.toString());
      if (pongs.at(-1) === "last") break;
    }
    expect(pongs.length).toBeLessThan(50);
  });

  test("while paused nothing is handed on, not even the rest of a chunk; then all of it, in order", async () => {
    let paused = false;
    const { peer, socket, said, next } = await opened({}, (what, handle) => {
      if (what.name !== "text" || paused) return;
      paused = true;
      handle.pause();
    });
    peer.send(text("1"), text("2"), text("3"));
    expect(await next()).toEqual({ name: "text", text: "1" });
    await new Promise<void>((written) => peer.socket.write(text("4"), () => written()));
    await new Promise((done) => setImmediate(done));
    expect(said.filter(({ name }) => name === "text")).toHaveLength(1);
    socket.resume();
    expect([await next(), await next(), await next()].map((what) => "text" in what && what.text)).toEqual([
      "2",
      "3",
      "4",
    ]);
  });
});

describe("a dead peer", () => {
  test("is noticed by a ping that nothing answers", async () => {
    const { peer, closed } = await opened({ pingIntervalMs: 20, pongTimeoutMs: 40 });
    expect(await peer.next()).toMatchObject({ opcode: PING });
    const info = await closed();
    expect(info).toMatchObject({ code: 1006, wasClean: false, error: { code: "hub_timeout" } });
    expect(info.error?.message).toMatch(/gave no sign of life for 40 ms$/);
    await peer.gone();
  });

  test("is not one that answers", async () => {
    const { peer, socket, closed } = await opened({ pingIntervalMs: 5 });
    for (let pings = 0; pings < 5; pings += 1) {
      expect(await peer.next()).toMatchObject({ opcode: PING });
      peer.send(frameOf({ opcode: PONG }));
    }
    socket.close();
    expect(await peer.next()).toMatchObject({ opcode: 8 });
    peer.send(close(1000));
    peer.socket.end();
    expect(await closed()).toMatchObject({ wasClean: true });
  });

  test("can be asked for at once, as after a sleep", async () => {
    const { peer, socket, closed } = await opened({ pingIntervalMs: 0, pongTimeoutMs: 30 });
    socket.pingNow();
    expect(await peer.next()).toMatchObject({ opcode: PING });
    expect(await closed()).toMatchObject({ error: { code: "hub_timeout" } });
  });

  test("is not one whose pong came to such a question", async () => {
    const { peer, socket, next } = await opened({ pingIntervalMs: 0, pongTimeoutMs: 10_000 });
    socket.pingNow();
    await peer.next();
    peer.send(frameOf({ opcode: PONG }), text("alive"));
    expect(await next()).toEqual({ name: "text", text: "alive" });
  });
});

describe("ending", () => {
  test("by the server: answered, told as closing, then as closed once the stream has ended", async () => {
    const { peer, closed, said } = await opened();
    peer.send(close(1001, "restart"));
    expect(await peer.next()).toMatchObject({ opcode: 8, payload: Buffer.of(0x03, 0xe9) });
    peer.socket.end();
    expect(await closed()).toEqual({ code: 1001, reason: "restart", wasClean: true });
    expect(said.map(({ name }) => name)).toEqual(["opened", "closing", "closed"]);
  });

  test("by the server, which then leaves the stream open: this side ends it in time", async () => {
    const { peer, closed } = await opened({ closeTimeoutMs: 20 });
    peer.send(close(1000));
    expect(await closed()).toMatchObject({ code: 1000, wasClean: true });
  });

  test("by this side: no message is handed on after it", async () => {
    const { peer, socket, closed, said } = await opened();
    socket.close(4000, "done");
    expect(await peer.next()).toMatchObject({
      opcode: 8,
      payload: Buffer.concat([Buffer.of(0x0f, 0xa0), Buffer.from("done")]),
    });
    peer.send(text("late"), close(4000, "done"));
    peer.socket.end();
    expect(await closed()).toEqual({ code: 4000, reason: "done", wasClean: true });
    expect(said.map(({ name }) => name)).toEqual(["opened", "closed"]);
  });

  test("by this side, and the server never answers: given up in time, without an error", async () => {
    const { socket, closed } = await opened({ closeTimeoutMs: 20 });
    socket.close();
    expect(await closed()).toEqual({ code: 1006, reason: "", wasClean: false });
  });

  test("what was sent right before the close still goes out", async () => {
    const { peer, socket } = await opened();
    socket.sendText("last words");
    socket.close();
    expect(await peer.next()).toMatchObject({ opcode: TEXT });
    expect(await peer.next()).toMatchObject({ opcode: 8 });
  });

  test("sends after that are dropped, not thrown", async () => {
    const { peer, socket } = await opened();
    socket.close();
    expect(socket.sendText("late")).toBe(true);
    expect(await peer.next()).toMatchObject({ opcode: 8 });
    peer.send(close(1000));
    peer.socket.end();
    expect(await peer.next()).toBe(null);
  });

  test("by destroying it: at once, without a Close frame and without an error", async () => {
    const { peer, socket, closed } = await opened();
    socket.destroy();
    expect(await closed()).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(await peer.next()).toBe(null);
  });

  test("by a reset", async () => {
    const { peer, closed } = await opened();
    peer.socket.resetAndDestroy();
    const info = await closed();
    expect(info).toMatchObject({ code: 1006, wasClean: false, error: { code: "hub_unreachable" } });
    expect(info.error?.message).toMatch(/ECONNRESET/);
  });

  test("by an end without a Close frame", async () => {
    const { peer, closed } = await opened();
    peer.socket.end();
    const info = await closed();
    expect(info).toMatchObject({ code: 1006, wasClean: false, error: { code: "hub_unreachable" } });
    expect(info.error?.message).toMatch(/without closing it in order$/);
  });

  test("by a violation: the Close frame reaches the server before this side's end", async () => {
    const { peer, closed } = await opened();
    const errors: Error[] = [];
    peer.socket.on("error", (error) => errors.push(error));
    peer.send(frameOf({ opcode: 3 }), Buffer.alloc(100_000));
    expect(await peer.next()).toMatchObject({
      opcode: 8,
      payload: expect.toSatisfy((payload: Buffer) => payload.readUInt16BE() === 1002),
    });
    expect(await peer.next()).toBe(null);
    // A reset would have been an error here, and could have overtaken the frame.
    expect(errors).toEqual([]);
    peer.socket.end();
    const info = await closed();
    expect(info).toMatchObject({ code: 1006, wasClean: false, error: { code: "protocol_mismatch" } });
    expect(info.error?.message).toMatch(
      /broke the WebSocket protocol: it sent a frame of the unknown opcode 3 \(1002\)$/,
    );
  });

  test("by a violation, and the server goes on sending: given up in time", async () => {
    const { peer, closed } = await opened({ closeTimeoutMs: 20 });
    peer.send(frameOf({ opcode: 3 }));
    const timer = setInterval(() => peer.socket.write(text("more")), 1);
    expect(await closed()).toMatchObject({ error: { code: "protocol_mismatch" } });
    clearInterval(timer);
  });

  test("inside a handler: nothing but closed comes after", async () => {
    const { peer, closed, said } = await opened({}, (what, socket) => {
      if (what.name === "text") socket.destroy();
    });
    peer.send(text("1"), text("2"), close(1000));
    await closed();
    expect(said.map(({ name }) => name)).toEqual(["opened", "text", "closed"]);
  });
});
