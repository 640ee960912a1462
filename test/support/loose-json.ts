/** Texts as people write settings: JSON with comments, closing commas, any indentation and line ends. */
import fc from "fast-check";

type Value = unknown;

const word = fc.constantFrom("a", "b", "model", "env", "note", "permissions", "MARK", "x y", "ü", '"', "\\");
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1.5, 1e9, "", "MARK", "text // no comment", "a /* b", "},{", "ü\n"),
  fc.string({ maxLength: 6 }),
);
const anything: fc.Arbitrary<Value> = fc.letrec<{ node: Value }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(word, tie("node"), { maxKeys: 3 }),
  ),
})).node;

const handler = fc.oneof(
  fc.record({
    type: fc.constant("command"),
    command: fc.constantFrom("ls", "./MARK", "prism status", "echo hook stop"),
  }),
  anything,
);
const group = fc.oneof(
  fc.record({ hooks: fc.array(handler, { maxLength: 2 }) }),
  fc.record({ matcher: fc.constantFrom("*", "Bash"), hooks: fc.array(handler, { maxLength: 2 }) }),
  anything,
);
const hooks = fc.dictionary(
  fc.constantFrom("SessionStart", "Stop", "PostToolUse", "PreToolUse", "UserPromptSubmit"),
  fc.array(group, { maxLength: 2 }),
  { maxKeys: 3 },
);
const words = fc.array(fc.constantFrom("Bash(ls)", "mcp__prism", "prism", "MARK", "other"), { maxLength: 3 });
const ours = fc.record(
  {
    hooks,
    permissions: fc.record({ allow: words, deny: words }, { requiredKeys: [] }),
    enabledMcpjsonServers: words,
    mcpServers: fc.dictionary(fc.constantFrom("other", "MARK"), anything, { maxKeys: 2 }),
  },
  { requiredKeys: [] },
);

/** Settings of any content that a client could have, with places of ours already there or not. */
export const settingsValue: fc.Arbitrary<Value> = fc
  .tuple(fc.dictionary(fc.constantFrom("model", "env", "theme", "MARK"), anything, { maxKeys: 3 }), ours)
  .map(([rest, known]) => ({ ...rest, ...known }));

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", " ", "\n", "\n  ", "\n\t", "  ", "\n\n    ") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "/* c */",
      " /* MARK */ ",
      "// line\n",
      " // MARK\n  ",
      "\n  // own line\n",
      "/*,*/",
      "//,}\n",
    ),
  },
);

export interface Manner {
  readonly gaps: readonly string[];
  readonly closingComma: readonly boolean[];
  readonly crlf: boolean;
  readonly bom: boolean;
}

const manner: fc.Arbitrary<Manner> = fc.record({
  gaps: fc.array(gap, { minLength: 1, maxLength: 30 }),
  closingComma: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  crlf: fc.boolean(),
  bom: fc.boolean(),
});

/** Each gap between two tokens is taken from the list, round and round. */
function printed(value: Value, { gaps, closingComma, crlf, bom }: Manner): string {
  let at = 0;
  let commas = 0;
  const between = (): string => gaps[at++ % gaps.length] ?? "";
  const list = (items: readonly string[]): string => {
    const comma =
      items.length > 0 && closingComma[commas++ % closingComma.length] === true ? `,${between()}` : "";
    return `${items.map((item) => between() + item + between()).join(",")}${items.length === 0 ? between() : comma}`;
  };
  const print = (node: Value): string => {
    if (Array.isArray(node)) return `[${list(node.map(print))}]`;
    if (typeof node !== "object" || node === null) return JSON.stringify(node);
    return `{${list(Object.entries(node).map(([key, member]) => `${JSON.stringify(key)}${between()}:${between()}${print(member)}`))}}`;
  };
  const text = `${between()}${print(value)}${between()}`;
  const ended = /\/\/[^\n]*$/.test(text) ? `${text}\n` : text;
  return (bom ? "\ufeff" : "") + (crlf ? ended.replaceAll("\n", "\r\n") : ended);
}

const pretty = fc
  .tuple(settingsValue, fc.constantFrom(undefined, 2, 4, "\t"), fc.constantFrom("", "\n"))
  .map(([value, indent, end]) => JSON.stringify(value, null, indent) + end);

export const settingsText: fc.Arbitrary<string> = fc.oneof(
  pretty,
  fc.tuple(settingsValue, manner).map(([value, how]) => printed(value, how)),
  fc.constantFrom("", "\n", "{}", "{ }", "{\n}\n", "{ /* c */ }", "// only\n{}", "\ufeff{}"),
);
