/**
 * Every surface there is, by name. A static list, because a single-file bundle can't scan folders; loaded one at
 * a time, because a daemon pays for every module it loads and rings on one surface for its whole life.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { type JsonSchema, nearest } from "../domain/shape.ts";
import type { Surface, SurfaceContext } from "./surface.ts";

/** A surface's configuration, as it came from a file or from flags: the surface's own shape checks it. */
export type SurfaceConfig = { readonly [key: string]: unknown };

/** What the front door of each surface's folder exports, under these names. */
interface SurfaceModule {
  readonly configSchema: JsonSchema;
  /** @throws PrismError `invalid_argument` or `unknown_key` for a bad configuration */
  readonly open: (config: unknown, context: SurfaceContext) => Surface;
}

interface SurfaceEntry {
  /** One line for help. */
  readonly about: string;
  readonly load: () => Promise<SurfaceModule>;
}

const SURFACES = {
  terminal: {
    about: "writes a line and rings the bell where a person looks",
    load: () => import("./terminal/terminal.ts"),
  },
  exec: {
    about: "runs a command for each ring, its facts in the environment",
    load: () => import("./exec/exec.ts"),
  },
  "claude-code": {
    about: "wakes a session of Claude Code, and sees by its hooks that it woke",
    load: () => import("./claude-code/claude-code.ts"),
  },
  tmux: {
    about: "types one line into an agent's pane, and sees that it was taken",
    load: () => import("./tmux/tmux.ts"),
  },
  codex: {
    about: "rings a thread of Codex: its queue, its app-server, a pane; resumes it",
    load: () => import("./codex/codex.ts"),
  },
  "claude-desktop": {
    about: "shows a notification; the agent hears at its next tool call",
    load: () => import("./claude-desktop/claude-desktop.ts"),
  },
} as const satisfies { readonly [name: string]: SurfaceEntry };

export type SurfaceName = keyof typeof SURFACES;

/** Name and line of every surface, for help. */
export function listSurfaces(): readonly { readonly name: SurfaceName; readonly about: string }[] {
  return (Object.keys(SURFACES) as SurfaceName[]).map((name) => ({ name, about: SURFACES[name].about }));
}

/** @throws PrismError `invalid_argument` for a name that is no surface's, with the nearest one */
export function surfaceNameOf(name: string): SurfaceName {
  if (Object.hasOwn(SURFACES, name)) return name as SurfaceName;
  const known = Object.keys(SURFACES);
  const near = nearest(name, known);
  throw new PrismError("invalid_argument", `there is no surface "${printable(name, 40)}"`, {
    hint: near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`,
  });
}

/** @throws PrismError `invalid_argument` for an unknown name */
export async function surfaceConfigSchema(name: string): Promise<JsonSchema> {
  return (await SURFACES[surfaceNameOf(name)].load()).configSchema;
}

/**
 * Loads a surface, so that it can be opened at once later; nothing rings and nothing starts yet.
 *
 * @param config what the surface is to know; absent members have defaults
 * @returns opens it; throws PrismError `invalid_argument` (bad value), `unknown_key`, `too_large`
 * @throws PrismError `invalid_argument` for an unknown name
 */
export async function loadSurface(
  name: string,
  config: SurfaceConfig,
): Promise<(context: SurfaceContext) => Surface> {
  const module = await SURFACES[surfaceNameOf(name)].load();
  return (context) => module.open(config, context);
}
