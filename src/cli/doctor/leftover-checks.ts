/**
 * What programs that did not end in order have left on the disk: sockets, notes and flags of dead daemons, files of
 * interrupted writes, broken files that were set aside, the file of a hub that is gone, a cut short upgrade, reports
 * of bugs. None of it keeps anything from working; what nobody needs any more is offered to be removed.
 */
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { formatAddress, printable } from "../../domain/address.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { bellFlagPathOf, ipcPathOf, stateDirOf } from "../../host/home.ts";
import { holdLock, lockHolderOf } from "../../host/lock.ts";
import { isProcessAlive } from "../../host/process-alive.ts";
import { socketAnswers } from "../../net/ipc-probe.ts";
import { placesHere } from "../install/whole.ts";
import { agoText, counted } from "../layout.ts";
import type { LocalDaemon } from "../local-daemons.ts";
import type { Runtime } from "../runtime.ts";
import { type Check, type Mend, someOf } from "./check.ts";
import type { Entry, OwnFiles } from "./own-files.ts";

const HUB_ANSWER_MS_MAX = 1000;

export async function leftoverChecks(
  { entries }: OwnFiles,
  daemons: readonly LocalDaemon[],
  runtime: Runtime,
): Promise<readonly Check[]> {
  const checks = [
    ...daemons.flatMap((daemon) => ofDaemon(daemon, entries, runtime)),
    ...(await strangeSockets(entries, daemons, runtime)),
    ...unfinished(entries),
    ...setAside(entries),
    ...(await goneHub(runtime)),
    ...bugs(entries, runtime),
    ...cutShort(runtime),
  ];
  return checks.length > 0
    ? checks
    : [{ name: "leftovers", verdict: "ok", finding: "nothing is left behind" }];
}

/** Beside its socket a daemon that was killed leaves a note at its lock and the flag for its agent's hooks. */
function ofDaemon(daemon: LocalDaemon, entries: readonly Entry[], runtime: Runtime): readonly Check[] {
  if (daemon.kind !== "down") return [];
  const { tenant, address } = daemon;
  const lock = join(stateDirOf(runtime.home, tenant, address), "lock");
  const flag = bellFlagPathOf(runtime.home, tenant, address);
  const isThere = (path: string): boolean => entries.some((entry) => entry.path === path);
  const left = [
    ...(daemon.leftSocket === null ? [] : ["its socket"]),
    ...(isThere(`${lock}.json`) && lockHolderOf(lock) === null ? ["a note at its lock"] : []),
    ...(isThere(flag) ? ["a flag for its agent's hooks"] : []),
  ];
  if (left.length === 0) return [];
  const shown = formatAddress(address);
  return [
    {
      name: `left ${shown}`,
      verdict: "note",
      finding: `the daemon of ${shown} did not end in order and left ${left.join(", ")}`,
      remedy: "its next start takes all of that over",
      mend: {
        does: `remove what the daemon of ${shown} left: ${left.join(", ")}`,
        run: () => tidy(daemon, lock, flag, runtime),
      },
    },
  ];
}

/** Under the daemon's own lock: one that starts meanwhile keeps its socket. The lock's note goes with the lock. */
async function tidy(daemon: LocalDaemon, lock: string, flag: string, runtime: Runtime): Promise<void> {
  const shown = formatAddress(daemon.address);
  const holder = { pid: process.pid, startedAtMs: runtime.now(), host: "prism doctor", root: dirname(lock) };
  const held = await holdLock(lock, `the place of ${shown}`, holder);
  try {
    const socket = ipcPathOf(runtime.home, daemon.tenant, daemon.address);
    if (process.platform !== "win32" && !(await socketAnswers(socket))) removed(socket);
    removed(flag);
  } finally {
    held.release();
  }
}

/** Of daemons that no state is known of: whose place they would be can't be told, so none is taken away by us. */
async function strangeSockets(
  entries: readonly Entry[],
  daemons: readonly LocalDaemon[],
  { home }: Runtime,
): Promise<readonly Check[]> {
  const known = new Set(daemons.map(({ tenant, address }) => ipcPathOf(home, tenant, address)));
  const sockets = entries.filter(({ path, stats }) => stats.isSocket() && !known.has(path));
  const answers = await Promise.all(sockets.map(({ path }) => socketAnswers(path)));
  const dead = sockets.filter((_, at) => answers[at] === false);
  if (dead.length === 0) return [];
  return [
    {
      name: "sockets",
      verdict: "note",
      finding: `nobody listens on ${someOf(dead.map(({ shown }) => printable(shown, 120)))}, and no daemon is known there`,
      remedy: `remove what is left: rm ${dead
        .slice(0, 3)
        .map(({ path }) => `"${printable(path, 200)}"`)
        .join(" ")}`,
    },
  ];
}

function unfinished(entries: readonly Entry[]): readonly Check[] {
  const left = entries.filter(({ path, stats }) => stats.isFile() && isUnfinished(basename(path)));
  if (left.length === 0) return [];
  return [
    {
      name: "unfinished",
      verdict: "note",
      finding: `${counted(left.length, "file")} of interrupted writes, whose writers are gone: ${someOf(left.map(({ shown }) => printable(shown, 120)))}`,
      remedy: "nothing reads them: remove them",
      mend: removing(left, ({ path }) => isUnfinished(basename(path))),
    },
  ];
}

/** As `writePrivateFile` names them, with the process that writes. */
function isUnfinished(name: string): boolean {
  const pid = /^\..+\.(\d+)-\d+\.tmp$/.exec(name)?.[1];
  return pid !== undefined && !isProcessAlive(Number(pid));
}

/** Evidence: a person looks at it, and takes it away. */
function setAside(entries: readonly Entry[]): readonly Check[] {
  const left = entries.filter(({ path }) => /\.corrupt(-\d+)?$/.test(path));
  if (left.length === 0) return [];
  return [
    {
      name: "set-aside",
      verdict: "note",
      finding: `${counted(left.length, "broken file")} ${left.length === 1 ? "was" : "were"} set aside, and made anew: ${someOf(left.map(({ shown }) => printable(shown, 120)))}`,
      remedy: "look at what broke them, as a full disk or another program; then remove them",
    },
  ];
}

interface HubFile {
  readonly url: string;
  readonly pid: number;
}

async function goneHub({ home }: Runtime): Promise<readonly Check[]> {
  const path = home.hubFilePath;
  const file = hubFileIn(textAt(path) ?? "");
  if (file === undefined || !(await isHubGone(file))) return [];
  return [
    {
      name: "hub-file",
      verdict: "note",
      finding: `${printable(path, 200)} tells of a hub at ${printable(file.url, 200)} (process ${file.pid}) that is gone and did not end in order`,
      // Not to be removed: where a hub was, and where its store lies, is told by nothing else.
      remedy: "the next hub writes it anew",
    },
  ];
}

function hubFileIn(text: string): HubFile | undefined {
  try {
    const { url, pid } = JSON.parse(text) as Partial<HubFile>;
    return typeof url === "string" && URL.canParse(url) && typeof pid === "number" ? { url, pid } : undefined;
  } catch {
    return undefined;
  }
}

/** No such process, and nobody at its port: one of the two may deceive, as between containers. */
async function isHubGone({ url, pid }: HubFile): Promise<boolean> {
  return !isProcessAlive(pid) && !(await isPortOpen(new URL(url)));
}

function isPortOpen({ hostname, port, protocol }: URL): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) || (protocol === "https:" ? 443 : 80) });
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(HUB_ANSWER_MS_MAX, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", (error) => settle(errnoOf(error) !== "ECONNREFUSED"));
  });
}

function bugs(entries: readonly Entry[], { home, now }: Runtime): readonly Check[] {
  const file = entries.find(({ path }) => path === join(home.logDir, "crash.log"));
  if (file === undefined || file.stats.size === 0) return [];
  return [
    {
      name: "bugs",
      verdict: "note",
      finding: `${printable(file.path, 200)} holds details of a bug in Prism, the last from ${agoText(file.stats.mtimeMs, now())}`,
      remedy: "read it, send it to who maintains Prism, then remove it",
    },
  ];
}

function cutShort(runtime: Runtime): readonly Check[] {
  const journal = join(placesHere(runtime).versionsDir, "upgrade.json");
  if (textAt(journal) === undefined) return [];
  return [
    {
      name: "upgrade",
      verdict: "warn",
      finding: `an upgrade was cut short, or runs just now: ${printable(journal, 200)}`,
      remedy: "if none runs, give the same command again: prism upgrade FILE goes on where it was",
    },
  ];
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function removing(entries: readonly Entry[], isStillLeft: (entry: Entry) => boolean): Mend {
  return {
    does: `remove ${someOf(entries.map(({ path }) => printable(path, 200)))}`,
    run() {
      for (const entry of entries) if (isStillLeft(entry)) removed(entry.path);
    },
  };
}

function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw fsErrorOf("remove", path, error);
  }
}
