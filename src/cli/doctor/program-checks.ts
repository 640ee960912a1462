/**
 * Which executable this is, who else could change it, and whether `prism` on the PATH is the same one. Starts at most
 * the latter, to hear its version. Changes nothing.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { printable } from "../../domain/address.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import { isOurs } from "../../host/home.ts";
import { hostCommands } from "../../launchers/apply.ts";
import type { Runtime } from "../runtime.ts";
import type { Check } from "./check.ts";

const VERSION_MS_MAX = 3000;

export async function programChecks(runtime: Runtime): Promise<readonly Check[]> {
  const checks = [programCheck(runtime)];
  // Sources under node have no name on any PATH.
  return runtime.engine.packaged ? [...checks, await pathCheck(runtime)] : checks;
}

function programCheck({ version, self, engine }: Runtime): Check {
  const name = "program";
  const { platform, arch, versions } = process;
  const where = engine.packaged ? `, at ${printable(self.command, 200)}` : ", from its sources";
  const finding = `prism ${version} on ${platform} ${arch}, with Node ${versions.node}${where}`;
  const loose = engine.packaged ? whoElseMayWrite(self.command) : undefined;
  if (loose === undefined) return { name, verdict: "ok", finding };
  return {
    name,
    verdict: "warn",
    finding: `${finding}: ${loose}, and so decide what runs as you`,
    remedy: `take that right away: chmod go-w "${printable(self.command, 200)}", as its owner`,
  };
}

function whoElseMayWrite(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || process.getuid === undefined) return undefined;
  if (!isOurs(stats) && stats.uid !== 0) return `its owner (uid ${stats.uid}) can change it`;
  if ((stats.mode & 0o002) !== 0) return "everybody can change it";
  // A group of one's own is the custom of Debian's umask; root's group is root's.
  if ((stats.mode & 0o020) !== 0 && stats.gid !== 0 && stats.gid !== process.getgid?.())
    return "its group can change it";
  return undefined;
}

async function pathCheck(runtime: Runtime): Promise<Check> {
  const name = "path";
  const { self, typedName, env, version } = runtime;
  const found = programOnPath("prism", env["PATH"]);
  if (found === undefined) {
    const finding = `no "prism" is on the PATH: it is called as ${printable(typedName, 200)}`;
    return { name, verdict: "note", finding };
  }
  const shown = printable(found, 200);
  if (isSameFile(found, self.command))
    return { name, verdict: "ok", finding: `"prism" on the PATH is this one, ${shown}` };
  const run = hostCommands(childEnvironment(env), "/");
  const { status, out } = await run([found, "--version"], VERSION_MS_MAX);
  const theirs = /\d+\.\d+\.\d+\S*/.exec(out)?.[0];
  if (status !== 0 || theirs === undefined) {
    return {
      name,
      verdict: "warn",
      finding: `"prism" on the PATH is ${shown}, which does not say its version`,
      remedy: "put the right one there: prism install",
    };
  }
  const finding = `"prism" on the PATH is another file, ${shown}, of version ${printable(theirs, 40)}`;
  if (theirs === version) return { name, verdict: "note", finding };
  return {
    name,
    verdict: "warn",
    finding: `${finding}; this is ${version}`,
    remedy: `use one of them: ${printable(found, 200)} upgrade ${printable(self.command, 200)}, or put the folder of the right one first on the PATH`,
  };
}

export function programOnPath(program: string, path: string | undefined): string | undefined {
  const suffixes = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  return (path ?? "")
    .split(delimiter)
    .filter(isAbsolute)
    .flatMap((folder) => suffixes.map((suffix) => join(folder, program + suffix)))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
