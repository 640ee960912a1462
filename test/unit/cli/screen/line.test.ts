import { expect, it } from "vitest";
import { folded, joined, painted, piece, shown } from "../../../../src/cli/screen/line.ts";

it("a text from elsewhere is harmless, and no half character is left where it was cut", () => {
  expect(shown("a\u001b[2Jb\u200bc\u202ed\n")).toBe("a\\u001b[2Jb\\u{200b}c\\u{202e}d\\u000a");
  expect(shown("xx😀", 3).isWellFormed()).toBe(true);
  expect(shown("\ud800x").isWellFormed()).toBe(true);
});

it("parts that have no room are left out, and the first is cut", () => {
  const parts = [[piece("reviewer")], [piece("busy")], [piece("via inbox")]];
  expect([20, 13, 8, 5, 0].map((columns) => painted(joined(parts, columns), { isColoured: false }))).toEqual([
    "reviewer busy",
    "reviewer busy",
    "reviewer",
    "revi…",
    "",
  ]);
});

it("a word that is wider than the screen is broken", () => {
  const lines = folded("see /a/very/long/path now", 8).map((line) => painted(line, { isColoured: false }));
  expect(lines).toEqual(["see", "/a/very/", "long/pat", "h now"]);
});

it("colours stand around the text, and the chosen line is turned", () => {
  const line = [piece("a", "red"), piece("b", "dim"), piece("c")];
  expect(painted(line, { isColoured: true })).toBe("\u001b[31ma\u001b[0m\u001b[2mb\u001b[0mc");
  expect(painted(line, { isColoured: true, isChosen: true })).toBe(
    "\u001b[7;31ma\u001b[0m\u001b[7mb\u001b[0m\u001b[7mc\u001b[0m",
  );
  expect(painted(line, { isColoured: false, isChosen: true })).toBe("abc");
});
