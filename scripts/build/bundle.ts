/**
 * All sources as one CommonJS file. One file, because a single executable runs one; CommonJS, because the same
 * code as an ES module costs each daemon 6 MB more and loads Node's HTTP client although nobody asked for it.
 */
import { stat } from "node:fs/promises";
import { build } from "esbuild";

export interface BundleOptions {
  /** Entry point, absolute. */
  readonly entry: string;
  readonly outFile: string;
  readonly version: string;
}

/** @returns the bundle's size in bytes */
export async function bundle(options: BundleOptions): Promise<number> {
  await build({
    entryPoints: [options.entry],
    outfile: options.outFile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    // Identifiers stay as they are: a stack trace in a user's log must name our functions.
    minifySyntax: true,
    minifyWhitespace: true,
    // One non-ASCII character would make V8 hold the whole source at two bytes a character, in every daemon.
    charset: "ascii",
    legalComments: "none",
    // `await import()` becomes a late `require`: still lazy, and Node's ES module loader is never started.
    supported: { "dynamic-import": false },
    define: { PRISM_VERSION: JSON.stringify(options.version) },
    logLevel: "warning",
  });
  return (await stat(options.outFile)).size;
}
