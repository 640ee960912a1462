/** RFC 6455 sections 4.1, 9.1, 11.3: the request, and every check of the answer. */
import { describe, expect, test } from "vitest";
import { newClient, openedClient } from "../../support/opened-client.ts";
import { answerTo, text } from "../../support/server-frames.ts";

function outcome(answer: string, options: Parameters<typeof newClient>[0] = {}) {
  const { receive, client, sent } = newClient(options);
  const events = receive(answer);
  return { events, first: events[0], phase: client.phase, sent: sent() };
}

const request = newClient().request;
const right = answerTo(request);

describe("the request (4.1)", () => {
  test("has a request line, the host and the fields that the handshake needs, and no more", () => {
    expect(request).toBe(
      "GET / HTTP/1.1\r\nHost: hub.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
  });

  test("names subprotocols, an offer of compression and the caller's own fields", () => {
    const full = newClient({
      resource: "/chat?x=%20",
      protocols: ["prism.v1", "superchat"],
      headers: { Authorization: "Bearer secret", Origin: "http://example.com" },
      deflate: {
        clientMaxWindowBits: true,
        serverMaxWindowBits: 10,
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
      },
    });
    expect(full.request.split("\r\n")).toEqual([
      "GET /chat?x=%20 HTTP/1.1",
      "Host: hub.test",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: prism.v1, superchat",
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits",
      "Authorization: Bearer secret",
      "Origin: http://example.com",
      "",
      "",
    ]);
  });

  test.each([
    ["a resource that is no path", { resource: "chat" }],
    ["a resource with a blank", { resource: "/a b" }],
    ["a resource with a line end", { resource: "/\r\nX: y" }],
    ["an empty host", { host: "" }],
    ["a nonce of 15 bytes", { nonce: new Uint8Array(15) }],
    ["a header name with a blank", { headers: { "a b": "c" } }],
    ["a header value with a line end", { headers: { a: "b\r\nc: d" } }],
    ["a header value beyond ASCII", { headers: { a: "ü" } }],
    ["a header of the handshake's own", { headers: { "sec-websocket-key": "x" } }],
    ["a subprotocol that is no token", { protocols: ["a,b"] }],
    ["a subprotocol twice", { protocols: ["a", "a"] }],
    ["a window of 16 bits", { deflate: { serverMaxWindowBits: 16 } }],
  ])("is refused with %s, which is the caller's fault", (_, options) => {
    expect(() => newClient(options)).toThrow(RangeError);
  });

  test("a header value never stands in the error: it may be a secret", () => {
    expect(() => newClient({ headers: { Authorization: "Bearer s3cret\n" } })).toThrow(/"Authorization"/);
    expect(() => newClient({ headers: { Authorization: "Bearer s3cret\n" } })).not.toThrow(/s3cret/);
  });
});

describe("a right answer", () => {
  test("opens the connection", () => {
    expect(outcome(right)).toMatchObject({
      events: [{ kind: "opened", protocol: "", extensions: "" }],
      phase: "open",
      sent: [],
    });
  });

  test("carries the digest of the RFC's own example (1.3)", () => {
    expect(right).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  test.each([
    ["names in any case", right.replace("Upgrade: websocket", "uPGRADE: WebSocket")],
    ["a list of connection options", right.replace("Connection: Upgrade", "Connection: keep-alive, UPGRADE")],
    [
      "two connection fields",
      right.replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
    ],
    ["blanks around values", right.replace("Upgrade: websocket", "Upgrade:  \t websocket \t")],
    ["no blank after a colon", right.replace("Upgrade: websocket", "Upgrade:websocket")],
    ["fields it need not know", right.replace("\r\n\r\n", "\r\nDate: Mon\r\nX: \r\n\r\n")],
    ["an empty reason phrase", right.replace("101 Switching Protocols", "101 ")],
    ["no reason phrase", right.replace("101 Switching Protocols", "101")],
    [
      "interim answers before it",
      `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${right}`,
    ],
  ])("may have %s", (_, answer) => {
    expect(outcome(answer).first).toMatchObject({ kind: "opened" });
  });

  test("may be followed by frames in the same bytes", () => {
    const { receive } = newClient();
    expect(receive(Buffer.concat([Buffer.from(right), text("first")]))).toMatchObject([
      { kind: "opened" },
      { kind: "text", text: "first" },
    ]);
  });

  test("may come byte by byte", () => {
    const { receive } = newClient();
    const events = receive(...[...right].map((char) => Buffer.from(char)));
    expect(events).toMatchObject([{ kind: "opened" }]);
  });
});

describe("a wrong answer fails the connection without a Close frame (4.1, 7.1.7)", () => {
  test.each([
    ["no Upgrade (2)", answerTo(request, { Upgrade: null })],
    ["another Upgrade (2)", answerTo(request, { Upgrade: "h2c" })],
    ["a list of upgrades (2)", answerTo(request, { Upgrade: "websocket, h2c" })],
    ["no Connection (3)", answerTo(request, { Connection: null })],
    ["a Connection without upgrade (3)", answerTo(request, { Connection: "keep-alive" })],
    ["no Accept (4)", answerTo(request, { "Sec-WebSocket-Accept": null })],
    ["a wrong Accept (4)", answerTo(request, { "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=" })],
    [
      "an Accept in another case (4)",
      answerTo(request, { "Sec-WebSocket-Accept": "S3PPLMBITXAQ9KYGZZHZRBK+XOO=" }),
    ],
    [
      "two Accepts (4)",
      right.replace("\r\n\r\n", "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
    ],
    [
      "an extension not asked for (5)",
      answerTo(request, { "Sec-WebSocket-Extensions": "permessage-deflate" }),
    ],
    ["a malformed extension (9.1)", answerTo(request, { "Sec-WebSocket-Extensions": "a; =b" })],
    ["a subprotocol not asked for (6)", answerTo(request, { "Sec-WebSocket-Protocol": "prism.v1" })],
    ["another HTTP version", right.replace("HTTP/1.1", "HTTP/2.0")],
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["a status that is no number", "HTTP/1.1 abc\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 99 x\r\n\r\n"],
    ["bare line feeds", "HTTP/1.1 101 x\n"],
    ["a bare carriage return", "HTTP/1.1 101 x\rU"],
    ["a folded line", right.replace("\r\nConnection", "\r\n folded\r\nConnection")],
    ["a blank before a colon", right.replace("Upgrade:", "Upgrade :")],
    ["a field without a colon", right.replace("Upgrade: websocket", "Upgrade websocket")],
    ["a NUL in a value", right.replace("websocket", "web\0socket")],
  ])("%s", (_, answer) => {
    const { first, phase, sent, events } = outcome(answer);
    expect(first).toMatchObject({ kind: "failed", code: 1006, why: expect.any(String) });
    expect(events).toHaveLength(1);
    expect(phase).toBe("ended");
    expect(sent).toEqual([]);
  });

  test("what is no HTTP is refused at its first bytes, not at a line's end", () => {
    expect(newClient().receive(Buffer.of(0x16, 0x03, 0x01))).toMatchObject([{ kind: "failed" }]);
    expect(newClient().receive("HTTP/2")).toMatchObject([{ kind: "failed" }]);
  });

  test("nothing more is read", () => {
    const { receive } = newClient();
    receive("SSH-2.0\r\n");
    expect(receive(right, text("late"))).toEqual([]);
  });
});

describe("another status (4.1, 1)", () => {
  test.each([
    ["401 Unauthorized", 401, "Unauthorized", null],
    ["302 Found\r\nLocation: https://elsewhere.test/", 302, "Found", "https://elsewhere.test/"],
    ["200 OK", 200, "OK", null],
    ["503", 503, "", null],
  ])("HTTP/1.1 %s is told, with its status", (line, status, phrase, location) => {
    const { events, phase, sent } = outcome(`HTTP/1.1 ${line}\r\n\r\nbody`);
    expect(events).toEqual([{ kind: "refused", status, phrase, location }]);
    expect(phase).toBe("ended");
    expect(sent).toEqual([]);
  });
});

describe("subprotocols (1.9, 4.1)", () => {
  const protocols = ["prism.v1", "prism.v2"];

  test("the chosen one is told", () => {
    const answer = answerTo(request, { "Sec-WebSocket-Protocol": "prism.v2" });
    expect(outcome(answer, { protocols }).first).toMatchObject({ kind: "opened", protocol: "prism.v2" });
  });

  test.each([
    ["none of them", answerTo(request, {})],
    ["an empty one", answerTo(request, { "Sec-WebSocket-Protocol": "" })],
    ["another case", answerTo(request, { "Sec-WebSocket-Protocol": "PRISM.v2" })],
    ["both", answerTo(request, { "Sec-WebSocket-Protocol": "prism.v1, prism.v2" })],
    [
      "two fields (11.3.4)",
      answerTo(request, { "Sec-WebSocket-Protocol": "prism.v1\r\nSec-WebSocket-Protocol: prism.v2" }),
    ],
  ])("%s is refused", (_, answer) => {
    expect(outcome(answer, { protocols }).first).toMatchObject({ kind: "failed" });
  });
});

describe("bounds on the head", () => {
  test("in bytes, interim answers included", () => {
    const limits = { headBytesMax: right.length + 50 };
    expect(outcome(right, { limits }).first).toMatchObject({ kind: "opened" });
    const interim = `HTTP/1.1 103 x\r\nLink: ${"y".repeat(40)}\r\n\r\n`;
    expect(outcome(interim + right, { limits }).first).toMatchObject({ kind: "failed" });
  });

  test("in bytes of a line without end", () => {
    const { receive } = newClient();
    const events = receive("HTTP/1.1 101 ", ...Array.from({ length: 20 }, () => "x".repeat(1024)));
    expect(events).toMatchObject([{ kind: "failed", why: "its head is longer than 16384 bytes" }]);
  });

  test("in lines", () => {
    const many = right.replace("\r\n\r\n", `\r\n${"a: b\r\n".repeat(200)}\r\n`);
    expect(outcome(many).first).toMatchObject({ kind: "failed", why: "its head has more than 128 lines" });
  });
});

describe("extensions (9.1, RFC 7692 section 7.1)", () => {
  function agreed(answer: string, deflate = {}) {
    const { receive, request: asked } = newClient({ deflate });
    return receive(answerTo(asked, { "Sec-WebSocket-Extensions": answer }))[0];
  }

  test.each([
    ["permessage-deflate", {}],
    ["permessage-deflate; server_no_context_takeover", {}],
    ["permessage-deflate; server_no_context_takeover", { serverNoContextTakeover: true }],
    ["permessage-deflate; client_no_context_takeover", {}],
    ["permessage-deflate; server_max_window_bits=8", {}],
    ["permessage-deflate; server_max_window_bits=15", {}],
    ["permessage-deflate; server_max_window_bits=10", { serverMaxWindowBits: 10 }],
    ["permessage-deflate; server_max_window_bits=9", { serverMaxWindowBits: 10 }],
    ['permessage-deflate;server_max_window_bits="9"', {}],
    ["permessage-deflate; client_max_window_bits=8", { clientMaxWindowBits: true }],
    ["permessage-deflate; client_max_window_bits=12", { clientMaxWindowBits: 10 }],
    [
      "permessage-deflate ; client_max_window_bits = 9 ;server_max_window_bits=9; client_no_context_takeover",
      { clientMaxWindowBits: true },
    ],
  ])("%s fits the offer %j", (answer, deflate) => {
    expect(agreed(answer, deflate)).toMatchObject({ kind: "opened", extensions: answer });
  });

  test.each([
    ["permessage-deflate; unknown", {}],
    ["permessage-deflate; server_no_context_takeover=1", {}],
    ["permessage-deflate; client_no_context_takeover=true", {}],
    ["permessage-deflate; server_no_context_takeover; server_no_context_takeover", {}],
    ["permessage-deflate; server_max_window_bits", {}],
    ["permessage-deflate; server_max_window_bits=7", {}],
    ["permessage-deflate; server_max_window_bits=16", {}],
    ["permessage-deflate; server_max_window_bits=08", {}],
    ["permessage-deflate; server_max_window_bits=1e1", {}],
    ["permessage-deflate; server_max_window_bits=11", { serverMaxWindowBits: 10 }],
    ["permessage-deflate", { serverMaxWindowBits: 10 }],
    ["permessage-deflate", { serverNoContextTakeover: true }],
    ["permessage-deflate; client_max_window_bits=10", {}],
    ["permessage-deflate; client_max_window_bits", { clientMaxWindowBits: true }],
    ["permessage-deflate; client_max_window_bits=16", { clientMaxWindowBits: true }],
    ["permessage-deflate, permessage-deflate", {}],
    ["permessage-deflate, x-other", {}],
    ["x-webkit-deflate-frame", {}],
    ["Permessage-Deflate", {}],
    ['permessage-deflate; server_max_window_bits="1 0"', {}],
    ["permessage-deflate;", {}],
    [";permessage-deflate", {}],
  ])("%s does not fit the offer %j", (answer, deflate) => {
    expect(agreed(answer, deflate)).toMatchObject({ kind: "failed", code: 1006 });
  });

  test("stands once in an answer (11.3.2)", () => {
    const twice = "permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate";
    expect(agreed(twice)).toMatchObject({ kind: "failed" });
  });

  test("a server may decline", () => {
    expect(openedClient({ deflate: {} }).client.phase).toBe("open");
  });

  test("a client that needs compression leaves with 1010 and names it (7.4.1)", () => {
    const { receive, sent, client } = newClient({ deflate: {}, deflateRequired: true });
    expect(receive(right)).toEqual([{ kind: "failed", code: 1010, why: "it declined compression" }]);
    expect(
      sent().map((frame) => [frame.opcode, frame.payload.readUInt16BE(), frame.payload.toString("utf8", 2)]),
    ).toEqual([[8, 1010, "permessage-deflate"]]);
    expect(client.phase).toBe("ended");
  });
});
