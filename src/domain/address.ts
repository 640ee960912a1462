/**
 * Addresses: `persona@project`. Both parts are names: lower case, digits, dot, dash, underscore.
 * Addresses are not case-sensitive, because folders and unit files are not on two of three systems.
 */
import { PrismError } from "./errors.ts";
import { limits } from "./limits.ts";

export interface Address {
  readonly persona: string;
  readonly project: string;
}

const NAME = /^[a-z0-9][a-z0-9._-]*$/;

export function isName(text: string): boolean {
  return text.length <= limits.nameCharsMax && NAME.test(text);
}

/** Any text as the nearest name, or "" if nothing of it can stay: `My App` becomes `my-app`. */
export function nameFrom(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|-+$/g, "")
    .slice(0, limits.nameCharsMax);
}

/**
 * @param what what the name is for, to stand in the message: `persona`
 * @throws PrismError `invalid_argument`
 */
export function parseName(text: string, what: string): string {
  const name = text.toLowerCase();
  if (isName(name)) return name;
  const near = nameFrom(text);
  throw new PrismError(
    "invalid_argument",
    `${what} "${printable(text)}" is not a name of 1 to ${limits.nameCharsMax} letters, digits, ".", "_" or "-"`,
    near === "" ? {} : { hint: `try "${near}"` },
  );
}

/** @throws PrismError `invalid_argument` */
export function parseAddress(text: string): Address {
  const at = text.indexOf("@");
  if (at < 1 || at === text.length - 1 || text.indexOf("@", at + 1) !== -1) {
    throw new PrismError(
      "invalid_argument",
      `address "${printable(text)}" is not of the form PERSONA@PROJECT`,
      {
        hint: 'write it as in "reviewer@shop"',
      },
    );
  }
  return {
    persona: parseName(text.slice(0, at), "persona"),
    project: parseName(text.slice(at + 1), "project"),
  };
}

/** True for `persona@project` as it is stored and sent: both parts names, in small letters. */
export function isAddress(text: string): boolean {
  const [persona, project, ...rest] = text.split("@");
  return (
    persona !== undefined && project !== undefined && rest.length === 0 && isName(persona) && isName(project)
  );
}

export function formatAddress(address: Address): string {
  return `${address.persona}@${address.project}`;
}

/** A value quoted in a message: control characters made visible, long values cut. */
export function printable(text: string, charsMax = 80): string {
  const shown = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) => {
      return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
  return shown.length > charsMax ? `${shown.slice(0, charsMax)}...` : shown;
}
