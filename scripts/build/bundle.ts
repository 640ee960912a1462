/**
 * All sources as CommonJS, in parts: what every start needs, and one part for each thing loaded late with
 * `await import()`. CommonJS, because the same code as an ES module costs each daemon 6 MB more. In parts,
 * because source text is memory: 700 kB that a daemon never runs, in the same file as what it does run, cost
 * it 2.6 MB and 7 ms (V8 keeps the text of a script, and reads over all of it once).
 *
 * esbuild splits ES modules only, so it splits those, and each part is then turned into CommonJS. A loader of
 * a few lines finds them in the executable itself, as assets.
 */

import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BuildOptions, build, transform } from "esbuild";

export interface BundleOptions {
  /** Entry point, absolute. */
  readonly entry: string;
  /** Where the parts are written. */
  readonly outDir: string;
  readonly version: string;
}

export interface Bundle {
  readonly loaderFile: string;
  /** The parts' files, by the name that `require` is called with. */
  readonly parts: ReadonlyMap<string, string>;
  /** Text that every start loads, and all of it. */
  readonly bytes: { readonly first: number; readonly all: number };
}

const SHARED = {
  target: "node24",
  platform: "node",
  // Identifiers stay as they are: a stack trace in a user's log must name our functions.
  minifySyntax: true,
  minifyWhitespace: true,
  // One non-ASCII character would make V8 hold a whole part at two bytes a character.
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning",
} as const satisfies BuildOptions;

export async function bundle({ entry, outDir, version }: BundleOptions): Promise<Bundle> {
  const { outputFiles } = await build({
    ...SHARED,
    entryPoints: { main: entry },
    bundle: true,
    splitting: true,
    format: "esm",
    outdir: outDir,
    write: false,
    define: { PRISM_VERSION: JSON.stringify(version) },
  });
  const parts = new Map<string, string>();
  const bytes = { first: 0, all: 0 };
  for (const file of outputFiles) {
    const name = basename(file.path);
    const { code } = await transform(file.text, {
      ...SHARED,
      format: "cjs",
      // `await import()` becomes a late `require`: still lazy, and Node's ES module loader is never started.
      supported: { "dynamic-import": false },
    });
    const path = join(outDir, name);
    await writeFile(path, code);
    parts.set(`./${name}`, path);
    bytes.all += code.length;
    if (name === FIRST_PART) bytes.first = code.length;
  }
  const loaderFile = join(outDir, "loader.cjs");
  await writeFile(loaderFile, LOADER);
  return { loaderFile, parts, bytes };
}

const FIRST_PART = "main.js";

/**
 * The executable's own script, and all of it: loads parts by name, and Node's modules by theirs. A part is
 * ASCII, so its bytes are its characters. Parts carry names of their own in stack traces, and not the folder
 * that they were built in.
 */
const LOADER = `"use strict";
const fromNode = require;
const loaded = new Map();
function load(name) {
  if (name[0] !== ".") return fromNode(name);
  let part = loaded.get(name);
  if (part === undefined) {
    loaded.set(name, (part = { exports: {} }));
    const text = Buffer.from(fromNode("node:sea").getRawAsset(name)).latin1Slice();
    const names = ["exports", "require", "module"];
    const run = fromNode("node:vm").compileFunction(text, names, { filename: "prism" + name.slice(1) });
    run(part.exports, load, part);
  }
  return part.exports;
}
load("./${FIRST_PART}");
`;
