/** `prism surface remove`: takes out what `surface add` put into the files of an agent's program. */
import { resolve } from "node:path";
import { SCOPES } from "../../clients/client.ts";
import { SURFACES_SET_UP } from "../../clients/placement.ts";
import { PrismError } from "../../domain/errors.ts";
import { table } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { choice, path } from "../kinds.ts";
import { inkFor } from "../layout.ts";
import { type Project, projectAt, projectNamed } from "../project.ts";
import { writeJson } from "../runtime.ts";
import { json, needed, settings } from "../settings.ts";
import { verb } from "../verb.ts";
import { plannedTakingOut } from "./take-out.ts";
import { diffText, fileReports, filesText } from "./told.ts";
import { programWords, SURFACE_TITLES, whose } from "./whose.ts";

const definition = table({
  name: "surface remove",
  about: [
    "A file that nobody changed since is put back to the byte, and one that was made is removed, with the folders that were made for it. In a file that somebody changed exactly what is Prism's goes, wherever it stands now, and the rest stays.",
    "Signals, tokens and the persona itself stay: only the agent's program forgets Prism.",
  ],
  arguments: [{ word: "SURFACE", about: SURFACES_SET_UP.join(", "), kind: choice([...SURFACES_SET_UP]) }],
  flags: {
    persona: needed(settings.persona),
    project: needed(settings.project),
    scope: {
      kind: choice([...SCOPES]),
      about: "whose files of Claude Code to look into if nothing is recorded",
      otherwise: "as it was set up, or local",
    },
    config: { kind: path("FILE"), about: "Claude Desktop's configuration, if nothing is recorded" },
    dryRun: { kind: "switch", about: "shows the difference, and writes nothing" },
    tenant: settings.tenant,
    ...json,
  },
  examples: [
    {
      line: "prism surface remove claude-code --persona reviewer --project ~/shop",
      about: "as if it had never been",
    },
    { line: "prism surface remove codex --persona builder --project . --dry-run", about: "what would go" },
  ],
});

export const surfaceRemove = verb(definition, async ({ flags, arguments: [surface] }, runtime) => {
  const project = projectLeft(flags.project, runtime.cwd);
  const who = whose({ persona: flags.persona, project: project.name }, flags.tenant, runtime.home);
  const presumed = {
    surface,
    root: project.root,
    scope: flags.scope ?? "local",
    program: programWords(runtime),
    ...(flags.config === undefined ? {} : { config: resolve(runtime.cwd, flags.config) }),
    settings: [],
  };
  const how = flags.dryRun ? "look" : "mend";
  const { setUp, byHand, root } = plannedTakingOut(who, surface, runtime, { how, presumed });
  const { changes } = setUp;
  if (!flags.dryRun) await setUp.commit();
  const title = SURFACE_TITLES[surface];
  const next = byHand === null ? [] : [byHand];
  if (flags.json) {
    const facts = {
      surface,
      address: who.shown,
      root,
      dryRun: flags.dryRun,
      changed: !setUp.isDone,
    };
    writeJson(runtime.out, { ...facts, files: fileReports(changes, flags.dryRun), next });
    return EXIT.ok;
  }
  const ink = inkFor(runtime.out);
  if (flags.dryRun) {
    const verdict = setUp.isDone
      ? "there is nothing to take out"
      : "nothing was written; without --dry-run it is";
    runtime.out.write(`${diffText(changes, runtime.out)}${ink.dim(verdict)}\n`);
  } else if (setUp.isDone) {
    runtime.out.write(`${who.shown} is not set up in ${title}; nothing was written\n`);
  } else {
    const steps = next.map((step) => `  ${step}\n`).join("");
    runtime.out.write(
      `${ink.green("took out")} ${who.shown} from ${title}\n${filesText(changes, ink)}${steps}`,
    );
  }
  return EXIT.ok;
});

/** A project's folder may be gone before its surface is: then its name, and the record, must do. */
function projectLeft(typed: string, cwd: string): Project {
  try {
    return projectAt(typed, cwd);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "not_found") throw error;
    const root = resolve(cwd, typed);
    const [name = ""] = root.split(/[/\\]/).slice(-1);
    return { name: projectNamed(name, root), root };
  }
}
