/**
 * The whole screen as lines, for any size: what says least gives way first, and no line is wider than the screen.
 * Pure: handed state, moment and size; knows no stream.
 */
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import { STANDINGS } from "../../domain/overview.ts";
import { cut, filled, joined, type Line, piece, shown } from "../screen/line.ts";
import { STANDING_TONES } from "./cells.ts";
import { happeningLine, whoOf } from "./happenings.ts";
import {
  chosenLines,
  type FrameContext,
  placeLine,
  sentenceLines,
  standingsLine,
  troubleLines,
} from "./head.ts";
import { inspectLines } from "./inspect.ts";
import { KEYS, keyText } from "./keys.ts";
import { cursorOf, momentOf, offsetOf, rowsOf, shownOf, type TopState } from "./model.ts";
import { personaTable } from "./persona-table.ts";

export interface FrameLine {
  readonly line: Line;
  readonly isChosen: boolean;
}

export interface Frame {
  /** As many as the screen has rows. */
  readonly lines: readonly FrameLine[];
  /** How many rows, or lines of text, there is room for: what a key that scrolls must know. */
  readonly room: number;
  /** How many lines of text there are. */
  readonly textLines: number;
}

/** Fewer rows of personas than this, and the lines around them give way. */
const ROWS_LEAST = 3;
/** Fewer rows than this, and the sentence at the top has one alone. */
const ROWS_FOR_TWO = 14;
const HAPPENINGS_SHARE = 0.35;
const WHO_COLUMNS_MAX = 32;

export function frameOf(state: TopState, context: FrameContext): Frame {
  const { rows, columns } = context;
  const foot = footLine(state, context);
  if (state.view !== "list") {
    const top = rows > 4 ? [placeLine(state, context), []] : [];
    const room = Math.max(1, rows - top.length - 1);
    const text =
      state.view === "help" ? helpLines(context) : inspectLines(state, state.chosen ?? "", context);
    const scroll = Math.min(state.scroll, Math.max(0, text.length - room));
    return {
      ...whole([...top, ...text.slice(scroll, scroll + room)].map(unchosen), foot, context),
      room,
      textLines: text.length,
    };
  }
  const { head, tail, room } = sharedOut(state, context);
  const body = tableLines(state, context, room);
  const lines = [...head.map(unchosen), ...body];
  while (lines.length < rows - tail.length - 1) lines.push(unchosen([]));
  return { ...whole([...lines, ...tail.map(unchosen)], foot, { rows, columns }), room, textLines: 0 };
}

function unchosen(line: Line): FrameLine {
  return { line, isChosen: false };
}

function whole(
  lines: readonly FrameLine[],
  foot: Line,
  { rows, columns }: Pick<FrameContext, "rows" | "columns">,
): Pick<Frame, "lines"> {
  const above = lines.slice(0, Math.max(0, rows - 1));
  const empty = Array.from({ length: Math.max(0, rows - 1 - above.length) }, () => unchosen([]));
  // A screen of one row is for what is looked at, not for the keys.
  const last =
    rows === 1 ? (lines.find(({ isChosen }) => isChosen) ?? lines[0] ?? unchosen([])) : unchosen(foot);
  return {
    lines: [...above, ...empty, last].map(({ line, isChosen }) => ({ line: cut(line, columns), isChosen })),
  };
}

/** What stands above and below the rows, as far as it leaves room for them. */
function sharedOut(
  state: TopState,
  context: FrameContext,
): { readonly head: readonly Line[]; readonly tail: readonly Line[]; readonly room: number } {
  const { overview } = shownOf(state);
  const { rows, columns } = context;
  const nowMs = momentOf(state, context.nowMs);
  let left = rows - 1 - ROWS_LEAST;
  const wish = (lines: readonly Line[]): readonly Line[] => {
    if (lines.length > left) return [];
    left -= lines.length;
    return lines;
  };
  // In the order of what must not be missing.
  const sentences = sentenceLines(overview, { nowMs, columns });
  const sentence = wish(sentences.slice(0, rows < ROWS_FOR_TWO ? 1 : 2));
  const heading = wish([[]]).length === 1;
  const trouble = wish(troubleLines(overview, context));
  const place = wish([placeLine(state, context)]);
  const standings = wish([standingsLine(state, context)]);
  const chosen = wish(chosenLines(state, context));
  const air = wish([[]]);
  const happenings = state.hasHappenings ? wish(happeningsPane(state, context, left)) : [];
  const head = [...place, ...sentence, ...trouble, ...standings, ...air];
  const tail = [...happenings, ...chosen];
  return { head, tail, room: Math.max(1, rows - 1 - head.length - tail.length - (heading ? 1 : 0)) };
}

function tableLines(state: TopState, context: FrameContext, room: number): readonly FrameLine[] {
  const { columns, rows: screenRows, glyphs } = context;
  const { hours, overview } = shownOf(state);
  const rows = rowsOf(state, context.nowMs);
  if (rows.length === 0) {
    const none = overview.personas.length === 0 ? NOBODY : NO_MATCH;
    return none.slice(0, room).map((text) => unchosen(cut([piece(text, "dim")], columns)));
  }
  const table = personaTable(rows, {
    ...{ nowMs: momentOf(state, context.nowMs), columns, glyphs, hours },
    ...{ sort: state.selection.sort, isReversed: state.isReversed },
  });
  const cursor = cursorOf(state, rows);
  const offset = offsetOf(state, rows, room);
  const heading = screenRows - 1 - ROWS_LEAST >= 2 ? [unchosen(table.heading)] : [];
  const body = rows.slice(offset, offset + room).map((view, at): FrameLine => {
    const isChosen = offset + at === cursor;
    return { line: table.lineOf(view, isChosen), isChosen };
  });
  return [...heading, ...body];
}

const NOBODY = [
  "  Nobody lives here yet.",
  "  prism persona create makes one; prism up shows the whole path at work.",
];
const NO_MATCH = ["  Nobody is like that. Esc shows all again."];

/** The newest at the bottom, as in a log. */
function happeningsPane(
  state: TopState,
  { columns, rows, glyphs }: FrameContext,
  left: number,
): readonly Line[] {
  const room = Math.min(left, Math.floor(rows * HAPPENINGS_SHARE));
  if (room < 2) return [];
  const { happenings } = shownOf(state);
  const last = happenings.slice(-(room - 1));
  const whoColumns = Math.min(
    columns < 60 ? 18 : WHO_COLUMNS_MAX,
    Math.max(0, ...last.map(({ key }) => whoOf(key).length)),
  );
  const title = `${glyphs.rule.repeat(2)} Happenings `;
  const lines = last.map((each) => cut(happeningLine(each, { whoColumns }), columns));
  const none = lines.length === 0 ? [[piece("nothing has happened since this was opened", "dim")]] : [];
  const empty = Array.from({ length: room - 1 - lines.length - none.length }, (): Line => []);
  const rule = title + glyphs.rule.repeat(Math.max(0, columns - title.length));
  return [cut([piece(rule, "dim")], columns), ...lines, ...none, ...empty];
}

/** What is typed, or the keys that lead on. */
function footLine(state: TopState, { columns, glyphs }: FrameContext): Line {
  const { search, sort } = state.selection;
  if (state.isTyping) {
    const typed = `/${shown(search)}`;
    return joined(
      [[piece(typed, "bold"), piece(glyphs.cursor)], [piece("Enter keeps it, Esc shows all", "dim")]],
      columns,
      "  ",
    );
  }
  if (state.view !== "list") {
    const keys: [string, string][] = [
      ["Esc", "back"],
      ["j k", "scroll"],
      ...(state.view === "inspect" ? ([["h l", "neighbours"]] as [string, string][]) : []),
      ["p", "pause"],
      ["q", "quit"],
    ];
    return joined(keys.map(hintLine), columns, "  ");
  }
  const hints = KEYS.flatMap(({ hint, keys }) => {
    if (hint === undefined) return [];
    return [keys.includes("s") ? ([hint[0], `sort: ${SORT_WORDS[sort]}`] as const) : hint];
  });
  // The way out and the way to learn the others have room on every screen.
  const [first, others] = [hints.filter(isVital), hints.filter((hint) => !isVital(hint))];
  return joined([...first, ...others].map(hintLine), columns, "  ");
}

function isVital([keys]: readonly [string, string]): boolean {
  return keys === "q" || keys === "?";
}

const SORT_WORDS = {
  worst: "worst",
  name: "name",
  pending: "waits",
  rung: "last ring",
  latency: "latency",
  drains: "drains",
} as const;

function hintLine([keys, does]: readonly [string, string]): Line {
  return [piece(keys, "bold"), piece(` ${does}`, "dim")];
}

const KEY_COLUMNS = 22;

function helpLines({ columns, glyphs }: FrameContext): readonly Line[] {
  const keys = KEYS.map(({ keys: names, does }) =>
    cut(
      [...filled([piece(names.map(keyText).join(" "), "bold")], Math.min(KEY_COLUMNS, columns)), piece(does)],
      columns,
    ),
  );
  const standings = STANDINGS.map((standing) => {
    const tone = STANDING_TONES[standing];
    const { word, means } = STANDING_WORDS[standing];
    return cut(
      [piece(`${glyphs.standings[standing]} ${word}`.padEnd(KEY_COLUMNS), tone), piece(means)],
      columns,
    );
  });
  return [
    [piece("Keys", "bold")],
    ...keys,
    [],
    [piece("Standing", "bold")],
    ...standings,
    [],
    cut(
      [piece("Bars: drains of the last hour, five minutes each. Looking changes nothing.", "dim")],
      columns,
    ),
  ];
}
