/** The splitting of a command line's words is that of `node:util`'s parseArgs, whatever is typed. */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { splitWords, type Word } from "../../../src/cli/words.ts";

/** Which of a group's letters is a dash, parseArgs reads as `--`, and we do not. */
const DASH_IN_GROUP = /^-[^-].*-/s;

/** Two flags that are known, and what comes near them or is special in some way. */
const word = fc
  .oneof(
    fc.constantFrom("--name", "--loud", "--name=x", "--loud=1", "--name=", "--", "-", "-n", "-abc", ""),
    fc.constantFrom(
      "--=",
      "--=a",
      "--=a=b",
      "--nam",
      "--name=a=b",
      "---",
      "--name\n",
      "text",
      "-1",
      "--x=--name",
    ),
    fc.string({ maxLength: 6 }),
    fc.string({ maxLength: 4 }).map((text) => `--${text}`),
    fc.string({ maxLength: 4, unit: "binary" }).map((text) => `-${text}`),
  )
  .filter((text) => !DASH_IN_GROUP.test(text));

function byNode(words: readonly string[]): Word[] {
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    options: { name: { type: "string" }, loud: { type: "boolean" } },
  });
  return tokens.flatMap((token): Word[] => {
    if (token.kind === "positional") return [{ kind: "positional", value: token.value }];
    if (token.kind === "option-terminator") return [];
    const { rawName, value, inlineValue } = token;
    return [{ kind: "option", rawName, value, inlineValue }];
  });
}

test("as parseArgs splits them", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      expect(splitWords(words, (flag) => flag === "--name")).toEqual(byNode(words));
    }),
    { numRuns: 3000 },
  );
});
