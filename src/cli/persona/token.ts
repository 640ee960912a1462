/**
 * A persona's own token, on the disk of its host: `token` in its state folder, owner-only. A new one is `token.new`
 * until the hub has its hash: so whoever acts for the persona never reads one that the hub has not heard of. Shows no
 * token to anybody.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import { ensurePrivateDir } from "../../host/home.ts";
import { readTokenFile, writePrivateFile } from "../../host/private-file.ts";
import { personaTokenPath } from "../persona-token.ts";

const TOKEN_BYTES = 32;

const newPathOf = (stateDir: string): string => join(stateDir, "token.new");

export interface OwnToken {
  readonly text: string;
  /** SHA-256, in hexadecimal: all that the hub hears of it. */
  readonly sha256: string;
  /** The hub may not have heard of it yet. */
  readonly isNew: boolean;
}

/**
 * @returns undefined if there is none that can be used: absent, broken, or open to others, who may have read it
 * @throws PrismError if the folder can't be read
 */
export function readOwnToken(stateDir: string): OwnToken | undefined {
  for (const [path, isNew] of [
    [newPathOf(stateDir), true],
    [personaTokenPath(stateDir), false],
  ] as const) {
    const text = usable(path);
    if (text !== undefined) return { text, sha256: createHash("sha256").update(text).digest("hex"), isNew };
  }
  return undefined;
}

function usable(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readTokenFile(path);
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}

/** On the disk when this settles. */
export async function makeToken(stateDir: string): Promise<void> {
  ensurePrivateDir(stateDir);
  const text = randomBytes(TOKEN_BYTES).toString("base64url");
  await writePrivateFile(newPathOf(stateDir), `${text}\n`);
}

export function forgetNewToken(stateDir: string): void {
  removed(newPathOf(stateDir));
}

/** The hub has its hash: from now on it is the one. */
export function adoptToken(stateDir: string): void {
  if (!existsSync(newPathOf(stateDir))) return;
  try {
    renameSync(newPathOf(stateDir), personaTokenPath(stateDir));
  } catch (error) {
    throw fsErrorOf("put in its place the token", personaTokenPath(stateDir), error);
  }
}

export function hasTokens(stateDir: string): boolean {
  return existsSync(newPathOf(stateDir)) || existsSync(personaTokenPath(stateDir));
}

export function forgetTokens(stateDir: string): void {
  removed(newPathOf(stateDir));
  removed(personaTokenPath(stateDir));
}

function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw fsErrorOf("remove the token", path, error);
  }
}
