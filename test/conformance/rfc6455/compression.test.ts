/** RFC 7692: RSV1, fragments, context takeover both ways, window sizes, and the bound on what comes out. */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { deflatingClient } from "../../support/opened-client.ts";
import { BINARY, fragments, frameOf, PING, TEXT, text } from "../../support/server-frames.ts";

const RSV1 = 0x40;

function compressed(content: Uint8Array | string, opcode = TEXT): Buffer {
  return frameOf({ opcode, reserved: RSV1, payload: deflated(content) });
}

function deflated(content: Uint8Array | string, options = {}): Buffer {
  return deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);
}

describe("the RFC's examples (7.2.3)", () => {
  test.each([
    ["one block (7.2.3.1)", ["f248cdc9c90700"]],
    ["two fragments (7.2.3.1)", ["f248cd", "c9c90700"]],
    ["no compression (7.2.3.3)", ["000500faff48656c6c6f00"]],
    ["a final block (7.2.3.4)", ["f348cdc9c9070000"]],
    ["two blocks (7.2.3.5)", ["f248050000", "00ffffcac9c90700"]],
  ])("%s", (_, hex) => {
    const { receive } = deflatingClient();
    const pieces = hex.map((piece) => Buffer.from(piece, "hex"));
    expect(receive(...fragments(TEXT, pieces, RSV1))).toEqual([{ kind: "text", text: "Hello" }]);
  });

  test("the window slides over messages (7.2.3.2)", () => {
    const { receive } = deflatingClient();
    const again = frameOf({ opcode: TEXT, reserved: RSV1, payload: Buffer.from("f200110000", "hex") });
    expect(
      receive(
        frameOf({ opcode: TEXT, reserved: RSV1, payload: Buffer.from("f248cdc9c90700", "hex") }),
        again,
        again,
      ),
    ).toEqual([
      { kind: "text", text: "Hello" },
      { kind: "text", text: "Hello" },
      { kind: "text", text: "Hello" },
    ]);
  });

  test("an empty message (7.2.3.6), also from a sender that leaves its one byte out", () => {
    const { receive } = deflatingClient();
    const empty = (payload: Uint8Array) => frameOf({ opcode: TEXT, reserved: RSV1, payload });
    expect(receive(empty(Buffer.of(0)), empty(Buffer.of()))).toEqual([
      { kind: "text", text: "" },
      { kind: "text", text: "" },
    ]);
  });
});

test.each([0, 1, 300, 16_384, 100_000])("a binary message of %i bytes lies in memory of its own", (size) => {
  const { receive } = deflatingClient();
  const content = Buffer.alloc(size, 7);
  for (const bytes of [compressed(content, BINARY), frameOf({ opcode: BINARY, payload: content })]) {
    const [event] = receive(bytes);
    expect(event?.kind === "binary" && content.equals(event.bytes)).toBe(true);
    expect(event?.kind === "binary" && event.bytes.buffer.byteLength).toBe(size);
  }
});

describe("RSV1 (6.1)", () => {
  test("a message without it is not compressed, and leaves the window alone", () => {
    const { receive } = deflatingClient();
    expect(
      receive(
        compressed("Hello"),
        text("plain"),
        frameOf({ opcode: TEXT, reserved: RSV1, payload: Buffer.from("f200110000", "hex") }),
      ),
    ).toEqual([
      { kind: "text", text: "Hello" },
      { kind: "text", text: "plain" },
      { kind: "text", text: "Hello" },
    ]);
  });

  test.each([
    [
      "a continuation",
      Buffer.concat([frameOf({ opcode: TEXT, fin: false }), frameOf({ opcode: 0, reserved: RSV1 })]),
    ],
    ["a control frame", frameOf({ opcode: PING, reserved: RSV1 })],
    ["a first frame beside RSV2", frameOf({ opcode: TEXT, reserved: 0x60 })],
  ])("on %s fails the connection with 1002", (_, bytes) => {
    const { receive } = deflatingClient();
    expect(receive(bytes)).toMatchObject([{ kind: "failed", code: 1002 }]);
  });
});

describe("what can't be inflated fails with 1007", () => {
  test.each([
    ["a reserved block type", "07"],
    ["a wrong stored length", "0005000000"],
    ["a distance before the beginning", "f200110000"],
    ["an end amid a block", "f248cdc9"],
    ["an end amid a stored block", "000500faff4865"],
    ["final blocks without end", "0300".repeat(100)],
  ])("%s", (_, hex) => {
    const { receive, sent } = deflatingClient();
    expect(
      receive(frameOf({ opcode: BINARY, reserved: RSV1, payload: Buffer.from(hex, "hex") })),
    ).toMatchObject([{ kind: "failed", code: 1007 }]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1007);
  });

  test("a window that the server promised to forget", () => {
    const { receive } = deflatingClient("; server_no_context_takeover");
    expect(
      receive(
        compressed("Hello"),
        frameOf({ opcode: TEXT, reserved: RSV1, payload: Buffer.from("f200110000", "hex") }),
      ),
    ).toMatchObject([
      { kind: "text", text: "Hello" },
      { kind: "failed", code: 1007 },
    ]);
  });
});

describe("the bound on inflated bytes", () => {
  const limits = { messageBytesMax: 100_000 };

  test("a message of the limit passes, one byte more fails with 1009", () => {
    const { receive, sent } = deflatingClient("", { limits });
    expect(receive(compressed(Buffer.alloc(100_000), BINARY))).toMatchObject([
      { kind: "binary", bytes: { length: 100_000 } },
    ]);
    expect(receive(compressed(Buffer.alloc(100_001), BINARY))).toMatchObject([
      { kind: "failed", code: 1009 },
    ]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1009);
  });

  test("a bomb inside one small frame is stopped at the bound: what is wrong behind it is never reached", () => {
    const bomb = deflated(Buffer.alloc(100_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const broken = Buffer.concat([bomb, Buffer.of(0x07)]);
    const frame = frameOf({ opcode: BINARY, reserved: RSV1, payload: broken });
    expect(deflatingClient("", { limits }).receive(frame)).toMatchObject([{ kind: "failed", code: 1009 }]);
    const roomy = deflatingClient("", { limits: { messageBytesMax: 100_000_001 } });
    expect(roomy.receive(frame)).toMatchObject([{ kind: "failed", code: 1007 }]);
  });

  test("a message of several final blocks is bounded as a whole", () => {
    const half = deflateRawSync(Buffer.alloc(60_000));
    const { receive } = deflatingClient("", { limits });
    expect(
      receive(frameOf({ opcode: BINARY, reserved: RSV1, payload: Buffer.concat([half, Buffer.of(0)]) })),
    ).toMatchObject([{ kind: "binary", bytes: { length: 60_000 } }]);
    expect(
      receive(
        frameOf({ opcode: BINARY, reserved: RSV1, payload: Buffer.concat([half, half, Buffer.of(0)]) }),
      ),
    ).toMatchObject([{ kind: "failed", code: 1009 }]);
  });

  test("the compressed bytes are bounded as well", () => {
    const { receive } = deflatingClient("", { limits: { messageBytesMax: 100 } });
    expect(
      receive(frameOf({ opcode: BINARY, reserved: RSV1, fin: false, payload: Buffer.alloc(101) })),
    ).toMatchObject([{ kind: "failed", code: 1009 }]);
  });
});

describe("windows and context takeover", () => {
  const all = [8, 9, 10, 11, 12, 13, 14, 15].flatMap((bits) =>
    [false, true].map((forgets): [number, boolean] => [bits, forgets]),
  );
  /** Repeats at every distance, so that a window that is too large or too small shows. */
  const messages = Array.from({ length: 12 }, (_, index) =>
    Buffer.from(`${"abcdefghijklmnopqrstuvwxyz".repeat(40 * (index + 1))}${index}`.repeat(3)),
  );

  test.each(all)(
    "this side compresses within %i bits, forgetting %s: any inflater of that window reads it",
    (bits, forgets) => {
      const params = `; client_max_window_bits=${bits}${forgets ? "; client_no_context_takeover" : ""}`;
      const { client, sent } = deflatingClient(params);
      let window = Buffer.alloc(0);
      for (const message of messages) {
        client.sendBinary(message);
        const [frame] = sent();
        expect(frame?.reserved).toBe(RSV1);
        const payload = Buffer.concat([frame?.payload ?? Buffer.alloc(0), Buffer.of(0, 0, 0xff, 0xff, 3, 0)]);
        const dictionary = forgets || window.length === 0 ? {} : { dictionary: window };
        expect(inflateRawSync(payload, { windowBits: bits, ...dictionary }).equals(message)).toBe(true);
        window = Buffer.concat([window, message]).subarray(-(2 ** bits));
      }
    },
  );

  test.each(all.filter(([bits]) => bits > 8))(
    "the server compresses within %i bits, forgetting %s",
    (bits, forgets) => {
      const { receive } = deflatingClient(
        `; server_max_window_bits=${bits}${forgets ? "; server_no_context_takeover" : ""}`,
      );
      let window = Buffer.alloc(0);
      for (const message of messages) {
        const dictionary = forgets || window.length === 0 ? {} : { dictionary: window };
        const payload = deflated(message, { windowBits: bits, ...dictionary });
        expect(receive(frameOf({ opcode: BINARY, reserved: RSV1, payload }))).toEqual([
          { kind: "binary", bytes: expect.toSatisfy((got: Buffer) => got.equals(message)) },
        ]);
        window = Buffer.concat([window, message]).subarray(-(2 ** bits));
      }
    },
  );

  test("a server that reaches back beyond the window it agreed to fails with 1007", () => {
    const { receive } = deflatingClient("; server_max_window_bits=9");
    const first = Buffer.concat([Buffer.from("far away: 0123456789"), Buffer.alloc(5000, 1)]);
    const second = deflated("far away: 0123456789", { dictionary: first });
    expect(receive(compressed(first, BINARY))).toMatchObject([{ kind: "binary" }]);
    expect(receive(frameOf({ opcode: BINARY, reserved: RSV1, payload: second }))).toMatchObject([
      { kind: "failed", code: 1007 },
    ]);
  });

  test("repetition over messages is what context takeover saves", () => {
    const { client, sent } = deflatingClient();
    const message = Array.from({ length: 400 }, (_, index) => ((index * 7919) % 9973).toString(36)).join(" ");
    client.sendText(message);
    client.sendText(message);
    const [first, second] = sent();
    expect(second?.payload.length).toBeLessThan((first?.payload.length ?? 0) / 10);
  });

  test("short messages are sent plain", () => {
    const { client, sent } = deflatingClient("", { limits: { deflateBytesMin: 50 } });
    client.sendText("x".repeat(49));
    client.sendText("x".repeat(50));
    client.sendBinary(Buffer.alloc(49));
    expect(sent().map((frame) => frame.reserved)).toEqual([0, RSV1, 0]);
  });

  test("an empty message can be compressed (7.2.3.6)", () => {
    const { client, sent } = deflatingClient("", { limits: { deflateBytesMin: 0 } });
    client.sendText("");
    expect(sent()[0]).toMatchObject({ reserved: RSV1, payload: Buffer.of(0) });
  });
});
