import { expect, test } from "vitest";
import { aheadText, countOf, countText } from "../../../../src/domain/overview/figures.ts";

test.each([
  [0, "0"],
  [999, "999"],
  [12_480, "12,480"],
  [1_000_000, "1,000,000"],
  [-1234, "\u22121,234"],
])("%i is written %s", (count, text) => {
  expect(countText(count)).toBe(text);
});

test("one of a thing is one thing", () => {
  expect(countOf(1, "signal")).toBe("1 signal");
  expect(countOf(0, "signal")).toBe("0 signals");
});

test.each([
  [0, "0 ms"],
  [0.4, "0 ms"],
  [3, "+3 ms"],
  [-3, "\u22123 ms"],
  [-1234, "\u22121.2 s"],
])("a clock that is %d ms ahead says %s", (differenceMs, text) => {
  expect(aheadText(differenceMs).replaceAll("\u202f", " ")).toBe(text);
});
