/**
 * Makes `dist/prism`, the one executable, and `dist/prism-daemon`, a link to it; or what is released.
 *
 *   node scripts/build-binaries.ts [--if-stale] [--entry FILE] [--out FOLDER] [--version VERSION]
 *   node scripts/build-binaries.ts --target NAME | --all       `dist/prism-NAME`; all five, and SHA256SUMS
 *   ... --xz                                                    and an archive of each, to download
 *
 * The first needs what `npm ci` brought and nothing else: no network, no compiler. The others fetch the runtimes
 * of other systems from the npm registry, once. Beside each file lie its bill of materials (`.cdx.json`) and its
 * record (`.build.json`). A finished file replaces the old one in one step, so a running daemon keeps its own and
 * two builds at once do no harm.
 */
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Executable } from "./build/executable.ts";
import { hashInputs } from "./build/inputs.ts";
import type { Notice } from "./build/notices.ts";
import { compress, writeLicences, writeSums } from "./build/release.ts";
import {
  fetchedRuntime,
  installedRuntime,
  type Lock,
  pinFor,
  type Runtime,
  type RuntimePin,
  writerPin,
} from "./build/runtimes.ts";
import { sourceDate } from "./build/source-date.ts";
import { hostTarget, releaseName, TARGETS, type Target, targetNamed } from "./build/targets.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** In the npm package of a Node for Linux or macOS. */
const LICENCE_FILE = "LICENSE";

/** Packages that decide the bytes of the executable, and so stand in its record. */
const TOOLS = ["@yao-pkg/pkg", "esbuild", "postject"];

/** What stands beside the executable in `NAME.build.json`. */
interface BuildRecord {
  readonly version: string;
  readonly target: string;
  /** Of the sources, ISO 8601. */
  readonly date?: string | undefined;
  /** One hash over everything that was read. */
  readonly sources: string;
  readonly runtime: RuntimePin;
  /** The Node that wrote the runtime's data, where that was another one. */
  readonly writer?: RuntimePin | undefined;
  readonly tools: { readonly [name: string]: string };
  readonly flags: readonly string[];
  readonly textBytes: { readonly first: number; readonly all: number };
  readonly codeBytes: number;
  readonly bytes: number;
  readonly sha256: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "if-stale": { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      target: { type: "string" },
      entry: { type: "string", default: "src/main.ts" },
      out: { type: "string", default: "dist" },
      // Another than the package's own: to try an upgrade out.
      version: { type: "string" },
      xz: { type: "boolean", default: false },
    },
  });
  const outDir = resolve(ROOT, values.out);
  const { version } = values;
  const place = { outDir, inputs: hashInputs(ROOT), entry: resolve(ROOT, values.entry), version };
  if (values.all || values.target !== undefined) {
    const targets = values.all ? TARGETS : [targetNamed(values.target ?? "")];
    const notices: Notice[] = [];
    for (const target of targets) {
      const fileName = releaseName(target);
      const made = await build({ ...place, target, fileName, isRelease: true });
      notices.push(...made.notices);
      // An archive of another build than the file beside it would mislead.
      if (values.xz) await compress(join(outDir, fileName));
      else await rm(join(outDir, `${fileName}.xz`), { force: true });
    }
    const own = await readFile(join(ROOT, "LICENSE"), "utf8");
    if (values.all) await writeLicences(outDir, own, notices);
    await writeSums(outDir);
    return;
  }
  const target = hostTarget();
  const { fileName } = target;
  if (values["if-stale"] && (await isCurrent(place, target))) return;
  await build({ ...place, target, fileName, isRelease: false });
}

interface Place {
  readonly outDir: string;
  readonly inputs: string;
  readonly entry: string;
  readonly version: string | undefined;
}

interface Build extends Place {
  readonly target: Target;
  readonly fileName: string;
  /** Made of nothing but what was fetched and checked. */
  readonly isRelease: boolean;
}

async function build({
  target,
  fileName,
  isRelease,
  outDir,
  inputs,
  entry,
  ...asked
}: Build): Promise<Executable> {
  // Late, because esbuild and pkg take a second to load and `--if-stale` mostly finds nothing to do.
  const { makeExecutable } = await import("./build/executable.ts");
  const startedAt = performance.now();
  const workDir = join(ROOT, ".cache", "build", `${process.pid}-${target.name}`);
  await mkdir(workDir, { recursive: true });
  await mkdir(outDir, { recursive: true });
  try {
    const lock = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as Lock;
    const version = asked.version ?? lock.packages[""]?.version ?? "";
    const pin = pinFor(lock, target);
    const to = { cacheDir: join(ROOT, ".cache", "runtimes"), workDir };
    const runtime = isRelease
      ? await fetchedRuntime(pin, [target.runtimePath], to)
      : await installedRuntime(pin, target);
    const twin = await twinOf(runtime, lock, to);
    say(`prism ${version} for ${target.name}, on Node ${runtime.version}`);
    const made = await makeExecutable({
      target,
      runtime,
      twin,
      lock,
      version,
      root: ROOT,
      entry,
      workDir,
      say,
    });
    const date = await sourceDate(ROOT, process.env["SOURCE_DATE_EPOCH"]);
    const told = { version, target, date, inputs, pin, twin, lock, made };
    await tell(join(outDir, fileName), told);
    await rename(made.file, join(outDir, fileName));
    if (!isRelease) await linkDaemon(outDir, workDir, target);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const proven = made.isProven ? "proven" : "not run here";
    say(`${join(outDir, fileName)}: ${Math.round(made.bytes / 1e6)} MB, ${proven}, in ${seconds} s`);
    return made;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function twinOf(
  runtime: Runtime,
  lock: Lock,
  to: { readonly cacheDir: string; readonly workDir: string },
): Promise<Runtime> {
  const host = hostTarget();
  const pin = writerPin(runtime.version);
  if (pin === undefined) return installedRuntime(pinFor(lock, host), host);
  return fetchedRuntime(pin, [host.runtimePath, LICENCE_FILE], to);
}

interface Told {
  readonly version: string;
  readonly target: Target;
  readonly date: string | undefined;
  readonly inputs: string;
  readonly pin: RuntimePin;
  readonly twin: Runtime;
  readonly lock: Lock;
  readonly made: Executable;
}

async function tell(file: string, { version, target, date, inputs, pin, twin, lock, made }: Told) {
  const { billOfMaterials } = await import("./build/bill-of-materials.ts");
  const { flags, textBytes, codeBytes, bytes, sha256, packages, vendored, nodeParts } = made;
  const { name, version: twinVersion, integrity } = twin;
  const record: BuildRecord = {
    version,
    target: target.name,
    date,
    sources: inputs,
    runtime: pin,
    writer: twinVersion === process.versions.node ? undefined : { name, version: twinVersion, integrity },
    tools: {
      node: process.versions.node,
      ...Object.fromEntries(
        TOOLS.map((name) => [name, lock.packages[`node_modules/${name}`]?.version ?? ""]),
      ),
    },
    flags,
    textBytes,
    codeBytes,
    bytes,
    sha256,
  };
  const held = { packages, vendored, nodeParts, lock, runtime: pin };
  const bill = { ...held, version, target: target.name, tools: TOOLS, sha256, date };
  await writeFile(`${file}.cdx.json`, billOfMaterials(bill));
  await writeFile(recordPath(file), `${JSON.stringify(record, null, 2)}\n`);
}

async function isCurrent({ outDir, inputs }: Place, target: Target): Promise<boolean> {
  try {
    const file = join(outDir, target.fileName);
    const record = JSON.parse(await readFile(recordPath(file), "utf8")) as BuildRecord;
    const { size } = await stat(file);
    await stat(join(outDir, daemonName(target)));
    return record.sources === inputs && record.target === target.name && record.bytes === size;
  } catch {
    return false;
  }
}

function recordPath(file: string): string {
  return `${file}.build.json`;
}

function daemonName(target: Target): string {
  return target.fileName.replace("prism", "prism-daemon");
}

async function linkDaemon(outDir: string, workDir: string, target: Target): Promise<void> {
  const link = join(workDir, daemonName(target));
  await symlink(target.fileName, link);
  await rename(link, join(outDir, daemonName(target)));
}

function say(line: string): void {
  console.log(`build: ${line}`);
}

try {
  await main();
} catch (error) {
  console.error(`build: ${(error as Error).message}`);
  process.exitCode = 1;
}
