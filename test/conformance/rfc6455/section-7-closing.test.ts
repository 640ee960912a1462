/** RFC 6455 sections 5.5.1 and 7: the closing handshake, from either side, and which codes may be used. */
import { describe, expect, test } from "vitest";
import { newClient, openedClient } from "../../support/opened-client.ts";
import { CLOSE_OPCODE, close, closePayload, frameOf, ping, text } from "../../support/server-frames.ts";

describe("the server closes", () => {
  test("with a code and a reason: told, and answered with the same code", () => {
    const { client, receive, sent } = openedClient();
    expect(receive(close(1001, "going ↓"))).toEqual([{ kind: "closing", code: 1001, reason: "going ↓" }]);
    expect(sent().map((frame) => [frame.opcode, frame.payload.toString("hex")])).toEqual([[8, "03e9"]]);
    expect(client.phase).toBe("ended");
    expect(client.closeInfo()).toEqual({ code: 1001, reason: "going ↓", wasClean: true });
  });

  test("without a code: 1005 is told, and an empty Close frame answers (7.1.5)", () => {
    const { client, receive, sent } = openedClient();
    expect(receive(close())).toEqual([{ kind: "closing", code: 1005, reason: "" }]);
    expect(sent().map((frame) => [frame.opcode, frame.payload.length])).toEqual([[8, 0]]);
    expect(client.closeInfo()).toMatchObject({ code: 1005, wasClean: true });
  });

  test("and what follows its Close frame is not read, not even what would be an error (5.5.1)", () => {
    const { receive, sent } = openedClient();
    const [event, ...more] = receive(
      Buffer.concat([close(1000), text("late"), ping(), Buffer.of(0xff, 0xff)]),
    );
    expect(event).toMatchObject({ kind: "closing" });
    expect(more).toEqual([]);
    expect(receive(text("later"))).toEqual([]);
    expect(sent()).toHaveLength(1);
  });

  test("in the middle of a fragmented message, which is dropped", () => {
    const { receive } = openedClient();
    expect(receive(frameOf({ opcode: 1, payload: "half", fin: false }), close(1000))).toMatchObject([
      { kind: "closing", code: 1000 },
    ]);
  });

  test("and nothing can be sent after the answer", () => {
    const { client, receive, sent } = openedClient();
    receive(close(1000));
    sent();
    expect(client.sendText("x")).toBe(false);
    expect(client.sendBinary(Buffer.of(1))).toBe(false);
    expect(client.ping(Buffer.of())).toBe(false);
    client.close(1000);
    expect(sent()).toEqual([]);
  });
});

describe("codes in a received Close frame (7.4)", () => {
  const valid = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ];
  test.each(valid)("%i is valid and echoed", (code) => {
    const { receive, sent } = openedClient();
    expect(receive(close(code))).toEqual([{ kind: "closing", code, reason: "" }]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(code);
  });

  const invalid = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
  test.each(invalid)("%i is a protocol error: 1002", (code) => {
    const { receive, sent, client } = openedClient();
    expect(receive(close(code))).toMatchObject([{ kind: "failed", code: 1002 }]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1002);
    expect(client.closeInfo()).toEqual({ code: 1006, reason: "", wasClean: false });
  });

  test("half a code is a protocol error: 1002", () => {
    const { receive, sent } = openedClient();
    expect(receive(frameOf({ opcode: CLOSE_OPCODE, payload: Buffer.of(3) }))).toMatchObject([
      { kind: "failed", code: 1002 },
    ]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1002);
  });
});

describe("reasons (5.5.1, 8.1)", () => {
  test("123 bytes fit", () => {
    const { receive } = openedClient();
    expect(receive(close(1000, "x".repeat(123)))).toMatchObject([
      { kind: "closing", reason: "x".repeat(123) },
    ]);
  });

  test.each([
    ["an overlong form", Buffer.of(0xc0, 0x80)],
    ["a lone surrogate", Buffer.of(0xed, 0xa0, 0x80)],
    ["half a character at the end", Buffer.of(0x61, 0xe2, 0x82)],
    ["a byte that never occurs", Buffer.of(0xff)],
  ])("%s is no UTF-8: 1007", (_, reason) => {
    const { receive, sent } = openedClient();
    expect(receive(close(1000, reason))).toMatchObject([{ kind: "failed", code: 1007 }]);
    expect(sent()[0]?.payload.readUInt16BE()).toBe(1007);
  });
});

describe("this side closes (7.1.2)", () => {
  test("then takes messages until the server's Close frame, and no longer answers pings (5.5.2)", () => {
    const { client, receive, sent } = openedClient();
    client.close(4321, "bye");
    expect(client.phase).toBe("closing");
    const [frame] = sent();
    expect(frame).toMatchObject({ opcode: 8, fin: true });
    expect(frame?.payload).toEqual(closePayload(4321, "bye"));
    expect(receive(text("on its way"), ping())).toMatchObject([{ kind: "text" }, { kind: "ping" }]);
    expect(receive(close(4321, "bye"))).toEqual([{ kind: "closing", code: 4321, reason: "bye" }]);
    expect(sent()).toEqual([]);
    expect(client.closeInfo()).toEqual({ code: 4321, reason: "bye", wasClean: true });
  });

  test("and sends nothing more but that", () => {
    const { client, sent } = openedClient();
    client.close();
    sent();
    expect([client.sendText("x"), client.sendBinary(Buffer.of(1)), client.ping(Buffer.of())]).toEqual([
      false,
      false,
      false,
    ]);
    client.close(1001);
    expect(sent()).toEqual([]);
  });

  test("without a code, the frame is empty", () => {
    const { client, sent } = openedClient();
    client.close(null, "dropped with it");
    expect(sent()[0]?.payload).toHaveLength(0);
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN])(
    "not with %d, which may not be sent",
    (code) => {
      expect(() => openedClient().client.close(code)).toThrow(RangeError);
    },
  );

  test("a long reason is cut at a character's border", () => {
    const { client, sent } = openedClient();
    client.close(1000, `${"x".repeat(121)}€`);
    expect(sent()[0]?.payload.toString("utf8", 2)).toBe("x".repeat(121));
    const exact = openedClient();
    exact.client.close(1000, `${"x".repeat(120)}€`);
    expect(exact.sent()[0]?.payload.toString("utf8", 2)).toBe(`${"x".repeat(120)}€`);
    const long = openedClient();
    long.client.close(1000, "😀".repeat(1000));
    expect(long.sent()[0]?.payload.toString("utf8", 2)).toBe("😀".repeat(30));
  });

  test("a violation after that is told, but no second Close frame is sent", () => {
    const { client, receive, sent } = openedClient();
    client.close();
    sent();
    expect(receive(frameOf({ opcode: 3 }))).toMatchObject([{ kind: "failed", code: 1002 }]);
    expect(sent()).toEqual([]);
  });

  test("before the connection is open there is nothing to close", () => {
    const { client, sent } = newClient();
    client.close();
    expect(client.phase).toBe("opening");
    expect(sent()).toEqual([]);
  });
});

test("an end without a Close frame is 1006 and not clean (7.1.5)", () => {
  expect(openedClient().client.closeInfo()).toEqual({ code: 1006, reason: "", wasClean: false });
  expect(newClient().client.closeInfo()).toEqual({ code: 1006, reason: "", wasClean: false });
});
