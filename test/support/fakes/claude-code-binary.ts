/** The fake as one executable file, as a surface's `program` or a test's `binary` names it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "claude-code.ts");
let made: string | undefined;

/** A file named `claude` in a folder of its own, which may go first in a PATH. */
export function fakeClaudeCode(): string {
  made ??= join(mkdtempSync(join(tmpdir(), "prism-fake-")), "claude");
  writeFileSync(made, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, { mode: 0o755 });
  return made;
}
