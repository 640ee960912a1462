/**
 * The surface that `prism surface add` set up for a persona in a project, for a daemon that was not told one. What
 * was typed and what the environment says comes first.
 */
import { stateDirOf } from "../host/home.ts";
import type { Sources } from "./arguments.ts";
import { projectAt } from "./project.ts";
import type { Runtime } from "./runtime.ts";
import { TENANT_DEFAULT } from "./settings.ts";

export async function keptSurface(
  flags: {
    readonly persona: string;
    readonly project: string;
    readonly tenant: string | undefined;
    readonly surface: string | undefined;
  },
  typed: ReadonlySet<string>,
  runtime: Runtime,
): Promise<Sources["kept"]> {
  const address = { persona: flags.persona, project: projectAt(flags.project, runtime.cwd).name };
  const stateDir = stateDirOf(runtime.home, flags.tenant ?? TENANT_DEFAULT, address);
  const { placementPathOf, readPlacements } = await import("../clients/placement.ts");
  // A surface in config.json is for all personas: what was set up for this one is nearer.
  const isNamed = typed.has("surface") || Boolean(runtime.env["PRISM_SURFACE"]);
  let placements: ReturnType<typeof readPlacements>;
  try {
    placements = readPlacements(stateDir);
  } catch (error) {
    // Who named the surface needs no record, and a broken one must not keep the daemon from its work.
    if (isNamed) return undefined;
    throw error;
  }
  const kept = placements.findLast(({ surface }) => !isNamed || surface === flags.surface);
  if (kept === undefined) return undefined;
  const config = Object.fromEntries(kept.settings.map(({ name, value }) => [name, value]));
  return { config: { ...config, surface: kept.surface }, path: placementPathOf(stateDir) };
}
