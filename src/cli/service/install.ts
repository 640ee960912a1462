/** `prism service install`: has this host's service manager keep a hub or a daemon alive. */
import { formatAddress } from "../../domain/address.ts";
import type { Owner } from "../../launchers/spec.ts";
import { table } from "../arguments.ts";
import { claimHome } from "../claim.ts";
import { daemon } from "../daemon.ts";
import { EXIT } from "../exit-status.ts";
import { hub } from "../hub.ts";
import { inkFor, wrapped } from "../layout.ts";
import { projectAt } from "../project.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { leftOut, ownerNamed, whatArgument } from "./about.ts";
import { awaitConnected } from "./await-connected.ts";
import { servicesHere, shownOwner } from "./here.ts";
import { planText } from "./plan-text.ts";
import { mustBeStartable, runPlan, specOf, wordsOf } from "./spec.ts";

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
  const given = new Map([...input.words].filter(([key]) => !OWN_FLAGS.has(key)));
  const words = wordsOf(what, given, { owner, project, runtime });
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
