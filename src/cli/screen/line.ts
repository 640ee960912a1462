/**
 * A line of a screen as pieces of text, each in one tone: cut, filled and joined by the columns that it takes, and only
 * then painted. So no cut goes through an escape sequence, and no text that came from elsewhere can hold one. Knows no
 * stream.
 */
import { printable } from "../../domain/address.ts";
import { widthOf } from "../layout.ts";

const SGR = { plain: "", bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;
export type Tone = keyof typeof SGR | "alarm";

export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}
export type Line = readonly Piece[];

/** @param text of this program, or made harmless by `shown` */
export function piece(text: string, tone: Tone = "plain"): Piece {
  return { text, tone };
}

/** A text from elsewhere, made harmless: neither moves the cursor, nor turns the line, nor hides. On one line. */
export function shown(text: string, charsMax = 400): string {
  const visible = text
    .toWellFormed()
    .replace(
      /[\p{Cf}\u115f\u1160\u3164\uffa0]/gu,
      (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
    );
  // Cut by length, which may be in the middle of a character.
  return printable(visible, charsMax).toWellFormed();
}

export function widthOfLine(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** Cut to so many columns; that something was cut is seen by its end. */
export function cut(line: Line, columns: number, mark = "…"): Line {
  if (widthOfLine(line) <= columns) return line;
  if (columns <= 0) return [];
  const kept: Piece[] = [];
  let left = columns - 1;
  for (const { text, tone } of line) {
    const { head, width } = headOf(text, left);
    if (head !== "") kept.push({ text: head, tone });
    left -= width;
    if (head.length < text.length) {
      kept.push({ text: mark, tone });
      break;
    }
  }
  return kept;
}

/** As much of a text as stands in so many columns. */
function headOf(text: string, columns: number): { readonly head: string; readonly width: number } {
  let head = "";
  let width = 0;
  for (const char of text) {
    const own = widthOf(char);
    if (width + own > columns) break;
    head += char;
    width += own;
  }
  return { head, width };
}

/** Exactly so many columns wide. */
export function filled(line: Line, columns: number, mark?: string): Line {
  const fitting = cut(line, columns, mark);
  const rest = columns - widthOfLine(fitting);
  return rest <= 0 ? fitting : [...fitting, piece(" ".repeat(rest))];
}

/** Parts with blanks between, the weightiest first: those that have no room are left out, the first is cut. */
export function joined(parts: readonly Line[], columns: number, gap = " ", mark?: string): Line {
  const [first = [], ...others] = parts.filter((part) => part.length > 0);
  const line: Piece[] = [...cut(first, columns, mark)];
  let width = widthOfLine(line);
  for (const part of others) {
    const own = widthOf(gap) + widthOfLine(part);
    if (width + own > columns) break;
    line.push(piece(gap), ...part);
    width += own;
  }
  return line;
}

/** What stands at the left and what at the right end, if both have room; else the left alone. */
export function spread(left: Line, right: Line, columns: number): Line {
  const rest = columns - widthOfLine(left) - widthOfLine(right);
  return rest < 2 ? cut(left, columns) : [...left, piece(" ".repeat(rest)), ...right];
}

/** Words in lines of at most so many columns; a word that is wider is broken, since a screen can't be scrolled aside. */
export function folded(text: string, columns: number, tone: Tone = "plain"): Line[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ").filter((part) => part !== "")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) <= columns) {
      line = `${line} ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    while (widthOf(word) > columns) {
      const { head } = headOf(word, columns);
      if (head === "") break;
      lines.push(head);
      word = word.slice(head.length);
    }
    line = word;
  }
  if (line !== "") lines.push(line);
  return lines.map((each) => [piece(each, tone)]);
}

export interface Paint {
  readonly isColoured: boolean;
  /** The line that the cursor stands on. */
  readonly isChosen?: boolean;
}

/** As a terminal takes it: escape sequences for tones, and none that moves anything. */
export function painted(line: Line, { isColoured, isChosen = false }: Paint): string {
  if (!isColoured) return line.map(({ text }) => text).join("");
  return line
    .map(({ text, tone }) => {
      const codes = [
        isChosen ? "7" : "",
        tone === "alarm" ? "1;31" : isChosen && tone === "dim" ? "" : SGR[tone],
      ];
      const code = codes.filter((each) => each !== "").join(";");
      return code === "" || text === "" ? text : `\u001b[${code}m${text}\u001b[0m`;
    })
    .join("");
}
