/**
 * What is ours in another program's JSON file, as a list of entries: putting them in, bringing them up to date
 * where they stand, and taking exactly them out again. Pure. Knows no client: each says how it recognises its own.
 */
import {
  insertJson,
  isAlone,
  isPlainJson,
  isSameValue,
  type Json,
  type JsonDocument,
  type JsonObject,
  type JsonPath,
  nodeAt,
  readJson,
  removeJson,
  replaceJson,
} from "./json-text.ts";

/** One kind of file, and our part in it. */
export interface Editing {
  /** @throws PrismError `malformed` for what can't be read or has no place for us */
  add(text: string): string;
  /**
   * @param base the text before we first wrote into it: null if there was no file, undefined if nobody knows
   * @returns "" if nothing is left of a file that was not there before
   */
  takeOut(text: string, base: string | null | undefined): string;
  /** True if something that is surely ours stands there. @throws PrismError `malformed` */
  isIn(text: string): boolean;
  /** Who else works here by the same means: told to the second one. */
  othersIn(text: string): readonly Holder[];
  /** True if the client's own reader takes this text. */
  isReadable(text: string): boolean;
}

export interface Holder {
  readonly persona: string;
  /** The project's folder. */
  readonly root: string;
}

export interface Entry {
  /** Names it among the entries of its file. */
  readonly role: string;
  /** The object or list that holds it. */
  readonly container: readonly string[];
  /** The member's name; absent for an item of a list. */
  readonly key?: string;
  /** What is put in where it is missing. */
  readonly value: Json;
  /** What must stand where it was found, if that is only a part of `value`. Members beside these stay. */
  readonly core?: Json;
  /** It may as well be the user's own: taken out only if it was not there before us. */
  readonly isShared?: true;
}

export interface Found {
  readonly role: string;
  readonly path: JsonPath;
}

export interface JsonEntries {
  /** Which file, to stand in messages. */
  readonly what: string;
  readonly entries: readonly Entry[];
  /** Everything of ours in a document, wherever a person moved it and whatever became of its details. */
  readonly find: (value: unknown) => readonly Found[];
  readonly others: (value: unknown) => readonly Holder[];
}

export function jsonEditing(ours: JsonEntries): Editing {
  const { what, entries } = ours;
  const read = (text: string): JsonDocument => readJson(text, what);
  const found = (document: JsonDocument): readonly Found[] => ours.find(document.value);
  const isShared = (role: string): boolean =>
    entries.some((entry) => entry.role === role && entry.isShared === true);

  function add(text: string): string {
    let document = read(text);
    for (const entry of entries) {
      const [first, ...more] = found(document).filter(({ role }) => role === entry.role);
      if (first === undefined) {
        document = read(insertJson(document, entry, what));
        continue;
      }
      const standing = valueAt(document.value, first.path);
      const wanted = merged(standing, entry.core ?? entry.value);
      if (!isSameValue(standing, wanted)) document = read(replaceJson(document, first.path, wanted));
      for (const { path } of more.toReversed()) document = read(cut(document, path, undefined));
    }
    const known = new Set(entries.map(({ role }) => role));
    for (;;) {
      const stale = found(document).findLast(({ role }) => !known.has(role));
      if (stale === undefined) return document.text;
      document = read(cut(document, stale.path, undefined));
    }
  }

  function takeOut(text: string, base: string | null | undefined): string {
    const before = typeof base === "string" ? read(base) : undefined;
    const kept = new Set(
      before === undefined ? [] : found(before).flatMap(({ role }) => (isShared(role) ? [role] : [])),
    );
    let document = read(text);
    for (;;) {
      const last = found(document).findLast(({ role }) => !kept.has(role));
      if (last === undefined) break;
      document = read(cut(document, last.path, base === null ? undefined : before));
    }
    if (
      document.root?.children?.length !== 0 ||
      !/^\{\s*\}$/.test(document.text.replace("\ufeff", "").trim())
    ) {
      return document.text;
    }
    if (base === null) return "";
    // A file that held nothing but space gets that back.
    return before !== undefined && before.root === undefined ? before.text : document.text;
  }

  return {
    add,
    takeOut,
    isIn: (text) => found(read(text)).some(({ role }) => !isShared(role)),
    othersIn: (text) => ours.others(read(text).value),
    isReadable: (text) => text.trim() === "" || isPlainJson(text),
  };
}

/** Takes one out, and with it what was made only to hold it. */
function cut(document: JsonDocument, path: JsonPath, base: JsonDocument | undefined): string {
  let top = path;
  while (top.length > 1 && isAlone(document, top) && isMadeForIt(top.slice(0, -1), base))
    top = top.slice(0, -1);
  return removeJson(document, top, { base });
}

/** A list's item, as a group of hooks, is nothing without what is in it. A named container may have been there. */
function isMadeForIt(container: JsonPath, base: JsonDocument | undefined): boolean {
  if (container.some((step) => typeof step === "number")) return true;
  return base === undefined || nodeAt(base, container) === undefined;
}

function valueAt(value: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>(
    (within, step) => (within as { [key: string | number]: unknown })?.[step],
    value,
  );
}

/** What stands there, with our members as they must be; undefined takes a member away. */
function merged(standing: unknown, wanted: Json): Json {
  if (!isObject(standing) || !isObject(wanted)) return settled(wanted);
  const result: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(standing)) {
    if (!Object.hasOwn(wanted, key)) result[key] = value as Json;
    else if (wanted[key] !== undefined) result[key] = merged(value, wanted[key]);
  }
  for (const [key, value] of Object.entries(wanted)) {
    if (value !== undefined && !Object.hasOwn(standing, key)) {
      const fresh = settled(value);
      if (!(isObject(fresh) && Object.keys(fresh).length === 0)) result[key] = fresh;
    } else if (isObject(value) && Object.keys(result[key] as JsonObject).length === 0) {
      delete result[key];
    }
  }
  return result;
}

/** Without the members that are only there to take others away. */
function settled(value: Json): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, settled(member)]])),
  );
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list : [];
}
