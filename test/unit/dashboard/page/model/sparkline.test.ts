import { expect, test } from "vitest";
import { barPath, linePath } from "../../../../../src/dashboard/page/model/sparkline.ts";

const BOX = { width: 10, height: 10 };

test("a line leaves out what is not known", () => {
  expect(linePath([0, 5, null, 10, 5], BOX)).toBe("M0 10L2.5 5M7.5 0L10 5");
});

test("a lone value is a dash that can be seen", () => {
  expect(linePath([null, 10, null], BOX)).toBe("M5 0h2");
});

test("nothing known, and nothing but zeros, is no line", () => {
  expect(linePath([], BOX)).toBe("");
  expect(linePath([null, 0], BOX)).toBe("");
});

test("a quiet day is drawn quiet under a ceiling", () => {
  expect(linePath([1, 1], BOX, 10)).toBe("M0 9L10 9");
});

test("bars stand on the ground, the least of them one high", () => {
  expect(barPath([0, 1, 100], { width: 30, height: 10 })).toBe("M15 10v-1M25 10v-10");
});
