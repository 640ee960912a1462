/**
 * Packages that other packages brought inside their own files, where package-lock.json does not see them: their
 * bundler left a mark before each. Of such a package the licence must be known here, and its text lies below
 * `licences`.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageOf } from "./bill-of-materials.ts";
import type { Part } from "./parts.ts";

/** SPDX, by name. */
const LICENCES: Readonly<Record<string, string>> = {
  ajv: "MIT",
  "ajv-formats": "MIT",
  "content-type": "MIT",
  "fast-deep-equal": "MIT",
  "fast-uri": "BSD-3-Clause",
  "json-schema-traverse": "MIT",
};

/** As rolldown and tsdown write them: `//#region ../node_modules/.pnpm/@scope+name@1.2.3_peer@4.5.6/node_modules/...`. */
const MARK = /^\/\/#region \S*node_modules\/\.pnpm\/(@?[^@/]+)@([^_/(]+)/gm;

/**
 * @param root the repository's folder
 * @param sources files that something was taken from, relative to it
 * @returns by the path of the package that brings them, as package-lock.json names it
 * @throws Error when one is not known here
 */
export async function vendoredIn(
  root: string,
  sources: readonly string[],
): Promise<ReadonlyMap<string, readonly Part[]>> {
  const found = new Map<string, Map<string, Part>>();
  for (const source of sources) {
    const carrier = packageOf(source);
    if (carrier === undefined) continue;
    for (const [, name = "", version = ""] of (await readFile(join(root, source), "utf8")).matchAll(MARK)) {
      const part = vendored(name.replace("+", "/"), version, carrier);
      found.set(carrier, (found.get(carrier) ?? new Map<string, Part>()).set(part.purl, part));
    }
  }
  return new Map(
    [...found].map(([carrier, parts]) => [
      carrier,
      [...parts.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1)),
    ]),
  );
}

function vendored(name: string, version: string, carrier: string): Part {
  const licence = LICENCES[name];
  if (licence === undefined) {
    throw new Error(
      `"${carrier}" holds the package "${name}", whose licence scripts/build/vendored.ts does not know`,
    );
  }
  const textFile = `${name.replace("/", "-")}.txt`;
  return { name, version, licence, purl: `pkg:npm/${name.replace("@", "%40")}@${version}`, textFile };
}
