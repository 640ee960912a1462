/** Which persona a command is about, by what was typed: `reviewer@shop`, `reviewer` with its project, or alone. */
import { basename, resolve } from "node:path";
import { type Address, parseName, printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { daemonPlaces } from "../../host/daemon-places.ts";
import type { Argument } from "../arguments.ts";
import { line } from "../kinds.ts";
import { addressTyped, projectNamed } from "../project.ts";
import type { Runtime } from "../runtime.ts";
import { settings, TENANT_DEFAULT } from "../settings.ts";
import { type Whose, whose } from "../surface/whose.ts";

const ADDRESS_CHARS_MAX = 4096;

export const personaArgument: Argument<string> = {
  word: "PERSONA",
  about: "reviewer, or reviewer@shop",
  kind: line("PERSONA", ADDRESS_CHARS_MAX),
};

/** No settings: what an agent's environment says of itself must not decide whom a person means. */
export const projectFlag = {
  kind: settings.project.kind,
  about: "the project's folder, or its name",
  otherwise: "the only one in which this host has that persona",
} as const;

/** @throws PrismError `invalid_argument` if it is not said, `not_found` for a folder that is not there */
export function personaNamed(
  typed: string,
  flags: { readonly project: string | undefined; readonly tenant: string | undefined },
  runtime: Pick<Runtime, "cwd" | "home">,
): Whose {
  const { project, tenant } = flags;
  const at = (address: Address): Whose => whose(address, tenant, runtime.home);
  if (typed.includes("@")) {
    const address = addressTyped(typed, runtime.cwd);
    if (project === undefined || nameOf(project, runtime.cwd) === address.project) return at(address);
    throw new PrismError(
      "invalid_argument",
      `${printable(typed, 160)} names another project than --project`,
      {
        hint: "give one of them",
      },
    );
  }
  const persona = parseName(typed, "PERSONA");
  if (project !== undefined) return at({ persona, project: nameOf(project, runtime.cwd) });
  const here = daemonPlaces(runtime.home).filter(
    (place) => place.tenant === (tenant ?? TENANT_DEFAULT) && place.address.persona === persona,
  );
  const [only, ...others] = here;
  if (only !== undefined && others.length === 0) return at(only.address);
  const which = here.map(({ address }) => `${persona}@${address.project}`).join(" or ");
  throw new PrismError(
    "invalid_argument",
    here.length === 0 ? `this host has no persona ${persona}` : `${persona} could be ${which}`,
    { hint: `name the project too, as in ${persona}@shop; "prism persona list" shows all` },
  );
}

/** A project's folder may be gone before its persona is: then the folder's name must do. */
function nameOf(project: string, cwd: string): string {
  try {
    return projectNamed(project, cwd);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "not_found") throw error;
    return parseName(basename(resolve(cwd, project)), "project");
  }
}

/** As it is typed to reach the same persona again. */
export function commandFor(verb: string, { shown, tenant }: Whose): string {
  const more = tenant === TENANT_DEFAULT ? "" : ` --tenant ${tenant}`;
  return `prism persona ${verb} ${shown}${more}`;
}
