/** Which service a command is about: the hub of this home, or one persona's daemon in one project. */
import { PrismError } from "../../domain/errors.ts";
import type { LauncherSpec, Owner } from "../../launchers/spec.ts";
import type { Argument } from "../arguments.ts";
import { choice } from "../kinds.ts";
import { type Project, projectNamed } from "../project.ts";
import type { Runtime } from "../runtime.ts";
import { TENANT_DEFAULT } from "../settings.ts";
import { isUsualHome } from "../surface/whose.ts";

const WHAT = ["hub", "daemon"] as const;
export type What = (typeof WHAT)[number];

export const whatArgument: Argument<What> = { word: "WHAT", about: "hub or daemon", kind: choice([...WHAT]) };

interface Named {
  readonly persona: string | undefined;
  readonly project: string | undefined;
  readonly tenant: string | undefined;
}

/** @throws PrismError `invalid_argument` if a daemon's persona or project is not named, or a hub's is */
export function ownerNamed(
  what: What,
  { persona, project, tenant }: Named,
  typed: ReadonlySet<string>,
  runtime: Runtime,
): Owner {
  const home = runtime.home.root;
  if (what === "hub") {
    if (!typed.has("persona") && !typed.has("project")) return { kind: "hub", home };
    throw new PrismError("invalid_argument", "the hub belongs to no persona and no project", {
      hint: 'leave --persona and --project out, or say "daemon"',
    });
  }
  if (persona === undefined || project === undefined) {
    throw new PrismError("invalid_argument", "a daemon's service needs --persona PERSONA and --project DIR", {
      hint: "as in: prism service install daemon --persona reviewer --project ~/shop",
    });
  }
  const name = projectNamed(project, runtime.cwd);
  return { kind: "daemon", home, tenant: tenant ?? TENANT_DEFAULT, persona, project: name };
}

/** Not what a service manager gives: how programs and agents are found, and how text looks. No secret. */
const KEPT_VARIABLES = [
  "PATH",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "CLAUDE_CONFIG_DIR",
  "CODEX_HOME",
  "TMUX_TMPDIR",
];

export function keptEnvironment(runtime: Runtime): LauncherSpec["env"] {
  const kept: { [name: string]: string } = {};
  for (const name of KEPT_VARIABLES) {
    const value = runtime.env[name];
    if (value) kept[name] = value;
  }
  if (!isUsualHome(runtime.home)) kept["PRISM_HOME"] = runtime.home.root;
  return kept;
}

/** Variables by which this shell would start it otherwise than its service will. */
export function leftOut(runtime: Runtime): readonly string[] {
  const ours = Object.keys(runtime.env).filter((name) => name.startsWith("PRISM_") && runtime.env[name]);
  const own = new Set(["PRISM_HOME", "PRISM_LAUNCHER", "PRISM_PERSONA", "PRISM_PROJECT", "PRISM_TENANT"]);
  return ours.filter((name) => !own.has(name)).toSorted();
}

export function aboutText(owner: Owner, project: Project | undefined): string {
  if (owner.kind === "hub") return "Prism hub: keeps signals between AI agents";
  return `Prism daemon: rings ${owner.persona}@${owner.project}${project === undefined ? "" : ` in ${project.root}`}`;
}
