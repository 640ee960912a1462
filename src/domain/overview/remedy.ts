/**
 * A remedy as parts: sentences to read and commands to copy. A command stands between backticks, or behind a colon
 * up to a semicolon, or in the middle of a sentence: there only its verb and its flags are sure to be of it.
 */
export type RemedyPart = { readonly kind: "text" | "command"; readonly text: string };

/** One word as a shell reads it: quoted blanks and semicolons are of it. */
const WORD = String.raw`(?:\\'|'[^']*'|[^\s;'])+`;
const COMMAND = new RegExp(
  [
    String.raw`\`([^\`]+)\``,
    `(?<=: )(prism(?: ${WORD})+)`,
    `\\b(prism [a-z][a-z-]*(?: --[a-z-]+ ${WORD})*)`,
  ].join("|"),
  "g",
);

/** @returns the parts in their order, without the blanks between them */
export function remedyParts(remedy: string): RemedyPart[] {
  const parts: RemedyPart[] = [];
  let read = 0;
  for (const match of remedy.matchAll(COMMAND)) {
    push(parts, "text", remedy.slice(read, match.index));
    push(parts, "command", match[1] ?? match[2] ?? match[3] ?? "");
    read = match.index + match[0].length;
  }
  push(parts, "text", remedy.slice(read));
  return parts;
}

/** The first command of a remedy, for the key that copies it; null if it holds none. */
export function firstCommand(remedy: string): string | null {
  return remedyParts(remedy).find(({ kind }) => kind === "command")?.text ?? null;
}

function push(parts: RemedyPart[], kind: RemedyPart["kind"], text: string): void {
  const trimmed = text.trim();
  if (trimmed !== "") parts.push({ kind, text: trimmed });
}
