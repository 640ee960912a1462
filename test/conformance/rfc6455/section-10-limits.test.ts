/** RFC 6455 section 10.4: limits of this implementation, each at its border; and 1003 (section 7.4.1). */
import { describe, expect, test } from "vitest";
import { openedClient } from "../../support/opened-client.ts";
import { BINARY, binary, fragments, frameOf, PONG, TEXT, text } from "../../support/server-frames.ts";

describe("frame and message", () => {
  test("a frame of the limit passes, one byte more fails with 1009 at its header", () => {
    const { receive, sent } = openedClient({ limits: { frameBytesMax: 1000 } });
    expect(receive(binary(Buffer.alloc(1000)))).toMatchObject([{ kind: "binary" }]);
    expect(receive(binary(Buffer.alloc(1001)).subarray(0, 4))).toMatchObject([
      { kind: "failed", code: 1009 },
    ]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1009);
  });

  test("an announced length of 2^62 costs nothing", () => {
    const { receive } = openedClient();
    expect(receive(Buffer.of(0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0))).toMatchObject([
      { kind: "failed", code: 1009 },
    ]);
  });

  test("a message of the limit passes, one byte more fails with 1009 at the header of its last fragment", () => {
    const limits = { messageBytesMax: 100 };
    const exact = openedClient({ limits });
    expect(exact.receive(...fragments(TEXT, ["x".repeat(60), "x".repeat(40)]))).toMatchObject([
      { kind: "text" },
    ]);
    // The next message counts from zero.
    expect(exact.receive(text("x".repeat(100)))).toMatchObject([{ kind: "text" }]);
    const over = openedClient({ limits });
    const [first = Buffer.alloc(0), last = Buffer.alloc(0)] = fragments(TEXT, [
      "x".repeat(60),
      "x".repeat(41),
    ]);
    expect(over.receive(first)).toEqual([]);
    expect(over.receive(last.subarray(0, 2))).toMatchObject([{ kind: "failed", code: 1009 }]);
  });

  test("control frames count for neither", () => {
    const { receive } = openedClient({ limits: { frameBytesMax: 10, messageBytesMax: 10 } });
    expect(receive(frameOf({ opcode: PONG, payload: Buffer.alloc(125) }))).toMatchObject([{ kind: "pong" }]);
  });
});

describe("fragments", () => {
  test("as many as the limit pass, one more fails with 1008", () => {
    const limits = { fragmentsMax: 3 };
    const { receive } = openedClient({ limits });
    expect(receive(...fragments(BINARY, ["", "", ""]))).toMatchObject([{ kind: "binary" }]);
    expect(receive(...fragments(BINARY, ["a", "b", "c"]))).toMatchObject([{ kind: "binary" }]);
    expect(receive(...fragments(BINARY, ["", "", "", ""]))).toMatchObject([{ kind: "failed", code: 1008 }]);
  });
});

describe("a client of texts only", () => {
  test("refuses a binary message with 1003, at its first byte", () => {
    const { receive, sent } = openedClient({ binary: false });
    expect(receive(text("ok"))).toMatchObject([{ kind: "text" }]);
    expect(receive(Buffer.of(0x82))).toMatchObject([{ kind: "failed", code: 1003 }]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1003);
  });
});
