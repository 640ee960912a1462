/**
 * What an installed Prism consists of, piece by piece: how each stands, how it is put there and how it is taken away.
 * Each is put or taken whole and knows of no other, so that the same command, run again after a crash at any point,
 * comes to the same end.
 */
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, sep } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { copyWholeFile, linkWholeFile, sha256Of, sweep, writeWholeFile } from "../../host/whole-file.ts";
import type { Places } from "./places.ts";

/** `strange`: something stands there that is not Prism's. */
export type PieceState = "standing" | "old" | "absent" | "strange";

export interface Piece {
  readonly what: string;
  readonly path: string;
  /** True: where something strange stands, the rest is put there all the same. */
  readonly isOptional: boolean;
  state(): PieceState;
  put(): void;
  take(): void;
}

/** One executable in the folder of versions. */
export interface Version {
  readonly path: string;
  readonly sha256: string;
}

export function versionOf(places: Places, version: string, sha256: string): Version {
  const suffix = places.program.endsWith(".exe") ? ".exe" : "";
  return { path: join(places.versionsDir, `prism-${version}-${sha256.slice(0, 16)}${suffix}`), sha256 };
}

export function versionPiece(kept: Version, from: string): Piece {
  return {
    what: "the program",
    path: kept.path,
    isOptional: false,
    state() {
      if (!existsSync(kept.path)) return "absent";
      return sha256Of(kept.path) === kept.sha256 ? "standing" : "old";
    },
    put() {
      if (copyWholeFile(from, kept.path, 0o755) === kept.sha256) return;
      removed(kept.path);
      throw new PrismError("malformed", `"${printable(from, 200)}" changed while it was copied`, {
        hint: "run this again once it is written",
      });
    },
    take: () => removed(kept.path),
  };
}

/**
 * @param ours a file that may stand in the link's place because it is this very program: somebody copied it there
 */
export function linkPiece(
  what: string,
  path: string,
  to: { readonly target: string; readonly versionsDir: string; readonly ours: string },
): Piece {
  return {
    what,
    path,
    isOptional: false,
    state: () => linkState(path, to),
    put: () => linkWholeFile(to.target, path),
    take: () => removed(path),
  };
}

function linkState(
  path: string,
  {
    target,
    versionsDir,
    ours,
  }: { readonly target: string; readonly versionsDir: string; readonly ours: string },
): PieceState {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "absent";
  if (stats.isSymbolicLink()) {
    const leadsTo = readlinkSync(path);
    if (leadsTo === target) return "standing";
    return leadsTo.startsWith(versionsDir + sep) || isSame(path, ours) ? "old" : "strange";
  }
  if (isSame(path, target)) return "standing";
  const isOurs = versionsIn(versionsDir).some((version) => isSame(path, version)) || isSame(path, ours);
  return isOurs ? "old" : "strange";
}

/** One file under two names, as of a link that is hard or soft. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** @param mark stands in every text of this kind that Prism ever wrote */
export function textPiece(
  what: string,
  path: string,
  content: { readonly text: string; readonly mark: string },
): Piece {
  return {
    what,
    path,
    isOptional: true,
    state() {
      const there = textAt(path);
      if (there === undefined) return "absent";
      if (there === content.text) return "standing";
      return there.includes(content.mark) ? "old" : "strange";
    },
    put: () => writeWholeFile(path, content.text, 0o644),
    take: () => removed(path),
  };
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // A link that leads nowhere, or into a folder's place: whatever it is, it is not ours.
    if (errnoOf(error) === "ENOENT")
      return lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : "";
    return "";
  }
}

/** The executables in the folder of versions. */
export function versionsIn(versionsDir: string): readonly string[] {
  try {
    return readdirSync(versionsDir)
      .filter((name) => /^prism-.+-[0-9a-f]{16}(\.exe)?$/.test(name))
      .map((name) => join(versionsDir, name));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw fsErrorOf("look into the folder", versionsDir, error);
  }
}

/** The executable to which the installed program leads; undefined if none is installed. */
export function currentVersion({ program, versionsDir }: Places): string | undefined {
  const known = versionsIn(versionsDir);
  try {
    const real = realpathSync(program);
    return known.find((version) => realpathSync(version) === real || isSame(version, program));
  } catch {
    return undefined;
  }
}

/** All versions but those that are named. One that runs on Windows stays until the next time. */
export function pruneVersions(versionsDir: string, kept: readonly string[]): void {
  for (const version of versionsIn(versionsDir)) {
    if (kept.includes(version)) continue;
    try {
      rmSync(version, { force: true });
    } catch {
      // As said.
    }
  }
}

function removed(path: string): void {
  try {
    if (existsSync(dirname(path))) sweep(path);
    rmSync(path, { force: true });
  } catch (error) {
    throw fsErrorOf("remove", path, error);
  }
}

/** Folders that are empty, from the innermost out. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // Somebody else's things are in it, or it is not there.
    }
  }
}
