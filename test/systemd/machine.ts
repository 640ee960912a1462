/**
 * A small Debian that boots for real, by systemd-nspawn, over a root that is made once and never written to: with a
 * journal, logind and an ordinary user. Needs root. Knows nothing of Prism.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { bootableRoot } from "../smoke/roots.ts";
import { makeGroups, openNamespace } from "./namespace.ts";
import { asUser, type Place, piped, type Ran, ran, USER, untilSo } from "./place.ts";

const GIVEN = "/usr/local/lib/prism-given";

export interface Machine extends Place {
  /** Where what it was given lies in there. */
  readonly program: string;
  /** Settles once all that is started at boot is begun. */
  boot(): Promise<void>;
  /** In order, as `systemctl poweroff`. */
  shutDown(): Promise<void>;
  /** All at once, and nothing is told. */
  cutPower(): Promise<void>;
  /** A command of the machine's root. */
  root(...argv: readonly string[]): Promise<Ran>;
  close(): Promise<void>;
}

/** @param given a file or folder of this machine, found in there at `given` */
export async function openMachine(given: string): Promise<Machine> {
  if (!existsSync("/usr/bin/systemd-nspawn")) {
    throw new Error("systemd-nspawn is missing: apt-get install systemd-container");
  }
  const folder = mkdtempSync("/tmp/prism-machine-");
  const rootDir = join(folder, "root");
  const userDir = `/home/${USER.name}`;
  // Its own disk is gone with the namespace.
  const { enter, close } = await openNamespace(`mount -t tmpfs -o mode=755 tmpfs ${folder}
mkdir ${folder}/upper ${folder}/work ${rootDir}
mount -t overlay overlay -o lowerdir=${bootableRoot()},upperdir=${folder}/upper,workdir=${folder}/work ${rootDir}
chroot ${rootDir} /usr/sbin/useradd --create-home --uid ${USER.id} --shell /bin/sh ${USER.name}
${statSync(given).isDirectory() ? "mkdir" : "touch"} ${rootDir}${GIVEN}`);
  const groups = makeGroups(basename(folder), 0);
  let nspawn: ChildProcess | undefined;
  let inside: readonly string[] = [];

  // Started by the machine itself: logind takes no word from who came in through its walls.
  const root = (...argv: readonly string[]): Promise<Ran> =>
    ran(piped([...inside, "systemd-run", "--quiet", "--wait", "--pipe", ...argv]));

  async function ended(): Promise<void> {
    if (nspawn === undefined) return;
    if (nspawn.exitCode === null && nspawn.signalCode === null) await ran(nspawn);
    nspawn = undefined;
  }

  async function cutPower(): Promise<void> {
    nspawn?.kill("SIGKILL");
    await ended();
    // What ran in there outlives it.
    await groups.empty();
  }

  return {
    userDir,
    program: GIVEN,
    begin: (argv) => piped([...inside, ...asUser(userDir), ...argv]),
    root,
    async boot() {
      const words = [`--directory=${rootDir}`, `--bind-ro=${given}:${GIVEN}`, ...QUIET, "--boot"];
      const hybrid = ["env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"];
      nspawn = groups.begin(enter, [...hybrid, "systemd-nspawn", ...words], "ignore");
      const leader = await leaderOf(nspawn);
      const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
      inside = ["nsenter", "--target", String(leader), ...namespaces, "--"];
      await untilSo(
        () => ran(piped([...inside, "systemctl", "is-system-running"])),
        ({ out }) => /^(running|degraded)/.test(out),
      );
    },
    async shutDown() {
      await root("systemctl", "poweroff");
      await ended();
    },
    cutPower,
    async close() {
      await cutPower();
      await groups.close();
      await close();
      rmdirSync(folder);
    },
  };
}

/** Nothing of this machine's: no registration, no network but its own loopback, no journal, no terminal. */
const QUIET = ["--register=no", "--keep-unit", "--private-network", "--link-journal=no", "--console=pipe"];

/** The machine's first process, by which it is entered. */
async function leaderOf({ pid }: ChildProcess): Promise<number> {
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  // Between them stands, for a moment, one that only makes the namespaces.
  const isInit = (child: string) => readFileSync(`/proc/${child}/comm`, "utf8") === "systemd\n";
  const found = await untilSo(
    async () => children().split(" ").filter(Boolean).filter(isInit),
    (inits) => inits.length === 1,
  );
  return Number(found[0]);
}
