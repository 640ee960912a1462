/**
 * Prism closes the folders that it works in to everybody else. A slip of the hand, as in `--data /srv`, must
 * not do that to a folder that is somebody else's work: so what is open and holds other things is refused.
 */
import { readdirSync, statSync } from "node:fs";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { fsErrorOf } from "../host/fs-error.ts";
import { ensureHome, type Home } from "../host/home.ts";

const HOME_MARKS = ["token", "config.json", "hub.json"];
const STORE_MARKS = ["hub.db", "tokens.json"];

/** Makes the home folder, or takes an existing one that is ours to close. @throws PrismError */
export function claimHome(home: Home): void {
  mustBeOurs(home.root, HOME_MARKS, "the home folder", "set PRISM_HOME to a folder of its own");
  ensureHome(home);
}

/** @throws PrismError `invalid_argument`, `permission_denied` */
export function claimStore(dataDir: string): void {
  mustBeOurs(dataDir, STORE_MARKS, "the store's folder", "give --data a folder of its own, as one inside it");
}

function mustBeOurs(path: string, marks: readonly string[], what: string, hint: string): void {
  if (process.getuid === undefined) return;
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isDirectory() || (stats.mode & 0o077) === 0) return;
    const entries = readdirSync(path);
    if (entries.length === 0 || entries.some((entry) => marks.includes(entry))) return;
  } catch (error) {
    throw fsErrorOf(`look into ${what}`, path, error);
  }
  const message = `${what} "${printable(path, 200)}" holds other things and is open to others, and would be closed to them`;
  throw new PrismError("invalid_argument", message, { hint });
}
