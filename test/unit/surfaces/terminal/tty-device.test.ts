import { execFileSync } from "node:child_process";
import { chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeToDevice } from "../../../../src/surfaces/terminal/tty-device.ts";
import { bellOf } from "../../../support/ipc-stage.ts";
import { hasTerminals, pseudoTerminal } from "../../../support/pseudo-terminal.ts";
import { contextWith, keptOutput, openSurface } from "../../../support/surface-context.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const never = new AbortController().signal;
const how = { owned: true, timeoutMs: 100, cancelled: never };
const isRoot = process.getuid?.() === 0;

describe("writeToDevice", () => {
  it("refuses what is no terminal, without waiting for it", async () => {
    const dir = tempDir();
    writeFileSync(join(dir, "file"), "old");
    execFileSync("mkfifo", [join(dir, "fifo")]);
    expect(await writeToDevice(join(dir, "file"), "x", how)).toMatchObject({
      reason: expect.stringContaining("is not a terminal"),
    });
    // A FIFO that nobody reads.
    expect(await writeToDevice(join(dir, "fifo"), "x", how)).toMatchObject({ kind: "failed", opened: false });
    expect(statSync(join(dir, "file")).size).toBe(3);
  });

  it("quotes a path without letting it act", async () => {
    expect(await writeToDevice("/dev/\u001b[2J", "x", how)).toMatchObject({
      reason: 'the terminal "/dev/\\u001b[2J" is gone',
    });
  });
});

describe.runIf(hasTerminals)("on a real terminal", () => {
  it("writes", async () => {
    const terminal = await pseudoTerminal();
    expect(await writeToDevice(terminal.path, "hello", how)).toEqual({ kind: "taken", path: terminal.path });
    await terminal.shows("hello");
  });

  it("gives up on one that is held, and says why", async () => {
    const terminal = await pseudoTerminal();
    await terminal.hold();
    expect(await writeToDevice(terminal.path, "hello", how)).toEqual({
      kind: "failed",
      opened: true,
      reason: `the terminal "${terminal.path}" took nothing for 100 ms (held by Ctrl-S?)`,
    });
  });

  it.runIf(isRoot)("refuses another user's", async () => {
    const terminal = await pseudoTerminal();
    chownSync(terminal.path, 65_534, 5);
    expect(await writeToDevice(terminal.path, "hello", how)).toMatchObject({
      opened: false,
      reason: expect.stringContaining("belongs to another user"),
    });
    expect(await writeToDevice(terminal.path, "hello", { ...how, owned: false })).toMatchObject({
      kind: "taken",
    });
  });

  it("asks for a desktop notification where it is configured", async () => {
    const terminal = await pseudoTerminal();
    const surface = await openSurface("terminal", { tty: terminal.path, notify: "osc9" }, contextWith());
    expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: terminal.path });
    await terminal.shows(
      "\u001b]9;1 signal waits for reviewer@shop, from planner@shop\u0007\u0007prism: 1 signal waits",
    );
  });
});

describe("the process's own output", () => {
  it("gets no escape sequence where it is no terminal", async () => {
    const output = keptOutput();
    const surface = await openSurface("terminal", { notify: "osc9", bell: false }, contextWith({ output }));
    await surface.ring(bellOf(1), never);
    expect(output.texts[0]).toMatch(/^prism: [^\u0000-\u001f]*\n$/);
  });

  it("is written to as a stream where its terminal can't be opened anew", async () => {
    const output = keptOutput({ isTerminal: true, descriptor: 999_999 });
    const surface = await openSurface("terminal", {}, contextWith({ output }));
    expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "standard output" });
    expect(output.texts).toHaveLength(1);
  });
});
