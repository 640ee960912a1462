/**
 * All sources as CommonJS, in parts: what every start needs, and one part for each thing loaded late with
 * `await import()`. CommonJS, because the same code as an ES module costs each daemon 6 MB more. In parts,
 * because source text is memory: 700 kB that a daemon never runs, in the same file as what it does run, cost
 * it 2.6 MB and 7 ms (V8 keeps the text of a script, and reads over all of it once).
 *
 * esbuild splits ES modules only, so it splits those, and each part is then turned into CommonJS.
 */

import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BuildOptions, build, transform } from "esbuild";
import { FIRST_PART } from "./loader.ts";

export interface BundleOptions {
  /** Entry point, absolute. */
  readonly entry: string;
  /** Where the parts are written. */
  readonly outDir: string;
  readonly version: string;
}

export interface Bundle {
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
    if (`./${name}` === FIRST_PART) bytes.first = code.length;
  }
  return { parts, bytes };
}
