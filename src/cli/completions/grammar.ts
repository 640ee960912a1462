/**
 * What can be typed, and what each place can hold, out of the verbs' own tables: from this the completions of every
 * shell are made. Knows no shell.
 */
import { type Argument, type Flag, flagOf, type Table } from "../arguments.ts";
import type { VerbEntryGroup } from "../verb.ts";

/** What may stand in a place: a few words, or something that the shell looks up as it completes. */
export type Offer =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" | "folders" | "personas" | "addresses" | "verbs" | "nothing" };

export interface FlagGrammar {
  /** `--dry-run` */
  readonly flag: string;
  readonly about: string;
  /** Null: a switch. */
  readonly value: { readonly word: string; readonly offer: Offer } | null;
}

export interface VerbGrammar {
  /** One word, or two: `surface add`. */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagGrammar[];
  readonly places: readonly { readonly word: string; readonly offer: Offer }[];
}

export interface Grammar {
  readonly version: string;
  readonly verbs: readonly VerbGrammar[];
  /** The first words of those of two, each with the second ones. One may be a verb by itself too. */
  readonly families: ReadonlyMap<string, readonly { readonly word: string; readonly summary: string }[]>;
}

/** Every verb takes it; it stands in no table. */
const HELP: FlagGrammar = { flag: "--help", about: "show what this does", value: null };

/** Those that the dispatch itself answers. */
const PLAIN: readonly VerbGrammar[] = [
  {
    name: "help",
    summary: "show what there is, or what one verb does",
    flags: [],
    places: [{ word: "VERB", offer: { kind: "verbs" } }],
  },
  {
    name: "version",
    summary: "show the version",
    flags: [{ flag: "--json", about: "print it as one line of JSON", value: null }],
    places: [],
  },
];

/** @param named words for flags whose table does not know them by heart, by key: the surfaces' names */
export async function grammarOf(
  groups: readonly VerbEntryGroup[],
  version: string,
  named: { readonly [key: string]: readonly string[] },
): Promise<Grammar> {
  const entries = groups.flatMap((group) => group.verbs);
  const verbs = await Promise.all(
    entries.map(async ({ name, summary, load }): Promise<VerbGrammar> => {
      const { table } = await load();
      return { name, summary, flags: flagsIn(table, named), places: table.arguments.map(placeOf) };
    }),
  );
  const families = new Map<string, { readonly word: string; readonly summary: string }[]>();
  for (const { name, summary } of verbs) {
    const [first = "", second] = name.split(" ");
    if (second === undefined) continue;
    families.set(first, [...(families.get(first) ?? []), { word: second, summary }]);
  }
  return { version, verbs: [...verbs, ...PLAIN], families };
}

function flagsIn(table: Table, named: { readonly [key: string]: readonly string[] }): FlagGrammar[] {
  const flags = Object.entries(table.flags).map(([key, flag]) => flagGrammar(key, flag, named[key]));
  return [...flags, HELP];
}

function flagGrammar(key: string, { kind, about }: Flag, words: readonly string[] | undefined): FlagGrammar {
  const flag = flagOf(key);
  if (kind === "switch") return { flag, about, value: null };
  const offer: Offer = words === undefined ? offerOf(kind) : { kind: "words", words };
  return { flag, about, value: { word: kind.word, offer } };
}

function placeOf({ word, kind }: Argument<unknown>): VerbGrammar["places"][number] {
  // An argument's own word says more than its kind's: TO is a PERSONA@PROJECT.
  return { word, offer: offerOf(kind) };
}

/** By the word that stands for it in help, which so means the same everywhere. */
const OFFERS: { readonly [word: string]: Offer } = {
  DIR: { kind: "folders" },
  FILE: { kind: "files" },
  PATH: { kind: "files" },
  PROGRAM: { kind: "files" },
  PERSONA: { kind: "personas" },
  ADDRESS: { kind: "addresses" },
  "PERSONA@PROJECT": { kind: "addresses" },
};

function offerOf({ word, choices }: { readonly word: string; readonly choices?: readonly string[] }): Offer {
  if (choices !== undefined) return { kind: "words", words: choices };
  // "off|auto|DIR": what is in small letters stands for itself.
  const words = word.split("|").filter((part) => /^[a-z]/.test(part));
  if (word.includes("|") && words.length > 0) return { kind: "words", words };
  return OFFERS[word] ?? { kind: "nothing" };
}

/** The first words of all verbs, each once. */
export function firstWords({ verbs, families }: Grammar): readonly { word: string; summary: string }[] {
  const alone = verbs
    .filter(({ name }) => !name.includes(" "))
    .map(({ name, summary }) => ({ word: name, summary }));
  const shared = Array.from(families, ([word, seconds]) => ({
    word,
    summary: seconds.map((second) => second.word).join(", "),
  })).filter(({ word }) => !alone.some((verb) => verb.word === word));
  return [...alone, ...shared].sort((a, b) => (a.word < b.word ? -1 : 1));
}
