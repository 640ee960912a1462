/**
 * Edits of one JSON text that change what they are about and nothing else: comments, order, indentation, line
 * ends, a closing comma and everything unknown stay to the byte, and a removal undoes an insertion to the byte.
 * Pure, text in and text out. Knows no file and no client.
 *
 * jsonc-parser reads and says where everything stands; its own `modify` is not used, because it lays a new
 * member between a value and the comment behind it, and its removal does not undo its insertion.
 */
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export type JsonPath = readonly (string | number)[];

export interface JsonDocument {
  readonly text: string;
  /** Absent if there is nothing in the text but space. */
  readonly root: Node | undefined;
  readonly value: unknown;
}

const BOM = "\ufeff";
const INDENT_DEFAULT = "  ";
/** Longer ones get lines of their own, also beside neighbours that stand on one. */
const INLINE_CHARS_MAX = 60;

/**
 * Comments and closing commas are read too: whether the client does is another question.
 *
 * @param what which file, to stand in the message
 * @throws PrismError `malformed`, with line and column
 */
export function readJson(text: string, what: string): JsonDocument {
  const errors: ParseError[] = [];
  let root: Node | undefined;
  let value: unknown;
  try {
    root = parseTree(masked(text), errors, { allowTrailingComma: true, allowEmptyContent: true });
    value = root === undefined ? undefined : getNodeValue(root);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PrismError("malformed", `${what} is nested too deeply to be read`, { hint: UNTOUCHED });
  }
  const [fault] = errors;
  if (fault !== undefined) {
    const words = printParseErrorCode(fault.error)
      .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
      .toLowerCase();
    throw new PrismError("malformed", `${what} is not JSON at ${placeOf(text, fault.offset)}: ${words}`, {
      hint: UNTOUCHED,
    });
  }
  return { text, root, value };
}

const UNTOUCHED = "it was left as it is; mend it there, then try again";

/** A byte order mark is no JSON, but stands in files that Windows programs write. Offsets stay the same. */
function masked(text: string): string {
  return text.startsWith(BOM) ? ` ${text.slice(1)}` : text;
}

/** `line 3, column 7`, both from 1. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `line ${line}, column ${offset - before.lastIndexOf("\n")}`;
}

/** True if every reader of JSON takes it: no comments, no closing commas. */
export function isPlainJson(text: string): boolean {
  try {
    JSON.parse(masked(text));
    return true;
  } catch {
    return false;
  }
}

/** Where a value stands; of a key that is there twice the last one, as every reader takes it. */
export function nodeAt(document: JsonDocument, path: JsonPath): Node | undefined {
  let node = document.root;
  for (const step of path) {
    if (node === undefined) return undefined;
    if (typeof step === "number") node = node.type === "array" ? node.children?.[step] : undefined;
    else node = node.type === "object" ? memberOf(node, step) : undefined;
  }
  return node;
}

function memberOf(node: Node, key: string): Node | undefined {
  return node.children?.findLast((property) => property.children?.[0]?.value === key)?.children?.[1];
}

export interface Insertion {
  /** The object or list that takes it; missing ones on the way are made. */
  readonly container: readonly string[];
  /** The member's name; absent for an item of a list. */
  readonly key?: string;
  readonly value: Json;
}

/**
 * Puts a value at the end of its object or list.
 *
 * @throws PrismError `malformed` if something of another kind stands where an object or a list is needed
 */
export function insertJson(document: JsonDocument, insertion: Insertion, what: string): string {
  const { container, key } = insertion;
  const { text, root } = document;
  if (root === undefined) return freshText(text, insertion);
  for (let depth = 0; depth <= container.length; depth++) {
    const node = nodeAt(document, container.slice(0, depth));
    const isLast = depth === container.length;
    if (node === undefined) {
      const parent = nodeAt(document, container.slice(0, depth - 1)) as Node;
      return inserted(text, parent, { key: container[depth - 1] as string, value: nested(insertion, depth) });
    }
    const wanted = isLast && key === undefined ? "array" : "object";
    if (node.type !== wanted) throw wrongKind(document, container.slice(0, depth), node, wanted, what);
  }
  const target = nodeAt(document, container) as Node;
  return inserted(text, target, key === undefined ? insertion : { key, value: insertion.value });
}

/** The value with the containers from `depth` on around it. */
function nested({ container, key, value }: Insertion, depth: number): Json {
  const inner: Json = key === undefined ? [value] : { [key]: value };
  return container.slice(depth).reduceRight<Json>((within, name) => ({ [name]: within }), inner);
}

function freshText(blank: string, insertion: Insertion): string {
  const eol = eolOf(blank);
  const bom = blank.startsWith(BOM) ? BOM : "";
  return `${bom}${JSON.stringify(nested(insertion, 0), null, INDENT_DEFAULT).replaceAll("\n", eol)}${eol}`;
}

function wrongKind(
  document: JsonDocument,
  path: JsonPath,
  node: Node,
  wanted: string,
  what: string,
): PrismError {
  const place = placeOf(document.text, node.offset);
  const name = path.length === 0 ? "the whole" : `"${printable(path.join("."), 60)}"`;
  const kind = wanted === "array" ? "a list" : "an object";
  return new PrismError("malformed", `${what} at ${place}: ${name} must be ${kind}, not ${kindText(node)}`, {
    hint: UNTOUCHED,
  });
}

function kindText(node: Node): string {
  if (node.type === "array") return "a list";
  return node.type === "object" ? "an object" : printable(JSON.stringify(node.value), 40);
}

function inserted(text: string, node: Node, member: { readonly key?: string; readonly value: Json }): string {
  const close = endOf(node) - 1;
  const last = node.children?.at(-1);
  const from = last === undefined ? node.offset + 1 : endOf(last);
  const solid = solidTokens(text, from, close);
  const at = solid.at(-1)?.end ?? from;
  const hasComma = solid.some((token) => token.kind === "comma");
  const line = inlineText(member, isSpaced(text));
  const isShort = line.length <= INLINE_CHARS_MAX && last !== undefined;
  const isInline = isOneLine(text) || (isShort && !text.slice(node.offset, close).includes("\n"));
  const eol = eolOf(text);
  const outer = lineIndent(text, node.offset);
  const indent =
    last !== undefined && startsLine(text, last) ? lineIndent(text, last.offset) : outer + unitOf(text);
  const body = isInline ? line : blockText(member, unitOf(text), eol + indent);
  const lead = isInline ? (last !== undefined && isSpaced(text) ? " " : "") : eol + indent;
  const tail = text.slice(at, close);
  // An empty container that closes on the line on which it opens gets its closing on a line of its own.
  const closing = last === undefined && !isInline && !tail.includes("\n") ? eol + outer : tail;
  const comma = last !== undefined && !hasComma ? "," : "";
  return `${text.slice(0, from)}${comma}${text.slice(from, at)}${lead}${body}${hasComma ? "," : ""}${closing}${text.slice(close)}`;
}

export interface Removal {
  /** The same text before anything was put into it; its empty containers get back the space inside them. */
  readonly base: JsonDocument | undefined;
}

/** Takes a value out, with its key and its comma. Nothing else goes, comments beside it included. */
export function removeJson(document: JsonDocument, path: JsonPath, { base }: Removal): string {
  const { text } = document;
  const value = nodeAt(document, path);
  const container = nodeAt(document, path.slice(0, -1));
  if (value === undefined || container === undefined) return text;
  const node = container.type === "object" ? (value.parent as Node) : value;
  const siblings = container.children ?? [];
  const index = siblings.indexOf(node);
  const previous = siblings[index - 1];
  const next = siblings[index + 1];
  const start = previous === undefined ? container.offset + 1 : endOf(previous);
  const close = endOf(container) - 1;
  const before = solidTokens(text, start, node.offset);
  const after = solidTokens(text, endOf(node), next?.offset ?? close);
  const ownComma = after.find((token) => token.kind === "comma");
  const itsComma = ownComma ?? before.findLast((token) => token.kind === "comma");
  const from = before.at(-1)?.end ?? start;
  const cuts = [{ start: from, end: endOf(node) }, ...(itsComma === undefined ? [] : [itsComma])];
  const rest = text.slice(ownComma !== undefined && after[0] === ownComma ? ownComma.end : endOf(node));
  if (before.at(-1)?.kind === "lineComment" && !/^[ \t]*(\r?\n|\/\/)/.test(rest)) {
    // What follows must not become part of the comment before.
    cuts[0] = { start: node.offset, end: endOf(node) };
  } else if (
    from === container.offset + 1 &&
    next !== undefined &&
    !text.slice(from, node.offset).includes("\n")
  ) {
    const space = /^[ \t]*/.exec(text.slice(ownComma?.end))?.[0].length ?? 0;
    if (ownComma !== undefined && after[0] === ownComma)
      cuts.push({ start: ownComma.end, end: ownComma.end + space });
  }
  const left = withoutRanges(text, cuts);
  return siblings.length > 1 ? left : emptied(left, path.slice(0, -1), base);
}

/** The space before the closing of a container that holds nothing any more becomes what it was. */
function emptied(text: string, path: JsonPath, base: JsonDocument | undefined): string {
  const document = readJson(text, "the text");
  const node = nodeAt(document, path);
  if (node === undefined) return text;
  const was = base === undefined ? undefined : nodeAt(base, path);
  const inner = innerOf(text, node);
  const wasEmpty = base !== undefined && was !== undefined && (was.children?.length ?? 0) === 0;
  if (!wasEmpty && inner.at > inner.open) return text;
  const tail = wasEmpty && was.type === node.type ? tailOf(base.text, was) : "";
  return text.slice(0, inner.at) + tail + text.slice(inner.close);
}

function tailOf(text: string, node: Node): string {
  const { at, close } = innerOf(text, node);
  return text.slice(at, close);
}

function innerOf(
  text: string,
  node: Node,
): { readonly open: number; readonly at: number; readonly close: number } {
  const open = node.offset + 1;
  const close = endOf(node) - 1;
  return { open, at: solidTokens(text, open, close).at(-1)?.end ?? open, close };
}

/** True if nothing but space would be left once this one went: no neighbour and no comment. */
export function isAlone(document: JsonDocument, path: JsonPath): boolean {
  const container = nodeAt(document, path.slice(0, -1));
  const value = nodeAt(document, path);
  if (container === undefined || value === undefined || container.children?.length !== 1) return false;
  const node = container.type === "object" ? (value.parent as Node) : value;
  const outside = [
    ...solidTokens(document.text, container.offset + 1, node.offset),
    ...solidTokens(document.text, endOf(node), endOf(container) - 1),
  ];
  return outside.every((token) => token.kind === "comma");
}

/** Puts another value in the place of one, in the manner in which it stands there. */
export function replaceJson(document: JsonDocument, path: JsonPath, value: Json): string {
  const { text } = document;
  const node = nodeAt(document, path);
  if (node === undefined) return text;
  const isInline = !text.slice(node.offset, endOf(node)).includes("\n");
  const body = isInline
    ? inlineText({ value }, isSpaced(text))
    : blockText({ value }, unitOf(text), eolOf(text) + lineIndent(text, node.offset));
  return text.slice(0, node.offset) + body + text.slice(endOf(node));
}

function blockText(
  { key, value }: { readonly key?: string; readonly value: Json },
  unit: string,
  eol: string,
): string {
  const body = JSON.stringify(value, null, unit).replaceAll("\n", eol);
  return key === undefined ? body : `${JSON.stringify(key)}: ${body}`;
}

function inlineText(
  { key, value }: { readonly key?: string; readonly value: Json },
  isSpaced: boolean,
): string {
  const space = isSpaced ? " " : "";
  const body = oneLine(value, space);
  return key === undefined ? body : `${JSON.stringify(key)}:${space}${body}`;
}

function oneLine(value: Json, space: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => oneLine(item, space)).join(`,${space}`)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value as JsonObject).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${space}${oneLine(member as Json, space)}`).join(`,${space}`)}}`;
}

interface Token {
  readonly kind: "comma" | "lineComment" | "blockComment";
  readonly start: number;
  readonly end: number;
}

/** Commas and comments in a stretch between values, where nothing else can stand but space. */
function solidTokens(text: string, from: number, to: number): Token[] {
  return Array.from(text.slice(from, to).matchAll(/,|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g), (match) => {
    const [found] = match;
    const kind = found === "," ? "comma" : found.startsWith("//") ? "lineComment" : "blockComment";
    return { kind, start: from + match.index, end: from + match.index + found.length };
  });
}

function withoutRanges(
  text: string,
  ranges: readonly { readonly start: number; readonly end: number }[],
): string {
  let left = text;
  for (const { start, end } of ranges.toSorted((a, b) => b.start - a.start)) {
    left = left.slice(0, start) + left.slice(end);
  }
  return left;
}

function endOf(node: Node): number {
  return node.offset + node.length;
}

export function eolOf(text: string): string {
  return /\r\n|\n/.exec(text)?.[0] ?? "\n";
}

function lineIndent(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? "";
}

function startsLine(text: string, node: Node): boolean {
  const start = text.lastIndexOf("\n", node.offset - 1) + 1;
  return start > 0 && text.slice(start, node.offset).trim() === "";
}

/** What one level is indented by: as the first indented line says. */
function unitOf(text: string): string {
  return /\n([ \t]+)["[{}\]]/.exec(text)?.[1] ?? INDENT_DEFAULT;
}

function isOneLine(text: string): boolean {
  return !text.trim().includes("\n") && !/^[\s\ufeff]*(\{\s*\}|\[\s*\])\s*$/.test(text);
}

/** Whether there is a space after colons and commas. */
function isSpaced(text: string): boolean {
  return !/"\s*:\S/.test(text) || /"\s*:\s/.test(text);
}

/** Equal in meaning: the order of members does not count. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && String(a) === String(b);
  }
  const left = Object.entries(a);
  const right = new Map(Object.entries(b));
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSameValue(value, right.get(key)))
  );
}
