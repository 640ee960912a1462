import { describe, expect, it } from "vitest";
import { textFrames } from "../../../../src/hub/server/text-frames.ts";

/** Takes frames apart by the letter of RFC 6455 section 5.2. */
function messagesIn(frames: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < frames.length; ) {
    expect(frames[at]).toBe(0x81);
    const short = frames[at + 1] ?? 0;
    const [header, size] =
      short < 126
        ? [2, short]
        : short === 126
          ? [4, frames.readUInt16BE(at + 2)]
          : [10, Number(frames.readBigUInt64BE(at + 2))];
    // The shortest form must be used.
    expect(size).toBeGreaterThanOrEqual(header === 2 ? 0 : header === 4 ? 126 : 65_536);
    messages.push(frames.toString("utf8", at + header, at + header + size));
    at += header + size;
  }
  return messages;
}

describe("textFrames", () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])("frames a message of %i bytes", (size) => {
    const message = "x".repeat(size);
    expect(messagesIn(textFrames([message]))).toEqual([message]);
  });

  it("counts bytes, not characters", () => {
    const message = "é日👩".repeat(20);
    expect(messagesIn(textFrames([message]))).toEqual([message]);
  });

  it("frames ASCII and other text of one turn", () => {
    const messages = ["a", "é".repeat(63), "b".repeat(300), "日".repeat(30_000), ""];
    expect(messagesIn(textFrames(messages))).toEqual(messages);
  });

  it("puts one after the other", () => {
    const messages = ["a", "b".repeat(300), "", "c".repeat(70_000), "d"];
    expect(messagesIn(textFrames(messages))).toEqual(messages);
  });
});
