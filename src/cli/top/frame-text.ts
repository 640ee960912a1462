/** One picture of the host as text, with all of its rows: what `prism top --once` prints. Pure. */
import type { Selection } from "../../domain/overview/selection.ts";
import type { Glyphs } from "../screen/glyphs.ts";
import { type Line, painted } from "../screen/line.ts";
import { placeLine, sentenceLines, standingsLine, troubleLines } from "./head.ts";
import { initialState, type Known, rowsOf } from "./model.ts";
import { personaTable } from "./persona-table.ts";
import { troublesOf } from "./troubles.ts";

export interface TextContext {
  readonly nowMs: number;
  readonly columns: number;
  readonly glyphs: Glyphs;
  readonly isColoured: boolean;
}

export function frameText(known: Known, selection: Partial<Selection>, context: TextContext): string {
  const state = initialState(known, selection);
  const frame = { ...context, rows: Number.POSITIVE_INFINITY };
  const rows = rowsOf(state, context.nowMs);
  const { sort } = state.selection;
  const table = personaTable(rows, { ...context, hours: known.hours, sort, isReversed: false });
  const troubles = troublesOf(rows, known.overview.hub, context);
  const lines: readonly Line[] = [
    placeLine(state, frame),
    ...sentenceLines(known.overview, context),
    ...troubleLines(known.overview, frame),
    standingsLine(state, frame),
    ...(rows.length === 0 ? [] : [[], table.heading]),
    ...rows.map((view) => table.lineOf(view, false)),
    ...(troubles.length === 0 ? [] : [[], ...troubles]),
  ];
  return lines.map((line) => `${painted(line, context).trimEnd()}\n`).join("");
}
