import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flagOf, variableOf } from "../../../../src/cli/arguments.ts";
import { manualText } from "../../../../src/cli/man/page.ts";
import { roff } from "../../../../src/cli/man/roff.ts";
import { settings } from "../../../../src/cli/settings.ts";
import { VERB_GROUPS, VERBS_BY_NAME } from "../../../../src/cli/verbs.ts";
import { typed } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const page = await manualText(VERB_GROUPS, "1.2.3");

describe("the manual", () => {
  it("has every verb with every flag, argument and example, and every setting", async () => {
    for (const [name, { load }] of VERBS_BY_NAME) {
      const { table } = await load();
      const begin = page.indexOf(`.SS "${roff(`prism ${name}`)}`);
      expect(begin, name).toBeGreaterThan(0);
      const part = page.slice(begin, page.indexOf("\n.S", begin + 1));
      for (const key of Object.keys(table.flags)) expect(part, `${name} ${key}`).toContain(roff(flagOf(key)));
      for (const { word } of table.arguments) expect(part, `${name} ${word}`).toContain(roff(word));
      for (const { line } of table.examples) expect(part, `${name}: ${line}`).toContain(roff(line));
    }
    for (const key of Object.keys(settings)) expect(page).toContain(`.B "${variableOf(key)}"`);
  });

  it("is what the verb prints", async () => {
    expect(await typed(["man"])).toEqual({ status: 0, out: page, err: "" });
    expect(JSON.parse((await typed(["man", "--json"])).out)).toEqual({ text: page });
  });

  it.each([
    ["mandoc", ["-T", "lint", "-W", "warning"]],
    ["groff", ["-ww", "-man", "-Tutf8", "-z"]],
  ])("gives %s nothing to warn of", (program, args) => {
    const file = join(tempDir(), "prism.1");
    writeFileSync(file, page);
    const { error, stdout, stderr } = spawnSync(program, [...args, file], { encoding: "utf8" });
    if (error === undefined) expect(stdout + stderr).toBe("");
  });
});

describe("a text as roff", () => {
  it.each([
    ["a\\b", "a\\eb"],
    ["--json", "\\-\\-json"],
    [".TH", "\\&.TH"],
    ["'x' `y` ~/z", "\\(aqx\\(aq \\(gay\\(ga \\(ti/z"],
    ["as > or ❯", "as > or \\[u276F]"],
  ])("%s", (text, wanted) => expect(roff(text)).toBe(wanted));
});
