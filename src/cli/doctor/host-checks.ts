/** What `prism doctor` looks at without asking any process: settings and disk. Changes nothing. */
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import type { Sources } from "../arguments.ts";
import type { Runtime } from "../runtime.ts";
import { checkSettings, strayVariables } from "../settings.ts";
import { type Check, failed } from "./check.ts";

/** A hub under load writes tens of megabytes before anybody looks; below the least, not even a token fits. */
const FREE_BYTES_WARN = 256 * 1024 * 1024;
const FREE_BYTES_MIN = 8 * 1024 * 1024;
const FREE_FILES_MIN = 100;

export function settingsChecks(runtime: Runtime): readonly Check[] {
  const name = "settings";
  const checks: Check[] = [];
  let sources: Sources = { env: runtime.env, config: {}, configPath: runtime.home.configPath };
  try {
    sources = runtime.readSources();
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    checks.push(failed(name, error, "mend the file"));
  }
  for (const fault of checkSettings(sources)) checks.push(failed(name, fault, "mend it, or take it out"));
  for (const stray of strayVariables(runtime.env)) {
    const remedy = stray.near === undefined ? "unset it" : `did you mean ${stray.near}?`;
    checks.push({ name, verdict: "warn", finding: `nothing reads the variable ${stray.name}`, remedy });
  }
  if (checks.length > 0) return checks;
  const file = existsSync(sources.configPath) ? printable(sources.configPath, 200) : "no file";
  const variables = Object.keys(runtime.env).filter((key) => key.startsWith("PRISM_"));
  const finding = `${file}, ${variables.length === 0 ? "no variables" : variables.sort().join(" ")}`;
  return [{ name, verdict: "ok", finding }];
}

/**
 * @param data where the hub of this host keeps its store, if that is not in the home folder: a disk of its own is
 *   looked at too
 */
export function diskChecks(runtime: Runtime, data: string | undefined): readonly Check[] {
  const home = runtime.home.root;
  const wanted = data === undefined ? home : resolve(runtime.cwd, data);
  const checks = [diskCheck("disk", wanted)];
  if (deviceOf(wanted) !== deviceOf(home)) checks.push(diskCheck("disk home", home));
  return checks;
}

function diskCheck(name: string, wanted: string): Check {
  const folder = nearestExisting(wanted);
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    const free = bavail * bsize;
    const shown = printable(folder, 200);
    // A file system without a count of files, as btrfs, says 0 of 0.
    if (files > 0 && ffree < FREE_FILES_MIN) {
      const finding = `${shown} has room for ${ffree} more files only`;
      const remedy = "remove some files: without room for new ones the hub and the daemons can keep nothing";
      return { name, verdict: "fail", finding, remedy, code: "storage_full" };
    }
    const finding = `${bytesText(free)} free in ${shown}`;
    if (free >= FREE_BYTES_WARN) return { name, verdict: "ok", finding };
    const remedy = "free some space: on a full disk the hub refuses new signals";
    if (free >= FREE_BYTES_MIN) return { name, verdict: "warn", finding, remedy };
    return { name, verdict: "fail", finding, remedy, code: "storage_full" };
  } catch (error) {
    return failed(name, fsErrorOf("look at the disk of", folder, error), "check the disk");
  }
}

function deviceOf(path: string): number | undefined {
  try {
    return statSync(nearestExisting(path)).dev;
  } catch {
    return undefined;
  }
}

function nearestExisting(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function bytesText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const value = bytes / 1000 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.floor(value)} ${units[step]}`;
}
