import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { flagOf, variableOf } from "../../../src/cli/arguments.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { settings } from "../../../src/cli/settings.ts";
import { VERBS_BY_NAME } from "../../../src/cli/verbs.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/cli.md"), "utf8");

it("docs/cli.md lists every setting, by its three names", () => {
  const rows = Object.keys(settings).map(
    (key) => `| \`${flagOf(key)}\` | \`${variableOf(key)}\` | \`${key}\` |`,
  );
  expect(page.match(/^\| `--.*$/gm)).toEqual(rows);
});

it("docs/cli.md lists every exit status", () => {
  const listed = Array.from(page.matchAll(/^\| (\d+) \|/gm), (match) => Number(match[1]));
  expect(listed).toEqual(Object.values(EXIT).toSorted((a, b) => a - b));
});

it("docs/cli.md has the JSON of every verb", () => {
  const listed = Array.from(page.matchAll(/^\| `([a-z -]+)` \|/gm), (match) => match[1]);
  expect(listed).toEqual(expect.arrayContaining([...VERBS_BY_NAME.keys(), "version"]));
});
