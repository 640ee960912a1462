/**
 * RFC 6455 sections 5.6 and 8.1: texts are UTF-8, and the connection fails at the very byte that makes them
 * not: across fragments, and across chunks inside one frame.
 */
import { describe, expect, test } from "vitest";
import { deflatingClient, openedClient } from "../../support/opened-client.ts";
import { bytesOf, fragments, frameOf, ping, TEXT, text } from "../../support/server-frames.ts";

/** Sequences that are wrong, and the index of the byte at which that is certain. */
const WRONG: readonly (readonly [name: string, hex: string, badAt: number])[] = [
  ["a continuation byte first", "80", 0],
  ["the last continuation byte first", "bf", 0],
  ["two continuation bytes", "8080", 0],
  ["an overlong slash of two bytes", "c0af", 0],
  ["an overlong NUL of two bytes", "c080", 0],
  ["the largest overlong form of two bytes", "c1bf", 0],
  ["an overlong slash of three bytes", "e080af", 1],
  ["the largest overlong form of three bytes", "e09fbf", 1],
  ["an overlong slash of four bytes", "f08080af", 1],
  ["the largest overlong form of four bytes", "f08fbfbf", 1],
  ["the first surrogate", "eda080", 1],
  ["the last surrogate", "edbfbf", 1],
  ["a surrogate pair", "eda080edb080", 1],
  ["U+110000", "f4908080", 1],
  ["a lead byte of five", "f888808080", 0],
  ["a lead byte of six", "fc8480808080", 0],
  ["F5", "f5808080", 0],
  ["FE", "fe", 0],
  ["FF", "ff", 0],
  ["a second byte missing", "c328", 1],
  ["a third byte missing", "e28228", 2],
  ["a fourth byte missing", "f0908c28", 3],
  ["a lead byte inside a character", "e282c3", 2],
];

const RIGHT: readonly string[] = [
  "",
  "\0",
  "\x7f",
  "\u0080",
  "\u07ff",
  "\u0800",
  "\ud7ff",
  "\ue000",
  "\ufeff begins with a byte order mark, which stays",
  "\ufffd\ufffe\uffff",
  "\u{10000}\u{10ffff}",
  "κόσμε, 漢字, 😀, Ünïcödé",
  "plain ASCII that is longer than the eight bytes read at once",
  "seven b\u00e9fore the border",
];

describe("right texts", () => {
  test.each(RIGHT)("%j, whole, in any two fragments and in any two chunks", (content) => {
    const bytes = Buffer.from(content);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const { receive } = openedClient();
      expect(receive(...fragments(TEXT, [bytes.subarray(0, cut), bytes.subarray(cut)]))).toEqual([
        { kind: "text", text: content },
      ]);
      const frame = text(content);
      expect(receive(frame.subarray(0, cut), frame.subarray(cut))).toEqual([{ kind: "text", text: content }]);
    }
  });
});

describe("wrong texts fail with 1007", () => {
  test.each(WRONG)("%s", (_, hex, badAt) => {
    const bytes = Buffer.concat([
      Buffer.from("some κόσμε "),
      Buffer.from(hex, "hex"),
      Buffer.from(" and more"),
    ]);
    const bad = Buffer.byteLength("some κόσμε ") + badAt;

    // Whole.
    const whole = openedClient();
    expect(whole.receive(frameOf({ opcode: TEXT, payload: bytes }))).toMatchObject([
      { kind: "failed", code: 1007 },
    ]);
    expect(whole.sent()[0]?.payload.readUInt16BE()).toBe(1007);

    // Byte by byte inside one frame: not before the bad byte, and not after it.
    const slow = openedClient();
    const frame = frameOf({ opcode: TEXT, payload: bytes });
    const header = frame.length - bytes.length;
    for (let at = 0; at < header + bad; at += 1) expect(slow.receive(frame.subarray(at, at + 1))).toEqual([]);
    expect(slow.receive(frame.subarray(header + bad, header + bad + 1))).toMatchObject([
      { kind: "failed", code: 1007 },
    ]);

    // Fragment by fragment of one byte, with pings between.
    const cut = openedClient();
    for (let at = 0; at <= bad; at += 1) {
      const payload = bytes.subarray(at, at + 1);
      const events = cut.receive(ping(), frameOf({ opcode: at === 0 ? TEXT : 0, payload, fin: false }));
      expect(events.map((event) => event.kind)).toEqual(at < bad ? ["ping"] : ["ping", "failed"]);
    }
  });

  test.each(["c3", "e2", "e282", "f0", "f09f", "f09f98"])(
    "%s at the end of a message: half a character",
    (hex) => {
      const bytes = Buffer.concat([Buffer.from("end "), Buffer.from(hex, "hex")]);
      expect(openedClient().receive(frameOf({ opcode: TEXT, payload: bytes }))).toMatchObject([
        { kind: "failed", code: 1007 },
      ]);
      const cut = openedClient();
      expect(cut.receive(frameOf({ opcode: TEXT, payload: bytes, fin: false }))).toEqual([]);
      expect(cut.receive(frameOf({ opcode: 0, fin: true }))).toMatchObject([{ kind: "failed", code: 1007 }]);
    },
  );

  test("a half character does not leak into the next message", () => {
    const { receive } = openedClient();
    expect(
      receive(
        ...fragments(TEXT, [Buffer.of(0xe2), Buffer.of(0x82, 0xac)]),
        text("ok"),
        frameOf({ opcode: TEXT, payload: Buffer.of(0x82) }),
      ),
    ).toMatchObject([
      { kind: "text", text: "€" },
      { kind: "text", text: "ok" },
      { kind: "failed", code: 1007 },
    ]);
  });

  test("binary messages may hold anything", () => {
    const bytes = bytesOf(Uint8Array.of(0xff, 0xc0, 0x80));
    expect(openedClient().receive(...fragments(2, [bytes, bytes]))).toMatchObject([
      { kind: "binary", bytes: { length: 6 } },
    ]);
  });

  test("a compressed text is checked once it is inflated", () => {
    const { receive, client } = deflatingClient();
    // Stored blocks say their bytes plainly: 01 02 00 fd ff <2 bytes> would be final, 00 is not.
    const stored = (bytes: Uint8Array) =>
      Buffer.concat([Buffer.of(0, bytes.length, 0, 0xff - bytes.length, 0xff), bytes, Buffer.of(0)]);
    expect(receive(frameOf({ opcode: TEXT, reserved: 0x40, payload: stored(Buffer.from("é")) }))).toEqual([
      { kind: "text", text: "é" },
    ]);
    expect(
      receive(frameOf({ opcode: TEXT, reserved: 0x40, payload: stored(Buffer.of(0xc3, 0x28)) })),
    ).toMatchObject([{ kind: "failed", code: 1007 }]);
    expect(client.phase).toBe("ended");
  });
});
