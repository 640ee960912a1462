/** Whose the files of Prism are, and who else can get at them. Changes nothing; offers to close what is open. */
import { accessSync, chmodSync, constants, existsSync, lstatSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import { isOurs } from "../../host/home.ts";
import { readTokenFile } from "../../host/private-file.ts";
import { counted } from "../layout.ts";
import type { Runtime } from "../runtime.ts";
import { type Check, failed, type Mend, someOf } from "./check.ts";
import type { Entry, OwnFiles } from "./own-files.ts";

const OPEN_TO_OTHERS = 0o077;
const hasModes = process.getuid !== undefined;

/** What makes a folder a home of Prism's: only such a one is closed by us. */
const HOME_MARKS = ["token", "hub.json", "config.json", "state"];

export function homeCheck({ home }: Runtime): Check {
  const name = "home";
  const path = home.root;
  const shown = printable(path, 200);
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      const finding = `${shown} does not exist yet: the first hub or daemon makes it`;
      return { name, verdict: "note", finding };
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
    if (hasModes && (stats.mode & OPEN_TO_OTHERS) !== 0) {
      const finding = `others can enter ${shown} (mode ${modeText(stats.mode)})`;
      const remedy = `close it to them: chmod 700 "${shown}"`;
      const isPrisms = HOME_MARKS.some((mark) => existsSync(`${path}/${mark}`));
      return { name, verdict: "warn", finding, remedy, ...(isPrisms ? { mend: closing([path]) } : {}) };
    }
    return replaceable(path) ?? { name, verdict: "ok", finding: `${shown}, closed to others` };
  } catch (error) {
    return failed(name, fsErrorOf("use the home folder", path, error), "check its owner and mode");
  }
}

/** Who may write to the folder above can put another home in its place. */
function replaceable(path: string): Check | undefined {
  if (!hasModes) return undefined;
  const above = dirname(path);
  const { mode } = statSync(above);
  const isSticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) === 0 || isSticky) return undefined;
  return {
    name: "home",
    verdict: "warn",
    finding: `everybody can write to ${printable(above, 200)}, and so put another folder in the place of ${printable(path, 200)}`,
    remedy: `take that right away: chmod o-w "${printable(above, 200)}"`,
  };
}

/** The token itself is never shown, nor its length. */
export function tokenCheck({ env, home }: Runtime, tokenFile: string | undefined): Check {
  const name = "token";
  if (env["PRISM_TOKEN"]) return { name, verdict: "ok", finding: "given by PRISM_TOKEN" };
  const path = tokenFile ?? home.tokenPath;
  if (tokenFile === undefined && !existsSync(path)) {
    return { name, verdict: "note", finding: "none yet: the first hub of this host makes it" };
  }
  try {
    readTokenFile(path);
    return { name, verdict: "ok", finding: `${printable(path, 200)}, closed to others` };
  } catch (error) {
    const fault = failed(name, fsErrorOf("read the token", path, error), "copy it again from the hub's host");
    const isInHome = path === home.tokenPath;
    return isInHome && isOpen(path) ? { ...fault, mend: closing([path]) } : fault;
  }
}

/** The key of a hub that serves TLS, where it is a setting of this host. */
export function keyChecks(keyFile: string | undefined): readonly Check[] {
  if (keyFile === undefined || !existsSync(keyFile)) return [];
  const name = "tls-key";
  const shown = printable(keyFile, 200);
  const { mode } = statSync(keyFile);
  if (!hasModes || (mode & OPEN_TO_OTHERS) === 0)
    return [{ name, verdict: "ok", finding: `${shown}, closed to others` }];
  return [
    {
      name,
      verdict: "warn",
      finding: `others can read the hub's private key ${shown} (mode ${modeText(mode)}): they could pass for the hub`,
      remedy: `close it to them: chmod 600 "${shown}", and take a new one if they may have read it`,
    },
  ];
}

/** Every other folder and file, in as few lines as there are kinds of faults. */
export function privacyChecks({ entries, unreadable }: OwnFiles, { home }: Runtime): readonly Check[] {
  const checks: Check[] = [];
  const strangers = entries.filter(({ stats }) => !isOurs(stats));
  if (strangers.length > 0) checks.push(strangersCheck(strangers));
  const open = entries.filter(
    (entry) => isOurs(entry.stats) && entry.path !== home.tokenPath && isFault(entry, home.configPath),
  );
  const [secret, other] = [open.filter(isToken), open.filter((entry) => !isToken(entry))];
  if (secret.length > 0) {
    checks.push({
      name: "tokens",
      verdict: "fail",
      finding: `others can read ${someOf(secret.map(shownOf))}: Prism takes no token that others may know`,
      remedy: `close them: chmod 600 ${secret.map(quotedPath).slice(0, 3).join(" ")}`,
      code: "permission_denied",
      mend: closing(secret.map(({ path }) => path)),
    });
  }
  if (other.length > 0) {
    checks.push({
      name: "modes",
      verdict: "warn",
      finding: `others can get at ${someOf(other.map(shownOf))}`,
      remedy: "close them: chmod 700 folders, chmod 600 files",
      mend: closing(other.map(({ path }) => path)),
    });
  }
  const [first] = unreadable;
  if (first !== undefined) {
    const more = unreadable.length > 1 ? `, and ${counted(unreadable.length - 1, "more place")} like it` : "";
    const denied = new PrismError(
      first.code,
      `${first.message}${more}`,
      first.hint === undefined ? {} : { hint: first.hint },
    );
    checks.push(failed("unreadable", denied, "check owner and mode"));
  }
  if (checks.length > 0) return checks;
  const folders = entries.filter(({ stats }) => stats.isDirectory()).length;
  const finding =
    entries.length === 0
      ? "none yet"
      : `${counted(entries.length - folders, "file")} in ${counted(folders, "folder")}, all of them yours${hasModes ? " and closed to others" : ""}`;
  return [{ name: "modes", verdict: "ok", finding }];
}

function strangersCheck(strangers: readonly Entry[]): Check {
  const uids = [...new Set(strangers.map(({ stats }) => stats.uid))];
  return {
    name: "owners",
    verdict: "fail",
    finding: `${someOf(strangers.map(shownOf))} ${strangers.length === 1 ? "belongs" : "belong"} to another user (uid ${uids.join(", ")})`,
    remedy: `as root: chown ${process.geteuid?.() ?? 0} ${strangers.map(quotedPath).slice(0, 3).join(" ")}`,
    code: "permission_denied",
  };
}

/** A log that a service manager made, and a configuration for all to read, hold no secret behind a closed folder. */
function isFault({ path, stats }: Entry, configPath: string): boolean {
  if (!hasModes || stats.isSymbolicLink() || (stats.mode & OPEN_TO_OTHERS) === 0) return false;
  return stats.isDirectory() || (path !== configPath && !path.endsWith(".log") && !stats.isSocket());
}

/** What only its owner may read, or Prism refuses it. */
function isToken({ path }: Entry): boolean {
  return ["token", "tokens.json"].includes(basename(path));
}

function shownOf({ shown, stats }: Entry): string {
  return `${printable(shown, 120)} (${modeText(stats.mode)})`;
}

function quotedPath({ path }: Entry): string {
  return `"${printable(path, 200)}"`;
}

function modeText(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}

function isOpen(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return hasModes && stats?.isFile() === true && isOurs(stats) && (stats.mode & OPEN_TO_OTHERS) !== 0;
}

function closing(paths: readonly string[]): Mend {
  return {
    does: `close to others: ${someOf(paths.map((path) => printable(path, 200)))}`,
    run() {
      for (const path of paths) close(path);
    },
  };
}

/** What came in its place meanwhile, a link above all, is left alone. */
function close(path: string): void {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isSymbolicLink() || !isOurs(stats)) return;
    chmodSync(path, stats.mode & 0o700);
  } catch (error) {
    throw fsErrorOf("close to others", path, error);
  }
}
