import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openBellFlag } from "../../../src/daemon/bell-flag.ts";
import { openNote } from "../../../src/daemon/note.ts";
import { tempDir } from "../../support/temp-dir.ts";

function logged() {
  const events: string[] = [];
  return { events, log: (_level: string, event: string) => void events.push(event) };
}

describe("a note", () => {
  it("holds the newest record, for its owner alone, and is nothing before the first", () => {
    const path = join(tempDir(), "note");
    const { events, log } = logged();
    const note = openNote(path, "note", log);
    expect(note.load()).toBeNull();
    for (const count of [1, 2, 3]) note.save({ count });
    expect(note.load()).toEqual({ count: 3 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, "{");
    expect(note.load()).toBeNull();
    expect(events).toEqual([]);
  });

  it("that can't be read or written costs no more than a line in the log", () => {
    const path = join(tempDir(), "note");
    const { events, log } = logged();
    writeFileSync(path, "open to all");
    chmodSync(path, 0o644);
    expect(openNote(path, "note", log).load()).toBeNull();
    const nowhere = openNote(join(path, "below"), "note", log);
    nowhere.save("x");
    expect(events).toEqual(["noteNotRead", "noteNotWritten"]);
  });
});

describe("the flag for hooks", () => {
  it("is there or not, a moment later; taken away it is gone at once", async () => {
    const path = join(tempDir(), "a.bell");
    const { events, log } = logged();
    const flag = openBellFlag(path, log);
    flag.show(true);
    expect(existsSync(path)).toBe(false);
    await new Promise(setImmediate);
    expect(readFileSync(path, "utf8")).toBe("");
    flag.show(false);
    flag.show(true);
    flag.takeAway();
    expect(existsSync(path)).toBe(false);
    await new Promise(setImmediate);
    expect(existsSync(path)).toBe(false);
    expect(events).toEqual([]);
  });

  it("that can't be made costs no more than a line in the log", async () => {
    const path = join(tempDir(), "a.bell");
    mkdirSync(path);
    const { events, log } = logged();
    openBellFlag(path, log).show(true);
    await new Promise(setImmediate);
    expect(events).toEqual(["bellFlagFailed"]);
  });
});
