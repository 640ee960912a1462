/**
 * What a service is called: `prism-daemon-TENANT-PERSONA`, and more only where that is somebody else's. Pure: who has
 * a name already is handed in.
 */
import { isSameOwner, keyOf } from "./owner.ts";
import type { Owner } from "./spec.ts";

/** @returns whose that service is; "stranger" if there is one that is not Prism's; undefined if there is none */
export type NameHolder = (name: string) => Owner | "stranger" | undefined;

/**
 * @param hash a short text of small letters and digits, different for different texts
 * @returns the name under which this owner has a service already, else the first one that is free
 */
export function nameFor(owner: Owner, holder: NameHolder, hash: (text: string) => string): string {
  const names = namesFor(owner, hash);
  const free: string[] = [];
  for (const name of names) {
    const held = holder(name);
    if (held === undefined) free.push(name);
    else if (held !== "stranger" && isSameOwner(held, owner)) return name;
  }
  // The last one holds a hash of the whole owner: nobody else has it.
  return free[0] ?? (names.at(-1) as string);
}

/** From the one that everybody would expect to the one that nobody else can have. */
function namesFor(owner: Owner, hash: (text: string) => string): readonly string[] {
  const mark = hash(keyOf(owner));
  if (owner.kind === "hub") return ["prism-hub", `prism-hub-${mark}`];
  // Names may hold dashes: tenant "a" with persona "b-c" meets tenant "a-b" with persona "c".
  const short = `prism-daemon-${owner.tenant}-${owner.persona}`;
  return [short, `${short}-${owner.project}`, `${short}-${mark}`];
}
