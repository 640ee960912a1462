/**
 * Words on a screen: wrapping, columns, colours, ages. Pure text in, text out; knows no stream and no verb.
 */

const CODES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;

export type Ink = { readonly [K in keyof typeof CODES]: (text: string) => string };

function inked(code: string): (text: string) => string {
  return (text) => (text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`);
}

const COLOURS: Ink = {
  bold: inked(CODES.bold),
  dim: inked(CODES.dim),
  red: inked(CODES.red),
  green: inked(CODES.green),
  yellow: inked(CODES.yellow),
  cyan: inked(CODES.cyan),
};
const as = (text: string): string => text;
const PLAIN: Ink = { bold: as, dim: as, red: as, green: as, yellow: as, cyan: as };

export function inkFor(output: { readonly isColoured: boolean }): Ink {
  return output.isColoured ? COLOURS : PLAIN;
}

const ESCAPES = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes on a terminal: colours take none, East Asian wide characters and emoji two. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const char of text.replace(ESCAPES, "")) {
    if (/[\p{Mark}\p{Cf}]/u.test(char)) continue;
    columns += WIDE.test(char) ? 2 : 1;
  }
  return columns;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

/**
 * A paragraph in lines of at most `columns`. A word that is wider stands on a line of its own, unbroken:
 * half a path or half a command can't be copied.
 */
export function wrapped(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && widthOf(indent) + widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") lines.push(indent + line);
  return lines.join("\n");
}

/** A name and what it means, side by side; a long name has its meaning on the next line. */
export function described(
  rows: readonly (readonly [term: string, about: string])[],
  layout: { readonly columns: number; readonly termColumns: number },
): string {
  const gutter = " ".repeat(layout.termColumns + 4);
  return rows
    .map(([term, about]) => {
      const body = wrapped(about, layout.columns, gutter);
      if (body === "") return `  ${term}`;
      if (widthOf(term) > layout.termColumns) return `  ${term}\n${body}`;
      return `  ${padded(term, layout.termColumns)}  ${body.slice(gutter.length)}`;
    })
    .join("\n");
}

/** Rows under a heading, each column as wide as its widest cell; empty columns are left out. */
export function grid(heading: readonly string[], rows: readonly (readonly string[])[], ink: Ink): string {
  const kept = heading.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== ""));
  const widths = kept.map((i) => Math.max(...[heading, ...rows].map((row) => widthOf(row[i] ?? ""))));
  const lineOf = (row: readonly string[], draw: Ink[keyof Ink]): string =>
    kept
      .map((i, at) =>
        at === kept.length - 1 ? draw(row[i] ?? "") : padded(draw(row[i] ?? ""), widths[at] ?? 0),
      )
      .join("   ")
      .trimEnd();
  return [lineOf(heading, ink.dim), ...rows.map((row) => lineOf(row, as))]
    .map((row) => `  ${row}`)
    .join("\n");
}

/** How long, in one unit that a person would choose: `4 s`, `12 min`, `3 h`, `9 days`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 1) return "under 1 s";
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

export function agoText(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs;
  return ms < 1000 ? "just now" : `${spanText(ms)} ago`;
}

/** `2026-11-21 09:15:04`, in this host's time zone. */
export function momentText(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
