/** The fake as one executable file, as a surface's `program` or a test's `binary` names it. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "claude-code.ts");
const FOLDER = join(import.meta.dirname, "../../../.cache/fakes");

/** A file named `claude`, in a folder that may go first in a PATH. */
export function fakeClaudeCode(): string {
  const binary = join(FOLDER, "claude");
  mkdirSync(FOLDER, { recursive: true });
  // Put there as a whole: another test may be starting it.
  writeFileSync(`${binary}.${process.pid}`, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, {
    mode: 0o755,
  });
  renameSync(`${binary}.${process.pid}`, binary);
  return binary;
}
