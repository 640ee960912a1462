/** The first part of `prism status`: the host in one sentence, its personas as a table, and what ails them. Pure. */
import type { Overview } from "../../domain/overview.ts";
import { glyphsFor } from "../screen/glyphs.ts";
import { cut, type Line, painted, piece, shown } from "../screen/line.ts";
import { sentenceLines } from "../top/head.ts";
import type { Hours } from "../top/model.ts";
import { personaTable } from "../top/persona-table.ts";
import { troublesOf } from "../top/troubles.ts";

export interface StatusContext {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly columns: number;
  readonly isColoured: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  readonly hours: Hours;
}

/** @returns lines; the table is left out where nobody lives */
export function personasText(overview: Overview, context: StatusContext): string {
  const { columns, env } = context;
  const glyphs = glyphsFor(env, process.platform);
  const own = overview.personas.filter(({ isLocal }) => isLocal);
  const options = { ...context, glyphs, sort: "worst", isReversed: false } as const;
  const table = personaTable(own, options);
  const lines: readonly Line[] = [
    ...sentenceLines(overview, context),
    ...(own.length === 0
      ? []
      : [
          [],
          cut([piece(`Personas on ${shown(overview.host)}`, "bold")], columns),
          table.heading,
          ...own.map((view) => table.lineOf(view, false)),
          ...troublesOf(own, overview.hub, options),
        ]),
  ];
  return lines.map((line) => `${painted(line, context).trimEnd()}\n`).join("");
}
