/**
 * The columns of the table, and how a screen's width is shared between them: those that say least go first, and what
 * is left over goes to those that gain by it. Widths follow names but no ages, so that nothing moves as time passes.
 */
import type { Sort } from "../../domain/overview/selection.ts";
import type { PersonaView } from "../../domain/overview.ts";
import { widthOf } from "../layout.ts";
import { filled, joined, type Line, piece, widthOfLine } from "../screen/line.ts";
import type { CellContext, Parts } from "./cells.ts";
import * as cells from "./cells.ts";

export type ColumnName =
  | "standing"
  | "persona"
  | "daemon"
  | "surface"
  | "waits"
  | "from"
  | "rung"
  | "next"
  | "latency"
  | "hour";

export interface Column {
  readonly name: ColumnName;
  readonly title: string;
  /** Where the title has no room. */
  readonly short: string;
  readonly sort?: Sort;
  /** The last one goes first where there is no room: 1 stays. */
  readonly rank: number;
  /** Below 60 columns of the screen, below 100, and above. */
  readonly least: readonly [tiny: number, small: number, wide: number];
  /** No more is of use; of those that follow their content, what they may grow to. */
  readonly most: number;
  readonly followsContent?: true;
  readonly parts: (view: PersonaView, context: CellContext) => Parts;
}

/** From left to right, as on the page. */
export const COLUMNS: readonly Column[] = [
  {
    ...{ name: "standing", title: "Standing", short: "", sort: "worst", rank: 1, least: [1, 9, 9], most: 9 },
    parts: cells.standingParts,
  },
  {
    ...{
      name: "persona",
      title: "Persona",
      short: "Who",
      sort: "name",
      rank: 2,
      least: [16, 16, 18],
      most: 44,
    },
    followsContent: true,
    parts: cells.personaParts,
  },
  {
    ...{ name: "daemon", title: "Daemon", short: "Daemon", rank: 4, least: [9, 12, 19], most: 22 },
    parts: cells.daemonParts,
  },
  {
    ...{ name: "surface", title: "Surface", short: "Surface", rank: 6, least: [8, 11, 16], most: 32 },
    followsContent: true,
    parts: cells.surfaceParts,
  },
  {
    ...{
      name: "waits",
      title: "Waits",
      short: "Wait",
      sort: "pending",
      rank: 3,
      least: [4, 9, 14],
      most: 17,
    },
    parts: cells.waitsParts,
  },
  {
    ...{ name: "from", title: "From", short: "From", rank: 10, least: [8, 8, 12], most: 26 },
    followsContent: true,
    parts: cells.fromParts,
  },
  {
    ...{ name: "rung", title: "Last ring", short: "Rung", sort: "rung", rank: 5, least: [7, 9, 9], most: 13 },
    parts: cells.ringParts,
  },
  {
    ...{ name: "next", title: "Next", short: "Next", rank: 8, least: [8, 11, 11], most: 13 },
    parts: cells.nextParts,
  },
  {
    ...{
      name: "latency",
      title: "Latency",
      short: "Latency",
      sort: "latency",
      rank: 9,
      least: [7, 7, 7],
      most: 8,
    },
    parts: cells.latencyParts,
  },
  {
    ...{
      name: "hour",
      title: "Last hour",
      short: "Hour",
      sort: "drains",
      rank: 7,
      least: [12, 12, 12],
      most: 12,
    },
    parts: cells.hourParts,
  },
];

export interface Placed {
  readonly column: Column;
  readonly width: number;
}

/** For the mark of the row that the cursor stands on. */
const MARGIN = 2;

/** @param views whose content the widths are to follow: all that pass, not only those on the screen */
export function placed(
  views: readonly PersonaView[],
  columns: number,
  context: CellContext,
): readonly Placed[] {
  const size = columns < 60 ? 0 : columns < 100 ? 1 : 2;
  const gap = gapOf(columns);
  const least = ({ least: widths }: Column): number => widths[size];
  const need = (kept: readonly Column[]): number =>
    MARGIN + kept.reduce((sum, column) => sum + least(column), 0) + gap * (kept.length - 1);
  let kept = COLUMNS;
  while (kept.length > 1 && need(kept) > columns) {
    const last = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== last);
  }
  let rest = Math.max(0, columns - need(kept));
  const widths = new Map(kept.map((column) => [column, Math.min(least(column), columns - MARGIN)]));
  for (const column of kept.toSorted((a, b) => growth(a) - growth(b))) {
    const width = widths.get(column) ?? 0;
    const more = Math.min(rest, Math.max(0, wanted(column, views, context) - width));
    widths.set(column, width + more);
    rest -= more;
  }
  return kept.map((column) => ({ column, width: widths.get(column) ?? 0 }));
}

/** Names before all else: a name that is cut names nobody. */
function growth({ name, rank }: Column): number {
  return name === "persona" ? 0 : rank;
}

function wanted(column: Column, views: readonly PersonaView[], context: CellContext): number {
  if (column.followsContent !== true) return column.most;
  const own = views.map((view) => widthOfLine(joined(column.parts(view, context), column.most)));
  return Math.min(column.most, Math.max(column.title.length, ...own));
}

function gapOf(columns: number): number {
  return columns < 60 ? 1 : 2;
}

export function headingLine(
  columns: readonly Placed[],
  screenColumns: number,
  sorted: { readonly sort: Sort; readonly mark: string },
): Line {
  return rowOf(columns, screenColumns, " ", ({ title, short, sort }, width) => {
    const isSorted = sort === sorted.sort;
    const wanted = isSorted ? `${title}${sorted.mark}` : title;
    return [[piece(widthOf(wanted) <= width ? wanted : short, isSorted ? "bold" : "dim")]];
  });
}

export function personaLine(
  columns: readonly Placed[],
  screenColumns: number,
  view: PersonaView,
  { context, mark }: { readonly context: CellContext; readonly mark: string },
): Line {
  return rowOf(columns, screenColumns, mark, (column) => column.parts(view, context));
}

function rowOf(
  columns: readonly Placed[],
  screenColumns: number,
  mark: string,
  partsOf: (column: Column, width: number) => Parts,
): Line {
  const gap = piece(" ".repeat(gapOf(screenColumns)));
  const fields = columns.flatMap(({ column, width }, at) => [
    ...(at === 0 ? [] : [gap]),
    ...filled(joined(partsOf(column, width), width), width),
  ]);
  return filled([piece(mark.padEnd(MARGIN)), ...fields], screenColumns);
}
