/** What was done to a client's files, or would be: as lines for a person, as data for a script. */
import type { FileChange } from "../../clients/change.ts";
import { isNothing } from "../../clients/set-up.ts";
import { unifiedDiff } from "../../clients/text/unified-diff.ts";
import { printable } from "../../domain/address.ts";
import { type Ink, inkFor, padded, wrapped } from "../layout.ts";
import type { Output } from "../runtime.ts";

type Verdict = "created" | "changed" | "restored" | "removed" | "unchanged";

export function verdictOf(change: FileChange): Verdict {
  const { found, next } = change;
  if (isNothing(change)) return "unchanged";
  if (next === null) return "removed";
  if (found.text === null) return "created";
  return change.spent.length > 0 ? "restored" : "changed";
}

export function fileReports(changes: readonly FileChange[], withDiff: boolean): readonly object[] {
  return changes.map((change) => ({
    path: change.file.path,
    change: verdictOf(change),
    ...(withDiff ? { diff: diffOf(change) } : {}),
  }));
}

function diffOf({ file, found, next }: FileChange): string {
  return unifiedDiff({ path: file.path, before: found.text, after: next });
}

/** What keeps it from working although all is written, each as one sentence. */
export function notesOn(changes: readonly FileChange[]): readonly string[] {
  return changes.flatMap(({ file, next }) => {
    if (next === null) return [];
    const unreadable = `${file.what} holds comments or closing commas, and its client reads plain JSON only: take them out, or it passes over the whole file`;
    return [
      ...(file.editing.isReadable(next) ? [] : [unreadable]),
      ...(file.obstacles?.(next) ?? []).map((obstacle) => `${file.what}: ${obstacle}`),
    ];
  });
}

export function filesText(changes: readonly FileChange[], ink: Ink): string {
  const colours: { readonly [V in Verdict]: Ink[keyof Ink] } = {
    created: ink.green,
    changed: ink.yellow,
    restored: ink.green,
    removed: ink.green,
    unchanged: ink.dim,
  };
  return changes
    .map((change) => {
      const verdict = verdictOf(change);
      return `  ${padded(colours[verdict](verdict), 10)} ${printable(change.file.path, 300)}\n`;
    })
    .join("");
}

export function listText(title: string, sentences: readonly string[], draw: Ink[keyof Ink]): string {
  if (sentences.length === 0) return "";
  const lines = sentences.map((sentence) => `  ${wrapped(sentence, 80, "    ").trimStart()}\n`);
  return `${draw(title)}\n${lines.join("")}`;
}

/** On a terminal coloured and with nothing in it that could move the cursor; else as a tool like `patch` takes it. */
export function diffText(changes: readonly FileChange[], out: Output): string {
  const ink = inkFor(out);
  const text = changes.map(diffOf).join("");
  if (!out.isTerminal) return text;
  return text
    .split("\n")
    .map((line) => colourOf(line, ink)(withoutControls(line)))
    .join("\n");
}

function withoutControls(line: string): string {
  return line
    .replace(/\r$/, "")
    .split("\t")
    .map((part) => printable(part, Number.POSITIVE_INFINITY))
    .join("\t");
}

function colourOf(line: string, ink: Ink): Ink[keyof Ink] {
  if (line.startsWith("--- ") || line.startsWith("+++ ")) return ink.bold;
  if (line.startsWith("@@")) return ink.cyan;
  if (line.startsWith("+")) return ink.green;
  if (line.startsWith("-")) return ink.red;
  return (text) => text;
}
