/**
 * The token that acts for one persona alone: whoever acts for a persona uses it where it is, unless told another. It
 * comes after what was typed and the environment, and before `config.json`, which is for all. Costs one look.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../domain/address.ts";
import { type Home, stateDirOf } from "../host/home.ts";
import { type Sources, settingValue } from "./arguments.ts";
import type { Runtime } from "./runtime.ts";
import { settings, TENANT_DEFAULT } from "./settings.ts";

/** @param stateDir the persona's, as `stateDirOf` */
export function personaTokenPath(stateDir: string): string {
  return join(stateDir, "token");
}

/**
 * @param tenant undefined: as it is set, for verbs that have no flag for it
 * @returns what is kept for `tokenFile`, to be merged with what else is; undefined if this persona has no token here
 */
export function keptToken(
  address: Address,
  tenant: string | undefined,
  runtime: Pick<Runtime, "home" | "readSources">,
): Sources["kept"] {
  const path = personaTokenPath(stateDirOf(runtime.home, tenant ?? tenantSet(runtime), address));
  return existsSync(path) ? { config: { tokenFile: path }, path } : undefined;
}

function tenantSet({ readSources }: Pick<Runtime, "readSources">): string {
  const set = settingValue("tenant", settings.tenant, readSources());
  return typeof set === "string" ? set : TENANT_DEFAULT;
}

/** What was set up for a surface says which file a broken setting stands in. */
export function keptTogether(surface: Sources["kept"], token: Sources["kept"]): Sources["kept"] {
  if (surface === undefined || token === undefined) return surface ?? token;
  return { config: { ...token.config, ...surface.config }, path: surface.path };
}

/** True if that file is a persona's own token: then another one is had by creating the persona again. */
export function isPersonaToken(path: string, home: Home): boolean {
  return path.startsWith(home.stateDir);
}
