/**
 * What `prism top` shows at a moment, and what each key makes of it. Pure: no clock, no screen, no daemon; the
 * overview is handed in as it comes.
 */
import { type Selection, SORTS, selected, toggled } from "../../domain/overview/selection.ts";
import { type Happening, type Overview, type PersonaView, STANDINGS } from "../../domain/overview.ts";
import type { Action } from "./keys.ts";

/** Drains of the last hour in steps of five minutes, by a persona's key. */
export type Hours = ReadonlyMap<string, readonly (number | null)[]>;

/** What is known, as of one moment. */
export interface Known {
  readonly overview: Overview;
  readonly hours: Hours;
  /** Oldest first. */
  readonly happenings: readonly Happening[];
}

export interface TopState {
  readonly known: Known;
  /** While everything is held still: what it was then, and when. */
  readonly held: (Known & { readonly atMs: number }) | null;
  readonly selection: Selection;
  readonly isReversed: boolean;
  /** The row that the cursor stands on, by its key; null: the first, whoever that is. */
  readonly chosen: string | null;
  /** The first row on the screen. */
  readonly offset: number;
  readonly view: "list" | "inspect" | "help";
  /** The first line on the screen, of what is inspected and of the help. */
  readonly scroll: number;
  readonly isTyping: boolean;
  readonly hasHappenings: boolean;
}

/** What a key's effect depends on besides. */
export interface Room {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** Rows of personas, or lines of text, that the screen has room for: at least 1. */
  readonly rows: number;
  /** How many lines of text there are, where that is what is shown. */
  readonly lines: number;
}

export const HAPPENINGS_KEPT = 500;

export function initialState(known: Known, selection: Partial<Selection> = {}): TopState {
  return {
    known,
    held: null,
    selection: { standings: [], search: "", sort: "worst", ...selection },
    ...{ isReversed: false, chosen: null, offset: 0, view: "list", scroll: 0 },
    ...{ isTyping: false, hasHappenings: false },
  };
}

/** What is to be shown: as it is, or as it was when it was held still. */
export function shownOf({ known, held }: TopState): Known {
  return held ?? known;
}

export function momentOf({ held }: TopState, nowMs: number): number {
  return held?.atMs ?? nowMs;
}

/** The personas that pass, in their order. */
export function rowsOf(state: TopState, nowMs: number): readonly PersonaView[] {
  const { overview, hours } = shownOf(state);
  const views = new Map(overview.personas.map((view) => [view.key, view]));
  const keys = selected(overview.personas, state.selection, {
    nowMs: momentOf(state, nowMs),
    drainsOf: (key) => (hours.get(key) ?? []).reduce<number>((sum, count) => sum + (count ?? 0), 0),
  });
  if (state.isReversed) keys.reverse();
  return keys.flatMap((key) => views.get(key) ?? []);
}

/** Where the cursor stands; who is gone leaves it where it was. */
export function cursorOf({ chosen, offset }: TopState, rows: readonly PersonaView[]): number {
  if (chosen === null) return 0;
  const found = rows.findIndex(({ key }) => key === chosen);
  return found === -1 ? Math.min(offset, Math.max(0, rows.length - 1)) : found;
}

/** The first row to show, so that the cursor is on the screen and no row stays empty that could be filled. */
export function offsetOf(state: TopState, rows: readonly PersonaView[], room: number): number {
  const cursor = cursorOf(state, rows);
  const last = Math.max(0, rows.length - room);
  return Math.min(last, Math.max(cursor - room + 1, Math.min(cursor, state.offset)), cursor);
}

/** @returns the same object if the key changes nothing. `quit`, `suspend` and `redraw` are not the model's to do */
export function after(state: TopState, action: Action, room: Room): TopState {
  switch (action.do) {
    case "move":
      return moved(state, action.by, room);
    case "page":
      return moved(state, action.by * Math.max(1, room.rows - 1), room);
    case "moveTo":
      return moved(state, action.end === "first" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, room);
    case "neighbour":
      return state.view === "inspect" ? { ...movedTo(state, action.by, room), scroll: 0 } : state;
    case "open":
      return opened(state, room);
    case "back":
      return back(state);
    case "help":
      return { ...state, view: state.view === "help" ? "list" : "help", scroll: 0 };
    case "happenings":
      return { ...state, hasHappenings: !state.hasHappenings };
    case "pause":
      return { ...state, held: state.held === null ? { ...state.known, atMs: room.nowMs } : null };
    case "find":
      return { ...state, view: "list", isTyping: true };
    case "typed":
      return { ...state, isTyping: false };
    case "type":
      return sought(state, state.selection.search + action.text);
    case "erase":
      return state.selection.search === ""
        ? { ...state, isTyping: false }
        : sought(state, Array.from(state.selection.search).slice(0, -1).join(""));
    case "eraseAll":
      return { ...sought(state, ""), isTyping: false };
    case "standing":
      return only(state, action.index);
    case "all":
      return { ...state, selection: { ...state.selection, standings: [] } };
    case "sort": {
      const next = SORTS[(SORTS.indexOf(state.selection.sort) + 1) % SORTS.length] ?? "worst";
      return { ...state, isReversed: false, selection: { ...state.selection, sort: next } };
    }
    case "reverse":
      return { ...state, isReversed: !state.isReversed };
    case "quit":
    case "suspend":
    case "redraw":
      return state;
  }
}

function moved(state: TopState, by: number, room: Room): TopState {
  if (state.view === "list") return movedTo(state, by, room);
  const last = Math.max(0, room.lines - room.rows);
  return { ...state, scroll: Math.min(last, Math.max(0, Math.min(last, state.scroll) + by)) };
}

function movedTo(state: TopState, by: number, { rows: roomRows, nowMs }: Room): TopState {
  const rows = rowsOf(state, nowMs);
  const to = Math.min(rows.length - 1, Math.max(0, cursorOf(state, rows) + by));
  const chosen = rows[to]?.key;
  if (chosen === undefined) return state;
  const next = { ...state, chosen };
  return { ...next, offset: offsetOf(next, rows, roomRows) };
}

function opened(state: TopState, { nowMs }: Room): TopState {
  if (state.view !== "list") return state;
  const rows = rowsOf(state, nowMs);
  const chosen = rows[cursorOf(state, rows)]?.key;
  return chosen === undefined ? state : { ...state, chosen, view: "inspect", scroll: 0 };
}

/** One thing at a time, the innermost first. */
function back(state: TopState): TopState {
  if (state.view !== "list") return { ...state, view: "list", scroll: 0 };
  const { search, standings } = state.selection;
  if (search === "" && standings.length === 0) return state;
  return { ...state, selection: { ...state.selection, search: "", standings: [] } };
}

const SEARCH_CHARS_MAX = 200;

function sought(state: TopState, search: string): TopState {
  const { selection } = state;
  return { ...state, offset: 0, selection: { ...selection, search: search.slice(0, SEARCH_CHARS_MAX) } };
}

function only(state: TopState, index: number): TopState {
  const standing = STANDINGS[index];
  if (standing === undefined) return state;
  const { selection } = state;
  return { ...state, selection: { ...selection, standings: toggled(selection.standings, standing) } };
}
