/**
 * The keyboard: one table of what each key does, from which the help is made too. Knows no element; whoever
 * listens says whether somebody is typing.
 */
export interface KeyPress {
  readonly key: string;
  /** Ctrl, Alt or the command key is held: the browser's own business. */
  readonly isChord: boolean;
  /** The focus is in a field: letters belong to it. */
  readonly isTyping: boolean;
}

export type Action =
  | { readonly do: "move"; readonly by: number }
  | { readonly do: "moveTo"; readonly end: "first" | "last" }
  | {
      readonly do:
        | "open"
        | "close"
        | "search"
        | "help"
        | "view"
        | "theme"
        | "pause"
        | "stream"
        | "copy"
        | "follow"
        | "all";
    }
  | { readonly do: "standing"; readonly index: number };

interface Row {
  readonly keys: readonly string[];
  readonly does: string;
  readonly action: (key: string) => Action;
}

const simple =
  (name: Exclude<Action["do"], "move" | "moveTo" | "standing">): (() => Action) =>
  () => ({ do: name });

export const KEYS: readonly Row[] = [
  { keys: ["j", "ArrowDown"], does: "next persona", action: () => ({ do: "move", by: 1 }) },
  { keys: ["k", "ArrowUp"], does: "previous persona", action: () => ({ do: "move", by: -1 }) },
  { keys: ["g", "Home"], does: "first persona", action: () => ({ do: "moveTo", end: "first" }) },
  { keys: ["G", "End"], does: "last persona", action: () => ({ do: "moveTo", end: "last" }) },
  { keys: ["Enter"], does: "open it", action: simple("open") },
  { keys: ["Escape"], does: "close, clear, leave the field", action: simple("close") },
  { keys: ["/"], does: "search", action: simple("search") },
  {
    keys: ["1", "2", "3", "4", "5"],
    does: "only deaf, stuck, waiting, well, off",
    action: (key) => ({ do: "standing", index: Number(key) - 1 }),
  },
  { keys: ["0"], does: "all standings", action: simple("all") },
  { keys: ["c"], does: "copy the command that helps", action: simple("copy") },
  { keys: ["f"], does: "stream of this persona alone, or of all", action: simple("follow") },
  { keys: ["p"], does: "pause the stream, or go on", action: simple("pause") },
  { keys: ["s"], does: "show the stream, or hide it", action: simple("stream") },
  { keys: ["v"], does: "rows or tiles", action: simple("view") },
  { keys: ["t"], does: "dark, light, or as the system", action: simple("theme") },
  { keys: ["?"], does: "these keys", action: simple("help") },
];

/** @returns what to do, or null to leave the key to the browser */
export function actionFor({ key, isChord, isTyping }: KeyPress): Action | null {
  if (isChord) return null;
  if (isTyping && key !== "Escape") return null;
  const row = KEYS.find(({ keys }) => keys.includes(key));
  return row?.action(key) ?? null;
}

const SHOWN: Readonly<Record<string, string>> = {
  ArrowDown: "\u2193",
  ArrowUp: "\u2191",
  Escape: "Esc",
};

/** What is printed on a key cap. */
export function keyText(key: string): string {
  return SHOWN[key] ?? key;
}
