/**
 * The hub's decisions as transcripts: one file for each matter, in `transcripts/`. After a change on purpose,
 * `UPDATE_TRANSCRIPTS=1` writes them anew; read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { replay } from "../../../support/hub-transcript.ts";

const folder = join(import.meta.dirname, "transcripts");

for (const name of readdirSync(folder).sort()) {
  it(`holds ${name}`, () => {
    const path = join(folder, name);
    const expected = readFileSync(path, "utf8");
    const replayed = replay(expected);
    if (process.env["UPDATE_TRANSCRIPTS"] === "1") writeFileSync(path, replayed);
    else expect(replayed).toBe(expected);
  });
}
