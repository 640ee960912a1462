/**
 * The same sources give the same bytes twice: all five executables with their bills and records, made in two folders
 * from two installs. Ten minutes of work, so only where `PRISM_BUILD_TWICE=1` asks for it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { TARGETS } from "../../scripts/build/targets.ts";

const ROOT = join(import.meta.dirname, "../..");
const RUNTIMES = ".cache/runtimes";
/** Any moment will do: a copy has no history to take it from. */
const SOURCE_DATE_EPOCH = "1790000000";
const BUILD_MS_MAX = 1_200_000;

const folder = mkdtempSync(join(tmpdir(), "prism-twice-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sumsOfBuildIn(name: string): string {
  const copy = join(folder, name);
  const list = execFileSync("git", ["-C", ROOT, "ls-files", "-z"], { encoding: "utf8" });
  for (const file of list.split("\0").filter((path) => path !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  // Checked against their hashes again; they only spare the registry.
  cpSync(join(ROOT, RUNTIMES), join(copy, RUNTIMES), { recursive: true });
  const npm = (...args: string[]) =>
    execFileSync("nice", ["-n", "10", "npm", ...args], {
      cwd: copy,
      env: { ...process.env, SOURCE_DATE_EPOCH },
      stdio: ["ignore", "ignore", "inherit"],
    });
  npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  npm("run", "build:all");
  return readFileSync(join(copy, "dist/SHA256SUMS"), "utf8");
}

describe.skipIf(process.env["PRISM_BUILD_TWICE"] !== "1")("two builds of the same sources", () => {
  test(
    "are the same, byte for byte",
    () => {
      const once = sumsOfBuildIn("one");
      // Another path, and another length of it.
      const again = sumsOfBuildIn("another/folder/of/a/longer/name");
      expect(again).toBe(once);
      expect(once.trimEnd().split("\n")).toHaveLength(TARGETS.length * 3 + 1);
    },
    2 * BUILD_MS_MAX,
  );
});
