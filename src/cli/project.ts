/**
 * Which project a folder is: the name in its `prism.json`, else the folder's own name. So agents, daemons
 * and people who name the same folder mean the same address, on every host. Knows no persona.
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Address, nameFrom, parseName, printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { maybe, object, readShape, text } from "../domain/shape.ts";
import { fsErrorOf } from "../host/fs-error.ts";
import { readPrivateFile } from "../host/private-file.ts";
import { ConfigError } from "./exit-status.ts";

export interface Project {
  readonly name: string;
  /** Absolute, links resolved. */
  readonly root: string;
}

export const PROJECT_FILE = "prism.json";
const PROJECT_FILE_BYTES_MAX = 64 * 1024;
const projectFile = object({ project: maybe(text({ bytesMax: 256, about: "the project's name" })) });

/**
 * @param dir as it was typed, relative to `cwd`
 * @throws PrismError `not_found`, `permission_denied`, `invalid_argument`; ConfigError for a bad `prism.json`
 */
export function projectAt(dir: string, cwd: string): Project {
  let root: string;
  try {
    root = realpathSync.native(resolve(cwd, dir));
    if (!statSync(root).isDirectory()) {
      throw new PrismError("not_found", `the project "${printable(dir, 200)}" is not a folder`, {
        hint: "name the folder that holds it",
      });
    }
  } catch (error) {
    throw fsErrorOf("find the project's folder", dir, error);
  }
  const name = namedInFile(root) ?? nameFrom(basename(root));
  if (name !== "") return { name, root };
  throw new PrismError("invalid_argument", `the folder "${printable(root, 200)}" gives no project name`, {
    hint: `put {"project": "a-name"} into ${printable(join(root, PROJECT_FILE), 200)}`,
  });
}

function namedInFile(root: string): string | undefined {
  const path = join(root, PROJECT_FILE);
  if (!existsSync(path)) return undefined;
  try {
    const json = readPrivateFile(path, {
      what: "project's file",
      bytesMax: PROJECT_FILE_BYTES_MAX,
      shared: true,
    });
    const wanted = readShape(projectFile, parsed(json, path), printable(path, 200)).project;
    return wanted === undefined ? undefined : parseName(wanted, `"project" in ${printable(path, 200)}:`);
  } catch (error) {
    if (error instanceof PrismError && error.code !== "permission_denied") throw new ConfigError(error);
    throw error;
  }
}

function parsed(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new PrismError("malformed", `the project's file "${printable(path, 200)}" is not JSON`, {
      hint: 'write it as in {"project": "shop"}',
    });
  }
}

/** A folder, if it is written as one; a bare word is a name, unless a folder of that name is here. */
export function projectNamed(typed: string, cwd: string): string {
  if (looksLikeFolder(typed) || isFolder(resolve(cwd, typed))) return projectAt(typed, cwd).name;
  return parseName(typed, "project");
}

/**
 * Whom a typed address means: `reviewer@shop`, `reviewer@./shop`, `reviewer@.`. A bare word after the "@"
 * is always a name, so that a message reaches the same project from every folder.
 *
 * @throws PrismError
 */
export function addressTyped(typed: string, cwd: string): Address {
  const at = typed.indexOf("@");
  const project = typed.slice(at + 1);
  return {
    persona: parseName(typed.slice(0, at), "persona"),
    project: looksLikeFolder(project) ? projectAt(project, cwd).name : parseName(project, "project"),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function looksLikeFolder(typed: string): boolean {
  return (
    typed === "." ||
    typed === ".." ||
    typed.includes("/") ||
    (process.platform === "win32" && typed.includes("\\"))
  );
}
