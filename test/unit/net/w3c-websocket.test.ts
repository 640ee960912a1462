/** The W3C class: what a program written for browsers may rely on. */
import { describe, expect, onTestFinished, test } from "vitest";
import { type W3cSocketOptions, WebSocket } from "../../../src/net/w3c-websocket.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { answerTo, BINARY, close, frameOf, text } from "../../support/server-frames.ts";

async function opened(options: W3cSocketOptions = {}) {
  const server = await scriptedServer();
  const socket = new WebSocket(server.url, [], options);
  onTestFinished(() => socket.close());
  const [peer] = await Promise.all([server.peer(), event(socket, "open")]);
  return { server, peer, socket };
}

function event<E extends Event>(socket: WebSocket, type: string): Promise<E> {
  return new Promise((settle) => {
    socket.addEventListener(type, (each) => settle(each as E), { once: true });
  });
}

describe("construction", () => {
  test.each(["", "/relative", "ftp://host/", "mailto:a@b"])("the URL %j throws a SyntaxError", (url) => {
    expect(() => new WebSocket(url)).toThrow(expect.objectContaining({ name: "SyntaxError" }));
  });

  test.each([[["a", "a"]], [["a", "A"]], [[""]], [["a b"]], [["ä"]]])(
    "the subprotocols %j throw a SyntaxError",
    (protocols) => {
      expect(() => new WebSocket("ws://127.0.0.1:1/", protocols)).toThrow(
        expect.objectContaining({ name: "SyntaxError" }),
      );
    },
  );

  test("the URL is normalised: http is ws, and the fragment goes", async () => {
    const { port } = await scriptedServer();
    const socket = new WebSocket(`HTTP://127.0.0.1:${port}/a b?c#d`);
    expect(socket.url).toBe(`ws://127.0.0.1:${port}/a%20b?c`);
    socket.close();
    await event(socket, "close");
  });

  test("states are constants of the class and of each socket", () => {
    expect([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]).toEqual([0, 1, 2, 3]);
  });

  test("options that the driver refuses fail the connection, as everything does that is no SyntaxError", async () => {
    const socket = new WebSocket("ws://hub.test/", [], { env: { HTTP_PROXY: "socks5://proxy:1" } });
    const seen: string[] = [];
    socket.onerror = ({ message }) => seen.push(message);
    const closed = await event<Event & { code: number; wasClean: boolean }>(socket, "close");
    expect(seen).toEqual([expect.stringMatching(/is of the kind "socks5"/)]);
    expect(closed).toMatchObject({ code: 1006, wasClean: false });
  });
});

describe("an open socket", () => {
  test("tells protocol and extensions", async () => {
    const server = await scriptedServer({
      answer: (request) =>
        answerTo(request, {
          "Sec-WebSocket-Protocol": "b",
          "Sec-WebSocket-Extensions": "permessage-deflate",
        }),
    });
    const socket = new WebSocket(server.url, ["a", "b"]);
    expect([socket.readyState, socket.protocol, socket.extensions]).toEqual([0, "", ""]);
    await event(socket, "open");
    expect([socket.readyState, socket.protocol, socket.extensions]).toEqual([1, "b", "permessage-deflate"]);
    expect((await server.peer()).request).toContain(
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
    );
    socket.close();
  });

  test("a single subprotocol may be a string, and compression may be left out", async () => {
    const server = await scriptedServer({
      answer: (request) => answerTo(request, { "Sec-WebSocket-Protocol": "only" }),
    });
    const socket = new WebSocket(server.url, "only", { deflate: false });
    await event(socket, "open");
    expect(socket.protocol).toBe("only");
    expect((await server.peer()).request).not.toContain("Extensions");
    socket.close();
  });

  test("takes and gives texts and bytes in each binary type", async () => {
    const { peer, socket } = await opened();
    const bytes = frameOf({ opcode: BINARY, payload: Buffer.of(1, 2, 3) });
    const next = () => event<Event & { data: unknown; origin: string }>(socket, "message");

    const [textual] = await Promise.all([next(), peer.send(text("héllo"))]);
    expect(textual.data).toBe("héllo");
    expect(textual.origin).toBe(new URL(socket.url).origin);

    expect(socket.binaryType).toBe("arraybuffer");
    const [buffer] = await Promise.all([next(), peer.send(bytes)]);
    expect(buffer.data).toBeInstanceOf(ArrayBuffer);
    expect(new Uint8Array(buffer.data as ArrayBuffer)).toEqual(Uint8Array.of(1, 2, 3));

    socket.binaryType = "nodebuffer";
    const [node] = await Promise.all([next(), peer.send(bytes)]);
    expect(node.data).toEqual(Buffer.of(1, 2, 3));

    socket.binaryType = "blob";
    const [blob] = await Promise.all([next(), peer.send(bytes)]);
    expect(await (blob.data as Blob).bytes()).toEqual(Uint8Array.of(1, 2, 3));

    socket.binaryType = "nonsense" as never;
    expect(socket.binaryType).toBe("blob");
  });

  test("sends strings, buffers and views of a part of one", async () => {
    const { peer, socket } = await opened();
    socket.send("text");
    socket.send(Uint8Array.of(1, 2).buffer);
    socket.send(Uint8Array.of(0, 1, 2, 3).subarray(1, 3));
    socket.send(new DataView(Uint8Array.of(9, 8, 7).buffer, 1));
    socket.send(42 as never);
    const frames = [
      await peer.next(),
      await peer.next(),
      await peer.next(),
      await peer.next(),
      await peer.next(),
    ];
    expect(frames.map((frame) => [frame?.opcode, frame?.payload.toString("latin1")])).toEqual([
      [1, "text"],
      [2, "\x01\x02"],
      [2, "\x01\x02"],
      [2, "\x08\x07"],
      [1, "42"],
    ]);
    expect(socket.bufferedAmount).toBe(0);
  });
});

describe("listeners", () => {
  test("the attribute and others are called in the order of registration, the attribute keeping its place", async () => {
    const { peer, socket } = await opened();
    const seen: string[] = [];
    socket.addEventListener("message", () => seen.push("first"));
    socket.onmessage = () => seen.push("replaced");
    socket.addEventListener("message", { handleEvent: () => seen.push("object") });
    socket.onmessage = function (this: WebSocket, { data }) {
      seen.push(`attribute ${String(data)} ${this === socket}`);
    };
    const gone = () => seen.push("gone");
    socket.addEventListener("message", gone);
    socket.removeEventListener("message", gone);
    const done = event(socket, "message");
    peer.send(text("x"));
    await done;
    expect(seen).toEqual(["first", "attribute x true", "object"]);
    expect(socket.onmessage).toBeTypeOf("function");
    socket.onmessage = null;
    expect(socket.onmessage).toBe(null);
    const again = event(socket, "message");
    peer.send(text("y"));
    await again;
    expect(seen.slice(3)).toEqual(["first", "object"]);
  });
});

describe("closing", () => {
  test.each([0, 999, 1001, 1002, 1005, 1006, 2999, 5000, Number.NaN])(
    "with %d throws an InvalidAccessError",
    async (code) => {
      const { socket } = await opened();
      expect(() => socket.close(code)).toThrow(expect.objectContaining({ name: "InvalidAccessError" }));
      expect(socket.readyState).toBe(1);
    },
  );

  test("with a reason of 124 bytes throws a SyntaxError", async () => {
    const { socket } = await opened();
    expect(() => socket.close(1000, "€".repeat(42))).toThrow(
      expect.objectContaining({ name: "SyntaxError" }),
    );
  });

  test.each([
    [[], "", 1005],
    [[1000], "03e8", 1000],
    [[4999, "why"], "1387776879", 4999],
    [[undefined, "why"], "03e8776879", 1000],
  ] as const)("close(...%j) puts %j on the wire", async (args, hex, code) => {
    const { peer, socket } = await opened();
    const closed = event<Event & { code: number; wasClean: boolean }>(socket, "close");
    socket.close(...(args as readonly [code?: number, reason?: string]));
    expect(socket.readyState).toBe(2);
    const frame = await peer.next();
    expect(frame?.payload.toString("hex")).toBe(hex);
    peer.send(frameOf({ opcode: 8, payload: frame?.payload ?? "" }));
    peer.socket.end();
    expect(await closed).toMatchObject({ code, wasClean: true });
    expect(socket.readyState).toBe(3);
  });

  test("sends after it go nowhere, and are counted", async () => {
    const { socket } = await opened();
    socket.close();
    const { bufferedAmount } = socket;
    socket.send("é");
    socket.send(Uint8Array.of(1, 2, 3));
    expect(socket.bufferedAmount).toBe(bufferedAmount + 5);
  });

  test("before it is open gives an error, then a close with 1006", async () => {
    const server = await scriptedServer({ answer: () => null });
    const socket = new WebSocket(server.url);
    const seen: string[] = [];
    for (const type of ["open", "error", "close"]) socket.addEventListener(type, () => seen.push(type));
    expect(() => socket.send("early")).toThrow(expect.objectContaining({ name: "InvalidStateError" }));
    socket.close();
    socket.close();
    expect(socket.readyState).toBe(2);
    expect(await event(socket, "close")).toMatchObject({ code: 1006, reason: "", wasClean: false });
    expect(seen).toEqual(["error", "close"]);
  });

  test("by the server: closing, then closed, without an error", async () => {
    const { peer, socket } = await opened();
    const errors: unknown[] = [];
    socket.onerror = (each) => errors.push(each);
    const closed = event(socket, "close");
    peer.send(close(1001, "restart"));
    await peer.next();
    expect(socket.readyState).toBe(2);
    peer.socket.end();
    expect(await closed).toMatchObject({ code: 1001, reason: "restart", wasClean: true });
    expect(errors).toEqual([]);
  });

  test("by a violation: an error that says which, then a close with 1006", async () => {
    const { peer, socket } = await opened();
    const error = event<Event & { message: string }>(socket, "error");
    const closed = event(socket, "close");
    peer.send(frameOf({ opcode: 1, payload: Buffer.of(0xff) }));
    expect((await error).message).toMatch(/it sent a text that is not UTF-8 \(1007\)$/);
    peer.socket.end();
    expect(await closed).toMatchObject({ code: 1006, wasClean: false });
  });
});
