/**
 * Which tool installs a project's dependencies, read off the files at the top of its folder. Pure: the folder is
 * behind a port. Goes by lockfiles alone, because only those say exactly what is to be installed; a manifest
 * without one is left to a command of the user's own. Knows no process, no PATH and no stamp.
 *
 * One tool per language, in this order: JavaScript, Python, Rust, Go. Where several lockfiles of one language lie
 * side by side, what `package.json` declares decides, then the order of the table; the others are named in `notes`.
 */
import { printable } from "../domain/address.ts";

/** The plain files at the top of a project's folder. */
export interface ProjectFiles {
  has(name: string): boolean;
  /** Its text, or null if it is not there, not readable or too large to be what it should be. */
  read(name: string): string | null;
  /** All names, in any order. */
  names(): readonly string[];
}

export type Tool =
  | "npm"
  | "pnpm"
  | "yarn-classic"
  | "yarn-berry"
  | "bun"
  | "uv"
  | "poetry"
  | "pip"
  | "cargo"
  | "go";

export interface Finding {
  readonly tool: Tool;
  /** What showed it, as in `package-lock.json`. */
  readonly lockfile: string;
  /** The files that decide what is installed: when none of them changes, nothing is to be done. */
  readonly inputs: readonly string[];
  /** True if `package.json` declares the tool's version: corepack knows how to get it. */
  readonly isPinned: boolean;
}

export interface Detection {
  readonly findings: readonly Finding[];
  /** What keeps a part from being installed: one sentence each. */
  readonly problems: readonly string[];
  /** What a person may wonder about: one sentence each, for the log. */
  readonly notes: readonly string[];
}

interface Part {
  readonly finding?: Finding;
  readonly problem?: string;
  readonly notes?: readonly string[];
}

export function detect(files: ProjectFiles): Detection {
  const parts = [javascript(files), python(files), rust(files), go(files)];
  return {
    findings: parts.flatMap(({ finding }) => finding ?? []),
    problems: parts.flatMap(({ problem }) => problem ?? []),
    notes: parts.flatMap(({ notes }) => notes ?? []),
  };
}

type JsManager = "pnpm" | "yarn" | "bun" | "npm";

/** npm's own stands last: it often lies beside another's by somebody's accident. In a row, the first one counts. */
const JS_LOCKFILES: { readonly [M in JsManager]: readonly string[] } = {
  pnpm: ["pnpm-lock.yaml"],
  yarn: ["yarn.lock"],
  bun: ["bun.lock", "bun.lockb"],
  npm: ["npm-shrinkwrap.json", "package-lock.json"],
};
const JS_MANAGERS = Object.keys(JS_LOCKFILES) as JsManager[];
/** Beside the lockfile: what else changes the outcome. */
const JS_INPUTS = ["package.json", ".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", "bunfig.toml"];

function javascript(files: ProjectFiles): Part {
  const found = JS_MANAGERS.flatMap((manager) => {
    const lockfile = JS_LOCKFILES[manager].find((name) => files.has(name));
    return lockfile === undefined ? [] : [{ manager, lockfile }];
  });
  const declared = declaredManager(files);
  if (found.length === 0) {
    const isProject = files.has("package.json");
    return isProject
      ? { notes: ["package.json has no lockfile beside it: nothing is installed for it"] }
      : {};
  }
  if (declared !== null && !isJsManager(declared.name)) {
    return {
      problem: `package.json declares the package manager "${printable(declared.name, 40)}", which is not known here`,
    };
  }
  const chosen = declared === null ? found[0] : found.find(({ manager }) => manager === declared.name);
  if (chosen === undefined) {
    const there = found.map(({ lockfile }) => lockfile).join(" and ");
    return { problem: `package.json declares ${declared?.name}, but the lockfile is ${there}` };
  }
  const others = found.filter((other) => other !== chosen).map(({ lockfile }) => lockfile);
  return {
    finding: {
      tool: chosen.manager === "yarn" ? yarnOf(files, declared?.version ?? "") : chosen.manager,
      lockfile: chosen.lockfile,
      inputs: [chosen.lockfile, ...JS_INPUTS.filter((name) => files.has(name))],
      isPinned: declared !== null && declared.version !== "",
    },
    notes: besides(chosen.lockfile, others),
  };
}

function isJsManager(name: string): name is JsManager {
  return (JS_MANAGERS as readonly string[]).includes(name);
}

interface Declared {
  readonly name: string;
  /** "" if only the name is given. */
  readonly version: string;
}

/** Source: nodejs.org/api/corepack.html, `packageManager`; docs.npmjs.com, package.json, `devEngines`. */
function declaredManager(files: ProjectFiles): Declared | null {
  const manifest = jsonObject(files.read("package.json"));
  const field = manifest["packageManager"];
  if (typeof field === "string") {
    const [, name = "", version = ""] = /^([a-z]+)(?:@([^+]*).*)?$/.exec(field.trim()) ?? [];
    return name === "" ? { name: field, version: "" } : { name, version };
  }
  const engine = membersOf(membersOf(manifest["devEngines"])["packageManager"]);
  const { name } = engine;
  // Its version may be a range, which corepack does not take.
  return typeof name === "string" ? { name, version: "" } : null;
}

/** Both write a file of this name, in forms that the other can't read. */
function yarnOf(files: ProjectFiles, version: string): Tool {
  const lock = files.read("yarn.lock") ?? "";
  if (/^__metadata:/m.test(lock)) return "yarn-berry";
  if (/^# yarn lockfile v1/m.test(lock)) return "yarn-classic";
  const major = Number.parseInt(version, 10);
  if (Number.isNaN(major)) return files.has(".yarnrc.yml") ? "yarn-berry" : "yarn-classic";
  return major >= 2 ? "yarn-berry" : "yarn-classic";
}

/** A list for pip is often written out from the lock of one of the others. */
function python(files: ProjectFiles): Part {
  const rows = [
    { tool: "uv", lockfile: "uv.lock", more: ["pyproject.toml", "uv.toml", ".python-version"] },
    { tool: "poetry", lockfile: "poetry.lock", more: ["pyproject.toml", "poetry.toml"] },
    { tool: "pip", lockfile: "requirements.txt", more: pipInputs(files) },
  ] as const;
  const [chosen, ...others] = rows.filter(({ lockfile }) => files.has(lockfile));
  if (chosen === undefined) return {};
  const { tool, lockfile, more } = chosen;
  const inputs = [lockfile, ...more.filter((name) => files.has(name))];
  return {
    finding: { tool, lockfile, inputs, isPinned: false },
    notes: besides(
      lockfile,
      others.map((other) => other.lockfile),
    ),
  };
}

/** What `-r`, `-c` and `-e .` in it may lead to: hashed for nothing at worst. */
function pipInputs(files: ProjectFiles): readonly string[] {
  const lists = files
    .names()
    .filter(
      (name) => /^(requirements|constraints)[\w.-]*\.(txt|in)$/.test(name) && name !== "requirements.txt",
    )
    .toSorted();
  return [...lists, "pyproject.toml", "setup.py", "setup.cfg"];
}

function rust(files: ProjectFiles): Part {
  if (!files.has("Cargo.lock")) return {};
  const inputs = ["Cargo.lock", ...["Cargo.toml", "rust-toolchain.toml"].filter((name) => files.has(name))];
  return { finding: { tool: "cargo", lockfile: "Cargo.lock", inputs, isPinned: false } };
}

/** A module without dependencies has no go.sum. */
function go(files: ProjectFiles): Part {
  if (!files.has("go.mod")) return {};
  const inputs = ["go.mod", ...["go.sum", "go.work", "go.work.sum"].filter((name) => files.has(name))];
  const lockfile = files.has("go.sum") ? "go.sum" : "go.mod";
  return { finding: { tool: "go", lockfile, inputs, isPinned: false } };
}

function besides(chosen: string, others: readonly string[]): readonly string[] {
  if (others.length === 0) return [];
  return [`${others.join(" and ")} beside ${chosen} ${others.length === 1 ? "is" : "are"} left alone`];
}

function jsonObject(text: string | null): { readonly [key: string]: unknown } {
  try {
    return membersOf(JSON.parse(text ?? ""));
  } catch {
    return {};
  }
}

function membersOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? (value as { [key: string]: unknown }) : {};
}
