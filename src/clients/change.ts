/**
 * What has to become of a client's files, decided before anything is written: from what stands there now, what we
 * wrote last, and what was there before us. Reads files; writes none.
 *
 * For each file the record holds two digests. If what stands there now is what we wrote, taking out means putting
 * back the copy, to the byte. If somebody changed it since, exactly our entries go, and the rest stays as it is.
 */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { PrismError } from "../domain/errors.ts";
import { fileNameOf, hashOf } from "../host/home.ts";
import { readPrivateFile } from "../host/private-file.ts";
import type { ClientFile } from "./client.ts";
import { type ClientText, missingFolders, readClientFile } from "./client-file.ts";
import type { WrittenFile } from "./placement.ts";

const BACKUP_BYTES_MAX = 32 * 1024 * 1024;

export interface FileChange {
  readonly file: ClientFile;
  /** What stands there now. */
  readonly found: ClientText;
  /** What will stand there; null: no file. The same text as found: it is not touched. */
  readonly next: string | null;
  /** What it was before us, to be kept; absent if nothing is to be kept. */
  readonly backup?: { readonly name: string; readonly text: string };
  /** Goes into the record; absent for a file that is left. */
  readonly written?: WrittenFile;
  /** Copies that are not needed any more once this is done. */
  readonly spent: readonly string[];
  /** Folders that were made for it, outermost first: to be made, or to be taken away if empty. */
  readonly folders: readonly string[];
}

/** What was there before us: null if there was no file, undefined if it can't be known any more. */
type Base = string | null | undefined;

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** @throws PrismError if a file can't be read, is malformed, or has no place for us */
export function changeToAdd(
  file: ClientFile,
  record: WrittenFile | undefined,
  backupDir: string,
): FileChange {
  const found = readClientFile(file.path, file.what);
  const { base, isAsLeft } = beforeUs(file, found, record, backupDir);
  const next = file.editing.add(found.text ?? "");
  // A promise that is easily kept now, and hard to mend later: what goes in must come out.
  if (isAsLeft && file.editing.takeOut(next, base) !== (base ?? "")) {
    throw new Error(`what would be written to ${file.path} could not be taken out again`);
  }
  const folders = record?.folders.length ? record.folders : missingFolders(file.path);
  const name = typeof base === "string" ? backupNameOf(file.path, base) : undefined;
  const mode = record?.before?.mode ?? found.mode ?? file.modeNew;
  return {
    file,
    found,
    next,
    folders,
    spent: [],
    ...(name === undefined ? {} : { backup: { name, text: base as string } }),
    written: {
      path: file.path,
      after: sha256(next),
      ...(name === undefined ? {} : { before: { sha256: sha256(base as string), backup: name, mode } }),
      folders,
    },
  };
}

/** @throws PrismError if the file was changed since and can't be read any more */
export function changeToRemove(
  file: ClientFile,
  record: WrittenFile | undefined,
  backupDir: string,
): FileChange {
  const found = readClientFile(file.path, file.what);
  const folders = record?.folders ?? [];
  const nothing = { file, found, next: found.text, folders, spent: [] };
  if (found.text === null) return nothing;
  if (record === undefined) {
    return file.editing.isIn(found.text)
      ? { ...nothing, next: file.editing.takeOut(found.text, undefined) }
      : nothing;
  }
  const kept = recordedBase(record, backupDir);
  const spent = record.before === undefined ? [] : [record.before.backup];
  const digest = sha256(found.text);
  if (digest === record.before?.sha256) return { ...nothing, spent };
  if (digest === record.after && kept !== undefined) return { ...nothing, next: kept, spent };
  const left = file.editing.takeOut(found.text, kept);
  return { ...nothing, next: left === "" && kept === null ? null : left };
}

interface Before {
  readonly base: Base;
  /** Nobody touched the file since: what was there before must come out of it to the byte. */
  readonly isAsLeft: boolean;
}

function beforeUs(
  file: ClientFile,
  found: ClientText,
  record: WrittenFile | undefined,
  backupDir: string,
): Before {
  const { text } = found;
  if (text === null) return { base: null, isAsLeft: true };
  const kept = record === undefined ? undefined : recordedBase(record, backupDir);
  const digest = sha256(text);
  // A command that died before it came to this file left it as it was.
  if (record?.before?.sha256 === digest) return { base: text, isAsLeft: true };
  if (record?.after === digest && kept !== undefined) return { base: kept, isAsLeft: true };
  if (record === undefined && !file.editing.isIn(text)) return { base: text, isAsLeft: true };
  const left = file.editing.takeOut(text, kept);
  return { base: left === "" && kept === null ? null : left, isAsLeft: false };
}

function recordedBase({ before }: WrittenFile, backupDir: string): Base {
  if (before === undefined) return null;
  try {
    const text = readPrivateFile(join(backupDir, before.backup), {
      what: "backup",
      bytesMax: BACKUP_BYTES_MAX,
    });
    // Reading drops a byte order mark; the digest says whether there was one.
    return [text, `\ufeff${text}`].find((each) => sha256(each) === before.sha256);
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}

function backupNameOf(path: string, text: string): string {
  return `${fileNameOf(basename(path).toLowerCase())}-${hashOf(path)}-${sha256(text).slice(0, 16)}`;
}

export const FILE_STATES = ["asWritten", "changed", "incomplete", "gone", "unreadable"] as const;
/**
 * `changed`: somebody changed the file, and what is ours stands. `incomplete`: what is ours does not, or not as it
 * must be now.
 */
export type FileState = (typeof FILE_STATES)[number];

/** Whether what was written still stands. Changes nothing. */
export function fileState(file: ClientFile, record: WrittenFile): FileState {
  try {
    const { text } = readClientFile(file.path, file.what);
    if (text === null) return "gone";
    if (file.editing.add(text) !== text) return "incomplete";
    return sha256(text) === record.after ? "asWritten" : "changed";
  } catch (error) {
    if (error instanceof PrismError) return "unreadable";
    throw error;
  }
}
