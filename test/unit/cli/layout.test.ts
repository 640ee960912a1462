import { describe, expect, it } from "vitest";
import {
  agoText,
  described,
  grid,
  inkFor,
  padded,
  spanText,
  widthOf,
  wrapped,
} from "../../../src/cli/layout.ts";

const plain = inkFor({ isColoured: false });
const colour = inkFor({ isColoured: true });

describe("widths", () => {
  it.each([
    ["abc", 3],
    ["日本", 4],
    ["é", 1],
    ["🔔", 2],
    ["\u001b[31mred\u001b[0m", 3],
    ["", 0],
  ])("%j takes %i columns", (text, columns) => expect(widthOf(text)).toBe(columns));

  it("pads by what is seen", () => expect(padded(colour.red("ab"), 4)).toBe("\u001b[31mab\u001b[0m  "));
});

it("wraps between words, and never inside one", () => {
  expect(wrapped("one two  three /a/very/long/path four", 10, "  ")).toBe(
    "  one two\n  three\n  /a/very/long/path\n  four",
  );
});

it("sets a long term on a line of its own", () => {
  const rows = [
    ["--a", "short"],
    ["--a-very-long-flag X", "beside nothing"],
  ] as const;
  expect(described(rows, { columns: 40, termColumns: 6 })).toBe(
    "  --a     short\n  --a-very-long-flag X\n          beside nothing",
  );
});

it("draws columns as wide as they need, and leaves out empty ones", () => {
  const rows = [
    ["reviewer@shop", "", "now"],
    ["ci@shop", "", "4 s ago"],
  ];
  expect(grid(["ADDRESS", "ROLE", "HEARD"], rows, plain)).toBe(
    ["  ADDRESS         HEARD", "  reviewer@shop   now", "  ci@shop         4 s ago"].join("\n"),
  );
});

it.each([
  [0, "under 1 s"],
  [4000, "4 s"],
  [150_000, "3 min"],
  [3 * 3_600_000, "3 h"],
  [9 * 86_400_000, "9 days"],
])("%i ms is %s", (ms, text) => expect(spanText(ms)).toBe(text));

it("a time that has not come yet is now", () => expect(agoText(2000, 1000)).toBe("just now"));
