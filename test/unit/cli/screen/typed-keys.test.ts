import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyReader } from "../../../../src/cli/screen/typed-keys.ts";

function keysOf(...portions: readonly string[]): string[] {
  const reader = new KeyReader();
  return [...portions.flatMap((portion) => reader.read(Buffer.from(portion))), ...reader.settle()];
}

describe("typed keys", () => {
  it.each([
    ["jk", ["j", "k"]],
    ["\u001b[A\u001b[B\u001bOC\u001bOD", ["ArrowUp", "ArrowDown", "ArrowRight", "ArrowLeft"]],
    ["\u001b[H\u001b[F\u001b[1~\u001b[4~\u001bOH\u001bOF", ["Home", "End", "Home", "End", "Home", "End"]],
    ["\u001b[5~\u001b[6~", ["PageUp", "PageDown"]],
    ["\u001b[1;5A", ["ArrowUp"]],
    ["\r\n\u007f\b\t", ["Enter", "Enter", "Backspace", "Backspace", "Tab"]],
    ["\u0003\u001a\u000c", ["Ctrl-C", "Ctrl-Z", "Ctrl-L"]],
    ["é漢😀", ["é", "漢", "😀"]],
    ["\u001b", ["Escape"]],
    ["\u001b\u001b", ["Escape", "Escape"]],
  ])("%j", (text, keys) => {
    expect(keysOf(text)).toEqual(keys);
  });

  it.each([
    ["a mouse", "\u001b[<0;10;20M"],
    ["an answer about modes", "\u001b[?2026;2$y"],
    ["the terminal's own version", "\u001bP>|tmux 3.3a\u001b\\"],
    ["its colours", "\u001b]11;rgb:0000/0000/0000\u0007"],
    ["focus", "\u001b[I\u001b[O"],
    ["Alt and a letter", "\u001bq"],
    ["a control letter that is no key", "\u0000"],
  ])("none of %s", (_, text) => {
    expect(keysOf(`${text}j`)).toEqual(["j"]);
  });

  it("are the same in whatever portions they come", () => {
    const some = fc.array(fc.constantFrom("\u001b[A", "\u001b[6~", "q", "漢", "\r", "\u001b[<0;1;1M"));
    fc.assert(
      fc.property(some, (sequences) => {
        const bytes = Buffer.from(sequences.join(""));
        const reader = new KeyReader();
        const single = [...bytes].flatMap((byte) => reader.read(Buffer.from([byte])));
        expect([...single, ...reader.settle()]).toEqual(keysOf(bytes.toString()));
      }),
    );
  });

  it("never grow without an end", () => {
    const reader = new KeyReader();
    reader.read(Buffer.from(`\u001b[${"1;".repeat(500)}`));
    reader.read(Buffer.from(`\u001b]${"x".repeat(500)}`));
    expect(reader.read(Buffer.from("j")).at(-1)).toBe("j");
  });
});
