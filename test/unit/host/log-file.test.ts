import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { homeAt } from "../../../src/host/home.ts";
import { generationsOf, isLogFileName, logFileOf, openLogFile } from "../../../src/host/log-file.ts";
import { REVIEWER } from "../../support/log-entries.ts";
import { tempDir } from "../../support/temp-dir.ts";

const SMALL = { bytesMax: 100, generationsMax: 3 };
const source = join(import.meta.dirname, "../../../src/host/log-file.ts");

function linesOf(path: string): readonly string[] {
  return generationsOf(path).flatMap((each) => readFileSync(each, "utf8").split("\n").filter(Boolean));
}

it("is made with its folder, for its owner alone", () => {
  const path = join(tempDir(), "log", "local", "a@b.log");
  openLogFile(path).write("one");
  expect(readFileSync(path, "utf8")).toBe("one\n");
  if (process.platform === "win32") return;
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

it("is bounded: what is older is moved aside whole, and the oldest is dropped", () => {
  const path = join(tempDir(), "hub.log");
  const file = openLogFile(path, SMALL);
  for (let line = 0; line < 100; line++) file.write(`line ${String(line).padStart(14, "0")}`);
  const generations = generationsOf(path);
  expect(generations).toHaveLength(4);
  for (const each of generations) expect(statSync(each).size).toBeLessThanOrEqual(SMALL.bytesMax);
  const kept = linesOf(path).map((line) => Number(line.slice(5)));
  expect(kept.at(-1)).toBe(99);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, at) => 100 - kept.length + at));
});

it("takes a line that is longer than a file may be, alone", () => {
  const path = join(tempDir(), "hub.log");
  const file = openLogFile(path, SMALL);
  for (const line of ["a".repeat(300), "b", "c".repeat(300)]) file.write(line);
  expect(linesOf(path).map((line) => line.length)).toEqual([300, 1, 300]);
});

it("goes on in the new file when another process has moved it aside", () => {
  const path = join(tempDir(), "hub.log");
  const file = openLogFile(path);
  file.write("one");
  renameSync(path, `${path}.20261121T091524007Z-1`);
  file.write("two");
  expect(readFileSync(path, "utf8")).toBe("two\n");
  expect(linesOf(path)).toEqual(["one", "two"]);
});

it("comes back when its folder was taken away", () => {
  const folder = join(tempDir(), "log");
  const file = openLogFile(join(folder, "hub.log"));
  file.write("one");
  rmSync(folder, { recursive: true });
  file.write("two");
  expect(readFileSync(join(folder, "hub.log"), "utf8")).toBe("two\n");
});

it("ends a line that a crash has cut off before it writes the next", () => {
  const path = join(tempDir(), "hub.log");
  writeFileSync(path, "whole\nto");
  openLogFile(path).write("next");
  expect(readFileSync(path, "utf8")).toBe("whole\nto\nnext\n");
});

it.skipIf(!existsSync("/dev/full"))("says that the disk is full, and writes again when it is not", () => {
  const folder = tempDir();
  const path = join(folder, "hub.log");
  symlinkSync("/dev/full", path);
  const file = openLogFile(path);
  expect(() => file.write("lost")).toThrow(/ENOSPC/);
  rmSync(path);
  file.write("kept");
  expect(readFileSync(path, "utf8")).toBe("kept\n");
});

it("loses no line of two processes that write and rotate at once", async () => {
  const path = join(tempDir(), "hub.log");
  const script = `
    import { openLogFile } from ${JSON.stringify(source)};
    const file = openLogFile(${JSON.stringify(path)}, { bytesMax: 2000, generationsMax: 1000 });
    for (let line = 0; line < 1500; line++) file.write(process.argv[1] + " " + line);
  `;
  const writers = ["a", "b"].map((name) =>
    spawn(process.execPath, ["--input-type=module", "-e", script, name], {
      stdio: ["ignore", "ignore", "inherit"],
    }),
  );
  const statuses = await Promise.all(writers.map(async (child) => (await once(child, "exit"))[0]));
  expect(statuses).toEqual([0, 0]);
  const lines = linesOf(path);
  for (const name of ["a", "b"]) {
    const own = lines.filter((line) => line.startsWith(name)).map((line) => Number(line.slice(2)));
    expect(own.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 1500 }, (_, line) => line));
  }
  expect(generationsOf(path).length).toBeGreaterThan(5);
});

describe("names", () => {
  it("of files, one for each persona and one for each program that is nobody's", () => {
    const home = homeAt("/h");
    expect(logFileOf(home, "hub", undefined)).toBe(join(home.logDir, "hub.log"));
    expect(logFileOf(home, "mcp", REVIEWER)).toBe(join(home.logDir, "local", "reviewer@shop.log"));
  });

  it("of their generations, and of nothing else", () => {
    const folder = tempDir();
    const path = join(folder, "hub.log");
    mkdirSync(`${path}.d`);
    for (const name of ["hub.log", "hub.log.20261121T091524007Z-7", "hub.log.1", "hub.logs", "xhub.log"]) {
      appendFileSync(join(folder, name), "x\n");
    }
    expect(generationsOf(path)).toEqual([`${path}.20261121T091524007Z-7`, path]);
    expect(["a.log", "a.log.20261121T091524007Z-7", "a.log.gz", ".log", "a.txt"].map(isLogFileName)).toEqual([
      ...[true, true, false, false, false],
    ]);
  });
});
