/** What `prism doctor` looks at without asking any process: folders, modes, settings, disk. Changes nothing. */
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import { isOurs } from "../../host/home.ts";
import { readTokenFile } from "../../host/private-file.ts";
import type { Sources } from "../arguments.ts";
import type { Runtime } from "../runtime.ts";
import { checkSettings, strayVariables } from "../settings.ts";
import { type Check, failed } from "./check.ts";

/** A hub under load writes tens of megabytes before anybody looks; below the least, not even a token fits. */
const FREE_BYTES_WARN = 256 * 1024 * 1024;
const FREE_BYTES_MIN = 8 * 1024 * 1024;

export function programCheck(runtime: Runtime): Check {
  const { platform, arch, versions } = process;
  return {
    name: "program",
    verdict: "ok",
    finding: `prism ${runtime.version} on ${platform} ${arch}, with Node ${versions.node}`,
  };
}

export function homeCheck(runtime: Runtime): Check {
  const name = "home";
  const path = runtime.home.root;
  const shown = printable(path, 200);
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      return {
        name,
        verdict: "note",
        finding: `${shown} does not exist yet: the first hub or daemon makes it`,
      };
    }
    if (!stats.isDirectory()) {
      const error = new PrismError("not_found", `${shown} is not a folder`);
      return failed(name, error, "move that file away, or set PRISM_HOME elsewhere");
    }
    if (!isOurs(stats)) {
      const error = new PrismError(
        "permission_denied",
        `${shown} belongs to another user (uid ${stats.uid})`,
      );
      return failed(name, error, "run as its owner, or set PRISM_HOME elsewhere");
    }
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    if (process.getuid !== undefined && (stats.mode & 0o077) !== 0) {
      const finding = `others can enter ${shown}`;
      return { name, verdict: "warn", finding, remedy: `close it to them: chmod 700 "${shown}"` };
    }
    return { name, verdict: "ok", finding: `${shown}, closed to others` };
  } catch (error) {
    return failed(name, fsErrorOf("use the home folder", path, error), "check its owner and mode");
  }
}

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

/** The token itself is never shown, nor its length. */
export function tokenCheck(runtime: Runtime, tokenFile: string | undefined): Check {
  const name = "token";
  if (runtime.env["PRISM_TOKEN"]) return { name, verdict: "ok", finding: "given by PRISM_TOKEN" };
  const path = tokenFile ?? runtime.home.tokenPath;
  if (tokenFile === undefined && !existsSync(path)) {
    return { name, verdict: "note", finding: "none yet: the first hub of this host makes it" };
  }
  try {
    readTokenFile(path);
    return { name, verdict: "ok", finding: `${printable(path, 200)}, closed to others` };
  } catch (error) {
    return failed(name, fsErrorOf("read the token", path, error), "copy it again from the hub's host");
  }
}

/** @param data where the hub of this host keeps its store, if that is not in the home folder */
export function diskCheck(runtime: Runtime, data: string | undefined): Check {
  const name = "disk";
  const wanted = data === undefined ? runtime.home.root : resolve(runtime.cwd, data);
  const folder = nearestExisting(wanted);
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const finding = `${bytesText(free)} free in ${printable(folder, 200)}`;
    if (free >= FREE_BYTES_WARN) return { name, verdict: "ok", finding };
    const remedy = "free some space: on a full disk the hub refuses new signals";
    if (free >= FREE_BYTES_MIN) return { name, verdict: "warn", finding, remedy };
    return { name, verdict: "fail", finding, remedy, code: "storage_full" };
  } catch (error) {
    return failed(name, fsErrorOf("look at the disk of", folder, error), "check the disk");
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
