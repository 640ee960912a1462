import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { keepInCrashFile } from "../../../src/cli/crash-file.ts";
import { homeAt } from "../../../src/host/home.ts";
import { tempDir } from "../../support/temp-dir.ts";

it("holds what went wrong and where, and not what a parser was given", () => {
  const home = homeAt(tempDir());
  const path = join(home.logDir, "crash.log");
  let fault: unknown;
  try {
    JSON.parse('{"text": "a signal\'s words"!');
  } catch (error) {
    fault = error;
  }
  expect(keepInCrashFile(new TypeError("x is not a function"), "hub", () => home)).toBe(path);
  keepInCrashFile(fault, "daemon", () => home);
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(/ hub\nTypeError: x is not a function\n {4}at .*crash-file\.test/);
  expect(text).toMatch(/ daemon\nSyntaxError\n {4}at JSON\.parse/);
  expect(text).not.toContain("words");
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
});
