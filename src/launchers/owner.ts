/**
 * Whose a service is, as one line of its own file: the file is the record, so that nothing can come apart. Reads any
 * file that may lie where services lie; knows no system's format.
 */
import type { Owner } from "./spec.ts";

const MARK = "prism-service";

/** One line for a comment: without "--", which ends a comment of XML, and without what is not ASCII. */
export function ownerLine(owner: Owner): string {
  const json = JSON.stringify(owner).replace(
    /[^\u0020-\u007e]|-(?=-)|-$|[<>&]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${MARK} ${json}`;
}

/** @returns undefined for a file that is not Prism's, or says it in a way that no version of Prism does */
export function ownerIn(text: string): Owner | undefined {
  const found = new RegExp(`^(?:# |<!-- )${MARK} (\\{.*\\})(?: -->)?\\r?$`, "m").exec(text);
  if (found?.[1] === undefined) return undefined;
  try {
    return ownerFrom(JSON.parse(found[1]));
  } catch {
    return undefined;
  }
}

function ownerFrom(value: { readonly [key: string]: unknown }): Owner | undefined {
  const { kind, home, tenant, persona, project } = value;
  if (typeof home !== "string") return undefined;
  if (kind === "hub") return { kind, home };
  if (kind !== "daemon" || typeof tenant !== "string") return undefined;
  if (typeof persona !== "string" || typeof project !== "string") return undefined;
  return { kind, home, tenant, persona, project };
}

export function isSameOwner(a: Owner, b: Owner): boolean {
  return keyOf(a) === keyOf(b);
}

/** Different for different owners. */
export function keyOf(owner: Owner): string {
  if (owner.kind === "hub") return JSON.stringify([owner.home]);
  return JSON.stringify([owner.home, owner.tenant, owner.persona, owner.project]);
}
