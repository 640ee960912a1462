/**
 * A hub or a daemon as this host's service manager is to keep it: its words, good in every folder, and its spec. What
 * `service install` and `persona create` have in common. Runs nothing but the plan it is handed.
 */
import { join, resolve } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { type Applied, applyPlan } from "../../launchers/apply.ts";
import type { Plan } from "../../launchers/plan.ts";
import { checkedSpec, type LauncherSpec, type Owner } from "../../launchers/spec.ts";
import { type Flags, flagOf, parseArguments, type Table } from "../arguments.ts";
import { daemon } from "../daemon.ts";
import { hub } from "../hub.ts";
import { keptSurface } from "../kept-surface.ts";
import type { Project } from "../project.ts";
import type { Runtime } from "../runtime.ts";
import { programWords } from "../surface/whose.ts";
import { aboutText, keptEnvironment, type What } from "./about.ts";
import type { ServicesHere } from "./here.ts";

/** How help names what is a path: a service is started in another folder. */
const PATH_WORDS: ReadonlySet<string> = new Set(["DIR", "FILE", "PATH", "PROGRAM"]);

/**
 * What follows the program's name: the verb, and the flags that were typed, good in every folder.
 *
 * @param typed without persona and project, which the owner has
 * @throws PrismError `invalid_argument` for a flag that this program does not have
 */
export function wordsOf(
  what: What,
  typed: ReadonlyMap<string, string | true>,
  of: { readonly owner: Owner; readonly project: Project | undefined; readonly runtime: Runtime },
): readonly string[] {
  const { owner, project, runtime } = of;
  const { name, flags }: Table = what === "hub" ? hub.table : daemon.table;
  const words: string[] = [name];
  if (owner.kind === "daemon") words.push("--persona", owner.persona, "--project", project?.root ?? "");
  for (const [key, word] of typed) {
    const flag = flags[key];
    if (flag === undefined) {
      const other = what === "hub" ? "daemon" : "hub";
      throw new PrismError("invalid_argument", `${flagOf(key)} is for the ${other}, not for the ${what}`, {
        hint: `leave ${flagOf(key)} out`,
      });
    }
    if (word === true || flag.kind === "switch") words.push(flagOf(key));
    else words.push(`${flagOf(key)}=${absolute(word, flag.kind.word, runtime)}`);
  }
  // Not through a variable of this shell, which the service will not see.
  if (owner.kind === "daemon" && !typed.has("tenant") && runtime.env["PRISM_TENANT"]) {
    words.push("--tenant", owner.tenant);
  }
  return words;
}

/** A bare name of a program is looked for on the PATH, wherever it is started. */
function absolute(word: string, kind: string, runtime: Runtime): string {
  if (!PATH_WORDS.has(kind) || word.startsWith("~")) return word;
  return kind === "PROGRAM" && !/[/\\]/.test(word) ? word : resolve(runtime.cwd, word);
}

/**
 * What its own start would refuse is said now: later only its log would.
 *
 * @param more.surfaceComes its surface is about to be set up: that there is none yet is no fault
 * @throws PrismError
 */
export async function mustBeStartable(
  what: What,
  words: readonly string[],
  runtime: Runtime,
  more: { readonly surfaceComes?: boolean } = {},
): Promise<void> {
  const given = words.slice(1);
  // As the service will see it: without the variables of this shell.
  const sources = { ...runtime.readSources(), env: {} };
  if (what === "hub") {
    parseArguments(
      hub.table as typeof hub.table & { arguments: readonly never[]; flags: Flags },
      given,
      sources,
    );
    return;
  }
  const { flags, typed } = parseArguments(
    daemon.table as typeof daemon.table & { arguments: readonly never[]; flags: Flags },
    given,
    sources,
  );
  if (flags["surface"] !== undefined || more.surfaceComes === true) return;
  const persona = String(flags["persona"]);
  const named = { persona, project: String(flags["project"]), tenant: undefined, surface: undefined };
  const tenant = flags["tenant"] === undefined ? undefined : String(flags["tenant"]);
  const kept = await keptSurface({ ...named, tenant }, typed, { ...runtime, home: runtime.home, env: {} });
  if (kept !== undefined) return;
  throw new PrismError(
    "invalid_argument",
    `no surface is set up for ${persona} here, so its daemon could not start`,
    {
      hint: `set one up: prism surface add claude-code --persona ${persona} --project ${printable(named.project, 200)}, or give --surface NAME`,
    },
  );
}

export function specOf(
  owner: Owner,
  of: {
    readonly name: string;
    readonly words: readonly string[];
    readonly project: Project | undefined;
    readonly runtime: Runtime;
  },
): LauncherSpec {
  const { name, words, project, runtime } = of;
  const [program = runtime.self.command, ...args] = programWords(runtime);
  return checkedSpec({
    name,
    owner,
    about: aboutText(owner, project),
    program: [program, ...args, ...words],
    env: keptEnvironment(runtime),
    logPath: join(runtime.home.logDir, `${name}.log`),
    startsOthers: owner.kind === "daemon",
  });
}

/** A start that fails has its reason in the service's own log. */
export async function runPlan(
  plan: Plan,
  { launcher, run }: Pick<ServicesHere, "launcher" | "run">,
  spec: Pick<LauncherSpec, "name" | "logPath">,
): Promise<Applied> {
  try {
    return await applyPlan(plan, { run });
  } catch (error) {
    if (!(error instanceof PrismError) || !error.message.startsWith("could not start")) throw error;
    throw new PrismError(error.code, error.message, {
      hint: `its log says why: ${launcher.logCommand(spec).join(" ")}`,
      cause: error,
    });
  }
}
