/**
 * What a built executable must show before it may be called built: it runs alone, from an empty folder, with
 * an empty environment and no Node on the path; it says the right version; the baked flags are in it, and leave
 * Node its own compiled code; and nobody can slip it others through the environment.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DEAF_TO } from "./deaf-to.ts";

export interface Proof {
  readonly executable: string;
  /** What runs it here: an emulator with its arguments, or nothing. */
  readonly prefix: readonly string[];
  /** The runtime that it was made of. */
  readonly runtime: string;
  readonly version: string;
  readonly flags: readonly string[];
}

/** A start takes 60 ms; a machine under load may take a hundred times that. */
const RUN_MS_MAX = 20_000;

/** @throws Error that names the first thing that is not so */
export async function prove(proof: Proof): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "prism-proof-"));
  try {
    const run = async (args: readonly string[], env: Record<string, string>) => {
      const [program, ...before] = commandOf(proof.prefix, proof.executable);
      const { stdout } = await promisify(execFile)(program, [...before, ...args], {
        cwd: folder,
        env: { ...NEEDED_BY_WINDOWS, ...env },
        timeout: RUN_MS_MAX,
      });
      return stdout.trim();
    };
    expectEqual("the version", await run(["--version"], {}), `prism ${proof.version}`);
    const hostile = {
      NODE_OPTIONS: `--require ${join(folder, "absent.js")}`,
      OPENSSL_CONF: proof.executable,
      // Whoever honours one of these leaves a file there, or does not start; and this folder stays empty.
      ...Object.fromEntries(Object.keys(DEAF_TO).map((name) => [name, folder])),
    };
    expectEqual("a hostile environment", await run(["--version"], hostile), `prism ${proof.version}`);
    const { runtime } = JSON.parse(await run(["--version", "--json"], {}));
    expectEqual("the baked flags", JSON.stringify(runtime.flags), JSON.stringify(proof.flags));
    expectEqual("the folder it ran in", JSON.stringify(await readdir(folder)), "[]");
    expectEqual("Node's modules compiled anew", await compiledAnew(proof), "0");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * How many of Node's own modules the runtime compiles from their sources under these flags, although it carries
 * compiled code for them all. A flag of V8 makes it all of them, in silence: see bakedFlags in package.ts.
 */
async function compiledAnew({ prefix, runtime, flags }: Proof): Promise<string> {
  const script = `
    require("node:net");
    const { internalBinding } = require("internal/test/binding");
    console.log(Array.from(internalBinding("builtins").getCacheUsage().compiledWithoutCache).length);`;
  const [program, ...before] = commandOf(prefix, runtime);
  const args = [...before, ...flags, "--expose-internals", "--no-warnings", "-e", script];
  const { stdout } = await promisify(execFile)(program, args, { timeout: RUN_MS_MAX });
  return stdout.trim();
}

function commandOf(prefix: readonly string[], program: string): readonly [string, ...string[]] {
  const [first, ...more] = prefix;
  return first === undefined ? [program] : [first, ...more, program];
}

/** Without it no Windows process can open a socket. */
const NEEDED_BY_WINDOWS: Record<string, string> =
  process.env["SystemRoot"] === undefined ? {} : { SystemRoot: process.env["SystemRoot"] };

function expectEqual(what: string, actual: string, expected: string): void {
  if (actual !== expected)
    throw new Error(`the built file is wrong in ${what}: "${actual}" instead of "${expected}"`);
}
