import { describe, expect, test } from "vitest";
import { agoText, measuredText, spanText, untilText } from "../../../../src/domain/overview/times.ts";

const plain = (text: string) => text.replaceAll("\u202f", " ");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("a span", () => {
  test.each([
    [0, "0 s"],
    [-5 * SECOND, "0 s"],
    [59 * SECOND + 999, "59 s"],
    [MINUTE, "1 min"],
    [59 * MINUTE + 59 * SECOND, "59 min"],
    [3 * HOUR, "3 h"],
    [3 * HOUR + 5 * MINUTE, "3 h 5 min"],
    [52 * HOUR, "2 d 4 h"],
    [48 * HOUR + 59 * MINUTE, "2 d"],
  ])("of %i ms is %s", (spanMs, text) => {
    expect(plain(spanText(spanMs))).toBe(text);
  });

  test("that has just begun is now, and one that another clock puts ahead of us too", () => {
    expect(agoText(1000, 1999)).toBe("now");
    expect(agoText(5000, 1000)).toBe("now");
    expect(plain(agoText(1000, 2000))).toBe("1 s");
  });

  test("to come is rounded up, and due once it is there", () => {
    expect(plain(untilText(1001, 1000))).toBe("in 1 s");
    expect(plain(untilText(61_000, 0))).toBe("in 1 min");
    expect(untilText(1000, 1000)).toBe("due");
  });
});

describe("a measured span", () => {
  test.each([
    [0, "0 ms"],
    [0.42, "0.42 ms"],
    [9.96, "10 ms"],
    [18.4, "18 ms"],
    [999.4, "999 ms"],
    [1240, "1.24 s"],
    [-3, "\u22123 ms"],
    [90 * MINUTE, "1 h 30 min"],
  ])("of %d ms is %s", (spanMs, text) => {
    expect(plain(measuredText(spanMs))).toBe(text);
  });
});
