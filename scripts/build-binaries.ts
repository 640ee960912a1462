/**
 * Makes `dist/prism`, the one executable, and `dist/prism-daemon`, a link to it.
 *
 *   node scripts/build-binaries.ts [--if-stale] [--target NAME] [--entry FILE] [--out FOLDER]
 *
 * Needs what `npm ci` brought and nothing else: no network, no compiler. The finished file replaces the old one
 * in one step, so a running daemon keeps its own and two builds at once do no harm.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { hashInputs } from "./build/inputs.ts";
import { hostTarget, type Target, targetNamed } from "./build/targets.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What stands beside the executable in `prism.build.json`. */
interface BuildRecord {
  readonly version: string;
  readonly target: string;
  readonly node: string;
  readonly flags: readonly string[];
  readonly inputs: string;
  readonly textBytes: { readonly first: number; readonly all: number };
  readonly bytes: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "if-stale": { type: "boolean", default: false },
      target: { type: "string" },
      entry: { type: "string", default: "src/main.ts" },
      out: { type: "string", default: "dist" },
    },
  });
  const target = values.target === undefined ? hostTarget() : targetNamed(values.target);
  const outDir = resolve(ROOT, values.out);
  const inputs = hashInputs(ROOT);
  if (values["if-stale"] && (await isCurrent(outDir, target, inputs))) return;
  await build({ target, outDir, inputs, entry: resolve(ROOT, values.entry) });
}

interface Build {
  readonly target: Target;
  readonly outDir: string;
  readonly inputs: string;
  readonly entry: string;
}

async function build({ target, outDir, inputs, entry }: Build): Promise<void> {
  // Late, because esbuild and pkg take a second to load and `--if-stale` mostly finds nothing to do.
  const { bundle } = await import("./build/bundle.ts");
  const { BAKED_FLAGS, packageExecutable } = await import("./build/package.ts");
  const { prove } = await import("./build/proof.ts");
  const { warmUp } = await import("./build/warm-up.ts");
  const startedAt = performance.now();
  const workDir = join(ROOT, ".cache", "build", String(process.pid));
  await mkdir(workDir, { recursive: true });
  await mkdir(outDir, { recursive: true });
  try {
    const runtime = await findRuntime(target);
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
    say(`prism ${version} for ${target.name}, on Node ${runtime.version}`);

    const bundled = await bundle({ entry, outDir: workDir, version });
    const { bytes: textBytes } = bundled;
    say(`bundled: ${kilobytes(textBytes.first)} for every start, ${kilobytes(textBytes.all)} in all`);

    const code = await warmUp({ parts: bundled.parts, runtime: runtime.path, flags: BAKED_FLAGS, workDir });
    say(`warmed up: compiled code of ${code.size} parts out of ${bundled.parts.size}`);

    const made = join(workDir, target.fileName);
    await quietly(() =>
      packageExecutable({ target, bundle: bundled, code, runtime, workDir, outFile: made }),
    );
    await prove({ executable: made, runtime: runtime.path, version, flags: BAKED_FLAGS });

    const { size: bytes } = await stat(made);
    const record: BuildRecord = {
      version,
      target: target.name,
      node: runtime.version,
      flags: BAKED_FLAGS,
      inputs,
      textBytes,
      bytes,
    };
    await rename(made, join(outDir, target.fileName));
    await linkDaemon(outDir, workDir, target);
    await writeFile(recordPath(outDir), `${JSON.stringify(record, null, 2)}\n`);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    say(`${join(outDir, target.fileName)}: ${Math.round(bytes / 1e6)} MB, proven, in ${seconds} s`);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** The runtime is run to make the file and the file is run to prove it, so it is the host's own kind. */
async function findRuntime(target: Target): Promise<{ path: string; version: string }> {
  const host = hostTarget();
  if (target !== host) {
    throw new Error(
      `target "${target.name}" cannot be made here yet: this machine makes "${host.name}" only`,
    );
  }
  let packageFile: string;
  try {
    packageFile = createRequire(import.meta.url).resolve(`${target.runtimePackage}/package.json`);
  } catch {
    throw new Error(`the runtime package "${target.runtimePackage}" is not installed; run "npm ci" first`);
  }
  const path = join(dirname(packageFile), target.runtimePath);
  const { stdout } = await promisify(execFile)(path, ["--version"]);
  return { path, version: stdout.trim().slice(1) };
}

async function isCurrent(outDir: string, target: Target, inputs: string): Promise<boolean> {
  try {
    const record = JSON.parse(await readFile(recordPath(outDir), "utf8")) as BuildRecord;
    const { size } = await stat(join(outDir, target.fileName));
    await stat(join(outDir, daemonName(target)));
    return record.inputs === inputs && record.target === target.name && record.bytes === size;
  } catch {
    return false;
  }
}

function recordPath(outDir: string): string {
  return join(outDir, "prism.build.json");
}

function daemonName(target: Target): string {
  return target.fileName.replace("prism", "prism-daemon");
}

async function linkDaemon(outDir: string, workDir: string, target: Target): Promise<void> {
  const link = join(workDir, daemonName(target));
  await symlink(target.fileName, link);
  await rename(link, join(outDir, daemonName(target)));
}

/** pkg tells each of its steps on standard output; what went wrong comes as an error anyway. */
async function quietly(work: () => Promise<void>): Promise<void> {
  const { log } = console;
  console.log = () => {};
  try {
    await work();
  } finally {
    console.log = log;
  }
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
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
