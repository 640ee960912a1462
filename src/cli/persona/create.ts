/** `prism persona create`: from a folder to an agent that can be woken, after the next reboot too, in one step. */
import type { Placement, SurfaceSetUp } from "../../clients/placement.ts";
import { readPlacementsIfWhole } from "../../clients/placement.ts";
import { parseName } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { loadSurface } from "../../surfaces/registry.ts";
import { flagOf, type InputOf, table } from "../arguments.ts";
import { claimHome } from "../claim.ts";
import { daemon } from "../daemon.ts";
import { attachFlags } from "../daemon-attach.ts";
import { surfaceConfig, surfaceFlags } from "../daemon-surface.ts";
import { EXIT } from "../exit-status.ts";
import { hubFlags } from "../hub-target.ts";
import { inkFor } from "../layout.ts";
import { personaTokenPath } from "../persona-token.ts";
import { type Project, projectAt } from "../project.ts";
import { type Runtime, writeJson } from "../runtime.ts";
import { leftOut } from "../service/about.ts";
import { mustBeStartable, specOf, wordsOf } from "../service/spec.ts";
import { json, needed, settings } from "../settings.ts";
import { isSetUp, placeFlags, placementOf, plannedSetUp, refuseStrangers } from "../surface/set-up.ts";
import { listText } from "../surface/told.ts";
import { type Whose, whose } from "../surface/whose.ts";
import { verb } from "../verb.ts";
import { startLine, startText } from "./by-hand.ts";
import { mustBeFree, mustBelongTo, mustHaveProgram, mustHaveServices } from "./checks.ts";
import { createLine } from "./half-done.ts";
import { making, type Wish } from "./making.ts";
import { commandFor } from "./named.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { openJournal, type PersonaRecord, readPersonaRecordIfWhole } from "./record.ts";
import { type Outcome, undertake } from "./undertake.ts";
import { isKept, openWorld, ownerOf, type PersonaWorld } from "./world.ts";

const definition = table({
  name: "persona create",
  about: [
    "Makes a token of the persona's own, makes the persona known to the hub, sets its surface up, has this host keep its daemon alive, at boot too, and waits until that is connected. What fails takes back all that this command did, and says which step it was.",
    "Run again it changes nothing; with other flags it changes over to them; after a crash at any point it does the rest. A persona in a project stays with its folder for its life.",
    "With --no-service nothing keeps its daemon alive: this says the command that starts it, for you or your own supervisor, and waits for a daemon only if one runs. In a container, in CI, in a shell that no login opened.",
    "The flags of prism daemon are kept for it. --token-file is this command's alone: its daemon, its agent's tools and its verbs use the persona's own token, which acts for that persona and nobody else.",
  ],
  arguments: [{ word: "PERSONA", about: "its name, as in reviewer", kind: settings.persona.kind }],
  flags: {
    project: { ...needed(settings.project), about: "the project's folder" },
    surface: { ...settings.surface, otherwise: 'what "prism surface add" or an earlier create set up' },
    ...placeFlags,
    ...surfaceFlags,
    ...attachFlags,
    noService: {
      kind: "switch",
      about: "no service: you start its daemon, or your own supervisor does",
    },
    lease: settings.lease,
    ringAgain: settings.ringAgain,
    metricsListen: settings.metricsListen,
    host: settings.host,
    tenant: settings.tenant,
    ...hubFlags,
    logForm: settings.logForm,
    logLevel: settings.logLevel,
    ...json,
  },
  examples: [
    {
      line: "prism persona create reviewer --project ~/shop --surface claude-code",
      about: "an agent in Claude Code, woken when signals wait",
    },
    {
      line: "prism persona create ci --project . --surface tmux --tmux-target ci",
      about: "the agent in that pane, whatever it is",
    },
    {
      line: "prism persona create ops --project . --surface exec --exec-command ./on-ring",
      about: "a command of yours for each ring",
    },
    {
      line: "prism persona create ops --project . --surface tmux --no-service",
      about: "where no service manager runs",
    },
  ],
});

type CreateInput = InputOf<typeof definition>;

export const personaCreate = verb(
  definition,
  async (input, runtime) => {
    const { flags } = input;
    const [typed] = input.arguments;
    const project = projectAt(flags.project, runtime.cwd);
    const address = { persona: parseName(typed, "PERSONA"), project: project.name };
    const who = whose(address, flags.tenant, runtime.home);
    const owner = ownerOf(who, runtime);
    const record = readPersonaRecordIfWhole(who.stateDir, "look");
    mustBelongTo(project.root, who, record);
    const surface = surfaceWanted(input, who, project);
    const words = wordsOf("daemon", daemonWords(input, surface, runtime), { owner, project, runtime });
    await mustBeStartable("daemon", words, runtime, { surfaceComes: surface.placement !== undefined });
    if (surface.isTyped) await loadSurface(surface.name, surfaceConfig(surface.name, input));
    mustHaveProgram(surface.name, flags, runtime.env);
    const world = await openWorld(who, flags, runtime);
    if (!flags.noService) mustHaveServices(world);
    const spec = isKept(world)
      ? specOf(owner, { name: world.services.nameOf(owner), words, project, runtime })
      : undefined;
    const placement = surface.placement?.(runtime);
    const wish: Wish = {
      leaseMs: flags.lease,
      surface: surface.name,
      placement,
      former: formerSurfaces(record, who, surface.name),
      spec,
      noService: flags.noService,
      mustRestart: mustRestart(record, words, flags.noService),
    };
    const of = { project, words, typed: surfaceWords(placement, input) };
    const outcome = await oneAtATime(who, runtime, () => created(wish, world, of));
    const notes = [...outcome.notes, ...(flags.noService ? [] : variablesNote(runtime))];
    const next = placement === undefined ? [] : plannedSetUp(who, placement, runtime, "look").next;
    const standing = outcome.steps.find(({ step }) => step === "connected")?.says ?? "";
    const start = flags.noService ? startLine(words, runtime) : null;
    const report = { ...outcome, notes, next, standing, start };
    if (flags.json) writeJson(runtime.out, { ...facts(wish, world, project), ...report });
    else
      runtime.out.write(doneText(who, { ...report, wasThere: record?.undertaking === "standing" }, runtime));
    return EXIT.ok;
  },
  // Told to stop, it takes back what it did.
  { lasting: true },
);

/**
 * Looks at all that could be in the way, then makes it so.
 *
 * @throws PrismError, and then all is as it was before
 */
export async function created(
  wish: Wish,
  world: PersonaWorld,
  of: {
    readonly project: Project;
    /** What its daemon is started with. */
    readonly words: readonly string[];
    /** What was typed of a surface that is set up. */
    readonly typed: readonly string[];
  },
): Promise<Created> {
  const { who, runtime, hub } = world;
  const { noService } = wish;
  // Again, now that no other command is at it.
  mustBelongTo(of.project.root, who, readPersonaRecordIfWhole(who.stateDir, "look"));
  await mustBeFree(world, of.project.root, noService);
  if (wish.placement !== undefined) plannedSetUp(who, wish.placement, runtime, "look");
  claimHome(runtime.home);
  const { steps, settle, mustStart } = making(wish, world);
  const outcome = await undertake(
    steps,
    {
      settle,
      journal: openJournal(who.stateDir, runtime.now),
      undertaking: "creating",
      ends: "standing",
      facts: {
        root: of.project.root,
        hub: hub.url,
        surface: wish.surface,
        service: noService ? undefined : wish.spec?.name,
        noService: noService ? true : undefined,
        words: of.words,
      },
      meanwhile: { former: wish.former, typed: of.typed },
      onFailure: "back",
      finish: commandFor("destroy", who),
    },
    runtime,
  );
  return { ...outcome, mustStart: mustStart() };
}

export interface Created extends Outcome {
  /** Without a service: its daemon is yet to be started, by whoever runs this. */
  readonly mustStart: boolean;
}

/** It may run with what was before: by a service of a run that was cut short, by hand with other words. */
export function mustRestart(
  record: PersonaRecord | undefined,
  words: readonly string[],
  noService: boolean,
): boolean {
  if (noService) return record?.words !== undefined && JSON.stringify(record.words) !== JSON.stringify(words);
  return record?.undertaking === "creating" && !record.done.includes("service");
}

interface SurfaceWanted {
  readonly name: string;
  /** What is said of it was typed, or set for all; else it was set up before. */
  readonly isTyped: boolean;
  /** Undefined for one that its daemon is told of and that has no files. */
  readonly placement: ((runtime: Runtime) => Omit<Placement, "files">) | undefined;
}

/** What is typed about a surface is the whole wish; where nothing is, what was set up stays as it is. */
function surfaceWanted(input: CreateInput, who: Whose, project: Project): SurfaceWanted {
  const { flags, typed, words } = input;
  const standing = readPlacementsIfWhole(who.stateDir, "look").at(-1);
  const isNamed = typed.has("surface");
  const name = isNamed ? flags.surface : (standing?.surface ?? flags.surface);
  if (name === undefined) {
    const before = readPersonaRecordIfWhole(who.stateDir, "look");
    throw new PrismError("invalid_argument", "persona create needs --surface NAME: none is set up for it", {
      hint:
        before?.surface === undefined || before.root === undefined
          ? "say where its agent lives, as in --surface claude-code"
          : `name it again, as when it was created: ${createLine(before, who)}`,
    });
  }
  const isTyped =
    isNamed || [...typed].some((flag) => Object.hasOwn(surfaceFlags, flag) || flag in placeFlags);
  if (standing !== undefined && standing.root !== project.root) throw setUpElsewhere(who, standing);
  if (isSetUp(name) && !isTyped && standing !== undefined) {
    const { files: _, program: __, ...kept } = standing;
    return {
      name,
      isTyped: false,
      placement: (runtime) => ({ ...placementOf(name, project.root, NOTHING_TYPED, runtime), ...kept }),
    };
  }
  refuseStrangers(name, input);
  if (!isSetUp(name)) return { name, isTyped: true, placement: undefined };
  const { scope, config } = flags;
  return {
    name,
    isTyped: true,
    placement: (runtime) => placementOf(name, project.root, { scope, config, words }, runtime),
  };
}

const NOTHING_TYPED = { scope: undefined, config: undefined, words: new Map<string, string | true>() };

function setUpElsewhere({ shown, address }: Whose, { surface, root }: Placement): PrismError {
  return new PrismError("already_running", `${shown} is set up in ${surface} for another folder: ${root}`, {
    hint: `take that out first: prism surface remove ${surface} --persona ${address.persona} --project ${root}`,
  });
}

/** Of an earlier wish: only what a create set up, since what was added by hand is not this command's to take. */
export function formerSurfaces(
  record: PersonaRecord | undefined,
  who: Whose,
  surface: string,
): readonly SurfaceSetUp[] {
  const former = new Set([...(record?.former ?? []), record?.surface ?? ""].filter(isSetUp));
  former.delete(surface as SurfaceSetUp);
  const standing = readPlacementsIfWhole(who.stateDir, "look").map((each) => each.surface);
  return standing.filter((each) => former.has(each));
}

/** What its daemon is started with: of what was typed, what is the daemon's; and the hub, wherever that was named. */
function daemonWords(
  { flags, words }: CreateInput,
  surface: SurfaceWanted,
  { env }: Runtime,
): ReadonlyMap<string, string | true> {
  const own = new Set(["project", "tokenFile", "json", "surface", ...Object.keys(placeFlags)]);
  // Kept with the surface itself, for who starts a daemon by hand.
  if (surface.placement !== undefined) for (const flag of Object.keys(surfaceFlags)) own.add(flag);
  const kept = new Map([...words].filter(([key]) => !own.has(key) && Object.hasOwn(daemon.table.flags, key)));
  if (surface.placement === undefined) kept.set("surface", surface.name);
  for (const [key, variable] of [
    ["hub", "PRISM_HUB"],
    ["tlsCa", "PRISM_TLS_CA"],
  ] as const) {
    const value = flags[key];
    if (env[variable] && value !== undefined && !kept.has(key)) kept.set(key, value);
  }
  return kept;
}

/** As they are typed again, from whatever folder. */
function surfaceWords(
  placement: Omit<Placement, "files"> | undefined,
  { typed }: CreateInput,
): readonly string[] {
  if (placement === undefined) return [];
  const { settings: kept, scope, config } = placement;
  return [
    ...kept.map(({ name, value }) => `${flagOf(name)}=${value}`),
    ...(typed.has("scope") ? [`--scope=${scope}`] : []),
    ...(config === undefined ? [] : [`--config=${config}`]),
  ];
}

/** Taken along above, or meant for this command alone. */
const SEEN = new Set(["PRISM_HUB", "PRISM_TLS_CA", "PRISM_TOKEN", "PRISM_TOKEN_FILE"]);

function variablesNote(runtime: Runtime): readonly string[] {
  const names = leftOut(runtime).filter((name) => !SEEN.has(name));
  if (names.length === 0) return [];
  return [`its daemon does not see ${names.join(", ")} of this shell: give what it needs as flags`];
}

function facts(wish: Wish, { who, services }: PersonaWorld, project: Project) {
  return {
    address: who.shown,
    tenant: who.tenant,
    ...who.address,
    root: project.root,
    surface: wish.surface,
    service: wish.noService ? null : (wish.spec?.name ?? null),
    system: wish.noService || services instanceof PrismError ? null : services.launcher.system,
    tokenFile: personaTokenPath(who.stateDir),
  };
}

interface Report extends Created {
  readonly next: readonly string[];
  readonly standing: string;
  /** The command that starts its daemon; null where a service does. */
  readonly start: string | null;
  /** It was changed over, not made. */
  readonly wasThere: boolean;
}

function doneText(
  { shown }: Whose,
  { changed, notes, next, standing, start, mustStart, wasThere }: Report,
  runtime: Runtime,
): string {
  const ink = inkFor(runtime.out);
  const state = mustStart ? standing : `connected ${standing}`;
  const head = changed
    ? `${ink.green(wasThere ? "changed" : "created")} ${shown}: ${state}\n`
    : `${shown} is there already, ${state}; nothing was changed\n`;
  const more = changed ? listText("next", next, ink.bold) : "";
  return head + listText("mind", notes, ink.yellow) + more + startText(mustStart ? start : null, ink);
}
