/**
 * Which executable this is, whether `prism` on the PATH is the same one, and whether what runs of Prism here runs it
 * too. Starts at most the `prism` on the PATH, to hear its version. Changes nothing.
 */
import { accessSync, constants, existsSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { formatAddress, printable } from "../../domain/address.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import { isOurs } from "../../host/home.ts";
import { hostCommands } from "../../launchers/apply.ts";
import type { LocalDaemon } from "../local-daemons.ts";
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

/** What runs here, as `runningChecks` needs to know it. */
export interface Running {
  /** `the daemon of reviewer@shop` */
  readonly shown: string;
  readonly pid: number;
  readonly version: string;
  /** The command that starts it anew; undefined for what was started by hand. */
  readonly restart: string | undefined;
}

export function runningDaemons(
  daemons: readonly LocalDaemon[],
  restartOf: (daemon: LocalDaemon) => string | undefined,
): readonly Running[] {
  return daemons.flatMap((daemon) => {
    if (daemon.kind !== "answered") return [];
    const { pid, version } = daemon.status;
    return [
      { shown: `the daemon of ${formatAddress(daemon.address)}`, pid, version, restart: restartOf(daemon) },
    ];
  });
}

/** Old and new versions talk to each other, so one that is behind is no fault; one that could not start again is. */
export function runningChecks(
  running: readonly Running[],
  { version }: Runtime,
  exeOf = executableOf,
): readonly Check[] {
  const name = "running";
  const checks: Check[] = [];
  for (const { shown, pid, version: theirs, restart } of running) {
    const remedy = `start it anew: ${restart ?? `kill ${pid}, then as you started it`}`;
    const exe = exeOf(pid);
    if (exe?.isGone === true && !existsSync(exe.path)) {
      const finding = `${shown} (process ${pid}) runs ${printable(exe.path, 200)}, which is not there any more: it could not be started again`;
      checks.push({ name, verdict: "warn", finding, remedy });
    } else if (theirs !== version) {
      const finding = `${shown} (process ${pid}) runs prism ${printable(theirs, 40)}, this is ${version}: the two understand each other`;
      checks.push({ name, verdict: "note", finding, remedy });
    } else if (exe?.isGone === true) {
      const finding = `${printable(exe.path, 200)} was replaced since ${shown} (process ${pid}) started, which goes on as it was`;
      checks.push({ name, verdict: "note", finding, remedy });
    }
  }
  if (checks.length > 0 || running.length === 0) return checks;
  const finding =
    running.length === 1
      ? `${running[0]?.shown} runs this version`
      : `all ${running.length} that run here run this version`;
  return [{ name, verdict: "ok", finding }];
}

interface Executable {
  /** Where it lay when the process started. */
  readonly path: string;
  /** Another file lies there by now, or none. */
  readonly isGone: boolean;
}

/** Undefined where the system does not say (it is Linux's own), or not to us. */
function executableOf(pid: number): Executable | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const shown = readlinkSync(`/proc/${pid}/exe`);
    return { path: shown.replace(/ \(deleted\)$/, ""), isGone: shown.endsWith(" (deleted)") };
  } catch {
    return undefined;
  }
}
