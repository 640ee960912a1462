/** RFC 6455 section 5: masking, the frame header, fragmentation, control frames, and what this side sends. */
import { describe, expect, test } from "vitest";
import { eventsOf, openedClient } from "../../support/opened-client.ts";
import {
  BINARY,
  binary,
  fragments,
  frameOf,
  PING,
  PONG,
  ping,
  TEXT,
  text,
} from "../../support/server-frames.ts";

/** The connection is failed with this code: told once, with the Close frame for the server, and nothing is read after. */
function expectFailure(bytes: Uint8Array, code: number): void {
  const { receive, sent, client } = openedClient();
  const events = receive(bytes);
  expect(events.at(-1)).toMatchObject({ kind: "failed", code });
  const [close, ...more] = sent();
  expect(close).toMatchObject({ opcode: 8, fin: true });
  expect(close?.payload.readUInt16BE()).toBe(code);
  expect(more).toEqual([]);
  expect(client.phase).toBe("ended");
  expect(receive(text("late"), ping())).toEqual([]);
  expect(sent()).toEqual([]);
}

describe("reserved bits (5.2)", () => {
  test.each([0x10, 0x20, 0x40, 0x30, 0x70])(
    "%i fails the connection with 1002 on a data frame",
    (reserved) => {
      expectFailure(frameOf({ opcode: TEXT, payload: "x", reserved }), 1002);
      expectFailure(frameOf({ opcode: BINARY, payload: "x", reserved }), 1002);
    },
  );

  test.each([0x10, 0x20, 0x40])("%i fails it on a control frame", (reserved) => {
    for (const opcode of [8, PING, PONG]) expectFailure(frameOf({ opcode, reserved }), 1002);
  });

  test("the first byte is enough", () => {
    expectFailure(Buffer.of(0x91), 1002);
  });

  test("messages before it are handed on", () => {
    const { receive } = openedClient();
    expect(receive(Buffer.concat([text("a"), frameOf({ opcode: TEXT, reserved: 0x40 })]))).toMatchObject([
      { kind: "text", text: "a" },
      { kind: "failed", code: 1002 },
    ]);
  });
});

describe("opcodes (5.2)", () => {
  test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])(
    "the reserved opcode %i fails the connection with 1002",
    (opcode) => {
      expectFailure(frameOf({ opcode, payload: "x" }), 1002);
      expectFailure(Buffer.of(0x80 | opcode), 1002);
    },
  );
});

describe("masking (5.1, 5.3)", () => {
  test("a masked frame from the server fails the connection with 1002", () => {
    expectFailure(frameOf({ opcode: TEXT, payload: "x", maskKey: Buffer.of(1, 2, 3, 4) }), 1002);
    expectFailure(frameOf({ opcode: PING, maskKey: Buffer.of(0, 0, 0, 0) }), 1002);
    expectFailure(Buffer.of(0x81, 0x80), 1002);
  });

  test("everything sent is masked, each frame with a key of its own", () => {
    const { client, receive, sent } = openedClient();
    client.sendText("same");
    client.sendText("same");
    client.sendBinary(Buffer.from("same"));
    client.ping(Buffer.from("same"));
    receive(ping("same"));
    client.close(1000, "same");
    const frames = sent();
    expect(frames.map((frame) => frame.opcode)).toEqual([1, 1, 2, 9, 10, 8]);
    const keys = frames.map((frame) => frame.maskKey?.toString("hex"));
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(6);
  });
});

describe("payload lengths (5.2)", () => {
  test.each([0, 1, 2, 3, 4, 5, 125, 126, 127, 128, 65_535, 65_536, 65_537, 200_003])(
    "%i bytes, both ways",
    (length) => {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 31) & 0xff));
      const content = "x".repeat(length);
      const { client, receive, sent } = openedClient();
      expect(receive(binary(bytes), text(content))).toEqual([
        { kind: "binary", bytes: expect.toSatisfy((got: Buffer) => got.equals(bytes)) },
        { kind: "text", text: content },
      ]);
      client.sendBinary(bytes);
      client.sendText(content);
      const [first, second] = sent();
      expect(first).toMatchObject({ opcode: BINARY, fin: true, reserved: 0, shortest: true });
      expect(first?.payload.equals(bytes)).toBe(true);
      expect(second).toMatchObject({ opcode: TEXT, fin: true, reserved: 0, shortest: true });
      expect(second?.payload.toString()).toBe(content);
    },
  );

  test.each([
    ["16-bit form for 125 bytes", frameOf({ opcode: TEXT, payload: "x".repeat(125), lengthForm: 16 })],
    ["64-bit form for 125 bytes", frameOf({ opcode: TEXT, payload: "x".repeat(125), lengthForm: 64 })],
    [
      "64-bit form for 65,535 bytes",
      frameOf({ opcode: BINARY, payload: Buffer.alloc(65_535), lengthForm: 64 }),
    ],
    ["16-bit form for nothing", frameOf({ opcode: TEXT, lengthForm: 16 })],
    ["a length above 2^63", Buffer.of(0x82, 127, 0x80, 0, 0, 0, 0, 1, 0, 0)],
  ])("%s is not minimal, or no length: 1002", (_, bytes) => {
    expectFailure(bytes, 1002);
  });

  test("a length above 2^63 is refused at its first byte", () => {
    expectFailure(Buffer.of(0x82, 127, 0xff), 1002);
  });

  // Lengths near the thresholds in bytes, but not in UTF-16 units: the header's size can't be guessed from them.
  test.each([41, 42, 62, 63, 64, 125, 126, 21_845, 21_846, 32_767, 32_768, 65_535, 65_536])(
    "a text of %i units of two and three bytes is sent whole, in the shortest form",
    (units) => {
      const { client, sent } = openedClient();
      for (const char of ["é", "€"]) {
        client.sendText(char.repeat(units));
        const [frame] = sent();
        expect(frame?.payload.toString()).toBe(char.repeat(units));
        expect(frame?.shortest).toBe(true);
      }
    },
  );

  test("a lone surrogate is sent as U+FFFD: what leaves is always UTF-8 (5.6)", () => {
    const { client, sent } = openedClient();
    client.sendText("a\ud800b");
    expect(sent()[0]?.payload).toEqual(Buffer.from("a\ufffdb"));
  });
});

describe("fragmentation (5.4)", () => {
  test("fragments make one message", () => {
    const { receive } = openedClient();
    const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index & 0xff));
    const pieces = [
      content.subarray(0, 1),
      content.subarray(1, 1),
      content.subarray(1, 900),
      content.subarray(900),
    ];
    expect(receive(...fragments(BINARY, pieces), ...fragments(TEXT, ["frag", "", "ment"]))).toEqual([
      { kind: "binary", bytes: expect.toSatisfy((got: Buffer) => got.equals(content)) },
      { kind: "text", text: "fragment" },
    ]);
  });

  test("empty fragments make an empty message", () => {
    const { receive } = openedClient();
    expect(receive(...fragments(TEXT, ["", "", ""]))).toEqual([{ kind: "text", text: "" }]);
    expect(receive(...fragments(BINARY, ["", ""]))).toMatchObject([{ kind: "binary", bytes: { length: 0 } }]);
  });

  test("control frames stand between fragments and are answered at once", () => {
    const { receive, sent } = openedClient();
    const [first, second, last] = fragments(TEXT, ["a", "b", "c"]) as [Buffer, Buffer, Buffer];
    expect(
      receive(first, ping("1"), second, ping("2"), frameOf({ opcode: PONG, payload: "3" })),
    ).toMatchObject([{ kind: "ping" }, { kind: "ping" }, { kind: "pong" }]);
    expect(sent().map((frame) => frame.payload.toString())).toEqual(["1", "2"]);
    expect(receive(last)).toEqual([{ kind: "text", text: "abc" }]);
  });

  test.each([
    ["a continuation of nothing", frameOf({ opcode: 0, payload: "x" })],
    ["a continuation of nothing, not final", frameOf({ opcode: 0, payload: "x", fin: false })],
    ["a continuation after a whole message", Buffer.concat([text("x"), frameOf({ opcode: 0 })])],
    [
      "a continuation after a fragmented one",
      Buffer.concat([...fragments(TEXT, ["a", "b"]), frameOf({ opcode: 0 })]),
    ],
    ["a text inside a message", Buffer.concat([frameOf({ opcode: TEXT, fin: false }), text("x")])],
    [
      "a binary inside a message",
      Buffer.concat([frameOf({ opcode: TEXT, fin: false }), binary(Buffer.of(1))]),
    ],
    [
      "a new first fragment",
      Buffer.concat([frameOf({ opcode: TEXT, fin: false }), frameOf({ opcode: TEXT, fin: false })]),
    ],
  ])("%s fails the connection with 1002", (_, bytes) => {
    expectFailure(bytes, 1002);
  });
});

describe("control frames (5.5)", () => {
  test("a ping is answered with its payload (5.5.3), a pong with nothing", () => {
    const { receive, sent } = openedClient();
    const payload = Buffer.alloc(125, 0xfe);
    expect(receive(ping(), ping(payload), frameOf({ opcode: PONG, payload: "unasked" }))).toMatchObject([
      { kind: "ping", payload: { length: 0 } },
      { kind: "ping", payload: { length: 125 } },
      { kind: "pong", payload: { length: 7 } },
    ]);
    expect(sent().map((frame) => [frame.opcode, frame.payload.length])).toEqual([
      [PONG, 0],
      [PONG, 125],
    ]);
  });

  test.each([8, PING, PONG])(
    "of opcode %i: 126 bytes or a fragment fail the connection with 1002",
    (opcode) => {
      expectFailure(frameOf({ opcode, payload: Buffer.alloc(126) }), 1002);
      expectFailure(frameOf({ opcode, payload: Buffer.alloc(70_000) }), 1002);
      expectFailure(Buffer.of(0x80 | opcode, 126), 1002);
      expectFailure(frameOf({ opcode, fin: false }), 1002);
      expectFailure(Buffer.of(opcode), 1002);
    },
  );

  test("while answers are held, only the newest ping is answered (5.5.3)", () => {
    const { client, receive, sent } = openedClient();
    client.holdPongs(true);
    receive(ping("1"), ping("2"), ping("3"));
    expect(sent()).toEqual([]);
    client.holdPongs(false);
    expect(sent().map((frame) => frame.payload.toString())).toEqual(["3"]);
    client.holdPongs(false);
    receive(ping("4"));
    expect(sent().map((frame) => frame.payload.toString())).toEqual(["4"]);
  });

  test("this side's pings carry at most 125 bytes", () => {
    const { client } = openedClient();
    expect(client.ping(Buffer.alloc(125))).toBe(true);
    expect(() => client.ping(Buffer.alloc(126))).toThrow(RangeError);
  });
});

describe("what the caller gets and gives", () => {
  test("events are read one at a time: an answer leaves before the answer to what came after it", () => {
    const { client, sent } = openedClient();
    client.receive(Buffer.concat([text("question"), ping("p"), frameOf({ opcode: 3 })]));
    for (let event = client.next(); event !== null; event = client.next()) {
      if (event.kind === "text") client.sendText("answer");
    }
    expect(sent().map((frame) => frame.opcode)).toEqual([TEXT, PONG, 8]);
  });

  test("what was kept survives the chunk, and more may come before it is read", () => {
    const { client } = openedClient();
    const chunk = Buffer.concat([text("1"), text("2"), text("3").subarray(0, 2)]);
    client.receive(chunk);
    expect(client.next()).toEqual({ kind: "text", text: "1" });
    client.keep();
    chunk.fill(0xff);
    client.receive(Buffer.from("3"));
    client.receive(text("4"));
    expect(eventsOf(client)).toEqual(["2", "3", "4"].map((content) => ({ kind: "text", text: content })));
  });

  test("bytes handed on are the caller's own: the chunk may be reused", () => {
    const { receive } = openedClient();
    const chunk = Buffer.concat([binary(Buffer.from("abc")), ping("p"), ...fragments(BINARY, ["d", "e"])]);
    const events = receive(chunk);
    chunk.fill(0);
    expect(
      events.map((event) =>
        Buffer.from("bytes" in event ? event.bytes : "payload" in event ? event.payload : "").toString(),
      ),
    ).toEqual(["abc", "p", "de"]);
  });

  test("bytes taken are never written to again", () => {
    const { client } = openedClient();
    client.sendText("x".repeat(100));
    const taken = client.take();
    const copy = Buffer.from(taken);
    for (let index = 0; index < 1000; index += 1) client.sendText("y".repeat(100));
    expect(Buffer.from(taken).equals(copy)).toBe(true);
  });

  test("bytes sent may be reused", () => {
    const { client, sent } = openedClient();
    const bytes = Buffer.from("abc");
    client.sendBinary(bytes);
    bytes.fill(0);
    expect(sent()[0]?.payload.toString()).toBe("abc");
  });
});
