/** A folder of a test's own, gone after it. Short, because socket paths are bounded. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export function tempDir(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "prism-t-")));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
