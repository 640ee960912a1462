/** What a command that was cut short has left, by the record of its persona, and the command that does the rest. Pure. */
import { cmdLine, posixLine } from "../../clients/hook-command.ts";
import { TENANT_DEFAULT } from "../settings.ts";
import { isSetUp } from "../surface/set-up.ts";
import type { Whose } from "../surface/whose.ts";
import { commandFor } from "./named.ts";
import type { PersonaRecord, Undertaking } from "./record.ts";
import type { StepName } from "./steps.ts";

export interface HalfDone {
  readonly undertaking: Undertaking;
  readonly doing: StepName | null;
  readonly done: readonly StepName[];
  readonly finish: string;
}

/** @returns null for one that stands, or is off duty, as its last command left it */
export function halfDone(record: PersonaRecord, who: Whose): HalfDone | null {
  const { undertaking, doing = null, done } = record;
  const finishes: { readonly [U in Undertaking]: string | null } = {
    standing: null,
    archived: null,
    creating: creating(record, who),
    destroying: `${commandFor("destroy", who)}${record.purge === true ? " --purge" : ""}`,
    archiving: commandFor("archive", who),
    restoring: commandFor("restore", who),
  };
  const finish = finishes[undertaking];
  return finish === null ? null : { undertaking, doing, done, finish };
}

/** The command that makes what this record has, from the beginning. */
export function createLine(record: PersonaRecord, who: Whose): string {
  return creating({ ...record, done: [] }, who);
}

/**
 * With all that was typed, as far as the record has it. A surface that stands holds its own settings, and naming it
 * again would ask for them anew.
 */
function creating(
  { root, surface, done, noService, words = [], typed: ofSurface = [] }: PersonaRecord,
  { address, tenant }: Whose,
): string {
  const isNamed = surface !== undefined && !(done.includes("surface") && isSetUp(surface));
  // Behind `daemon --persona NAME --project DIR` stands what was typed of the daemon's own flags.
  const typed = words.slice(5).filter((word) => !word.startsWith("--surface="));
  const isTenantTyped = typed.some((word) => /^--tenant(=|$)/.test(word));
  const line = [
    ...["prism", "persona", "create", address.persona],
    ...(root === undefined ? [] : ["--project", root]),
    ...(isNamed ? ["--surface", surface, ...ofSurface] : []),
    ...(tenant === TENANT_DEFAULT || isTenantTyped ? [] : ["--tenant", tenant]),
    ...typed,
    ...(noService === true ? ["--no-service"] : []),
  ];
  return (process.platform === "win32" ? cmdLine : posixLine)(line);
}
