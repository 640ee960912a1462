/** The keyboard of `prism top`: one table of what each key does, from which its help and its last line are made too. */

export type Action =
  | { readonly do: "move"; readonly by: number }
  | { readonly do: "page"; readonly by: number }
  | { readonly do: "moveTo"; readonly end: "first" | "last" }
  | { readonly do: "standing"; readonly index: number }
  | { readonly do: "neighbour"; readonly by: number }
  /** While the words to find are typed. */
  | { readonly do: "type"; readonly text: string }
  | { readonly do: "erase" | "eraseAll" | "typed" }
  | { readonly do: Simple };

type Simple =
  | "open"
  | "back"
  | "find"
  | "sort"
  | "reverse"
  | "pause"
  | "happenings"
  | "help"
  | "all"
  | "redraw"
  | "suspend"
  | "quit";

interface Row {
  readonly keys: readonly string[];
  readonly does: string;
  /** For the last line of the screen, where it is worth the room: what is pressed, and a word or two. */
  readonly hint?: readonly [keys: string, does: string];
  readonly action: (key: string) => Action;
}

const simple =
  (name: Simple): (() => Action) =>
  () => ({ do: name });

export const KEYS: readonly Row[] = [
  { keys: ["j", "ArrowDown"], does: "next persona, or scroll", action: () => ({ do: "move", by: 1 }) },
  { keys: ["k", "ArrowUp"], does: "previous persona, or scroll", action: () => ({ do: "move", by: -1 }) },
  { keys: ["PageDown", " ", "Ctrl-F"], does: "a screen further", action: () => ({ do: "page", by: 1 }) },
  { keys: ["PageUp", "Ctrl-B"], does: "a screen back", action: () => ({ do: "page", by: -1 }) },
  { keys: ["g", "Home"], does: "to the first", action: () => ({ do: "moveTo", end: "first" }) },
  { keys: ["G", "End"], does: "to the last", action: () => ({ do: "moveTo", end: "last" }) },
  { keys: ["Enter"], does: "inspect it", hint: ["Enter", "inspect"], action: simple("open") },
  { keys: ["ArrowRight", "l"], does: "inspect the next", action: () => ({ do: "neighbour", by: 1 }) },
  { keys: ["ArrowLeft", "h"], does: "inspect the one before", action: () => ({ do: "neighbour", by: -1 }) },
  { keys: ["Escape"], does: "back; show all again", action: simple("back") },
  { keys: ["/"], does: "show only what has these words", hint: ["/", "find"], action: simple("find") },
  {
    keys: ["1", "2", "3", "4", "5"],
    does: "only deaf, stuck, waiting, well, off",
    hint: ["1-5", "only"],
    action: (key) => ({ do: "standing", index: Number(key) - 1 }),
  },
  { keys: ["0"], does: "all standings", action: simple("all") },
  { keys: ["s"], does: "sort by the next column", hint: ["s", "sort"], action: simple("sort") },
  { keys: ["S"], does: "sort the other way round", action: simple("reverse") },
  {
    keys: ["e"],
    does: "what happens, as it happens",
    hint: ["e", "happenings"],
    action: simple("happenings"),
  },
  { keys: ["p"], does: "hold everything still, or go on", hint: ["p", "pause"], action: simple("pause") },
  { keys: ["Ctrl-L"], does: "draw all of it anew", action: simple("redraw") },
  { keys: ["Ctrl-Z"], does: "back to the shell; fg returns", action: simple("suspend") },
  { keys: ["?"], does: "these keys", hint: ["?", "keys"], action: simple("help") },
  { keys: ["q", "Ctrl-C"], does: "quit", hint: ["q", "quit"], action: simple("quit") },
];

/** @returns what to do, or null: the key means nothing here */
export function actionFor(key: string, isTyping: boolean): Action | null {
  if (isTyping && !key.startsWith("Ctrl-")) {
    if (key === "Escape") return { do: "eraseAll" };
    if (key === "Enter") return { do: "typed" };
    if (key === "Backspace") return { do: "erase" };
    if (/^Arrow|^Page|^Home|^End/.test(key))
      return KEYS.find(({ keys }) => keys.includes(key))?.action(key) ?? null;
    return /^[^\p{C}]$/u.test(key) ? { do: "type", text: key } : null;
  }
  if (isTyping && key === "Ctrl-U") return { do: "eraseAll" };
  return KEYS.find(({ keys }) => keys.includes(key))?.action(key) ?? null;
}

const SHOWN: Readonly<Record<string, string>> = {
  ArrowDown: "Down",
  ArrowUp: "Up",
  ArrowRight: "Right",
  ArrowLeft: "Left",
  PageDown: "PgDn",
  PageUp: "PgUp",
  Escape: "Esc",
  " ": "Space",
};

/** As it is printed on the key. */
export function keyText(key: string): string {
  return SHOWN[key] ?? key;
}
