/** Packages inside other packages' files are found by the marks before them, and none goes unnamed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { vendoredIn } from "../../../scripts/build/vendored.ts";

const ROOT = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "prism-vendored-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function source(path: string, text: string): string {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return path;
}

test("a marked package is told with its version, once, beneath the one that brings it", async () => {
  const text = `
//#region ../../node_modules/.pnpm/ajv@8.18.0/node_modules/ajv/dist/core.js
//#endregion
//#region ../../node_modules/.pnpm/ajv@8.18.0/node_modules/ajv/dist/more.js
//#region ../../node_modules/.pnpm/ajv-formats@3.0.1_ajv@8.18.0/node_modules/ajv-formats/dist/index.js
//#region src/own.ts`;
  const sources = [
    source("src/main.ts", text),
    source("node_modules/@some/where/a.mjs", text),
    source("node_modules/@some/where/b.mjs", text),
  ];
  const found = await vendoredIn(folder, sources);
  expect([...found.keys()]).toEqual(["node_modules/@some/where"]);
  expect(found.get("node_modules/@some/where")).toMatchObject([
    { name: "ajv-formats", version: "3.0.1", purl: "pkg:npm/ajv-formats@3.0.1", textFile: "ajv-formats.txt" },
    { name: "ajv", version: "8.18.0", licence: "MIT" },
  ]);
});

test("one whose licence is not known stops the build, and is named", async () => {
  const mark = "//#region ../node_modules/.pnpm/@far+away@1.0.0/node_modules/@far/away/index.js";
  await expect(vendoredIn(folder, [source("node_modules/x/index.mjs", mark)])).rejects.toThrow(
    '"node_modules/x" holds the package "@far/away", whose licence',
  );
});

test("all that the server library for MCP brings is known, with its text", async () => {
  const dist = "node_modules/@modelcontextprotocol/server/dist";
  const sources = readdirSync(join(ROOT, dist)).filter((name) => /^(ajvProvider|src)-.*\.mjs$/.test(name));
  const found = await vendoredIn(
    ROOT,
    sources.map((name) => `${dist}/${name}`),
  );
  const parts = found.get("node_modules/@modelcontextprotocol/server") ?? [];
  expect(parts.map(({ name }) => name)).toContain("ajv");
  const without = parts.filter(
    ({ textFile = "" }) => !existsSync(join(ROOT, "scripts/build/licences", textFile)),
  );
  expect(without).toEqual([]);
});
