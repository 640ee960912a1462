/**
 * One hash over everything that decides the executable's content, so that `--if-stale` rebuilds exactly when
 * something changed. Contents, not times: a checkout touches every file.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const INPUTS = [
  "LICENSE",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "scripts/build-binaries.ts",
  "scripts/build",
  "src",
];

/** @param root the repository's folder */
export function hashInputs(root: string): string {
  const hash = createHash("sha256");
  for (const path of INPUTS.flatMap((input) => filesUnder(root, input))) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** Paths relative to the root, with forward slashes, sorted: the same on every system. */
function filesUnder(root: string, path: string): string[] {
  let names: string[];
  try {
    names = readdirSync(join(root, path)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [path];
    throw error;
  }
  return names.flatMap((name) => filesUnder(root, `${path}/${name}`));
}
