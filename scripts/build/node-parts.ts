/**
 * What a Node is made of, as it tells itself in `process.versions`, with what a reader of the bill must know of each
 * part: its licence, and the name by which the public lists of vulnerabilities call it. Knows no document's form.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Part } from "./parts.ts";

interface Known {
  readonly name?: string;
  readonly licence: string;
  /** An npm package of that name and version; others are sources that Node's makers copied. */
  readonly isPackage?: true;
  /** `vendor:product`. */
  readonly cpe?: string;
  readonly textFile?: string;
}

/** By the name in `process.versions`. Licences as the texts in Node's own LICENSE are, or the part's own home. */
const KNOWN: Readonly<Record<string, Known>> = {
  acorn: { licence: "MIT", isPackage: true },
  ada: { licence: "MIT OR Apache-2.0" },
  amaro: { licence: "MIT", isPackage: true },
  ares: { name: "c-ares", licence: "MIT", cpe: "c-ares:c-ares" },
  brotli: { licence: "MIT", cpe: "google:brotli" },
  cldr: { licence: "Unicode-3.0" },
  icu: { licence: "Unicode-3.0", cpe: "icu-project:international_components_for_unicode" },
  libffi: { licence: "MIT", textFile: "libffi.txt" },
  lief: { licence: "Apache-2.0", cpe: "lief-project:lief" },
  llhttp: { licence: "MIT", cpe: "llhttp:llhttp" },
  merve: { licence: "MIT" },
  nbytes: { licence: "MIT" },
  ncrypto: { licence: "MIT" },
  nghttp2: { licence: "MIT", cpe: "nghttp2:nghttp2" },
  nghttp3: { licence: "MIT" },
  ngtcp2: { licence: "MIT" },
  openssl: { licence: "Apache-2.0", cpe: "openssl:openssl" },
  simdjson: { licence: "Apache-2.0", cpe: "simdjson:simdjson" },
  simdutf: { licence: "MIT" },
  sqlite: { licence: "blessing", cpe: "sqlite:sqlite" },
  tz: { name: "tzdata", licence: "LicenseRef-public-domain" },
  undici: { licence: "MIT", isPackage: true, cpe: "nodejs:undici" },
  unicode: { licence: "Unicode-3.0" },
  uv: { name: "libuv", licence: "MIT", cpe: "libuv:libuv" },
  uvwasi: { licence: "MIT" },
  v8: { licence: "BSD-3-Clause", cpe: "google:v8" },
  zlib: { licence: "Zlib", cpe: "zlib:zlib" },
  zstd: { licence: "BSD-3-Clause", cpe: "facebook:zstandard" },
};

/** Versions of interfaces, and of the whole. */
const NO_PARTS: ReadonlySet<string> = new Set(["node", "modules", "napi"]);

/** What a Node of this version tells of itself: the same on every system. */
export async function versionsOf(executable: string): Promise<NodeJS.ProcessVersions> {
  const { stdout } = await promisify(execFile)(executable, ["-p", "JSON.stringify(process.versions)"]);
  return JSON.parse(stdout);
}

/**
 * @param versions as `process.versions` of that Node
 * @returns sorted by name; parts that this Node was built without are left out
 * @throws Error when it tells of a part whose licence is not known here
 */
export function nodeParts(versions: Readonly<Record<string, string | undefined>>): Part[] {
  return Object.entries(versions)
    .filter((entry): entry is [string, string] => !NO_PARTS.has(entry[0]) && (entry[1] ?? "") !== "")
    .map(([key, version]) => partOf(key, version))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function cpeOf(product: string, version: string): string {
  return `cpe:2.3:a:${product}:${version}:*:*:*:*:*:*:*`;
}

function partOf(key: string, version: string): Part {
  const known = KNOWN[key];
  if (known === undefined) {
    throw new Error(`Node tells of a part "${key}" that scripts/build/node-parts.ts does not know`);
  }
  const { name = key, licence, isPackage, cpe, textFile } = known;
  return {
    name,
    version,
    licence,
    purl: `pkg:${isPackage ? "npm" : "generic"}/${name}@${encodeURIComponent(version)}`,
    ...(cpe === undefined ? {} : { cpe: cpeOf(cpe, version) }),
    ...(textFile === undefined ? {} : { textFile }),
  };
}
