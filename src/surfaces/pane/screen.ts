/**
 * What `tmux capture-pane -e` shows, as rows of text in which a placeholder can be told from what was typed.
 * Pure: text in, rows out. Knows no agent.
 */

export interface Row {
  /** As a person sees it. */
  readonly text: string;
  /** The same, as long, with blanks where something is shown faint or grey: hints, placeholders, suggestions. */
  readonly solid: string;
}

interface Style {
  faint: boolean;
  grey: boolean;
  inverse: boolean;
}

interface Cell extends Readonly<Style> {
  readonly char: string;
}

/** SGR; any other CSI sequence; OSC up to BEL or ST; the shift to and from the line-drawing set. */
const PIECES =
  /\u001b\[([\d;:]*)m|\u001b\[[\d;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|(\u000e|\u000f)|([\s\S])/gu;

/** @param shown the standard output of `capture-pane -p -e`: styles go on from row to row */
export function rowsOf(shown: string): readonly Row[] {
  const style: Style = { faint: false, grey: false, inverse: false };
  let drawing = false;
  const rows: Cell[][] = [[]];
  for (const [, sgr, shift, char] of shown.matchAll(PIECES)) {
    if (sgr !== undefined) restyle(style, sgr);
    else if (shift !== undefined) drawing = shift === "\u000e";
    else if (char === "\n") rows.push([]);
    // The line-drawing set has its corners and edges at these letters.
    else if (char !== undefined) {
      rows.at(-1)?.push({ char: drawing && /[j-x]/.test(char) ? "\u2500" : char, ...style });
    }
  }
  if (rows.at(-1)?.length === 0) rows.pop();
  return rows.map(rowOf);
}

function rowOf(cells: readonly Cell[]): Row {
  const blank = (cell: Cell) => " ".repeat(cell.char.length);
  return {
    text: cells.map((cell) => cell.char).join(""),
    solid: cells.map((cell, i) => (isHint(cells, i) ? blank(cell) : cell.char)).join(""),
  };
}

/** A drawn cursor stands on a placeholder's first character, which is then inverse instead of faint. */
function isHint(cells: readonly Cell[], i: number): boolean {
  const [before, cell, after] = [cells[i - 1], cells[i], cells[i + 1]];
  if (cell === undefined || cell.faint || cell.grey) return true;
  if (!cell.inverse || before?.inverse === true) return false;
  return after !== undefined && !after.inverse && (after.faint || after.grey) && after.char.trim() !== "";
}

/** Source: ECMA-48 8.3.117; the extended colours 38;5;N and 38;2;R;G;B as xterm and tmux write them. */
function restyle(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 0) Object.assign(style, { faint: false, grey: false, inverse: false });
    else if (code === 2) style.faint = true;
    else if (code === 22) style.faint = false;
    else if (code === 7) style.inverse = true;
    else if (code === 27) style.inverse = false;
    else if (code === 90) style.grey = true;
    else if ((code >= 30 && code <= 37) || code === 39 || (code > 90 && code <= 97)) style.grey = false;
    else if (code === 38 || code === 48 || code === 58) {
      const wide = codes[i + 1] === 2;
      const colour = codes.slice(i + 2, i + (wide ? 5 : 3));
      if (code === 38) style.grey = wide ? isGrey(colour) : isGreyIndex(colour[0] ?? 0);
      i += wide ? 4 : 2;
    }
  }
}

function isGreyIndex(index: number): boolean {
  // 232 to 255 run from black to white: the last ones are as bright as text.
  return index === 8 || (index >= 236 && index <= 249);
}

function isGrey(rgb: readonly number[]): boolean {
  const [high, low] = [Math.max(...rgb), Math.min(...rgb)];
  return high - low <= 24 && low >= 64 && high <= 190;
}
