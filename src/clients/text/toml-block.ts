/**
 * Our tables in somebody's TOML file: one block between two marker lines, at the end. Everything else stays to
 * the byte; that the rest means what it meant before is checked by parsing before and after. Pure.
 *
 * A block, because no TOML library keeps comments and order: what can't be edited in place is appended. Tables
 * are absolute in TOML, so a block at the end changes nothing above it.
 */
import { parse, TomlError, type TomlTable } from "smol-toml";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type { Editing, Holder } from "./entries.ts";
import { eolOf, isSameValue } from "./json-text.ts";

export interface TomlBlock {
  /** Which file, to stand in messages. */
  readonly what: string;
  /** The table that is ours, as in `["mcp_servers", "prism"]`. */
  readonly table: readonly [string, string];
  /** The lines between the markers. */
  readonly lines: readonly string[];
  /** Whose it is, read back from the parsed table; null if it is nobody's of ours. */
  readonly holderOf: (table: unknown) => Holder | null;
  readonly isOurs: (holder: Holder) => boolean;
}

const BEGIN = '# >>> prism: written by "prism surface add", taken out by "prism surface remove" >>>';
const END = "# <<< prism <<<";
const UNTOUCHED = "it was left as it is; mend it there, then try again";

interface Span {
  readonly start: number;
  /** After the line end of the closing marker. */
  readonly end: number;
}

export function tomlEditing(block: TomlBlock): Editing {
  const { what, table } = block;

  function add(text: string): string {
    const before = readToml(text, what);
    const span = spanOf(text, what);
    const standing = tableIn(before, table);
    if (span === undefined && standing !== undefined) throw alreadyThere(block);
    const eol = eolOf(text);
    const body = `${[BEGIN, ...block.lines, END].join(eol)}${eol}`;
    const after =
      span === undefined
        ? `${text}${separator(text, eol)}${body}`
        : `${text.slice(0, span.start)}${body}${text.slice(span.end)}`;
    mustMeanTheSame(before, after, block);
    return after;
  }

  function takeOut(text: string, base: string | null | undefined): string {
    const before = readToml(text, what);
    const span = spanOf(text, what);
    if (span === undefined) return text;
    const head = text.slice(0, span.start);
    const tail = text.slice(span.end);
    // The empty line before the block came with it.
    const joined = head.endsWith("\n\n") || head.endsWith("\r\n\r\n") ? head.replace(/\r?\n$/, "") : head;
    let left = joined + tail;
    if (tail === "" && typeof base === "string" && base !== "" && !base.endsWith("\n"))
      left = left.replace(/\r?\n$/, "");
    if (base === null && left.trim() === "") return "";
    mustMeanTheSame(before, left, block);
    return left;
  }

  return {
    add,
    takeOut,
    isIn: (text) => spanOf(text, what) !== undefined,
    othersIn(text) {
      const holder = block.holderOf(tableIn(readToml(text, what), table));
      return holder === null || block.isOurs(holder) ? [] : [holder];
    },
    isReadable: () => true,
  };
}

/** @throws PrismError `malformed`, with line and column */
function readToml(text: string, what: string): TomlTable {
  try {
    return parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = "not TOML"] = error.message.split("\n");
    const place = `line ${error.line}, column ${error.column}`;
    throw new PrismError(
      "malformed",
      `${what} is not TOML at ${place}: ${printable(reason.replace(/^Invalid TOML document: /, ""), 120)}`,
      { hint: UNTOUCHED },
    );
  }
}

function tableIn(document: TomlTable, [outer, inner]: TomlBlock["table"]): unknown {
  const tables = document[outer];
  return typeof tables === "object" && tables !== null ? (tables as TomlTable)[inner] : undefined;
}

function withoutTable(document: TomlTable, [outer, inner]: TomlBlock["table"]): TomlTable {
  const { [outer]: tables, ...rest } = document;
  if (typeof tables !== "object" || tables === null || Array.isArray(tables)) return document;
  const { [inner]: _, ...others } = tables as TomlTable;
  return Object.keys(others).length === 0 ? rest : { ...rest, [outer]: others };
}

function mustMeanTheSame(before: TomlTable, text: string, { what, table }: TomlBlock): void {
  let after: TomlTable | undefined;
  try {
    after = readToml(text, what);
  } catch {
    // Told below: the file is well as it is, it is the block that does not fit.
  }
  if (after !== undefined && isSameValue(withoutTable(before, table), withoutTable(after, table))) return;
  throw new PrismError(
    "malformed",
    `${what} has no place for [${table.join(".")}]: the rest would change its meaning`,
    {
      hint: `write ${table[0]} as tables of their own, as in [${table[0]}.name], and keep keys of yours out of the block`,
    },
  );
}

function alreadyThere({ what, table }: TomlBlock): PrismError {
  return new PrismError(
    "already_running",
    `${what} has a table [${table.join(".")}] that Prism did not write`,
    {
      hint: "take it out or give it another name, then try again",
    },
  );
}

function separator(text: string, eol: string): string {
  if (text.replace("\ufeff", "") === "") return "";
  return text.endsWith("\n") ? eol : eol + eol;
}

/** Markers count only as whole lines; half a block is somebody's edit that can't be guessed at. */
function spanOf(text: string, what: string): Span | undefined {
  const begin = lineAt(text, BEGIN);
  const end = lineAt(text, END);
  if (begin === undefined && end === undefined) return undefined;
  if (begin === undefined || end === undefined || end.start < begin.start) {
    const found = begin ?? end;
    const line = text.slice(0, found?.start ?? 0).split("\n").length;
    throw new PrismError("malformed", `${what} holds half of Prism's block, at line ${line}`, {
      hint: `take the table and its marker lines out by hand, then try again`,
    });
  }
  return { start: begin.start, end: end.end };
}

function lineAt(text: string, line: string): Span | undefined {
  for (let start = text.indexOf(line); start !== -1; start = text.indexOf(line, start + 1)) {
    const isLineStart = start === 0 || text[start - 1] === "\n" || (start === 1 && text[0] === "\ufeff");
    const rest = /^[ \t]*(\r?\n|$)/.exec(text.slice(start + line.length));
    if (isLineStart && rest !== null) return { start, end: start + line.length + rest[0].length };
  }
  return undefined;
}
