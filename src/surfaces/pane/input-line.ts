/**
 * Finds the line on which an agent takes input, and what stands on it. Pure, and careful: what it can't tell from
 * an empty line is not empty, because to send a person's half-written text is worse than to ring later. Knows
 * prompts, frames and placeholders as terminal programs draw them; knows no agent by name.
 */
import type { Row } from "./screen.ts";

export interface View {
  readonly rows: readonly Row[];
  readonly width: number;
  readonly cursor: { readonly x: number; readonly y: number; readonly visible: boolean };
}

export type InputLine =
  /** Nothing that takes text: the agent works, starts or has something else open. */
  | { readonly kind: "none" }
  /** A choice is asked for, where Enter would answer it. */
  | { readonly kind: "dialog" }
  | {
      readonly kind: "line";
      /** What was typed, without blanks and frames; "" if nothing. */
      readonly typed: string;
      /** How much of `typed` each row brings, from the prompt's row on. */
      readonly rows: readonly { readonly y: number; readonly chars: number }[];
    };

/** A person may have drawn frames around it, and may have given it a name: `│ > `, `reviewer> `. */
const FRAME = "[\\s\\u2500-\\u257f|]*";
const AGENT_PROMPT = new RegExp(`^${FRAME}(?:[❯›»▶▌]|[\\w-]{0,24}>)(?=\\s|$)`, "u");
const SHELL_PROMPT = /^.{0,80}?[$#%>❯➜λ](?=\s|$)/u;
const BORDER = /^\s*[\u2500\u2501\u2550\u256d\u2570\u250c\u2514\u2554\u255a][\u2500-\u257f]/u;
const CHOICE = /^\d{1,2}[.)]\D/;

/**
 * @param configured what stands before the input, where it is none of the usual
 * @param isShell a shell's prompt says more before its mark
 */
export function promptPattern(configured: string | undefined, isShell: boolean): RegExp {
  if (configured === undefined) return isShell ? SHELL_PROMPT : AGENT_PROMPT;
  const literal = configured.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${FRAME}${literal}`, "u");
}

/** A text without what wrapping, indenting and framing may put between its characters. */
export function squashed(text: string): string {
  return text.replace(/[\s\u2500-\u257f]/gu, "");
}

export function inputLineOf(view: View, prompt: RegExp): InputLine {
  const first = promptRow(view, prompt);
  if (first === undefined) return { kind: "none" };
  const rows: { y: number; chars: number }[] = [];
  let typed = "";
  for (let y = first; y === first || goesOn(view, y); y += 1) {
    const row = view.rows[y];
    const text = row === undefined ? "" : squashed(withoutEdges(row, y === first ? prompt : undefined));
    rows.push({ y, chars: text.length });
    typed += text;
  }
  return CHOICE.test(typed) ? { kind: "dialog" } : { kind: "line", typed, rows };
}

/** In which row the first so many characters end. */
export function rowOfEnd(input: InputLine & { readonly kind: "line" }, chars: number): number {
  let sum = 0;
  for (const row of input.rows) {
    sum += row.chars;
    if (sum >= chars) return row.y;
  }
  return input.rows.at(-1)?.y ?? 0;
}

/** The nearest prompt above the cursor; the last on the screen if the program draws a cursor of its own. */
function promptRow(view: View, prompt: RegExp): number | undefined {
  const last = view.rows.findLastIndex((row) => prompt.test(row.text));
  if (!view.cursor.visible) return last === -1 ? undefined : last;
  const above = view.rows.findLastIndex((row, y) => y <= view.cursor.y && prompt.test(row.text));
  const found = above === -1 ? last : above;
  return found === -1 ? undefined : found;
}

function goesOn({ rows, cursor, width }: View, y: number): boolean {
  const [row, before] = [rows[y], rows[y - 1]];
  if (row === undefined || BORDER.test(row.text)) return false;
  if (cursor.visible && y <= cursor.y) return true;
  if (row.text.trim() === "") return false;
  return /^[\s\u2502\u2503\u2551|]/u.test(row.text) || (before?.text.length ?? 0) >= width - 1;
}

function withoutEdges({ text, solid }: Row, prompt: RegExp | undefined): string {
  const begin = prompt === undefined ? 0 : (prompt.exec(text)?.[0].length ?? 0);
  // A frame of plain bars: its own edge belongs to it, a bar within the text does not.
  const framed = /^\s*\|.*\|\s*$/u.test(text);
  const inner = framed ? solid.replace(/\|\s*$/u, "") : solid;
  return framed && prompt === undefined ? inner.replace(/^\s*\|/u, "") : inner.slice(begin);
}
