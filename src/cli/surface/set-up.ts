/**
 * Setting a persona up in the program in which its agent lives: where it will be placed, by what was typed, and what
 * becomes of that program's files. What `surface add` and `persona create` have in common. Writes nothing by itself.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { SCOPES, type Scope } from "../../clients/client.ts";
import {
  type Placement,
  readPlacementsIfWhole,
  SURFACES_SET_UP,
  type SurfaceSetUp,
} from "../../clients/placement.ts";
import { clientPlan, planAdding, type SetUp } from "../../clients/set-up.ts";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { flagOf } from "../arguments.ts";
import { type SurfaceInput, surfaceConfig, surfaceFlags } from "../daemon-surface.ts";
import { choice, path } from "../kinds.ts";
import type { Runtime } from "../runtime.ts";
import { placedOf, programWords, surroundingsOf, type Whose } from "./whose.ts";

const SCOPE_DEFAULT: Scope = "local";
/** How help names what is a path. */
const PATH_WORDS: ReadonlySet<string> = new Set(["DIR", "FILE", "PATH"]);

/** Where in the program's own files, beside what its daemon is told (`surfaceFlags`). */
export const placeFlags = {
  scope: {
    kind: choice([...SCOPES]),
    about:
      "whose files of Claude Code: this checkout's, the project's that all share, or the user's for every project",
    otherwise: SCOPE_DEFAULT,
  },
  config: { kind: path("FILE"), about: "Claude Desktop's configuration, if it lies elsewhere" },
} as const;

export function isSetUp(surface: string): surface is SurfaceSetUp {
  return (SURFACES_SET_UP as readonly string[]).includes(surface);
}

/**
 * A flag of another surface would be kept for nothing.
 *
 * @throws PrismError `invalid_argument`
 */
export function refuseStrangers(
  surface: string,
  input: SurfaceInput & { readonly flags: { readonly tmuxTarget: unknown } },
): void {
  surfaceConfig(surface, input);
  const owners = { scope: "claude-code", config: "claude-desktop", bundle: "claude-desktop" } as const;
  for (const [flag, owner] of Object.entries(owners)) {
    if (!input.typed.has(flag) || surface === owner) continue;
    throw new PrismError("invalid_argument", `${flagOf(flag)} is for ${owner}, not for ${surface}`, {
      hint: `leave ${flagOf(flag)} out`,
    });
  }
  if (surface === "tmux" && input.flags.tmuxTarget === undefined) {
    throw new PrismError("invalid_argument", "surface tmux needs --tmux-target TARGET", {
      hint: "name the agent's pane, as in --tmux-target reviewer for the session of that name",
    });
  }
}

export interface PlaceTyped {
  readonly scope: Scope | undefined;
  readonly config: string | undefined;
  readonly bundle?: string | undefined;
  /** What was typed for its daemon is kept with it. */
  readonly words: ReadonlyMap<string, string | true>;
}

export function placementOf(
  surface: SurfaceSetUp,
  root: string,
  { scope, config, bundle, words }: PlaceTyped,
  runtime: Runtime,
): Omit<Placement, "files"> {
  const absolute = (file: string): string => resolve(runtime.cwd, file);
  return {
    surface,
    root,
    scope: scope ?? SCOPE_DEFAULT,
    program: programWords(runtime),
    ...(config === undefined ? {} : { config: absolute(config) }),
    ...(bundle === undefined ? {} : { bundle: absolute(bundle) }),
    settings: Object.entries(surfaceFlags).flatMap(([name, flag]) => {
      const word = words.get(name);
      if (typeof word !== "string") return [];
      // The daemon may be started in another folder.
      const isPath = PATH_WORDS.has(flag.kind.word) && !word.startsWith("~");
      return [{ name, value: isPath ? absolute(word) : word }];
    }),
  };
}

export interface PlannedSetUp {
  readonly setUp: SetUp;
  /** What the person has to do before it works. */
  readonly next: readonly string[];
  /** What to mind, each as one sentence. */
  readonly notes: readonly string[];
}

/**
 * @param how `mend` sets a broken record aside, `look` leaves it
 * @throws PrismError, and then nothing is written
 */
export function plannedSetUp(
  who: Whose,
  placement: Omit<Placement, "files">,
  runtime: Runtime,
  how: "look" | "mend",
): PlannedSetUp {
  const before = readPlacementsIfWhole(who.stateDir, how);
  const around = surroundingsOf(runtime);
  const planOf = (of: Omit<Placement, "files">) =>
    of.bundle === undefined
      ? clientPlan(of.surface, placedOf(who, of, runtime.home), around)
      : { files: [], alsoRead: [], next: bundleSteps(of.bundle) };
  const plan = planOf(placement);
  const standing = before.find((each) => each.surface === placement.surface);
  const setUp = planAdding({
    stateDir: who.stateDir,
    before,
    placement,
    plan,
    ...(standing === undefined ? {} : { last: { placement: standing, plan: planOf(standing) } }),
  });
  const notes = sharingNote(placement.surface, placement.root, plan.files.length);
  return { setUp, next: plan.next, notes };
}

function bundleSteps(file: string): readonly string[] {
  return [`open ${printable(file, 200)} with Claude Desktop, and agree to install it`];
}

/** What is shared through version control holds paths of this host. */
function sharingNote(surface: SurfaceSetUp, root: string, files: number): readonly string[] {
  const shared = { "claude-code": ".mcp.json", codex: ".codex", "claude-desktop": "", tmux: "" }[surface];
  if (shared === "" || files === 0 || !existsSync(join(root, ".git"))) return [];
  return [`${shared} in the project now holds paths of this host: keep that out of version control`];
}
