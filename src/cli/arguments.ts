/**
 * A verb's table: its flags and arguments, from which parsing, help and every usage error come. Reads
 * words into typed values; opens nothing and runs nothing.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { nearest } from "../domain/shape.ts";
import { ConfigError } from "./exit-status.ts";
import { type Kind, listed } from "./kinds.ts";
import { splitWords } from "./words.ts";

export interface ValueFlag<T> {
  readonly kind: Kind<T>;
  readonly about: string;
  /** Shown in help where the flag is not needed: `127.0.0.1:7747`. */
  readonly otherwise?: string;
  /** May also come from `PRISM_<NAME>` or from the configuration file, under its own name. */
  readonly setting?: true;
  readonly needed?: true;
}

export interface Switch {
  readonly kind: "switch";
  readonly about: string;
  readonly setting?: true;
}

export type Flag = ValueFlag<unknown> | Switch;
export type Flags = { readonly [key: string]: Flag };

export interface Argument<T> {
  readonly word: string;
  readonly about: string;
  readonly kind: Kind<T>;
  /** True: it may be left out, and so may all behind it. */
  readonly isOptional?: true;
}

export interface Example {
  readonly line: string;
  readonly about: string;
}

export interface Table {
  readonly name: string;
  /** What it does, for who has never used it: paragraphs, wrapped when shown. */
  readonly about: readonly string[];
  readonly arguments: readonly Argument<unknown>[];
  readonly flags: Flags;
  /** Pairs of flags that contradict each other when both are typed. */
  readonly apart?: readonly (readonly [string, string])[];
  /** Pairs of flags of which neither makes sense alone, wherever each of them comes from. */
  readonly together?: readonly (readonly [string, string])[];
  readonly examples: readonly Example[];
}

/** A table that still knows the type of every value, from which `Input` is computed. */
export interface TypedTable<F extends Flags, A extends readonly Argument<unknown>[]> extends Table {
  readonly flags: F;
  readonly arguments: A;
}

type FlagValue<G> = G extends Switch
  ? boolean
  : G extends ValueFlag<infer T>
    ? G extends { readonly needed: true }
      ? T
      : T | undefined
    : never;

type ArgumentValue<A> =
  A extends Argument<infer V> ? (A extends { readonly isOptional: true } ? V | undefined : V) : never;

export interface Input<F extends Flags, A extends readonly Argument<unknown>[]> {
  readonly flags: { readonly [K in keyof F]: FlagValue<F[K]> };
  readonly arguments: { readonly [I in keyof A]: ArgumentValue<A[I]> };
  /** Which flags were typed, as against coming from the environment or the file. */
  readonly typed: ReadonlySet<string>;
  /** Their words, for who keeps them for later. */
  readonly words: ReadonlyMap<string, string | true>;
}

export type InputOf<T> = T extends TypedTable<infer F, infer A> ? Input<F, A> : never;

/** Keeps the exact types of what is written in a table. */
export function table<const F extends Flags, const A extends readonly Argument<unknown>[]>(
  definition: TypedTable<F, A>,
): TypedTable<F, A> {
  return definition;
}

/** Where a flag that was not typed may come from: the environment first, then the configuration file. */
export interface Sources {
  readonly env: { readonly [name: string]: string | undefined };
  readonly config: { readonly [key: string]: string | boolean };
  /** Named in messages. */
  readonly configPath: string;
  /** What was set up for one persona in one project: before the file, which is for all, and after the environment. */
  readonly kept?: { readonly config: { readonly [key: string]: string }; readonly path: string };
}

/** `execCommand` as it is typed: `--exec-command`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}

/** `execCommand` in the environment: `PRISM_EXEC_COMMAND`. */
export function variableOf(key: string): string {
  return `PRISM_${key.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`;
}

/**
 * @param words what stands after the verb
 * @throws PrismError `invalid_argument`, `unknown_key` or `too_large`, for the first fault; as a
 *   `ConfigError` if the value came from the environment or the file
 */
export function parseArguments<F extends Flags, A extends readonly Argument<unknown>[]>(
  verb: TypedTable<F, A>,
  words: readonly string[],
  sources: Sources,
): Input<F, A> {
  const typed = typedWords(verb, words);
  checkContradictions(verb, typed.flags);
  const flags: { [key: string]: unknown } = {};
  for (const [key, flag] of Object.entries(verb.flags)) {
    flags[key] = flagValue(key, flag, typed.flags, sources);
  }
  checkCompany(verb, flags, typed.flags);
  const values = verb.arguments.map((argument, i) => {
    const word = typed.arguments[i];
    if (word === undefined) {
      if (argument.isOptional === true) return undefined;
      throw missingArgument(verb, argument);
    }
    return argument.kind.read(word, argument.word);
  });
  for (const [key, flag] of Object.entries(verb.flags)) {
    if (flag.kind !== "switch" && flag.needed === true && flags[key] === undefined) {
      throw missingFlag(verb, key, flag);
    }
  }
  // The table says which value each key holds; TypeScript can't follow that through a loop.
  const asTyped = { typed: new Set(typed.flags.keys()), words: typed.flags };
  return { flags, arguments: values, ...asTyped } as unknown as Input<F, A>;
}

interface Typed {
  readonly flags: ReadonlyMap<string, string | true>;
  readonly arguments: readonly string[];
}

function typedWords(verb: Table, words: readonly string[]): Typed {
  const keys = new Map(Object.keys(verb.flags).map((key) => [flagOf(key), key]));
  const takesValue = (typed: string): boolean => {
    const key = keys.get(typed);
    return key !== undefined && verb.flags[key]?.kind !== "switch";
  };
  const flags = new Map<string, string | true>();
  const values: string[] = [];
  for (const token of splitWords(words, takesValue)) {
    if (token.kind === "positional") {
      values.push(token.value);
      continue;
    }
    const key = keys.get(token.rawName);
    if (key === undefined) throw unknownFlag(verb, token.rawName, Array.from(keys.keys()));
    if (flags.has(key)) {
      throw new PrismError("invalid_argument", `${token.rawName} is given twice`, { hint: "give it once" });
    }
    flags.set(key, valueTyped(verb, token.rawName, verb.flags[key] as Flag, token));
  }
  const extra = values[verb.arguments.length];
  if (extra !== undefined) throw extraArgument(verb, extra);
  return { flags, arguments: values };
}

function valueTyped(
  verb: Table,
  typed: string,
  flag: Flag,
  token: { readonly value: string | undefined; readonly inlineValue: boolean | undefined },
): string | true {
  if (flag.kind === "switch") {
    if (token.inlineValue !== true) return true;
    throw new PrismError("invalid_argument", `${typed} takes no value`, { hint: `write ${typed} alone` });
  }
  const { value } = token;
  // A flag in the place of a value is a forgotten value; who means it writes --flag=--value.
  if (value === undefined || (token.inlineValue !== true && /^--./.test(value))) {
    throw new PrismError("invalid_argument", `${typed} needs a value: ${typed} ${flag.kind.word}`, {
      hint: `see "prism help ${verb.name}"`,
    });
  }
  return value;
}

function flagValue(
  key: string,
  flag: Flag,
  typed: ReadonlyMap<string, string | true>,
  sources: Sources,
): unknown {
  const word = typed.get(key);
  if (word !== undefined) return flag.kind === "switch" ? true : flag.kind.read(String(word), flagOf(key));
  if (flag.setting !== true) return flag.kind === "switch" ? false : undefined;
  return settingValue(key, flag, sources);
}

/**
 * The value of a setting that was not typed.
 *
 * @throws ConfigError
 */
export function settingValue(key: string, flag: Flag, sources: Sources): unknown {
  const variable = variableOf(key);
  const fromEnv = sources.env[variable];
  // An empty variable is an absent one: that is how unit files and shells switch a setting off.
  const kept = sources.kept?.config[key];
  const [value, path] =
    fromEnv !== undefined && fromEnv !== ""
      ? [fromEnv, null]
      : kept !== undefined
        ? [kept, sources.kept?.path ?? ""]
        : [sources.config[key], sources.configPath];
  // Most settings are not set, and of those none needs its name.
  if (value === undefined) return flag.kind === "switch" ? false : undefined;
  const what = path === null ? variable : `"${key}" in ${printable(path, 200)}`;
  try {
    if (flag.kind === "switch") return switchValue(value, what);
    if (typeof value === "boolean") {
      throw new PrismError("invalid_argument", `${what} must be a text, not ${value}`);
    }
    return flag.kind.read(value, what);
  } catch (error) {
    if (error instanceof PrismError) throw new ConfigError(error);
    throw error;
  }
}

function switchValue(value: string | boolean, what: string): boolean {
  if (value === true || value === "1" || value === "true") return true;
  if (value === false || value === "0" || value === "false") return false;
  throw new PrismError("invalid_argument", `${what} must be true or false, not "${printable(value, 40)}"`);
}

function checkContradictions(verb: Table, typed: ReadonlyMap<string, unknown>): void {
  for (const [a, b] of verb.apart ?? []) {
    if (typed.has(a) && typed.has(b)) {
      throw new PrismError("invalid_argument", `${flagOf(a)} and ${flagOf(b)} contradict each other`, {
        hint: "give one of them",
      });
    }
  }
}

/** One of the two may be typed and the other one set: what counts is that both have a value. */
function checkCompany(
  verb: Table,
  flags: { readonly [key: string]: unknown },
  typed: ReadonlyMap<string, unknown>,
): void {
  for (const [a, b] of verb.together ?? []) {
    if ((flags[a] === undefined) === (flags[b] === undefined)) continue;
    const [given, lacking] = flags[b] === undefined ? [a, b] : [b, a];
    const isSetting = verb.flags[lacking]?.setting === true;
    const fault = new PrismError("invalid_argument", `${flagOf(given)} needs ${flagOf(lacking)} beside it`, {
      hint: isSetting ? `give it, or set ${variableOf(lacking)}` : `see "prism help ${verb.name}"`,
    });
    throw typed.has(given) ? fault : new ConfigError(fault);
  }
}

function unknownFlag(verb: Table, typed: string, known: readonly string[]): PrismError {
  const near = nearest(typed, known);
  const negative = /^-[^-]/.test(typed) && verb.arguments.length > 0;
  return new PrismError("unknown_key", `${verb.name} has no flag "${printable(typed, 40)}"`, {
    hint:
      near !== undefined
        ? `did you mean ${near}?`
        : negative
          ? 'put "--" before a text that begins with "-"'
          : `known are ${known.join(", ")}`,
  });
}

/** As usage shows it. */
export function argumentWord({ word, isOptional }: Argument<unknown>): string {
  return isOptional === true ? `[${word}]` : word;
}

function missingFlag(verb: Table, key: string, flag: ValueFlag<unknown>): PrismError {
  return new PrismError("invalid_argument", `${verb.name} needs ${flagOf(key)} ${flag.kind.word}`, {
    hint: flag.setting === true ? `give it, or set ${variableOf(key)}` : `see "prism help ${verb.name}"`,
  });
}

function missingArgument(verb: Table, argument: Argument<unknown>): PrismError {
  return new PrismError("invalid_argument", `${verb.name} needs ${argument.word}: ${argument.about}`, {
    hint: `as in: ${verb.examples[0]?.line ?? `prism help ${verb.name}`}`,
  });
}

function extraArgument(verb: Table, extra: string): PrismError {
  const takes = verb.arguments.map((argument) => argument.word);
  const last = takes.at(-1);
  return new PrismError(
    "invalid_argument",
    takes.length === 0
      ? `${verb.name} takes flags only, not "${printable(extra, 40)}"`
      : `${verb.name} takes ${listed(takes).replace(" or ", " and ")}, and "${printable(extra, 40)}" is one too many`,
    {
      hint: last === "TEXT" ? 'quote a text of several words: "like this"' : `see "prism help ${verb.name}"`,
    },
  );
}
