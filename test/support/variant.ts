/**
 * Another Prism than this one: the same sources with a few words changed, as a later release would differ, or a broken
 * one. Made in the repository's own cache, so that packages are found, and gone when the test ends.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../scripts/build/bundle.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Words that stand once in a file of `src/`, and what is to stand there instead. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Variant {
  /** Also the name of its folder. */
  readonly name: string;
  readonly version: string;
  readonly changes: readonly Change[];
}

/** As plain node runs it, in a second: how to call it. */
export async function bundled(
  variant: Variant,
): Promise<Made & { readonly command: readonly [string, ...string[]] }> {
  const { folder, entry } = changed(variant);
  const outDir = join(folder, "bundle");
  mkdirSync(outDir);
  // Its parts ask each other by require.
  writeFileSync(join(outDir, "package.json"), '{"type":"commonjs"}\n');
  try {
    await bundle({ root: ROOT, entry, outDir, version: variant.version });
  } catch (error) {
    gone(folder);
    throw error;
  }
  return { command: [process.execPath, join(outDir, "main.js")], remove: () => gone(folder) };
}

/** The executable itself, in ten seconds. */
export function built(variant: Variant): Made & { readonly path: string; readonly version: string } {
  const { folder, entry } = changed(variant);
  const outDir = join(folder, "dist");
  const words = [
    "scripts/build-binaries.ts",
    "--entry",
    entry,
    "--out",
    outDir,
    "--version",
    variant.version,
  ];
  execFileSync(process.execPath, words, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  return { path: join(outDir, "prism"), version: variant.version, remove: () => gone(folder) };
}

interface Made {
  readonly remove: () => void;
}

function changed({ name, changes }: Variant): { readonly folder: string; readonly entry: string } {
  const folder = join(ROOT, ".cache", "variants", `${process.pid}-${name}`);
  gone(folder);
  cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true });
  for (const { file, from, to } of changes) {
    const path = join(folder, "src", file);
    const parts = readFileSync(path, "utf8").split(from);
    if (parts.length !== 2) throw new Error(`"${from}" stands ${parts.length - 1} times in src/${file}`);
    writeFileSync(path, parts.join(to));
  }
  return { folder, entry: join(folder, "src/main.ts") };
}

function gone(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
