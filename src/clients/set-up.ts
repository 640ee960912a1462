/**
 * Sets a persona up in a client, and takes it back: plans the whole first, then writes in an order in which a crash
 * at any point is mended by the same command again. The record goes first: whatever of ours stands in a file is
 * known of.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { fsErrorOf } from "../host/fs-error.ts";
import { ensurePrivateDir } from "../host/home.ts";
import { writePrivateFile } from "../host/private-file.ts";
import { changeToAdd, changeToRemove, type FileChange } from "./change.ts";
import { claudeCodePlan } from "./claude-code.ts";
import { claudeDesktopPlan } from "./claude-desktop.ts";
import type { ClientFile, ClientPlan, Placed, Surroundings } from "./client.ts";
import {
  makeFolders,
  readClientFile,
  removeClientFile,
  removeEmptyFolders,
  replaceClientFile,
} from "./client-file.ts";
import { codexPlan } from "./codex.ts";
import { backupDirOf, type Placement, type SurfaceSetUp, writePlacements } from "./placement.ts";
import type { Holder } from "./text/entries.ts";

/** What each client's files hold for who is placed there. */
export function clientPlan(surface: SurfaceSetUp, placed: Placed, around: Surroundings): ClientPlan {
  switch (surface) {
    case "claude-code":
      return claudeCodePlan(placed, around);
    case "codex":
      return codexPlan(placed, around);
    case "claude-desktop":
      return claudeDesktopPlan(placed, around);
    case "tmux":
      return { files: [], alsoRead: [], next: [] };
  }
}

/** What will be done, in the order in which it is done. Nothing is yet. */
export interface SetUp {
  readonly changes: readonly FileChange[];
  readonly isDone: boolean;
  /** @throws PrismError `overloaded`, `permission_denied`, `storage_full`: the same command again goes on */
  commit(): Promise<void>;
  /**
   * Everything as it was before `commit`, to the byte, however far that came.
   *
   * @throws PrismError `overloaded` if somebody else wrote since: their file is left as it is
   */
  takeBack(): Promise<void>;
}

export interface Adding {
  readonly stateDir: string;
  /** As the record has it. */
  readonly before: readonly Placement[];
  /** Without `files`: they come from the plan. */
  readonly placement: Omit<Placement, "files">;
  readonly plan: ClientPlan;
  /** What the last placement of this surface wrote, and its own plan: what of it is not needed any more goes. */
  readonly last?: { readonly placement: Placement; readonly plan: ClientPlan };
}

/** @throws PrismError, and then nothing is written */
export function planAdding(adding: Adding): SetUp {
  const { stateDir, before, plan, last } = adding;
  const backupDir = backupDirOf(stateDir);
  refuseOthers(plan);
  const paths = new Set(plan.files.map(({ path }) => path));
  const recordOf = (path: string) => last?.placement.files.find((file) => file.path === path);
  const left = (last?.plan.files ?? []).filter(
    ({ path }) => !paths.has(path) && recordOf(path) !== undefined,
  );
  const changes = [
    ...left.map((file) => changeToRemove(file, recordOf(file.path), backupDir)),
    ...plan.files.map((file) => changeToAdd(file, recordOf(file.path), backupDir)),
  ];
  const files = changes.flatMap(({ written }) => (written === undefined ? [] : [written]));
  const placement: Placement = { ...adding.placement, files };
  const others = before.filter(({ surface }) => surface !== placement.surface);
  const after = [...others, placement];
  const isDone = changes.every(isNothing) && JSON.stringify(before) === JSON.stringify(after);
  return {
    changes,
    isDone,
    async commit() {
      if (isDone) return;
      ensurePrivateDir(stateDir);
      await keepBackups(backupDir, changes);
      await writePlacements(stateDir, after);
      for (const change of changes) apply(change);
    },
    async takeBack() {
      for (const change of changes.toReversed()) unapply(change);
      await writePlacements(stateDir, before);
      const kept = new Set(before.flatMap(backupNames));
      for (const name of files.flatMap(backupName)) {
        if (!kept.has(name)) removeBackup(join(backupDir, name));
      }
      removeEmptyFolders([backupDir]);
    },
  };
}

/** @throws PrismError, and then nothing is written */
export function planRemoving(removing: {
  readonly stateDir: string;
  readonly before: readonly Placement[];
  readonly placement: Placement | undefined;
  readonly plan: ClientPlan;
}): SetUp {
  const { stateDir, before, placement, plan } = removing;
  const backupDir = backupDirOf(stateDir);
  const spent = new Map<string, string>();
  const changes = plan.files
    .map((file) =>
      changeToRemove(
        file,
        placement?.files.find(({ path }) => path === file.path),
        backupDir,
      ),
    )
    .toReversed();
  return {
    changes,
    isDone: placement === undefined && changes.every(isNothing),
    async commit() {
      for (const change of changes) apply(change);
      if (placement === undefined) return;
      // Before the record goes, which alone knows of them: what it names and nobody needs any more is no loss.
      for (const name of changes.flatMap((change) => change.spent)) {
        const path = join(backupDir, name);
        if (existsSync(path)) spent.set(name, readFileSync(path, "utf8"));
        removeBackup(path);
      }
      removeEmptyFolders([backupDir]);
      await writePlacements(
        stateDir,
        before.filter((each) => each !== placement),
      );
    },
    async takeBack() {
      await writePlacements(stateDir, before);
      if (spent.size > 0) ensurePrivateDir(backupDir);
      for (const [name, text] of spent) await writePrivateFile(join(backupDir, name), text);
      for (const change of changes.toReversed()) unapply(change);
    },
  };
}

export function isNothing({ found, next }: FileChange): boolean {
  return found.text === next;
}

async function keepBackups(backupDir: string, changes: readonly FileChange[]): Promise<void> {
  const backups = changes.flatMap(({ backup }) => (backup === undefined ? [] : [backup]));
  if (backups.length === 0) return;
  ensurePrivateDir(backupDir);
  for (const { name, text } of backups) await writePrivateFile(join(backupDir, name), text);
}

function apply(change: FileChange): void {
  const { file, found, next, folders, written } = change;
  const { path, what, modeNew } = file;
  if (next === null) {
    if (found.text !== null) removeClientFile(path, { expected: found, what });
  } else if (next !== found.text) {
    makeFolders(folders);
    replaceClientFile(path, next, { expected: found, modeNew, what });
  }
  if (written === undefined) removeEmptyFolders(folders);
}

function removeBackup(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw fsErrorOf("remove the copy", path, error);
  }
}

function unapply({ file, found, next, folders }: FileChange): void {
  const { path, what, modeNew } = file;
  const now = readClientFile(path, what);
  if (now.text !== found.text) {
    if (now.text !== next) {
      throw new PrismError("overloaded", `${what} was changed by another program since`, {
        hint: `see to it by hand: what is Prism's in it goes with "prism surface remove"`,
      });
    }
    if (found.text === null) removeClientFile(path, { expected: now, what });
    else {
      makeFolders(folders);
      replaceClientFile(path, found.text, {
        expected: { ...now, mode: found.mode },
        modeNew,
        what,
      });
    }
  }
  // Those that were made for it; what somebody else put there keeps them.
  if (found.text === null) removeEmptyFolders(folders);
}

function backupNames({ files }: Placement): readonly string[] {
  return files.flatMap(backupName);
}

function backupName({ before }: Placement["files"][number]): readonly string[] {
  return before === undefined ? [] : [before.backup];
}

/** One persona at a time works in a client in one folder: two would both answer for each other. */
function refuseOthers(plan: ClientPlan): void {
  for (const file of [...plan.files, ...plan.alsoRead]) {
    const [holder] = othersIn(file, plan.files.includes(file));
    if (holder === undefined) continue;
    const who = `${printable(holder.persona)} in ${printable(holder.root, 200)}`;
    throw new PrismError("already_running", `${file.what} is set up for ${who}`, {
      hint: `one persona works there at a time: take that one out with "prism surface remove" first, or give the second agent a folder of its own, as with git worktree`,
    });
  }
}

/** A file that is only looked into may be broken: that is its owner's affair. */
function othersIn(file: ClientFile, isWritten: boolean): readonly Holder[] {
  try {
    const { text } = readClientFile(file.path, file.what);
    return text === null ? [] : file.editing.othersIn(text);
  } catch (error) {
    if (isWritten || !(error instanceof PrismError) || error.code === "already_running") throw error;
    return [];
  }
}
