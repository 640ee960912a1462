/**
 * Where a program is on the PATH, found before it is started: so that a tool that is missing is a plain sentence
 * and not a process's last words. Relative entries are passed over: they would lead into the project, whose files
 * nobody asked to run.
 */
import { accessSync, constants, statSync } from "node:fs";
import { posix, win32 } from "node:path";

export type Environment = { readonly [name: string]: string | undefined };

export interface ProgramSearch {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** True if there is a program at this absolute path that may be run. */
  readonly isProgram: (path: string) => boolean;
}

/** What Windows would try, in its order; the first two are started as they are, the others through its shell. */
const WINDOWS_ENDINGS = [".exe", ".com", ".cmd", ".bat"];
/** What a system without a PATH looks through. Source: POSIX confstr(_CS_PATH), and the usual first folder. */
const PATH_OTHERWISE = "/usr/local/bin:/usr/bin:/bin";

/** @returns the program's absolute path, or null */
export function programOnPath(name: string, search: ProgramSearch): string | null {
  const { join, isAbsolute, delimiter } = search.platform === "win32" ? win32 : posix;
  const endings = search.platform === "win32" ? WINDOWS_ENDINGS : [""];
  for (const folder of pathOf(search.env, search.platform).split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    for (const ending of endings) {
      const path = join(folder, `${name}${ending}`);
      if (search.isProgram(path)) return path;
    }
  }
  return null;
}

/** Windows does not tell `Path` from `PATH`; whoever changes it must use the name that is there. */
export function pathNameOf(env: Environment, platform: NodeJS.Platform): string {
  if (platform !== "win32") return "PATH";
  return Object.keys(env).find((name) => name.toUpperCase() === "PATH" && env[name] !== undefined) ?? "Path";
}

export function pathOf(env: Environment, platform: NodeJS.Platform): string {
  const path = env[pathNameOf(env, platform)] ?? "";
  return path === "" && platform !== "win32" ? PATH_OTHERWISE : path;
}

/** On this host's disk. */
export function isProgramHere(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
