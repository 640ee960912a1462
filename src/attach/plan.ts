/**
 * From what was found in a project to what is run for it: tools' own commands that install exactly what the lockfile
 * says, and fail where it does not fit its manifest. Pure: the PATH and the disk are behind ports. Knows no process.
 *
 * npm, pnpm and yarn are called as they lie on the PATH, except that a version which `package.json` pins is had
 * through corepack, if that is there; corepack also stands in for a pnpm or yarn that is missing. npm's own version
 * is not pinned that way: its lockfiles are read by every npm, and corepack would need the network for it.
 */
import type { CommandLine } from "../host/command.ts";
import type { Finding, Tool } from "./detect.ts";
import { venvPython } from "./venv.ts";

export interface Step {
  /** As a person would type it: `npm ci`. */
  readonly name: string;
  /** One after the other, while they succeed. */
  readonly commands: readonly CommandLine[];
  /** Added to the environment of the commands; undefined takes a variable away. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Names in the project's folder that decide the outcome; empty: run at every attach. */
  readonly inputs: readonly string[];
  /** Names there that the step may make: one that it made and that is gone means to run it again. */
  readonly results: readonly string[];
}

/** A part that can't be installed, in one sentence. */
export interface Unplanned {
  readonly problem: string;
  readonly hint: string;
}

export interface PlanHost {
  readonly platform: NodeJS.Platform;
  /** The absolute path of a program on the PATH, or null. */
  readonly program: (name: string) => string | null;
  /** Where pip's environment is, or is to be made: absolute. */
  readonly venvDir: string;
  readonly hasVenv: boolean;
}

/** A command of the user's own runs at every attach: only it knows when there is nothing to do. */
export function ownStep(shell: string): Step {
  return { name: "the command of attachDeps", commands: [{ shell }], env: {}, inputs: [], results: [] };
}

export function planned(finding: Finding, host: PlanHost): Step | Unplanned {
  switch (finding.tool) {
    case "npm":
      return step(finding, host, ["npm"], ["ci", "--no-audit", "--no-fund"]);
    case "pnpm":
      // Without the last it asks before it replaces a folder of another version's, and there is nobody to answer.
      return step(
        finding,
        host,
        ["pnpm"],
        ["install", "--frozen-lockfile", "--config.confirmModulesPurge=false"],
      );
    case "yarn-classic":
      return step(finding, host, ["yarn"], ["install", "--frozen-lockfile", "--non-interactive"]);
    case "yarn-berry":
      return step(finding, host, ["yarn"], ["install", "--immutable"]);
    case "bun":
      return step(finding, host, ["bun"], ["install", "--frozen-lockfile"]);
    case "uv":
      return step(finding, host, ["uv"], ["sync", "--locked"]);
    case "poetry":
      return step(finding, host, ["poetry"], ["install", "--no-interaction", "--no-ansi"]);
    case "pip":
      return pipStep(finding, host);
    case "cargo":
      return step(finding, host, ["cargo"], ["fetch", "--locked"]);
    case "go":
      return step(finding, host, ["go"], ["mod", "download"]);
  }
}

const RESULTS: { readonly [T in Tool]: readonly string[] } = {
  npm: ["node_modules"],
  pnpm: ["node_modules"],
  "yarn-classic": ["node_modules"],
  "yarn-berry": ["node_modules", ".pnp.cjs"],
  bun: ["node_modules"],
  uv: [".venv"],
  poetry: [".venv"],
  pip: [],
  // Both fill a cache of the user's, not the project's folder.
  cargo: [],
  go: [],
};

/**
 * Poetry and uv would take an environment that the daemon's own shell was in for the project's, and fill that.
 * Corepack asks before it downloads, and writes the version it took into package.json, unless told not to.
 */
const STEP_ENV = {
  VIRTUAL_ENV: undefined,
  VIRTUAL_ENV_PROMPT: undefined,
  PYTHONHOME: undefined,
  COREPACK_ENABLE_DOWNLOAD_PROMPT: "0",
  COREPACK_ENABLE_AUTO_PIN: "0",
};

function step(
  finding: Finding,
  host: PlanHost,
  [program]: readonly [string],
  args: readonly string[],
): Step | Unplanned {
  const start = starterOf(finding, host, program);
  if (start === null) return missing(finding, program);
  return {
    name: [program, ...args.filter((arg) => !arg.startsWith("--"))].join(" "),
    commands: [{ argv: [...start, ...args] }],
    env: STEP_ENV,
    inputs: finding.inputs,
    results: RESULTS[finding.tool],
  };
}

const BY_COREPACK: readonly string[] = ["pnpm", "yarn"];

function starterOf(finding: Finding, host: PlanHost, program: string): readonly [string, ...string[]] | null {
  const own = host.program(program);
  if (!BY_COREPACK.includes(program) || (own !== null && !finding.isPinned))
    return own === null ? null : [own];
  const corepack = host.program("corepack");
  if (corepack !== null) return [corepack, program];
  return own === null ? null : [own];
}

function missing(finding: Finding, program: string): Unplanned {
  const also = BY_COREPACK.includes(program) ? ", nor is corepack" : "";
  return {
    problem: `${finding.lockfile} asks for ${program}, which is not on the PATH${also}`,
    hint: `install ${program}, or start the daemon with a PATH that has it`,
  };
}

/** pip has no lock of its own and installs into whatever Python runs it: so into an environment of the project's. */
function pipStep(finding: Finding, host: PlanHost): Step | Unplanned {
  const python = pythonOf(host);
  if (python === null && !host.hasVenv) {
    return {
      problem: `${finding.lockfile} asks for Python, which is not on the PATH`,
      hint: "install python3, or start the daemon with a PATH that has it",
    };
  }
  const make: CommandLine[] =
    host.hasVenv || python === null ? [] : [{ argv: [...python, "-m", "venv", host.venvDir] }];
  const pip = [venvPython(host.venvDir, host.platform), "-m", "pip"] as const;
  const install: CommandLine = {
    argv: [...pip, "install", "--disable-pip-version-check", "--no-input", "-r", finding.lockfile],
  };
  return {
    name: `pip install -r ${finding.lockfile}`,
    commands: [...make, install],
    env: STEP_ENV,
    inputs: finding.inputs,
    results: [host.venvDir],
  };
}

function pythonOf({ platform, program }: PlanHost): readonly [string, ...string[]] | null {
  if (platform === "win32") {
    const launcher = program("py");
    if (launcher !== null) return [launcher, "-3"];
  }
  const python = program("python3") ?? program("python");
  return python === null ? null : [python];
}
