/** `prism surface add`: sets a persona up in the program in which its agent lives. */
import { writeOwnFile } from "../../clients/client-file.ts";
import { cmdLine, posixLine } from "../../clients/hook-command.ts";
import { type Placement, SURFACES_SET_UP, type SurfaceSetUp } from "../../clients/placement.ts";
import { PrismError } from "../../domain/errors.ts";
import { table } from "../arguments.ts";
import { claimHome } from "../claim.ts";
import { surfaceFlags } from "../daemon-surface.ts";
import { EXIT } from "../exit-status.ts";
import { choice, path } from "../kinds.ts";
import { inkFor } from "../layout.ts";
import { projectAt } from "../project.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { json, needed, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { placeFlags, placementOf, plannedSetUp, refuseStrangers } from "./set-up.ts";
import { diffText, fileReports, filesText, listText, notesOn } from "./told.ts";
import { placedOf, SURFACE_TITLES, type Whose, whose } from "./whose.ts";

const definition = table({
  name: "surface add",
  about: [
    "Writes what the agent's program needs into its own files: hooks, the tools, and the permission to use them. What stands there stays as it is, comments and order too; a copy is kept, and prism surface remove puts it back. Run again it changes nothing, or brings up to date what is old: after an update of Prism, or for another persona's name.",
    "claude-code: hooks and permissions in .claude/settings.local.json of the project, the tools in its .mcp.json. codex: .codex/hooks.json and .codex/config.toml of the project. claude-desktop: the app's own configuration, or a bundle that installs with a click. tmux: nothing of tmux's.",
    "What the daemon needs to know is kept too: prism daemon for this persona and project then needs no --surface.",
  ],
  arguments: [{ word: "SURFACE", about: SURFACES_SET_UP.join(", "), kind: choice([...SURFACES_SET_UP]) }],
  flags: {
    persona: needed(settings.persona),
    project: { ...needed(settings.project), about: "the project's folder" },
    ...placeFlags,
    bundle: { kind: path("FILE"), about: "writes a bundle for Claude Desktop (.mcpb) instead" },
    dryRun: { kind: "switch", about: "shows the difference, and writes nothing" },
    ...surfaceFlags,
    tenant: settings.tenant,
    ...json,
  },
  apart: [
    ["config", "bundle"],
    ["dryRun", "bundle"],
  ],
  examples: [
    {
      line: "prism surface add claude-code --persona reviewer --project ~/shop --dry-run",
      about: "what would be written",
    },
    { line: "prism surface add codex --persona builder --project .", about: "in the project of this folder" },
    {
      line: "prism surface add tmux --persona ci --project . --tmux-target ci",
      about: "the pane in which the agent runs; prism daemon then finds it",
    },
    {
      line: "prism surface add claude-desktop --persona ann --project . --bundle ann.mcpb",
      about: "a file to open with Claude Desktop",
    },
  ],
});

export const surfaceAdd = verb(definition, async (input, runtime) => {
  const { flags } = input;
  const [surface] = input.arguments;
  refuseStrangers(surface, input);
  const project = projectAt(flags.project, runtime.cwd);
  const who = whose({ persona: flags.persona, project: project.name }, flags.tenant, runtime.home);
  const placement = placementOf(surface, project.root, { ...flags, words: input.words }, runtime);
  const { setUp, next, notes } = plannedSetUp(who, placement, runtime, flags.dryRun ? "look" : "mend");
  const { changes } = setUp;
  if (!flags.dryRun) {
    claimHome(runtime.home);
    if (placement.bundle !== undefined) await writeBundle(placement.bundle, who, placement, runtime);
    await setUp.commit();
  }
  const quoted = process.platform === "win32" ? cmdLine : posixLine;
  const report = {
    surface,
    address: who.shown,
    root: project.root,
    dryRun: flags.dryRun,
    changed: !setUp.isDone,
    files: fileReports(changes, flags.dryRun),
    notes: [...notesOn(changes), ...notes],
    next,
    daemon: quoted(["prism", "daemon", "--persona", flags.persona, "--project", project.root]),
  };
  if (flags.json) writeJson(runtime.out, report);
  else if (flags.dryRun) runtime.out.write(diffText(changes, runtime.out) + dryText(report, runtime));
  else runtime.out.write(doneText(report, filesText(changes, inkFor(runtime.out)), runtime));
  return EXIT.ok;
});

async function writeBundle(
  file: string,
  who: Whose,
  placement: Omit<Placement, "files">,
  runtime: Runtime,
): Promise<void> {
  if (!runtime.engine.packaged) {
    throw new PrismError("unsupported", "a bundle holds the built executable, and this is not it", {
      hint: 'build it first: "npm run build", then run dist/prism',
    });
  }
  const { desktopBundle } = await import("../../clients/desktop-bundle.ts");
  const bytes = await desktopBundle({
    placed: placedOf(who, placement, runtime.home),
    project: who.address.project,
    executable: runtime.self.command,
    version: runtime.version,
    platform: process.platform,
    nowMs: runtime.now(),
  });
  writeOwnFile(file, bytes);
}

interface Report {
  readonly surface: SurfaceSetUp;
  readonly address: string;
  readonly changed: boolean;
  readonly notes: readonly string[];
  readonly next: readonly string[];
  /** The command that starts its daemon. */
  readonly daemon: string;
}

function dryText({ changed, notes }: Report, runtime: Runtime): string {
  const ink = inkFor(runtime.out);
  const verdict = changed
    ? "nothing was written; without --dry-run it is"
    : "all stands as it should; nothing to write";
  return `${listText("mind", notes, ink.yellow)}${ink.dim(verdict)}\n`;
}

function doneText(
  { surface, address, changed, notes, next, daemon }: Report,
  files: string,
  runtime: Runtime,
): string {
  const ink = inkFor(runtime.out);
  const title = SURFACE_TITLES[surface];
  const head = changed
    ? `${ink.green("set up")} ${address} in ${title}\n`
    : `${address} was set up in ${title} already; nothing was written\n`;
  const steps = listText("next", [...next, "start its daemon:"], ink.bold);
  // Not wrapped: half a command can't be copied.
  return `${head}${files}${listText("mind", notes, ink.yellow)}${steps}    ${daemon}\n`;
}
