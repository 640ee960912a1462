/**
 * A project's virtual environment of Python: where it is, and what activating it means for a program that is
 * started later. Pure: files are behind a port. Does by variables what `bin/activate` does to a shell; nothing of
 * the environment is run. Source: PEP 405, and the activate scripts of CPython's venv.
 */
import { posix, win32 } from "node:path";
import { type Environment, pathNameOf, pathOf } from "./programs.ts";

export interface VenvHost {
  readonly platform: NodeJS.Platform;
  /** The project's folder. */
  readonly root: string;
  /** True for a plain file, links followed. */
  readonly isFile: (path: string) => boolean;
}

/** In the order in which tools make them. */
const USUAL_NAMES = [".venv", "venv"];

/**
 * @param uvDir where uv was told to keep it, `UV_PROJECT_ENVIRONMENT`; relative to the project
 * @returns the absolute path of the first one there is, or null
 */
export function usualVenv(host: VenvHost, uvDir: string | undefined): string | null {
  const { resolve } = pathsOf(host.platform);
  const names = [...(uvDir === undefined || uvDir === "" ? [] : [uvDir]), ...USUAL_NAMES];
  return names.map((name) => resolve(host.root, name)).find((dir) => isVenv(dir, host)) ?? null;
}

/** PEP 405: what makes it one is `pyvenv.cfg`; a Python that was removed since makes it useless. */
export function isVenv(dir: string, host: Pick<VenvHost, "platform" | "isFile">): boolean {
  const { join } = pathsOf(host.platform);
  return host.isFile(join(dir, "pyvenv.cfg")) && host.isFile(venvPython(dir, host.platform));
}

export function venvPython(dir: string, platform: NodeJS.Platform): string {
  return pathsOf(platform).join(venvBin(dir, platform), platform === "win32" ? "python.exe" : "python");
}

function venvBin(dir: string, platform: NodeJS.Platform): string {
  return pathsOf(platform).join(dir, platform === "win32" ? "Scripts" : "bin");
}

/**
 * What an activated environment changes, over what is inherited.
 *
 * @returns names with values; undefined takes a variable away
 */
export function activated(dir: string, inherited: Environment, platform: NodeJS.Platform): Environment {
  const { delimiter } = pathsOf(platform);
  const bin = venvBin(dir, platform);
  const rest = pathOf(inherited, platform)
    .split(delimiter)
    .filter((folder) => folder !== bin);
  return {
    VIRTUAL_ENV: dir,
    [pathNameOf(inherited, platform)]: [bin, ...rest].join(delimiter),
    // Would make Python look for its library elsewhere.
    PYTHONHOME: undefined,
    // Of another one, which the daemon's own shell may have been in.
    VIRTUAL_ENV_PROMPT: undefined,
  };
}

function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === "win32" ? win32 : posix;
}
