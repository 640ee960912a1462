/**
 * Where a released executable is run: its own system, or the nearest thing to it on a Linux machine. A ground
 * starts the program with its output in files, because under Wine a pipe gets none. Knows nothing of what is
 * tried on it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { prefixFor } from "../../scripts/build/emulator.ts";
import { targetNamed } from "../../scripts/build/targets.ts";
import { releasedFile } from "./released.ts";
import { minimalRoot, wineRoot } from "./roots.ts";

/** An emulated start takes seconds, one that first sets up Wine a minute. */
const WAIT_MS_MAX = 90_000;
const LOOK_EVERY_MS = 50;

/** What keeps any Node from starting that honours it: a module and a configuration that are none. */
const BROKEN_CONFIG = "openssl.cnf";
const HOSTILE = { NODE_OPTIONS: "--require ./nobody-put-this-here.js" };

export interface Ground {
  /** A folder of this run, as the program calls it. */
  path(...names: readonly string[]): string;
  start(args: readonly string[]): Running;
  /** Whether a start left a cache of compiled code, which the environment asks for. */
  hasCache(): boolean;
  /** Ends what is left and takes the folder away. */
  clear(): Promise<void>;
}

export interface Running {
  readonly out: () => string;
  readonly err: () => string;
  /** Its status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Settles when its standard output holds this. */
  said(text: string): Promise<void>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

interface Start {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Site {
  /** The run's folder, as this machine calls it. */
  readonly here: string;
  readonly there: (...names: readonly string[]) => string;
  readonly starting: (args: readonly string[]) => Start;
  readonly after?: () => void;
}

/** The smallest Debian, with neither Node nor npm nor libatomic in it. */
export function nativeGround(): Ground {
  const root = minimalRoot();
  const site = siteIn(root, "prism-linux-x64", "prism");
  return groundOn({
    ...site,
    there: (...names) => join("/", site.inside, ...names),
    starting: (args) => ({
      command: inRoot(root, [`/${site.inside}/prism`, ...args]),
      env: { PRISM_HOME: join("/", site.inside, "home") },
    }),
  });
}

/** The other processor, and this machine's own files. */
export function emulatedGround(): Ground {
  const prefix = prefixFor(targetNamed("linux-arm64")) ?? [];
  const here = mkdtempSync(join(tmpdir(), "prism-smoke-"));
  const file = releasedFile("prism-linux-arm64");
  return groundOn({
    here,
    there: (...names) => join(here, ...names),
    starting: (args) => ({ command: [...prefix, file, ...args], env: { PRISM_HOME: join(here, "home") } }),
  });
}

/** Windows as far as Wine goes; its drive Z: is the root. */
export function wineGround(): Ground {
  const root = wineRoot();
  const site = siteIn(root, "prism-win-x64.exe", "prism.exe");
  const there = (...names: readonly string[]): string => ["Z:", site.inside, ...names].join("\\");
  const env = { HOME: "/root", WINEDEBUG: "-all", WINEPREFIX: "/root/.wine", PATH: "/usr/bin:/bin" };
  return groundOn({
    ...site,
    there,
    starting: (args) => ({
      command: inRoot(root, ["/usr/bin/wine", `/${site.inside}/prism.exe`, ...args]),
      env: { ...env, PRISM_HOME: there("home") },
    }),
    after: () => {
      const [program = "", ...words] = inRoot(root, ["/usr/bin/wineserver", "-k"]);
      execFileSync(program, words, { env });
    },
  });
}

function siteIn(root: string, released: string, name: string): { here: string; inside: string } {
  const here = mkdtempSync(join(root, "smoke-"));
  copyFileSync(releasedFile(released), join(here, name));
  return { here, inside: here.slice(root.length + 1) };
}

/** Every step replaces the one before it, so the process is the program itself in the end, for signals. */
function inRoot(root: string, command: readonly string[]): string[] {
  const mounts =
    'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec /usr/sbin/chroot "$0" "$@"';
  return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mounts, root, ...command];
}

function groundOn({ here, there, starting, after }: Site): Ground {
  for (const name of ["home", "shop"]) mkdirSync(join(here, name), { mode: 0o700 });
  writeFileSync(join(here, BROKEN_CONFIG), "no configuration [[[");
  const children = new Set<ChildProcess>();
  let count = 0;
  return {
    path: there,
    start(args) {
      count += 1;
      const files = [join(here, `${count}.out`), join(here, `${count}.err`)] as const;
      const { command, env } = starting(args);
      const [program = "", ...words] = command;
      const child = spawn(program, words, {
        env: {
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
          ...HOSTILE,
          OPENSSL_CONF: there(BROKEN_CONFIG),
          ...env,
        },
        stdio: ["ignore", ...files.map((file) => openSync(file, "w"))],
      });
      children.add(child);
      return runningOf(child, files);
    },
    hasCache: () => existsSync(join(here, "cache")),
    async clear() {
      for (const child of children) child.kill("SIGKILL");
      after?.();
      rmSync(here, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function runningOf(child: ChildProcess, [outFile, errFile]: readonly [string, string]): Running {
  const out = (): string => (existsSync(outFile) ? readFileSync(outFile, "utf8") : "");
  const err = (): string => readFileSync(errFile, "utf8");
  let status: number | string | undefined;
  const ended = new Promise<number | string>((settle, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => {
      status = code ?? signal ?? "";
      settle(status);
    });
  });
  return {
    out,
    err,
    ended,
    async said(text) {
      for (let waited = 0; waited < WAIT_MS_MAX; waited += LOOK_EVERY_MS) {
        if (out().includes(text)) return;
        if (status !== undefined) throw new Error(`ended with ${status} before it said "${text}": ${err()}`);
        await pause(LOOK_EVERY_MS);
      }
      throw new Error(`did not say "${text}": ${out()} ${err()}`);
    },
    kill: (signal) => child.kill(signal),
  };
}
