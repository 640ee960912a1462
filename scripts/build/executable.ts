/**
 * One executable, from the sources to the finished file: bundled, compiled ahead where its runtime can be run,
 * packaged, and proven where it can be run itself. Knows nothing of where it is put and what is told of it.
 */
import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundledPackages, lockedPackage } from "./bill-of-materials.ts";
import { expectInBudget } from "./budget.ts";
import { bundle } from "./bundle.ts";
import { compileAhead } from "./compile-ahead.ts";
import { prefixFor } from "./emulator.ts";
import { nodeParts, versionsOf } from "./node-parts.ts";
import { type Notice, noticeOf, noticesText } from "./notices.ts";
import { bakedFlags, packageExecutable } from "./package.ts";
import type { Part } from "./parts.ts";
import { prove } from "./proof.ts";
import type { Lock, Runtime } from "./runtimes.ts";
import type { Target } from "./targets.ts";
import { vendoredIn } from "./vendored.ts";

export interface Order {
  readonly target: Target;
  readonly runtime: Runtime;
  /** A Node of the runtime's version that runs here, its licence beside it; the runtime itself may be one. */
  readonly twin: Runtime;
  readonly lock: Lock;
  readonly version: string;
  /** The repository's folder. */
  readonly root: string;
  /** The first source, absolute. */
  readonly entry: string;
  /** A private folder, removed by whoever made it. */
  readonly workDir: string;
  readonly say: (line: string) => void;
}

export interface Executable {
  readonly file: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly flags: readonly string[];
  /** What of other people's is in it: packages by their path in package-lock.json, what those hold, and Node's parts. */
  readonly packages: readonly string[];
  readonly vendored: ReadonlyMap<string, readonly Part[]>;
  readonly nodeParts: readonly Part[];
  readonly notices: readonly Notice[];
  readonly textBytes: { readonly first: number; readonly all: number };
  /** Zero where V8 compiles at each start. */
  readonly codeBytes: number;
  /** Whether it was run here. */
  readonly isProven: boolean;
}

/** @throws Error when a step fails, or the finished file is not what it must be */
export async function makeExecutable(order: Order): Promise<Executable> {
  const { target, runtime, twin, lock, version, root, entry, workDir, say } = order;
  const prefix = prefixFor(target);
  const flags = bakedFlags(target);
  const bundled = await bundle({ root, entry, outDir: workDir, version });
  const { parts, sources, bytes: textBytes } = bundled;
  say(`bundled: ${kilobytes(textBytes.first)} for every start, ${kilobytes(textBytes.all)} in all`);

  let code: ReadonlyMap<string, string> = new Map();
  if (prefix !== undefined) {
    code = await compileAhead({ workDir, parts, command: [...prefix, runtime.path], flags });
  }
  const codeBytes = await bytesOf([...code.values()]);
  say(
    prefix === undefined
      ? "not compiled ahead: its runtime does not run here"
      : `compiled ahead: ${kilobytes(codeBytes)}`,
  );

  const packages = bundledPackages(sources);
  const madeOf = nodeParts(await versionsOf(twin.path));
  const vendored = await vendoredIn(root, sources);
  const inside = [...madeOf, ...[...vendored.values()].flat()];
  const notices = await noticesOf({ root, lock, twin, packages, inside });
  const licences = join(workDir, "licenses.txt");
  await writeFile(licences, noticesText(await readFile(join(root, "LICENSE"), "utf8"), notices));

  const file = join(workDir, "executable");
  await quietly(() =>
    packageExecutable({
      target,
      bundle: bundled,
      code,
      licences,
      runtime,
      // Whatever runs here and is of the version that will read it.
      writer: twin.version === process.versions.node ? undefined : twin.path,
      workDir,
      outFile: file,
    }),
  );
  expectInBudget(target, (await stat(file)).size);
  if (prefix !== undefined) {
    await prove({ executable: file, prefix, runtime: runtime.path, version, flags });
  }
  const content = await readFile(file);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return {
    file,
    bytes: content.length,
    sha256,
    flags,
    packages,
    vendored,
    nodeParts: madeOf,
    notices,
    textBytes,
    codeBytes,
    isProven: prefix !== undefined,
  };
}

interface Others extends Pick<Order, "root" | "lock" | "twin"> {
  readonly packages: readonly string[];
  readonly inside: readonly Part[];
}

/** Node's own text is the same on every system, and the package for Windows brings none. */
function noticesOf({ root, lock, twin, packages, inside }: Others): Promise<Notice[]> {
  const node = noticeOf(twin.folder, { name: "Node.js", version: twin.version, licence: "MIT" });
  const bundled = packages.map((path) => {
    const { name, version, licence } = lockedPackage(lock, path);
    return noticeOf(join(root, path), { name, version, licence });
  });
  const others = inside.map(async ({ textFile, ...part }) => {
    if (textFile === undefined) return [];
    return [{ ...part, text: await readFile(join(import.meta.dirname, "licences", textFile), "utf8") }];
  });
  return Promise.all([node, ...bundled, ...others]).then((notices) => notices.flat());
}

async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
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
