/**
 * Puts the bundle into a copy of the Node runtime: @yao-pkg/pkg in its simple single-executable mode. Its
 * enhanced mode walks node_modules and lays a virtual file system under the program, which a bundle does not
 * need and which costs 13 ms and 2.8 MB of every start.
 *
 * pkg's command line does not pass on Node's own settings for such executables, but the function behind it does,
 * so that function is called. pkg is pinned to an exact version for that reason, and proof.ts asserts in the
 * built file that the settings arrived. It looks for runtimes in a folder of the user's home before it asks the
 * network, so it is given a home of its own, where they lie.
 */
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sea from "@yao-pkg/pkg/lib-es5/sea.js";
import type { Bundle } from "./bundle.ts";
import { DEAF_TO, deafTo } from "./deaf-to.ts";
import { stripElf } from "./elf-strip.ts";
import { loaderText } from "./loader.ts";
import { signMachO } from "./mach-o-sign.ts";
import { stripMachO } from "./mach-o-strip.ts";
import { unsignPe } from "./pe-unsign.ts";
import { hostTarget, type Target } from "./targets.ts";

/**
 * Flags that the executable starts with: of Node only. One flag of V8, whichever, and V8 would compile all of
 * Node's own modules anew at each start (10 ms of 40): it takes compiled code only under the flags it was
 * compiled with, and Node carries such code for itself.
 */
export function bakedFlags({ platform }: Target): readonly string[] {
  return [
    // `node:sqlite` still announces itself as experimental, on every start of a hub.
    "--disable-warning=ExperimentalWarning",
    // SIGUSR1 would open Node's debugger on a port, to anybody who may signal the process.
    "--disable-sigusr1",
    // OPENSSL_CONF could name a library to load, and a broken one would keep Prism from starting at all. On
    // Windows, where everybody may make C:\\dev, an empty file by another name.
    `--openssl-config=${platform === "win" ? "NUL" : "/dev/null"}`,
  ];
}

/** As src/cli/licenses.ts asks for it. */
const LICENCES_ASSET = "licenses.txt";

/** How the loader is called while Node takes it up: pkg works in a folder of chance name below the build's own. */
const LOADER_FILE = "loader.cjs";

/** What macOS's signature calls the program. */
const SIGNED_AS = "prism";

const SEA_CONFIG = {
  // Node writes this path into the file: seen from pkg's folder, it is the same in every build.
  main: `../${LOADER_FILE}`,
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  // The script itself is a loader of thirty lines; the parts bring their own.
  useCodeCache: false,
  // Neither NODE_OPTIONS nor --node-options is honoured: a user's debugging flags must not reach a daemon,
  // and nobody may load code into it through the environment.
  execArgvExtension: "none",
};

export interface PackageOptions {
  readonly target: Target;
  readonly bundle: Bundle;
  /** Files with the compiled code of parts, by the part's name. */
  readonly code: ReadonlyMap<string, string>;
  /** The file with the texts that `prism licenses` prints. */
  readonly licences: string;
  readonly runtime: { readonly path: string; readonly version: string };
  /** A Node of the same version that runs here; undefined when this process or the runtime itself is one. */
  readonly writer: string | undefined;
  /** A private folder for what is made on the way. */
  readonly workDir: string;
  readonly outFile: string;
}

export async function packageExecutable(options: PackageOptions): Promise<void> {
  const { bundle, code, target, runtime, workDir, outFile } = options;
  const loaderFile = join(workDir, LOADER_FILE);
  await writeFile(loaderFile, loaderText([...code.keys()]));
  const prepared = join(workDir, "runtime");
  const deaf = deafTo(Object.keys(DEAF_TO), await readFile(runtime.path));
  await writeFile(prepared, preparedFor(target, deaf), { mode: 0o755 });
  await layOut(workDir, target, runtime.version, prepared);
  if (options.writer !== undefined) await layOut(workDir, hostTarget(), runtime.version, options.writer);

  const codeAssets = [...code].map(([name, file]) => [`${name}.code`, file] as const);
  const assets = Object.fromEntries([...bundle.parts, ...codeAssets, [LICENCES_ASSET, options.licences]]);
  const seaConfig = { ...SEA_CONFIG, execArgv: [...bakedFlags(target)], assets };
  const { platform, arch } = target;
  await inHome(workDir, () =>
    sea.default(loaderFile, {
      targets: [{ nodeRange: `node${runtime.version}`, platform, arch, output: outFile }],
      signature: false,
      seaConfig,
    }),
  );
  if (platform === "macos") await writeFile(outFile, signMachO(await readFile(outFile), SIGNED_AS));
  await chmod(outFile, 0o755);
}

function preparedFor({ platform }: Target, runtime: Buffer): Buffer {
  switch (platform) {
    case "linux":
      return stripElf(runtime);
    case "macos":
      return stripMachO(runtime);
    case "win":
      return unsignPe(runtime);
  }
}

/** As pkg would have left it after a download: an archive, what came out of it, and a mark beside each. */
async function layOut(home: string, target: Target, version: string, runtime: string): Promise<void> {
  const os = target.platform === "macos" ? "darwin" : target.platform;
  const name = `node-v${version}-${os}-${target.arch}`;
  const cache = join(home, ".pkg-cache", "sea");
  const archive = join(cache, target.platform === "win" ? `${name}.zip` : `${name}.tar.gz`);
  const file = join(cache, target.platform === "win" ? `${name}.exe` : `${name}/bin/node`);
  await mkdir(dirname(file), { recursive: true });
  await symlink(runtime, file);
  for (const mark of [archive, `${archive}.ok`, `${file}.ok`]) await writeFile(mark, "");
}

/** The home folder and the folder for temporary files, for as long as the work takes. */
async function inHome(folder: string, work: () => Promise<void>): Promise<void> {
  const before = { HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"] };
  Object.assign(process.env, { HOME: folder, TMPDIR: folder });
  try {
    await work();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
