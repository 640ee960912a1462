/** The client against servers that others wrote: `ws`, with and without compression in every agreement. */
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { type PerMessageDeflateOptions, WebSocketServer, type WebSocket as WsSocket } from "ws";
import { WebSocket } from "../../../src/net/w3c-websocket.ts";
import { openedSocket } from "../../support/recorded-socket.ts";

async function server(
  perMessageDeflate: boolean | PerMessageDeflateOptions,
): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate });
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not on a TCP port");
  return { url: `ws://127.0.0.1:${address.port}/`, server };
}

function echo(server: WebSocketServer): void {
  server.on("connection", (socket) => {
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
}

const messages: readonly (string | Uint8Array)[] = [
  "",
  "short",
  "κόσμε 😀 ".repeat(50),
  '{"jsonrpc":"2.0","method":"mailbox","params":{"revision":1}}'.repeat(8),
  '{"jsonrpc":"2.0","method":"mailbox","params":{"revision":2}}'.repeat(8),
  new Uint8Array(0),
  Uint8Array.from({ length: 1000 }, (_, index) => (index * index) & 0xff),
  "x".repeat(200_000),
  Uint8Array.from({ length: 300_000 }, (_, index) => Math.imul(index, 2654435761) >>> 24),
  "the same window again: κόσμε 😀 ".repeat(50),
];

async function expectEchoes(url: string, deflate: boolean): Promise<string> {
  const { socket, next, said } = await openedSocket({ url, deflate, bufferedBytesMax: 10_000_000 });
  for (const message of messages) {
    if (typeof message === "string") socket.sendText(message);
    else socket.sendBinary(message);
  }
  for (const message of messages) {
    const answer = await next();
    if (typeof message === "string") expect(answer).toEqual({ name: "text", text: message });
    else expect(answer.name === "binary" && Buffer.from(message).equals(answer.bytes)).toBe(true);
  }
  const [opened] = said;
  return opened?.name === "opened" ? opened.extensions : "";
}

describe("a ws server", () => {
  test("without compression", async () => {
    const { url, server: ws } = await server(false);
    echo(ws);
    expect(await expectEchoes(url, false)).toBe("");
    expect(await expectEchoes(url, true)).toBe("");
  });

  const agreements = [undefined, 9, 12, 15].flatMap((serverMaxWindowBits) =>
    [undefined, 8, 11].flatMap((clientMaxWindowBits) =>
      [false, true].flatMap((serverNoContextTakeover) =>
        [false, true].map((clientNoContextTakeover) => ({
          threshold: 0,
          serverNoContextTakeover,
          clientNoContextTakeover,
          ...(serverMaxWindowBits === undefined ? {} : { serverMaxWindowBits }),
          ...(clientMaxWindowBits === undefined ? {} : { clientMaxWindowBits }),
        })),
      ),
    ),
  );

  test.each(agreements)("with compression: %j", async (options) => {
    const { url, server: ws } = await server(options);
    echo(ws);
    const extensions = await expectEchoes(url, true);
    expect(extensions).toContain("permessage-deflate");
    expect(extensions.includes("server_no_context_takeover")).toBe(options.serverNoContextTakeover);
    expect(extensions.includes("client_no_context_takeover")).toBe(options.clientNoContextTakeover);
  });

  test("that chooses a subprotocol", async () => {
    const { url } = await server(false);
    const { said } = await openedSocket({ url, protocols: ["prism.v1", "other"] });
    expect(said).toMatchObject([{ name: "opened", protocol: "prism.v1" }]);
  });

  test("that sends fragments, pings and pongs", async () => {
    const { url, server: ws } = await server(false);
    const pong = new Promise<string>((settle) => {
      ws.on("connection", (socket: WsSocket) => {
        socket.on("pong", (data) => settle(data.toString()));
        socket.send("κό", { fin: false });
        socket.ping("here?");
        socket.send("σμε", { fin: true });
      });
    });
    const { next } = await openedSocket({ url });
    expect(await next()).toEqual({ name: "text", text: "κόσμε" });
    expect(await pong).toBe("here?");
  });

  test("that closes, and that is closed", async () => {
    const { url, server: ws } = await server(false);
    ws.once("connection", (socket: WsSocket) => socket.close(4001, "enough"));
    const first = await openedSocket({ url });
    expect(await first.closed()).toEqual({ code: 4001, reason: "enough", wasClean: true });
    const seen = new Promise((settle) => {
      ws.once("connection", (socket: WsSocket) =>
        socket.once("close", (code, reason) => settle([code, reason.toString()])),
      );
    });
    const second = await openedSocket({ url });
    second.socket.close(1000, "done");
    expect(await second.closed()).toEqual({ code: 1000, reason: "done", wasClean: true });
    expect(await seen).toEqual([1000, "done"]);
  });

  test("that answers 401", async () => {
    const ws = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      verifyClient: (_info, answer) => answer(false, 401, "Unauthorized"),
    });
    onTestFinished(() => void ws.close());
    await once(ws, "listening");
    const address = ws.address();
    const socket = new WebSocket(`ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
    const error = new Promise<string>((settle) => {
      socket.onerror = (event) => settle(event.message);
    });
    const closed = new Promise((settle) => {
      socket.onclose = ({ code, wasClean }) => settle({ code, wasClean });
    });
    expect(await error).toMatch(/answered 401 Unauthorized$/);
    expect(await closed).toEqual({ code: 1006, wasClean: false });
  });
});

describe("frame for frame with undici's client", () => {
  test("the same texts arrive at one ws server from both", async () => {
    const { url, server: ws } = await server(true);
    echo(ws);
    const { WebSocket: Undici } = await import("undici");
    const answers = async (socket: {
      send(text: string): void;
      close(): void;
      onopen: unknown;
      onmessage: unknown;
    }) => {
      const got: unknown[] = [];
      const texts = messages.filter((message) => typeof message === "string");
      await new Promise<void>((done) => {
        socket.onopen = () => {
          for (const text of texts) socket.send(text);
        };
        socket.onmessage = (event: { data: unknown }) => {
          got.push(event.data);
          if (got.length === texts.length) done();
        };
      });
      socket.close();
      return got;
    };
    expect(await answers(new WebSocket(url) as never)).toEqual(await answers(new Undici(url) as never));
  });
});
