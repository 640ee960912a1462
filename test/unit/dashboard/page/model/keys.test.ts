import { expect, test } from "vitest";
import { actionFor, KEYS } from "../../../../../src/dashboard/page/model/keys.ts";

const press = (key: string, change = {}) => actionFor({ key, isChord: false, isTyping: false, ...change });

test("letters move, open and filter", () => {
  expect(press("j")).toEqual({ do: "move", by: 1 });
  expect(press("ArrowUp")).toEqual({ do: "move", by: -1 });
  expect(press("G")).toEqual({ do: "moveTo", end: "last" });
  expect(press("2")).toEqual({ do: "standing", index: 1 });
  expect(press("/")).toEqual({ do: "search" });
});

test("in a field they are letters, but for Esc; with Ctrl they are the browser's", () => {
  expect(press("j", { isTyping: true })).toBeNull();
  expect(press("Escape", { isTyping: true })).toEqual({ do: "close" });
  expect(press("c", { isChord: true })).toBeNull();
});

test("no key means two things", () => {
  const keys = KEYS.flatMap((row) => row.keys);
  expect(new Set(keys).size).toBe(keys.length);
  expect(press("x")).toBeNull();
});
