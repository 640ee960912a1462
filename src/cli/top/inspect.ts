/** Everything about one persona, as lines to scroll through. Pure. */
import { countText } from "../../domain/overview/figures.ts";
import { remedyParts } from "../../domain/overview/remedy.ts";
import { momentText } from "../../domain/overview/times.ts";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import type { PersonaView } from "../../domain/overview.ts";
import { sparkText } from "../screen/glyphs.ts";
import { cut, folded, joined, type Line, piece, shown, widthOfLine } from "../screen/line.ts";
import * as cells from "./cells.ts";
import { happeningLine } from "./happenings.ts";
import type { FrameContext } from "./head.ts";
import { momentOf, shownOf, type TopState } from "./model.ts";

const LABEL_COLUMNS = 14;
const HAPPENINGS_MAX = 30;
const UNKNOWN = "–";

/** @param key of the one that is inspected */
export function inspectLines(state: TopState, key: string, frame: FrameContext): readonly Line[] {
  const { overview, hours, happenings } = shownOf(state);
  const { columns } = frame;
  const view = overview.personas.find((each) => each.key === key);
  if (view === undefined) {
    const gone = `${shown(key)}: neither this host nor its hub knows it any more`;
    return folded(gone, columns);
  }
  const context: cells.CellContext = {
    nowMs: momentOf(state, frame.nowMs),
    glyphs: frame.glyphs,
    hasTenants: true,
    hourOf: (of) => hours.get(of) ?? [],
  };
  const own = happenings.filter((happening) => happening.key === key).slice(-HAPPENINGS_MAX);
  return [
    titleLine(view, context, columns),
    ...verdictLines(view, columns),
    [],
    ...factLines(view, context, columns),
    ...waitsLines(view, context, columns),
    ...counterLines(view, columns),
    ...section("Happenings since this was opened", columns),
    ...(own.length === 0
      ? [[piece("  nothing yet", "dim")]]
      : own
          .toReversed()
          .map((each) => cut([piece("  "), ...happeningLine(each, { whoColumns: 0 })], columns))),
  ];
}

function titleLine(view: PersonaView, context: cells.CellContext, columns: number): Line {
  return joined(
    [
      [...(cells.personaParts(view, context)[0] ?? [])],
      joined(cells.standingParts(view, context), columns),
      [piece(`${shown(view.tenant)} on ${shown(view.host)}`, "dim")],
    ],
    columns,
    "  ",
  );
}

/** Why, and what helps: a command stands on a line of its own, whole, to be copied. */
function verdictLines({ reason, remedy, standing }: PersonaView, columns: number): Line[] {
  const means = STANDING_WORDS[standing].means;
  if (reason === null) return folded(means, columns, "dim");
  const helps = remedy === null ? [] : remedyParts(remedy);
  return [
    ...folded(
      shown(reason),
      columns,
      cells.STANDING_TONES[standing] === "dim" ? "plain" : cells.STANDING_TONES[standing],
    ),
    ...helps.flatMap(({ kind, text }) =>
      kind === "command"
        ? folded(shown(text), Math.max(1, columns - 2), "bold").map((line) => [piece("  "), ...line])
        : folded(shown(text), columns),
    ),
  ];
}

function factLines(view: PersonaView, context: cells.CellContext, columns: number): Line[] {
  const { nowMs, glyphs } = context;
  const { lastDrainAtMs, startedAtMs, pid, version, root, key } = view;
  const hour = context.hourOf(key);
  const facts: readonly (readonly [label: string, parts: cells.Parts])[] = [
    ["Daemon", cells.daemonParts(view, context)],
    ["Surface", cells.surfaceParts(view)],
    ["Last ring", [...cells.ringParts(view, context), ...cells.nextParts(view, context)]],
    ["Latency", cells.latencyParts(view)],
    ["Last drain", lastDrainAtMs === null ? [] : [[piece(cells.ago(lastDrainAtMs, nowMs))]]],
    [
      "Last hour",
      hour.length === 0
        ? []
        : [[piece(sparkText(hour, glyphs, 4), "cyan")], [piece(`${drainsIn(hour)} drains`, "dim")]],
    ],
    [
      "Running for",
      startedAtMs === null
        ? []
        : [[piece(cells.span(nowMs - startedAtMs))], [piece(`since ${momentText(startedAtMs)}`, "dim")]],
    ],
    ["Process", pid === null ? [] : [[piece(String(pid))]]],
    ["Version", version === null ? [] : [[piece(shown(version))]]],
  ];
  const lines = facts.map(([label, parts]) => factLine(label, parts, columns));
  // A path is worth more than a line.
  const room = Math.max(8, columns - LABEL_COLUMNS);
  const path = root === null ? [] : folded(shown(root, 1000), room);
  return [
    ...lines,
    ...path.map((line, at) =>
      cut([piece((at === 0 ? "Folder" : "").padEnd(LABEL_COLUMNS), "dim"), ...line], columns),
    ),
  ];
}

function factLine(label: string, parts: cells.Parts, columns: number): Line {
  const said = joined(parts, Math.max(0, columns - LABEL_COLUMNS));
  const value = widthOfLine(said) === 0 ? [piece(UNKNOWN, "dim")] : said;
  return cut([piece(label.padEnd(LABEL_COLUMNS), "dim"), ...value], columns);
}

function drainsIn(hour: readonly (number | null)[]): string {
  return countText(hour.reduce<number>((sum, count) => sum + (count ?? 0), 0));
}

function waitsLines(view: PersonaView, { nowMs }: cells.CellContext, columns: number): Line[] {
  const { pending, urgent, oldestAtMs, senders } = view;
  if (pending === 0) return [...section("Waits for it", columns), [piece("  nothing waits", "dim")]];
  const oldest = oldestAtMs === null ? "" : `, the oldest for ${cells.span(nowMs - oldestAtMs)}`;
  const of = urgent === 0 ? "" : `, ${countText(urgent)} urgent`;
  const others = pending - senders.reduce((sum, { count }) => sum + count, 0);
  const named = senders.map(({ from, count }) => ({ from: cells.senderText(from), count }));
  const all = others > 0 && named.length > 0 ? [...named, { from: "others", count: others }] : named;
  return [
    ...section("Waits for it", columns),
    cut([piece(`  ${countText(pending)}`, "bold"), piece(`${of}${oldest}`)], columns),
    ...all.map(({ from, count }) =>
      cut([piece(`  ${countText(count).padStart(6)}  `), piece(from)], columns),
    ),
  ];
}

const COUNTERS = ["rung", "drains", "coalesced", "suppressed", "failed", "reconnects", "errors"] as const;

function counterLines({ counters, isLocal }: PersonaView, columns: number): Line[] {
  if (!isLocal) return [];
  const parts = COUNTERS.map((name): Line => {
    const isBad = (name === "failed" || name === "errors") && counters[name] > 0;
    return [piece(`${name} `, "dim"), piece(countText(counters[name]), isBad ? "red" : "plain")];
  });
  return [...section("Since its daemon began", columns), ...rowsOfParts(parts, columns)];
}

/** As many on a line as have room. */
function rowsOfParts(parts: readonly Line[], columns: number): Line[] {
  const lines: Line[] = [];
  let line: Line = [];
  for (const part of parts) {
    const longer = [...line, piece("  "), ...part];
    if (line.length > 0 && widthOfLine(longer) > columns) {
      lines.push(line);
      line = [piece("  "), ...part];
    } else line = longer;
  }
  return [...lines, line].map((each) => cut(each, columns));
}

function section(title: string, columns: number): Line[] {
  return [[], cut([piece(title, "bold")], columns)];
}
