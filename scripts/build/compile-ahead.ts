/**
 * Has V8 compile every function of every part, on the very runtime that the parts are packaged with, and keeps
 * the code beside them: a start that need not compile takes 10 to 20 % less processor time.
 *
 * Nothing of the bundle is run. Code kept from a run is smaller, but which functions it holds hangs on moments,
 * so no two builds were the same; and a run of hub and daemon is not to be had for a foreign system, while this
 * is one script that ends by itself, in an emulator too.
 */
import { execFile } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMPILE_AHEAD } from "./loader.ts";

export interface CompileAhead {
  readonly workDir: string;
  /** The parts' files, by the part's name. */
  readonly parts: ReadonlyMap<string, string>;
  /** The emulator that runs the runtime here, if it needs one, and the runtime. */
  readonly command: readonly string[];
  readonly flags: readonly string[];
}

/** In an emulator it takes four seconds. */
const COMPILE_MS_MAX = 120_000;

/**
 * V8 shuffles its tables by chance, and writes them as they lie. This one flag is not among those by which it
 * decides later whether the code is for it.
 */
const NO_CHANCE = "--random-seed=1";

/** @returns the files with the code, by the part's name */
export async function compileAhead({
  workDir,
  parts,
  command,
  flags,
}: CompileAhead): Promise<Map<string, string>> {
  const script = join(workDir, "compile-ahead.cjs");
  const list = join(workDir, "parts.json");
  await writeFile(script, COMPILE_AHEAD);
  await writeFile(list, JSON.stringify([...parts]));
  const [program = "", ...before] = command;
  const args = [...before, ...flags, NO_CHANCE, script, list];
  await promisify(execFile)(program, args, { timeout: COMPILE_MS_MAX, env: {} });
  const code = new Map([...parts].map(([name, file]) => [name, `${file}.code`]));
  await Promise.all([...code.values()].map((file) => stat(file)));
  return code;
}
