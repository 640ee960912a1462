/** The grammar of `Sec-WebSocket-Extensions`; knows no extension. Source: RFC 6455 section 9.1. */
export interface Extension {
  readonly name: string;
  /** In order, repetitions kept: whether one may be repeated is the extension's matter. `null`: no value. */
  readonly params: readonly (readonly [name: string, value: string | null])[];
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
// Section 9.1: a quoted value must be a token once unescaped.
const PARAM = new RegExp(
  `[ \\t]*;[ \\t]*(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?`,
  "y",
);
const NAME = new RegExp(`[ \\t]*(${TOKEN})`, "y");
const COMMA = /[ \t]*(?:,[ \t]*)+/y;
const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`);

/** @returns the extensions in order, or null if the value is malformed or names none */
export function parseExtensions(value: string): Extension[] | null {
  const extensions: Extension[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(value);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  do {
    const name = match(NAME)?.[1];
    if (name === undefined) return null;
    const params: [string, string | null][] = [];
    for (let param = match(PARAM); param !== null; param = match(PARAM)) {
      const quoted = param[3]?.replace(/\\(.)/g, "$1");
      if (quoted !== undefined && !WHOLE_TOKEN.test(quoted)) return null;
      params.push([param[1] as string, param[2] ?? quoted ?? null]);
    }
    extensions.push({ name, params });
  } while (at < value.length && match(COMMA) !== null && at < value.length);
  return at === value.length ? extensions : null;
}
