/** The first lines of the screen: where this is, the host in one sentence, how many of each standing, what ails the hub. */
import { countByStanding } from "../../domain/overview/selection.ts";
import { clockText, measuredText } from "../../domain/overview/times.ts";
import { verdictOn, waitingText } from "../../domain/overview/verdict.ts";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import { type HubView, type Overview, STANDINGS } from "../../domain/overview.ts";
import type { Glyphs } from "../screen/glyphs.ts";
import { cut, folded, joined, type Line, piece, shown, spread, widthOfLine } from "../screen/line.ts";
import { plain, STANDING_TONES, span } from "./cells.ts";
import { cursorOf, momentOf, rowsOf, shownOf, type TopState } from "./model.ts";

export interface FrameContext {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: Glyphs;
}

/** The host and its hub, and what hour it is. */
export function placeLine(state: TopState, { nowMs, columns, glyphs }: FrameContext): Line {
  const { host, hub } = shownOf(state).overview;
  const clock = piece(clockText(momentOf(state, nowMs)), "dim");
  const right = state.held === null ? [clock] : [piece("held still, p goes on ", "yellow"), clock];
  const room = columns - right.reduce((sum, { text }) => sum + text.length, 2);
  return spread(
    joined([[piece(shown(host), "bold")], ...hubParts(hub, { nowMs, glyphs })], room, "  "),
    right,
    columns,
  );
}

function hubParts(hub: HubView, { nowMs, glyphs }: Pick<FrameContext, "nowMs" | "glyphs">): Line[] {
  const { answers, sinceMs, latencyMs, startedAtMs, version, agents, daemons, url } = hub;
  if (!answers) {
    return [
      [
        piece("hub "),
        piece(`${glyphs.standings.deaf} no answer`, "alarm"),
        piece(` for ${span(nowMs - sinceMs)}`),
      ],
      [piece(shown(url), "dim")],
    ];
  }
  const latency = latencyMs === null ? "" : ` ${plain(measuredText(latencyMs))}`;
  return [
    [piece("hub "), piece(`${glyphs.standings.well} answers`, "green"), piece(latency)],
    [piece(`${agents} agents`)],
    [piece(`${daemons} daemons`)],
    startedAtMs === null ? [] : [piece(`up ${span(nowMs - startedAtMs)}`, "dim")],
    [piece(`prism ${shown(version ?? "")}`, "dim")],
    [piece(shown(url), "dim")],
  ];
}

/** The whole host in one sentence: on one line where it fits, in its colours; else folded. */
export function sentenceLines(
  { personas, hub }: Overview,
  { nowMs, columns }: Pick<FrameContext, "nowMs" | "columns">,
): readonly Line[] {
  const verdict = verdictOn(personas, hub);
  const line = [
    ...verdict.headline.map(({ text, tone }) =>
      piece(plain(text), tone === null ? "bold" : tone === "deaf" ? "alarm" : "yellow"),
    ),
    piece(". "),
    piece(plain(waitingText(verdict, nowMs))),
  ];
  if (widthOfLine(line) <= columns) return [line];
  return folded(line.map(({ text }) => text).join(""), columns, "bold");
}

/** How many of each, the key that shows them alone, and which are shown. */
export function standingsLine(state: TopState, { columns, glyphs, nowMs }: FrameContext): Line {
  const { personas } = shownOf(state).overview;
  const counts = countByStanding(personas);
  const { standings, search } = state.selection;
  const chips = STANDINGS.map((standing, at): Line => {
    const isShown = standings.includes(standing);
    const tone = counts[standing] === 0 && !isShown ? "dim" : STANDING_TONES[standing];
    const word = columns < 72 ? "" : ` ${STANDING_WORDS[standing].word}`;
    const text = `${glyphs.standings[standing]}${word} ${counts[standing]}`;
    return [piece(`${at + 1} `, "dim"), piece(isShown ? `[${text}]` : text, tone)];
  });
  const rows = rowsOf(state, nowMs);
  const isNarrowed = rows.length < personas.length;
  const sought = search === "" || state.isTyping ? [] : [piece(`/${shown(search)}`, "cyan")];
  const of: Line = isNarrowed
    ? [...sought, piece(`${sought.length === 0 ? "" : " "}${rows.length} of ${personas.length} shown`, "dim")]
    : sought;
  return spread(joined(chips, columns, "  "), of, columns);
}

/** What is wrong at the hub concerns everybody, and is said before everybody. */
export function troubleLines({ hub }: Overview, { columns }: FrameContext): Line[] {
  const { answers, reason, remedy, loops } = hub;
  const away = answers
    ? []
    : [
        ...folded(`${shown(reason ?? "nobody answers there")}`, columns, "red"),
        ...(remedy === null ? [] : folded(shown(remedy), columns)),
      ];
  const stopped = loops.map(([one, other]) =>
    cut(
      [
        piece(
          `${shown(one)} and ${shown(other)} only answered each other: their next answers are refused`,
          "yellow",
        ),
      ],
      columns,
    ),
  );
  return [...away.slice(0, 3), ...stopped.slice(0, 3)];
}

/** What ails the one that the cursor stands on, and what helps: on the last lines but one. */
export function chosenLines(state: TopState, { columns, nowMs, glyphs }: FrameContext): Line[] {
  const rows = rowsOf(state, nowMs);
  const view = rows[cursorOf(state, rows)];
  if (view === undefined || view.reason === null) return [];
  const { persona, project, standing, reason, remedy } = view;
  const tone = STANDING_TONES[standing];
  const said: Line = [
    piece(`${glyphs.standings[standing]} ${shown(persona)}@${shown(project)}: `, tone),
    piece(shown(reason)),
  ];
  const helps =
    remedy === null ? [] : [cut([piece(`${glyphs.leads} `, "dim"), piece(shown(remedy))], columns)];
  return [cut(said, columns), ...helps];
}
