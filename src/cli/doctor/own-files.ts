/**
 * What Prism has on this host's disk, entry by entry: the home folder, the hub's store where that lies elsewhere,
 * and the short folder for sockets. Looks at names and modes, opens nothing, and passes over what is not Prism's:
 * somebody may keep other things beside it.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { PrismError } from "../../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { type Home, ipcPathOf } from "../../host/home.ts";

/** A home of a hundred personas has some thousand; more would take longer than a page may. */
const ENTRIES_MAX = 10_000;
const DEPTH_MAX = 6;
/** Folders of other programs' making: what an agent's environment holds is its own affair. */
const NOT_ENTERED = new Set(["demo"]);

export interface Entry {
  readonly path: string;
  /** As a person calls it: from the home folder on, or absolute where it lies elsewhere. */
  readonly shown: string;
  readonly stats: Stats;
}

export interface OwnFiles {
  /** Folders before what is in them. */
  readonly entries: readonly Entry[];
  /** What could not be looked into. */
  readonly unreadable: readonly PrismError[];
}

/** @param dataDir the hub's store, if it does not lie in the home folder */
export function ownFiles(home: Home, dataDir?: string): OwnFiles {
  const entries: Entry[] = [];
  const unreadable: PrismError[] = [];
  const shownOf = (path: string): string =>
    path.startsWith(home.root) && path !== home.root ? relative(home.root, path) : path;

  function look(path: string, depth: number): void {
    if (entries.length >= ENTRIES_MAX) return;
    const stats = statsAt(path, unreadable);
    if (stats === undefined) return;
    entries.push({ path, shown: shownOf(path), stats });
    if (!stats.isDirectory() || depth >= DEPTH_MAX) return;
    for (const name of namesIn(path, unreadable)) {
      if (!NOT_ENTERED.has(name)) look(join(path, name), depth + 1);
    }
  }

  for (const path of topOf(home)) look(path, 1);
  if (dataDir !== undefined && !dataDir.startsWith(home.root)) look(dataDir, DEPTH_MAX - 1);
  const sockets = socketFolderOf(home);
  if (sockets !== undefined) look(sockets, DEPTH_MAX - 1);
  return { entries, unreadable };
}

/** Names that a home may hold, whatever else lies there; and what an interrupted write of them has left. */
function topOf(home: Home): readonly string[] {
  const own = [
    home.configPath,
    home.tokenPath,
    home.hubFilePath,
    home.hubDataDir,
    home.runDir,
    home.stateDir,
    home.logDir,
    join(home.root, "folders"),
    join(home.root, "services"),
  ];
  const names = namesIn(home.root, []).filter((name) =>
    /^\.(token|hub\.json|config\.json)\.\d+-\d+\.tmp$/.test(name),
  );
  return [...own, ...names.map((name) => join(home.root, name))];
}

/** Where sockets go whose path in the home folder would be too long. */
function socketFolderOf(home: Home): string | undefined {
  if (process.platform === "win32") return undefined;
  const folder = dirname(ipcPathOf(home, "local", { persona: "a", project: "a" }));
  return folder.startsWith(home.root) ? undefined : folder;
}

function statsAt(path: string, unreadable: PrismError[]): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) !== "ENOTDIR") unreadable.push(fsErrorOf("look at", path, error));
    return undefined;
  }
}

function namesIn(path: string, unreadable: PrismError[]): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(errnoOf(error))) unreadable.push(fsErrorOf("look into", path, error));
    return [];
  }
}
