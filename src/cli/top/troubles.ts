/** Why each one that is deaf or stuck is so, and what to do about it: lines beneath a table. Pure. */
import { isHubsFault } from "../../domain/overview/verdict.ts";
import type { HubView, PersonaView } from "../../domain/overview.ts";
import type { Glyphs } from "../screen/glyphs.ts";
import { folded, type Line, piece, shown } from "../screen/line.ts";
import { STANDING_TONES } from "./cells.ts";

export interface TroubleContext {
  readonly columns: number;
  readonly glyphs: Glyphs;
}

/** That the hub is gone is said once, at the hub, and not at each. */
export function troublesOf(
  views: readonly PersonaView[],
  hub: HubView,
  { columns, glyphs }: TroubleContext,
): readonly Line[] {
  const bad = views.filter(
    (view) => (view.standing === "deaf" || view.standing === "stuck") && !isHubsFault(view, hub),
  );
  const room = Math.max(20, columns - 4);
  return bad.flatMap(({ persona, project, standing, reason, remedy }): readonly Line[] => {
    const said = folded(`${shown(persona)}@${shown(project)}: ${shown(reason ?? "")}`, room);
    const helps = remedy === null ? [] : folded(shown(remedy), room);
    const mark = piece(`  ${glyphs.standings[standing]} `, STANDING_TONES[standing]);
    return [...hung(said, mark), ...hung(helps, piece(`  ${glyphs.leads.slice(0, 1)} `, "dim"))];
  });
}

function hung(lines: readonly Line[], mark: ReturnType<typeof piece>): Line[] {
  return lines.map((line, at) => [at === 0 ? mark : piece("    "), ...line]);
}
