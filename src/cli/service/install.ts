/** `prism service install`: has this host's service manager keep a hub or a daemon alive. */
import { join, resolve } from "node:path";
import { formatAddress, printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { applyPlan } from "../../launchers/apply.ts";
import type { Plan } from "../../launchers/plan.ts";
import { checkedSpec, type LauncherSpec, type Owner } from "../../launchers/spec.ts";
import { type Flags, flagOf, parseArguments, type Table, table } from "../arguments.ts";
import { claimHome } from "../claim.ts";
import { daemon } from "../daemon.ts";
import { EXIT } from "../exit-status.ts";
import { hub } from "../hub.ts";
import { keptSurface } from "../kept-surface.ts";
import { inkFor, wrapped } from "../layout.ts";
import { type Project, projectAt } from "../project.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { programWords } from "../surface/whose.ts";
import { verb } from "../verb.ts";
import { aboutText, keptEnvironment, leftOut, ownerNamed, type What, whatArgument } from "./about.ts";
import { awaitConnected } from "./await-connected.ts";
import { type ServicesHere, servicesHere, shownOwner } from "./here.ts";
import { planText } from "./plan-text.ts";

/** How help names what is a path: a service is started in another folder. */
const PATH_WORDS: ReadonlySet<string> = new Set(["DIR", "FILE", "PATH", "PROGRAM"]);
/** Typed for this command, and not for what it installs. */
const OWN_FLAGS: ReadonlySet<string> = new Set(["dryRun", "json", "persona", "project"]);

const { untilEof: _hubs, ...hubFlags } = hub.table.flags;
const { untilEof: _daemons, ...daemonFlags } = daemon.table.flags;

const definition = table({
  name: "service install",
  about: [
    "Started at login, and on Linux at boot; started again when it fails, ever later, and left alone once it was wrapped or told to stop, or if its configuration is at fault. systemd, launchd or Windows' Task Scheduler do that, for this user alone; nothing of it needs root.",
    "The flags of prism hub and prism daemon are kept with it. Run again with other flags it is changed to them and started anew; with the same ones nothing happens.",
  ],
  arguments: [whatArgument],
  flags: {
    ...hubFlags,
    ...daemonFlags,
    persona: settings.persona,
    project: { ...settings.project, about: "the project's folder" },
    tenant: settings.tenant,
    dryRun: { kind: "switch", about: "shows what would be written and run, and does nothing" },
    ...json,
  } as const,
  examples: [
    { line: "prism service install hub", about: "the hub of this host" },
    {
      line: "prism service install daemon --persona reviewer --project ~/shop",
      about: "rings where prism surface add has set the agent up",
    },
    { line: "prism service install hub --dry-run", about: "the file, and the commands" },
  ],
});

export const serviceInstall = verb(definition, async (input, runtime) => {
  const { flags, typed } = input;
  const [what] = input.arguments;
  const owner = ownerNamed(what, flags, typed, runtime);
  const project = owner.kind === "hub" ? undefined : projectAt(flags.project ?? "", runtime.cwd);
  const words = wordsOf(what, input.words, owner, project, runtime);
  await mustBeStartable(what, words, runtime);
  claimHome(runtime.home);
  const here = await servicesHere(runtime);
  const { launcher } = here;
  const spec = specOf(owner, { name: here.nameOf(owner), words, project, runtime });
  const plan = launcher.install(spec, here.standing(spec.name));
  const facts = {
    name: spec.name,
    system: launcher.system,
    file: launcher.fileOf(spec.name),
    dryRun: flags.dryRun,
  };
  if (flags.dryRun) {
    if (flags.json) writeJson(runtime.out, { ...facts, changed: false, plan });
    else runtime.out.write(planText(plan, inkFor(runtime.out)));
    return EXIT.ok;
  }
  const applied = await runPlan(plan, here, spec);
  const connected = owner.kind === "hub" ? null : await awaitConnected(owner, runtime);
  const notes = [...applied.notes, ...variablesNote(runtime)];
  const report = { ...facts, changed: applied.done.length > 0, done: applied.done, connected, notes };
  if (flags.json) writeJson(runtime.out, report);
  else runtime.out.write(doneText(owner, report, runtime));
  return EXIT.ok;
});

/** What follows the program's name: the verb, and the flags that were typed, good in every folder. */
function wordsOf(
  what: What,
  typed: ReadonlyMap<string, string | true>,
  owner: Owner,
  project: Project | undefined,
  runtime: Runtime,
): readonly string[] {
  const { name, flags }: Table = what === "hub" ? hub.table : daemon.table;
  const words: string[] = [name];
  if (owner.kind === "daemon") words.push("--persona", owner.persona, "--project", project?.root ?? "");
  for (const [key, word] of typed) {
    if (OWN_FLAGS.has(key)) continue;
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

/** What its own start would refuse is said now: later only its log would. */
async function mustBeStartable(what: What, words: readonly string[], runtime: Runtime): Promise<void> {
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
  if (flags["surface"] !== undefined) return;
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

function specOf(
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
async function runPlan(plan: Plan, { launcher, run }: ServicesHere, spec: LauncherSpec) {
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

function variablesNote(runtime: Runtime): readonly string[] {
  const names = leftOut(runtime);
  if (names.length === 0) return [];
  return [
    `the service does not see ${names.join(", ")} of this shell: give what it needs as flags, or in config.json`,
  ];
}

interface Report {
  readonly name: string;
  readonly system: string;
  readonly changed: boolean;
  readonly notes: readonly string[];
  readonly connected: { readonly isConnected: boolean; readonly standing: string } | null;
}

function doneText(
  owner: Owner,
  { name, system, changed, notes, connected }: Report,
  runtime: Runtime,
): string {
  const ink = inkFor(runtime.out);
  const who = owner.kind === "hub" ? shownOwner(owner) : formatAddress(owner);
  const head = changed
    ? `${ink.green("installed")} ${name}: ${system} keeps ${who} alive\n`
    : `${name} was installed already, and runs; nothing was changed\n`;
  const standing =
    connected === null ? "" : `  ${(connected.isConnected ? ink.green : ink.yellow)(connected.standing)}\n`;
  const mind = notes.map((note) => `${ink.yellow("mind")} ${wrapped(note, 80, "  ").trimStart()}\n`).join("");
  return head + standing + mind;
}
