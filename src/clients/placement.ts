/**
 * What was set up for one persona in one project: `surface.json` in its state folder. The daemon finds in it the
 * surface that it rings on, and `surface remove` what to put back. Light: every daemon without a flag reads it.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PrismError } from "../domain/errors.ts";
import {
  listOf,
  maybe,
  object,
  oneOf,
  readShape,
  type Shape,
  type Shaped,
  text,
  whole,
} from "../domain/shape.ts";
import { fsErrorOf } from "../host/fs-error.ts";
import { ensurePrivateDir } from "../host/home.ts";
import { readPrivateFile, writePrivateFile } from "../host/private-file.ts";

export const SURFACES_SET_UP = ["claude-code", "codex", "claude-desktop", "tmux"] as const;
export type SurfaceSetUp = (typeof SURFACES_SET_UP)[number];

const VERSION = 1;
const BYTES_MAX = 256 * 1024;
const PATH_BYTES_MAX = 4096;
const filePath = text({ bytesMax: PATH_BYTES_MAX, about: "a path" });
const digest = text({ bytesMax: 64, bytesMin: 64, about: "SHA-256 of a file, in hexadecimal" });

const written = {
  path: filePath,
  after: maybe(digest),
  before: maybe(
    object({
      sha256: digest,
      backup: text({ bytesMax: 255, about: "the copy's name in the folder of backups" }),
      mode: whole({ min: 0, max: 0o7777, about: "its permission bits" }),
    }),
  ),
  folders: listOf(filePath, { countMax: 64, about: "folders that were made for it, outermost first" }),
};

const setting = object({
  name: text({ bytesMax: 64, about: "a setting's key" }),
  value: text({ bytesMax: 8192, about: "its value, as on the command line" }),
});

const placement = {
  surface: oneOf(SURFACES_SET_UP, "the surface"),
  root: filePath,
  scope: oneOf(["local", "project", "user"] as const, "which of Claude Code's files"),
  program: listOf(text({ bytesMax: PATH_BYTES_MAX, about: "a word" }), {
    countMax: 32,
    about: "how Prism is started",
  }),
  config: maybe(filePath),
  bundle: maybe(filePath),
  settings: listOf(setting, { countMax: 64, about: "what its daemon needs" }),
  files: listOf(object(written), { countMax: 16, about: "the files that were written" }),
};

const record = object({
  version: whole({ min: VERSION, max: VERSION, about: "the form of this file" }),
  surfaces: listOf(object(placement), { countMax: 16, about: "what is set up; the last is the daemon's" }),
});

type Plain<T> = { readonly [K in keyof T]: T[K] };
/** One file of a client's, as it was before and as we left it. `after` is absent until it is known to be written. */
export type WrittenFile = Plain<Shaped<typeof written>>;
export type Placement = Plain<Shaped<typeof placement>>;

export const placementPathOf = (stateDir: string): string => join(stateDir, "surface.json");
export const backupDirOf = (stateDir: string): string => join(stateDir, "backups");

/**
 * @returns what is set up, oldest first; the last is the daemon's
 * @throws PrismError `malformed` or as `readPrivateFile`
 */
export function readPlacements(stateDir: string): readonly Placement[] {
  const path = placementPathOf(stateDir);
  if (!existsSync(path)) return [];
  const json = readPrivateFile(path, { what: "record of surfaces", bytesMax: BYTES_MAX });
  try {
    return readShape(
      record as Shape<{ readonly surfaces: readonly Placement[] }>,
      JSON.parse(json),
      "the record",
    ).surfaces;
  } catch (error) {
    throw new PrismError("malformed", `the record of surfaces "${path}" can't be read`, {
      hint: 'set the surface up again with "prism surface add": it sets the broken record aside',
      cause: error,
    });
  }
}

/**
 * As `readPlacements`; a record that can't be understood counts as none, since the files themselves say what is ours.
 *
 * @param how `mend` sets a broken record aside, `look` leaves it
 */
export function readPlacementsIfWhole(stateDir: string, how: "mend" | "look"): readonly Placement[] {
  try {
    return readPlacements(stateDir);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "malformed") throw error;
    if (how === "look") return [];
    const path = placementPathOf(stateDir);
    try {
      renameSync(path, `${path}.corrupt`);
    } catch (cause) {
      throw fsErrorOf("set aside the file", path, cause);
    }
    return [];
  }
}

/** An empty list takes the file away. */
export async function writePlacements(stateDir: string, surfaces: readonly Placement[]): Promise<void> {
  const path = placementPathOf(stateDir);
  if (surfaces.length === 0) {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw fsErrorOf("remove the file", path, error);
    }
    return;
  }
  ensurePrivateDir(stateDir);
  await writePrivateFile(path, `${JSON.stringify({ version: VERSION, surfaces }, null, 2)}\n`);
}
