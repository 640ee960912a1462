/**
 * The difference between two texts, for a person to read before it is written. Values of keys that look secret
 * are not shown: a difference gets pasted into tickets. Pure; knows no colours.
 */
import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";

export interface Change {
  readonly path: string;
  /** Null: there is no file. */
  readonly before: string | null;
  readonly after: string | null;
}

const CONTEXT_LINES = 3;

/** @returns as `diff -u` prints it, "" if nothing changes */
export function unifiedDiff({ path, before, after }: Change): string {
  if (before === after) return "";
  const patch = structuredPatch(
    before === null ? "/dev/null" : path,
    after === null ? "/dev/null" : path,
    before ?? "",
    after ?? "",
    undefined,
    undefined,
    { context: CONTEXT_LINES },
  );
  return formatPatch(patch, FILE_HEADERS_ONLY)
    .split("\n")
    .map((line) => withoutSecrets(line))
    .join("\n");
}

const SECRET =
  /((?:token|secret|passw(?:or)?d|api_?-?key|credential|authorization|bearer)[^"'=:\n]{0,40}["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^'\n]*')/gi;

/** `"API_KEY": "sk-..."` becomes `"API_KEY": "***"`. */
export function withoutSecrets(line: string): string {
  return line.replace(SECRET, (_, key: string, value: string) => `${key}${value[0]}***${value[0]}`);
}
