/** Code compiled ahead: the same bytes in every build, taken back by V8, and every function in it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compileAhead } from "../../../scripts/build/compile-ahead.ts";
import { loaderText } from "../../../scripts/build/loader.ts";

const folder = mkdtempSync(join(tmpdir(), "prism-ahead-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = Array.from({ length: 60 }, (_, index) => `name${index}`);
/** Many names, which is where chance shows; and none of the functions is called while it is compiled. */
const PART = `${names.map((name) => `function ${name}(x){return {${name}:x,y:"${name}"}}`).join(";")};exports.all=[${names}];`;

async function compiled(name: string): Promise<Buffer> {
  const part = join(folder, `${name}.js`);
  writeFileSync(part, PART);
  const parts = new Map([["./part.js", part]]);
  const code = await compileAhead({ workDir: folder, parts, command: [process.execPath], flags: [] });
  expect([...code.keys()]).toEqual(["./part.js"]);
  return readFileSync(code.get("./part.js") ?? "");
}

test("is the same twice, and holds more than what a start compiles", async () => {
  const [once, again] = [await compiled("once"), await compiled("again")];
  expect(once.equals(again)).toBe(true);
  expect(once.includes("name59")).toBe(true);
  expect(once.length).toBeGreaterThan(PART.length * 2);
});

test("is taken back by the loader's own way of loading", () => {
  const fakes = `
    const assets = { "./main.js": process.argv[2], "./main.js.code": process.argv[3] };
    const fs = require("node:fs");
    const vm = require("node:vm");
    let rejected;
    const sea = { getRawAsset: (name) => Uint8Array.from(fs.readFileSync(assets[name])).buffer };
    class Script extends vm.Script {
      constructor(...args) { super(...args); rejected = this.cachedDataRejected; }
    }
    const fakes = { "node:sea": sea, "node:vm": { Script } };
    new Function("require", process.argv[4])((name) => fakes[name] ?? require(name));
    console.log(rejected);`;
  const script = join(folder, "load.cjs");
  writeFileSync(script, fakes);
  const part = join(folder, "once.js");
  const args = [script, part, `${part}.code`, loaderText(["./main.js"])];
  expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("false\n");
});
