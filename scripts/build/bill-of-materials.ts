/**
 * What lies in an executable, for those who must answer for it: a CycloneDX document that names every package
 * that esbuild took a line from, as package-lock.json pins it, and the Node below. Knows no file but these two
 * lists: what it says was read, not declared.
 */
import { createHash } from "node:crypto";
import type { Lock, LockedPackage, RuntimePin } from "./runtimes.ts";

export interface Contents {
  readonly version: string;
  readonly target: string;
  /** Files that esbuild took something from. */
  readonly sources: readonly string[];
  readonly lock: Lock;
  readonly runtime: RuntimePin;
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
  readonly hashes: readonly object[];
  readonly purl: string;
}

/**
 * @returns the document as text, the same for the same contents
 * @throws Error when a bundled package is not pinned with its licence and hash
 * Source: CycloneDX 1.6, JSON.
 */
export function billOfMaterials(contents: Contents): string {
  const { lock, runtime, version, target, sha256 } = contents;
  const paths = bundledPackages(contents.sources);
  const libraries = paths.map((path) => componentOf(path, locked(lock, path)));
  const node: Component = {
    ...componentOf(`node_modules/${runtime.name}`, { ...runtime, license: "MIT" }),
    type: "platform",
  };
  const components = [...libraries, node];
  const self = `prism@${version}-${target}`;
  const document = {
    metadata: {
      ...(contents.date === undefined ? {} : { timestamp: contents.date }),
      tools: {
        components: contents.tools.map((name) => ({
          type: "application",
          name,
          version: locked(lock, `node_modules/${name}`).version,
        })),
      },
      component: {
        type: "application",
        "bom-ref": self,
        name: "prism",
        version,
        licenses: [{ license: { id: "MIT" } }],
        hashes: [{ alg: "SHA-256", content: sha256 }],
        properties: [{ name: "prism:target", value: target }],
      },
    },
    components,
    dependencies: [{ ref: self, dependsOn: components.map((component) => component["bom-ref"]) }],
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
  const found = sources.flatMap((source) => {
    const path = source.replaceAll("\\", "/");
    const [inner] = /node_modules\/(.*\/node_modules\/)?(@[^/]+\/)?[^/]+/.exec(path) ?? [];
    return inner === undefined ? [] : [inner];
  });
  return [...new Set(found)].sort();
}

function locked(lock: Lock, path: string): LockedPackage {
  const found = lock.packages[path];
  if (found === undefined) throw new Error(`"${path}" is in use and not in package-lock.json`);
  return found;
}

function componentOf(path: string, { version, license, integrity }: LockedPackage): Component {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  if (version === undefined || license === undefined || integrity === undefined) {
    throw new Error(`package-lock.json tells no version, licence or integrity of "${path}"`);
  }
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    licenses: [/^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license }],
    hashes: integrity.split(" ").map(hashOf),
    purl,
  };
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
