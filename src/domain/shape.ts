/**
 * Shapes: one description of a value, from which come its check, its TypeScript type and its JSON Schema.
 * Written by hand because every daemon loads it: a schema library costs megabytes of private memory, and
 * its messages do not name the value, the bound and the nearest known key in one sentence.
 * Knows nothing of where the value came from.
 */
import { printable } from "./address.ts";
import { PrismError } from "./errors.ts";

export type JsonSchema = { readonly [key: string]: unknown };

/** A check collects faults instead of throwing, so that one pass names the first one precisely. */
interface Fault {
  readonly code: "invalid_argument" | "unknown_key" | "too_large";
  readonly message: string;
  readonly hint?: string;
}

export interface Shape<T> {
  /** Returns the value as it should be used; on a fault pushes to `faults` and returns anything. */
  readonly read: (value: unknown, at: string, faults: Fault[]) => T;
  readonly schema: JsonSchema;
  readonly optional: boolean;
}

export type Infer<S> = S extends Shape<infer T> ? T : never;

/**
 * @param at what the value is, to begin the message with: `params`
 * @throws PrismError `invalid_argument`, `unknown_key` or `too_large`, for the first fault
 */
export function readShape<T>(shape: Shape<T>, value: unknown, at: string): T {
  const faults: Fault[] = [];
  const result = shape.read(value, at, faults);
  const fault = faults[0];
  if (fault === undefined) return result;
  throw new PrismError(fault.code, fault.message, fault.hint === undefined ? {} : { hint: fault.hint });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return `"${printable(value, 40)}"`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "undefined" ? "nothing" : "an object";
}

function wrong(faults: Fault[], at: string, wanted: string, value: unknown): never {
  faults.push({ code: "invalid_argument", message: `${at} must be ${wanted}, not ${kindOf(value)}` });
  return undefined as never;
}

export interface TextBounds {
  /** Length in UTF-8 bytes. */
  readonly bytesMax: number;
  readonly bytesMin?: number;
  readonly about: string;
}

export function text(bounds: TextBounds): Shape<string> {
  const bytesMin = bounds.bytesMin ?? 1;
  return {
    optional: false,
    schema: { type: "string", minLength: bytesMin, maxLength: bounds.bytesMax, description: bounds.about },
    read(value, at, faults) {
      if (typeof value !== "string") return wrong(faults, at, "a text", value);
      // A UTF-16 unit is 1 to 3 bytes of UTF-8: count bytes only where the answer depends on it.
      if (
        value.length > bounds.bytesMax ||
        (value.length * 3 > bounds.bytesMax && utf8Bytes(value) > bounds.bytesMax)
      ) {
        faults.push({
          code: "too_large",
          message: `${at} is longer than ${bounds.bytesMax} bytes`,
          hint: "shorten it, or put it in a file and name the file",
        });
      } else if (value.length < bytesMin) {
        const fault = value === "" ? "must not be empty" : `is shorter than ${bytesMin} characters`;
        faults.push({ code: "invalid_argument", message: `${at} ${fault}` });
      } else if (!value.isWellFormed()) {
        faults.push({
          code: "invalid_argument",
          message: `${at} is not well-formed Unicode: it holds half a surrogate pair`,
        });
      }
      return value;
    },
  };
}

function utf8Bytes(value: string): number {
  let bytes = 0;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
  }
  return bytes;
}

export interface WholeBounds {
  readonly min: number;
  readonly max: number;
  readonly about: string;
}

export function whole(bounds: WholeBounds): Shape<number> {
  return {
    optional: false,
    schema: { type: "integer", minimum: bounds.min, maximum: bounds.max, description: bounds.about },
    read(value, at, faults) {
      const fits =
        typeof value === "number" &&
        Number.isSafeInteger(value) &&
        value >= bounds.min &&
        value <= bounds.max;
      return fits ? value : wrong(faults, at, `a whole number from ${bounds.min} to ${bounds.max}`, value);
    },
  };
}

export function flag(about: string): Shape<boolean> {
  return {
    optional: false,
    schema: { type: "boolean", description: about },
    read: (value, at, faults) =>
      typeof value === "boolean" ? value : wrong(faults, at, "true or false", value),
  };
}

export function oneOf<const T extends string>(choices: readonly T[], about: string): Shape<T> {
  return {
    optional: false,
    schema: { type: "string", enum: choices, description: about },
    read(value, at, faults) {
      const found = choices.find((choice) => choice === value);
      if (found !== undefined) return found;
      const near = typeof value === "string" ? nearest(value, choices) : undefined;
      faults.push({
        code: "invalid_argument",
        message: `${at} must be one of ${choices.join(", ")}, not ${kindOf(value)}`,
        ...(near === undefined ? {} : { hint: `try "${near}"` }),
      });
      return undefined as never;
    },
  };
}

export function listOf<T>(
  item: Shape<T>,
  bounds: { readonly countMax: number; readonly about: string },
): Shape<readonly T[]> {
  return {
    optional: false,
    schema: { type: "array", items: item.schema, maxItems: bounds.countMax, description: bounds.about },
    read(value, at, faults) {
      if (!Array.isArray(value)) return wrong(faults, at, "a list", value);
      if (value.length > bounds.countMax) {
        faults.push({
          code: "too_large",
          message: `${at} holds ${value.length} items, more than ${bounds.countMax}`,
        });
        return [];
      }
      return value.map((entry, i) => item.read(entry, `${at}[${i}]`, faults));
    },
  };
}

/** The member may be absent (or undefined); null is a fault. */
export function maybe<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    optional: true,
    schema: shape.schema,
    read: (value, at, faults) => (value === undefined ? undefined : shape.read(value, at, faults)),
  };
}

type Members = { readonly [key: string]: Shape<unknown> };
type OptionalKeys<M> = { [K in keyof M]: undefined extends Infer<M[K]> ? K : never }[keyof M];
type Flatten<T> = { readonly [K in keyof T]: T[K] };
export type Shaped<M extends Members> = Flatten<
  { [K in Exclude<keyof M, OptionalKeys<M>>]: Infer<M[K]> } & {
    [K in OptionalKeys<M>]?: Exclude<Infer<M[K]>, undefined>;
  }
>;

/** An object with exactly these members: an unknown one is a fault that names the nearest known one. */
export function object<M extends Members>(members: M, about?: string): Shape<Shaped<M>> {
  const keys = Object.keys(members);
  const required = keys.filter((key) => members[key]?.optional === false);
  return {
    optional: false,
    schema: {
      type: "object",
      properties: Object.fromEntries(keys.map((key) => [key, members[key]?.schema])),
      required,
      additionalProperties: false,
      ...(about === undefined ? {} : { description: about }),
    },
    read(value, at, faults) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return wrong(faults, at, "an object", value);
      const source = value as { readonly [key: string]: unknown };
      // The first stranger is the fault that is told: to look for what is near to each of 100,000 takes seconds.
      const stranger = Object.keys(source).find((key) => !Object.hasOwn(members, key));
      if (stranger !== undefined) faults.push(unknownKey(stranger, at, keys));
      const result: { [key: string]: unknown } = {};
      for (const key of keys) {
        const entry = Object.hasOwn(source, key) ? source[key] : undefined;
        const member = members[key];
        if (member === undefined || (entry === undefined && member.optional)) continue;
        if (entry === undefined) {
          faults.push({ code: "invalid_argument", message: `${at} lacks "${key}"` });
          continue;
        }
        result[key] = member.read(entry, `${at}.${key}`, faults);
      }
      return result as Shaped<M>;
    },
  };
}

function unknownKey(key: string, at: string, known: readonly string[]): Fault {
  const near = nearest(key, known);
  return {
    code: "unknown_key",
    message: `${at} has no member "${printable(key, 40)}"`,
    hint: near === undefined ? knownText(known) : `did you mean "${near}"?`,
  };
}

/** As a hint: what may stand in an object. */
export function knownText(known: readonly string[]): string {
  return known.length === 0 ? "leave it out: none are taken here" : `known are ${known.join(", ")}`;
}

/** The known word closest to a mistyped one, if it is close enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const typed = word.slice(0, 40).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(typed, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Levenshtein, with a swap of neighbours as one step: the commonest slip of the hand. Ends as soon as the distance
 * can't be below `enough`: a hub looks through hundreds of names while everybody waits.
 */
function editDistance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let leastBefore = 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
      if (cost < least) least = cost;
    }
    // A later row is never below both of the two before it: the swap looks back two.
    if (least >= enough && leastBefore >= enough) return enough;
    leastBefore = least;
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? a.length;
}
