import { describe, expect, it } from "vitest";
import { Memory } from "../../../../src/hub/core/memory.ts";

const bounds = { memoryMs: 1000, keysMax: 3 };

describe("a memory of keys", () => {
  it("knows a key until its time is over", () => {
    const memory = new Memory(bounds);
    memory.set("a", 1, 100);
    expect(memory.get("a", 1099)).toBe(1);
    expect(memory.get("a", 1100)).toBeNull();
    expect(memory.get("b", 100)).toBeNull();
  });

  it("drops the oldest when there are too many", () => {
    const memory = new Memory(bounds);
    for (const [index, key] of ["a", "b", "c", "d"].entries()) memory.set(key, index + 1, 100);
    expect(["a", "b", "c", "d"].map((key) => memory.get(key, 100))).toEqual([null, 2, 3, 4]);
  });

  it("forgets up to a time, and does not remember it again when the clock is set back", () => {
    const memory = new Memory(bounds);
    memory.set("a", 1, 100);
    memory.set("b", 2, 200);
    memory.forgetUntil(100);
    expect(memory.get("a", 150)).toBeNull();
    expect(memory.get("b", 150)).toBe(2);
  });

  it("finds what is old behind what is newer, after the clock was set back", () => {
    const memory = new Memory(bounds);
    memory.set("ahead", 1, 5000);
    memory.set("back", 2, 100);
    memory.forgetUntil(100);
    expect(memory.get("ahead", 150)).toBe(1);
    expect(memory.get("back", 150)).toBeNull();
    memory.set("back", 3, 160);
    expect(memory.get("back", 170)).toBe(3);
  });
});
