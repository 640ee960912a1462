/**
 * What lies in an executable, for those who must answer for it: a CycloneDX document that names every package
 * that esbuild took a line from, as package-lock.json pins it, and the Node below with its parts. Knows no file
 * but these lists: what it says was read, not declared.
 */
import { createHash } from "node:crypto";
import { cpeOf } from "./node-parts.ts";
import type { Part } from "./parts.ts";
import type { Lock, RuntimePin } from "./runtimes.ts";

export interface Contents {
  readonly version: string;
  readonly target: string;
  /** By their path in package-lock.json. */
  readonly packages: readonly string[];
  /** What packages hold inside their own files, by the path of such a package. */
  readonly vendored: ReadonlyMap<string, readonly Part[]>;
  readonly lock: Lock;
  readonly runtime: RuntimePin;
  readonly nodeParts: readonly Part[];
  /** Names in package-lock.json of what made the file. */
  readonly tools: readonly string[];
  /** Of the executable, hexadecimal. */
  readonly sha256: string;
  /** ISO 8601. */
  readonly date: string | undefined;
}

interface Component {
  readonly type: "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly object[];
  readonly hashes?: readonly object[];
  readonly cpe?: string;
  readonly purl: string;
  readonly components?: readonly Component[];
}

/**
 * @returns the document as text, the same for the same contents
 * @throws Error when a bundled package is not pinned with its licence and hash
 * Source: CycloneDX 1.6, JSON.
 */
export function billOfMaterials(contents: Contents): string {
  const { lock, runtime, version, target, sha256 } = contents;
  const libraries = contents.packages.map((path) => {
    const inside = contents.vendored.get(path)?.map((part) => partComponent("vendored", part));
    return { ...packageComponent(lockedPackage(lock, path)), ...(inside && { components: inside }) };
  });
  const node: Component = {
    ...packageComponent({ ...runtime, licence: "MIT" }),
    type: "platform",
    cpe: cpeOf("nodejs:node.js", runtime.version),
    components: contents.nodeParts.map((part) => partComponent("node", part)),
  };
  const components = [...libraries, node];
  const holders = components.filter((component) => component.components !== undefined);
  const refs = (of: readonly Component[] = []): string[] => of.map((component) => component["bom-ref"]);
  const self = `prism@${version}-${target}`;
  const document = {
    metadata: {
      ...(contents.date === undefined ? {} : { timestamp: contents.date }),
      tools: {
        components: contents.tools.map((name) => ({
          type: "application",
          name,
          version: lockedPackage(lock, `node_modules/${name}`).version,
        })),
      },
      component: {
        type: "application",
        "bom-ref": self,
        name: "prism",
        version,
        licenses: [{ license: { id: "MIT" } }],
        hashes: [{ alg: "SHA-256", content: sha256 }],
        purl: `pkg:generic/prism@${version}`,
        properties: [{ name: "prism:target", value: target }],
      },
    },
    components,
    dependencies: [
      { ref: self, dependsOn: refs(components) },
      ...holders.map((holder) => ({ ref: holder["bom-ref"], dependsOn: refs(holder.components) })),
    ],
    // Node tells the versions of most of its parts; of some it holds the licence alone.
    compositions: [
      { aggregate: "complete", dependencies: [self] },
      { aggregate: "incomplete", assemblies: [node["bom-ref"]] },
    ],
  };
  const heading = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(document))}`,
    version: 1,
  };
  return `${JSON.stringify({ ...heading, ...document }, null, 2)}\n`;
}

/**
 * @param sources files as esbuild names them, packages below any `node_modules`
 * @returns the packages that they belong to, as package-lock.json names them, sorted
 */
export function bundledPackages(sources: readonly string[]): string[] {
  return [...new Set(sources.flatMap((source) => packageOf(source) ?? []))].sort();
}

/** @returns undefined for a file of Prism's own */
export function packageOf(source: string): string | undefined {
  return /node_modules\/(.*\/node_modules\/)?(@[^/]+\/)?[^/]+/.exec(source.replaceAll("\\", "/"))?.[0];
}

/** What package-lock.json must tell of a package before it may be passed on. */
export interface Told {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly licence: string;
  readonly integrity: string;
}

/**
 * @param path as package-lock.json names it
 * @throws Error when it tells less
 */
export function lockedPackage(lock: Lock, path: string): Told {
  const found = lock.packages[path];
  if (found === undefined) throw new Error(`"${path}" is in use and not in package-lock.json`);
  const { version, license: licence, integrity } = found;
  if (version === undefined || licence === undefined || integrity === undefined) {
    throw new Error(`package-lock.json tells no version, licence or integrity of "${path}"`);
  }
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  return { name, version, licence, integrity };
}

function packageComponent({ name, version, licence, integrity }: Told): Component {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    licenses: [licenceOf(licence)],
    hashes: integrity.split(" ").map(hashOf),
    purl,
  };
}

/**
 * No hash: it has no file of its own, and that of what it lies in covers it.
 *
 * @param within what it lies in: Prism may hold the same package in the same version elsewhere, too
 */
function partComponent(within: string, { name, version, licence, cpe, purl }: Part): Component {
  return {
    type: "library",
    "bom-ref": `${within}/${purl}`,
    name,
    version,
    licenses: [licenceOf(licence)],
    ...(cpe === undefined ? {} : { cpe }),
    purl,
  };
}

function licenceOf(licence: string): object {
  if (licence.startsWith("LicenseRef-")) return { license: { name: licence.slice("LicenseRef-".length) } };
  return /^[\w.+-]+$/.test(licence) ? { license: { id: licence } } : { expression: licence };
}

/** @param integrity as npm writes it: the hash's name and base64 */
function hashOf(integrity: string): object {
  const [name = "", content = ""] = integrity.split("-", 2);
  return {
    alg: name.replace("sha", "SHA-"),
    content: Buffer.from(content, "base64").toString("hex"),
  };
}

/** Named by content, so that the same contents have the same number; RFC 9562, version 8. */
function uuidOf(content: string): string {
  const bytes = createHash("sha256").update(content).digest().subarray(0, 16);
  bytes.writeUInt8(((bytes[6] ?? 0) & 0x0f) | 0x80, 6);
  bytes.writeUInt8(((bytes[8] ?? 0) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
