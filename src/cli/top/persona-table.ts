/** The table of personas, for a screen, for a pipe, and for `prism status`: a heading, and a line for each. Pure. */
import type { Sort } from "../../domain/overview/selection.ts";
import type { PersonaView } from "../../domain/overview.ts";
import type { Glyphs } from "../screen/glyphs.ts";
import type { Line } from "../screen/line.ts";
import type { CellContext } from "./cells.ts";
import { headingLine, personaLine, placed } from "./columns.ts";
import type { Hours } from "./model.ts";

export interface TableOptions {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly columns: number;
  readonly glyphs: Glyphs;
  readonly hours: Hours;
  readonly sort: Sort;
  readonly isReversed: boolean;
}

export interface PersonaTable {
  readonly heading: Line;
  lineOf(view: PersonaView, isChosen: boolean): Line;
}

/** @param views all that pass, those off the screen too: the columns' widths follow them */
export function personaTable(views: readonly PersonaView[], options: TableOptions): PersonaTable {
  const { nowMs, columns, glyphs, hours, sort, isReversed } = options;
  const context: CellContext = {
    ...{ nowMs, glyphs },
    hasTenants: new Set(views.map(({ tenant }) => tenant)).size > 1,
    hourOf: (key) => hours.get(key) ?? [],
  };
  const fields = placed(views, columns, context);
  const isDescending = sort !== "worst" && sort !== "name";
  const mark = isDescending === isReversed ? glyphs.up : glyphs.down;
  return {
    heading: headingLine(fields, columns, { sort, mark }),
    lineOf: (view, isChosen) =>
      personaLine(fields, columns, view, { context, mark: isChosen ? glyphs.chosen : " " }),
  };
}
