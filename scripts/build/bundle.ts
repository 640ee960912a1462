/**
 * All sources as CommonJS, in parts: what every start needs, and one part for each thing loaded late with
 * `await import()`. CommonJS, because the same code as an ES module costs each daemon 6 MB more. In parts,
 * because source text is memory: 700 kB that a daemon never runs, in the same file as what it does run, cost
 * it 2.6 MB and 7 ms (V8 keeps the text of a script, and reads over all of it once).
 *
 * esbuild splits ES modules only, so it splits those, and each part is then turned into CommonJS. What it finds
 * in two parts it takes out into a third: right for a daemon, whose memory counts, and wrong for a process that
 * lives 40 ms, since each part costs it 0.3 ms. Such a one gets a part of its own, with all below it inside.
 */

import { writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type BuildOptions, build, type Plugin, transform } from "esbuild";
import { FIRST_PART } from "./loader.ts";
import { buildPage, pageIn } from "./page.ts";

/** Sources that are imported late and packed whole, from `src/`, and the names of their parts. */
const WHOLE_PARTS = { "cli/hook/at-once.ts": "hook.js" } as const;

export interface BundleOptions {
  /** The repository's folder. */
  readonly root: string;
  /** Entry point, absolute. */
  readonly entry: string;
  /** Where the parts are written. */
  readonly outDir: string;
  readonly version: string;
}

export interface Bundle {
  /** The parts' files, by the name that `require` is called with. */
  readonly parts: ReadonlyMap<string, string>;
  /** Files that something was taken from, as esbuild names them. */
  readonly sources: readonly string[];
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

export async function bundle({ root, entry, outDir, version }: BundleOptions): Promise<Bundle> {
  const asModules = {
    ...SHARED,
    bundle: true,
    format: "esm",
    outdir: outDir,
    write: false,
    metafile: true,
    // Names of parts come from paths relative to it: the same wherever the repository lies.
    absWorkingDir: root,
    // Its entry for Node is UMD, whose requires esbuild can't see.
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    define: { PRISM_VERSION: JSON.stringify(version) },
  } as const satisfies BuildOptions;
  const src = dirname(entry);
  const page = await buildPage(root);
  const whole = Object.entries(WHOLE_PARTS).map(([source, name]) => ({ source: join(src, source), name }));
  const built = await Promise.all([
    build({
      ...asModules,
      entryPoints: { main: entry },
      splitting: true,
      plugins: [apart(whole), pageIn(page.html)],
    }),
    ...whole.map(({ source, name }) =>
      build({ ...asModules, entryPoints: { [basename(name, ".js")]: source } }),
    ),
  ]);
  const parts = new Map<string, string>();
  const bytes = { first: 0, all: 0 };
  for (const file of built.flatMap(({ outputFiles }) => outputFiles)) {
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
  const taken = built
    .flatMap(({ metafile }) => Object.values(metafile.outputs))
    .flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0));
  const sources = new Set([...taken.map(([path]) => path), ...page.sources]);
  return { parts, sources: [...sources].sort(), bytes };
}

/** Leaves these out of the bundle: an import of one becomes an import of its part. */
function apart(whole: readonly { readonly source: string; readonly name: string }[]): Plugin {
  return {
    name: "apart",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
        const found = whole.find(({ source }) => source === resolve(resolveDir, path));
        if (found === undefined || kind !== "dynamic-import") return null;
        return { path: `./${found.name}`, external: true };
      });
    },
  };
}
