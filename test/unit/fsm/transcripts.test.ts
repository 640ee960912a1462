/**
 * Each transcript beside this file is a story of the lifecycle: event, `----`, what came of it. After a
 * change that is meant, `PRISM_REWRITE=1 npx vitest run test/unit/fsm/transcripts.test.ts` writes the new
 * traces, to be read in the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runScript } from "../../support/lifecycle-script.ts";

const folder = new URL("./transcripts/", import.meta.url);

describe("a transcript of the lifecycle", () => {
  for (const name of readdirSync(folder)) {
    test(name.replace(/\.txt$/, "").replaceAll("-", " "), () => {
      const path = new URL(name, folder);
      const written = readFileSync(path, "utf8");
      const ran = runScript(written);
      if (process.env["PRISM_REWRITE"] === "1") writeFileSync(path, ran);
      else expect(ran).toBe(written);
    });
  }
});
