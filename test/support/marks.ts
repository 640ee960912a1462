/**
 * Secrets with a mark, and where a mark has come to: in every file below a folder, in every text that a program wrote,
 * in the argument list of every process.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface Found {
  readonly mark: string;
  /** A path below the folder, the name of an output, or `/proc/PID/cmdline`. */
  readonly where: string;
}

/** As bytes, in base64, and as JSON escapes letters: a mark is of letters and digits, so the first is enough. */
export function marksIn(
  marks: { readonly [name: string]: string },
  texts: Iterable<readonly [where: string, text: string]>,
): readonly Found[] {
  const found: Found[] = [];
  for (const [where, text] of texts) {
    for (const [mark, secret] of Object.entries(marks)) {
      const isIn = text.includes(secret) || text.includes(base64Inside(secret));
      if (isIn) found.push({ mark, where });
    }
  }
  return found;
}

/** What of it is the same wherever it stands in a longer text that is turned into base64: an even three of bytes. */
function base64Inside(secret: string): string {
  return Buffer.from(secret)
    .toString("base64")
    .slice(0, Math.floor(secret.length / 3) * 4);
}

export function* filesBelow(folder: string): Generator<readonly [string, string]> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    yield [relative(folder, path), readFileSync(path, "latin1")];
  }
}

export function* commandLines(): Generator<readonly [string, string]> {
  for (const pid of readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid),
  )) {
    try {
      yield [`/proc/${pid}/cmdline`, readFileSync(`/proc/${pid}/cmdline`, "latin1")];
    } catch {
      // It has ended.
    }
  }
}
