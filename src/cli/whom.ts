/** Whose lines or happenings are wanted, as it is typed: a persona, a project, both, or nobody in particular. */
import { formatAddress, parseName } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { nearest } from "../domain/shape.ts";
import { daemonPlaces } from "../host/daemon-places.ts";
import { line, path } from "./kinds.ts";
import { projectNamed } from "./project.ts";
import type { Runtime } from "./runtime.ts";

export interface Whom {
  readonly persona: string | undefined;
  readonly project: string | undefined;
}

export const whomFlags = {
  project: { kind: path("DIR"), about: "the project's folder, or its name" },
} as const;

/** @param about whose, in the words of the verb */
export function whomArgument<const A extends string>(about: A) {
  return { word: "PERSONA", about, kind: line("PERSONA"), isOptional: true } as const;
}

/**
 * @param named as in `reviewer` or `reviewer@shop`
 * @throws PrismError as `parseName` and `projectNamed`
 */
export function whomNamed(named: string | undefined, project: string | undefined, cwd: string): Whom {
  const at = named?.indexOf("@") ?? -1;
  const persona =
    named === undefined ? undefined : parseName(at === -1 ? named : named.slice(0, at), "persona");
  if (project !== undefined) return { persona, project: projectNamed(project, cwd) };
  return { persona, project: at === -1 ? undefined : projectNamed(named?.slice(at + 1) ?? "", cwd) };
}

export function isMeant(whom: Whom, one: { readonly persona: string; readonly project: string }): boolean {
  return (
    (whom.persona === undefined || whom.persona === one.persona) &&
    (whom.project === undefined || whom.project === one.project)
  );
}

/**
 * A name that nobody on this host has ever had is a slip.
 *
 * @param instead what to type in place of it, where no name comes near
 * @throws PrismError `not_found`
 */
export function mustBeKnown(whom: Whom, { home }: Pick<Runtime, "home">, instead: string): void {
  const { persona, project } = whom;
  if (persona === undefined && project === undefined) return;
  const here = daemonPlaces(home).map(({ address }) => address);
  if (here.some((each) => isMeant(whom, each))) return;
  const shown = persona === undefined ? `project "${project}"` : `persona "${persona}"`;
  const near =
    persona === undefined
      ? nearest(
          project ?? "",
          here.map((each) => each.project),
        )
      : (nearest(
          persona,
          here.map((each) => each.persona),
        ) ?? here.find((each) => each.persona === persona)?.persona);
  const of = here.find((each) => each.persona === near || each.project === near);
  throw new PrismError(
    "not_found",
    `no ${shown}${persona !== undefined && project !== undefined ? ` in project "${project}"` : ""} has ever been on this host`,
    {
      hint:
        of === undefined
          ? instead
          : `did you mean ${persona === undefined ? `"${of.project}"` : formatAddress(of)}?`,
    },
  );
}
