/**
 * One executable, from the sources to the finished file: bundled, compiled ahead where its runtime can be run,
 * packaged, and proven where it can be run itself. Knows nothing of where it is put and what is told of it.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { compileAhead } from "./compile-ahead.ts";
import { prefixFor } from "./emulator.ts";
import { bakedFlags, packageExecutable } from "./package.ts";
import { prove } from "./proof.ts";
import type { Runtime } from "./runtimes.ts";
import type { Target } from "./targets.ts";

export interface Order {
  readonly target: Target;
  readonly runtime: Runtime;
  /** A Node of the runtime's version that runs here, when neither it nor this process is one. */
  readonly writer: Runtime | undefined;
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
  /** Files that something was taken from. */
  readonly sources: readonly string[];
  readonly textBytes: { readonly first: number; readonly all: number };
  /** Zero where V8 compiles at each start. */
  readonly codeBytes: number;
  /** Whether it was run here. */
  readonly isProven: boolean;
}

/** @throws Error when a step fails, or the finished file is not what it must be */
export async function makeExecutable(order: Order): Promise<Executable> {
  const { target, runtime, writer, version, root, entry, workDir, say } = order;
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

  const file = join(workDir, "executable");
  await quietly(() =>
    packageExecutable({
      target,
      bundle: bundled,
      code,
      runtime,
      writer: writer?.path,
      workDir,
      outFile: file,
    }),
  );
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
    sources,
    textBytes,
    codeBytes,
    isProven: prefix !== undefined,
  };
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
