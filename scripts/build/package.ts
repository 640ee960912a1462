/**
 * Puts the bundle into a copy of the Node runtime: @yao-pkg/pkg in its simple single-executable mode. Its
 * enhanced mode walks node_modules and lays a virtual file system under the program, which a bundle does not
 * need and which costs 13 ms and 2.8 MB of every start.
 *
 * pkg's command line passes on neither a runtime nor Node's own settings for such executables, but the function
 * behind it takes both, so that function is called. pkg is pinned to an exact version for that reason, and
 * proof.ts asserts in the built file that the settings arrived.
 */
import { execFile } from "node:child_process";
import { chmod, copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import sea from "@yao-pkg/pkg/lib-es5/sea.js";
import type { Bundle } from "./bundle.ts";
import { loaderText } from "./loader.ts";
import type { Target } from "./targets.ts";

/**
 * Flags that the executable starts with: of Node only. One flag of V8, whichever, and V8 would compile all of
 * Node's own modules anew at each start (10 ms of 40): it takes compiled code only under the flags it was
 * compiled with, and Node carries such code for itself.
 */
export const BAKED_FLAGS = [
  // `node:sqlite` still announces itself as experimental, on every start of a hub.
  "--disable-warning=ExperimentalWarning",
  // SIGUSR1 would open Node's debugger on a port, to anybody who may signal the process.
  "--disable-sigusr1",
] as const;

const SEA_CONFIG = {
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  // The script itself is a loader of thirty lines; the parts bring their own.
  useCodeCache: false,
  execArgv: [...BAKED_FLAGS],
  // Neither NODE_OPTIONS nor --node-options is honoured: a user's debugging flags must not reach a daemon,
  // and nobody may load code into it through the environment.
  execArgvExtension: "none",
};

export interface PackageOptions {
  readonly target: Target;
  readonly bundle: Bundle;
  /** Files with the compiled code of parts, by the part's name. */
  readonly code: ReadonlyMap<string, string>;
  readonly runtime: { readonly path: string; readonly version: string };
  /** A private folder for what is made on the way. */
  readonly workDir: string;
  readonly outFile: string;
}

export async function packageExecutable(options: PackageOptions): Promise<void> {
  const { bundle, code } = options;
  const loaderFile = join(options.workDir, "loader.cjs");
  await writeFile(loaderFile, loaderText([...code.keys()]));
  const runtimePath = join(options.workDir, "runtime");
  await copyFile(options.runtime.path, runtimePath);
  if (options.target.platform === "linux") await stripSymbols(runtimePath);
  const codeAssets = [...code].map(([name, file]) => [`${name}.code`, file] as const);
  const seaConfig = { ...SEA_CONFIG, assets: Object.fromEntries([...bundle.parts, ...codeAssets]) };
  await sea.default(loaderFile, {
    targets: [
      {
        nodeRange: `node${options.runtime.version}`,
        platform: options.target.platform,
        arch: options.target.arch,
        output: options.outFile,
      },
    ],
    nodePath: runtimePath,
    signature: options.target.platform === "macos",
    seaConfig,
  });
  await chmod(options.outFile, 0o755);
}

/** 18 MB of 127 are symbols that only a debugger reads. A machine without binutils gets the larger file. */
async function stripSymbols(path: string): Promise<void> {
  try {
    await promisify(execFile)("strip", [path]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
