/**
 * What a world of its own on one machine is made of: a namespace of mounts, held open by a process, and a control
 * group in each hierarchy. Needs root. Knows no service manager.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { ran, untilSo } from "./place.ts";

const HIERARCHIES = "/sys/fs/cgroup";

export interface Namespace {
  /** Precedes a command that is to run in it. */
  readonly enter: readonly string[];
  close(): Promise<void>;
}

/**
 * Held by a process that ends with its standard input: with this one, however that ends.
 *
 * @param script a shell's, run in it first: its mounts
 */
export async function openNamespace(script: string): Promise<Namespace> {
  if (process.getuid?.() !== 0) throw new Error("only root can make a namespace with mounts of its own");
  const words = [
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    `set -e\n${script}\necho ready\nexec cat`,
  ];
  const holder = spawn("unshare", words, { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("exit", (status) => reject(new Error(`no namespace: unshare ended with ${status}`)));
  });
  return {
    enter: ["nsenter", "--target", String(holder.pid), "--mount"],
    async close() {
      const ended = ran(holder);
      holder.stdin.end();
      await ended;
    },
  };
}

export interface Groups {
  /** Begins a command in them, that forks nothing on the way: its pid is the child's. */
  begin(enter: readonly string[], argv: readonly string[], stdio: "ignore" | "pipe"): ChildProcess;
  /** The commands of all that is in them. */
  commands(): readonly string[];
  /** Kills all that is in them. */
  empty(): Promise<void>;
  /** Empties and removes them. */
  close(): Promise<void>;
}

/** One in each hierarchy that systemd may look at: its own of version 1 beside version 2, or version 2 alone. */
export function makeGroups(name: string, owner: number): Groups {
  const hierarchies = [join(HIERARCHIES, "systemd"), join(HIERARCHIES, "unified"), HIERARCHIES];
  const groups = hierarchies
    .filter((path) => existsSync(join(path, "cgroup.procs")))
    .map((path) => madeGroup(join(path, name), owner));
  return {
    begin(enter, argv, stdio) {
      const join = groups.map((group) => `echo $$ >${group}/cgroup.procs`).join("; ");
      // Joined before the namespace is entered, where the hierarchies may lie elsewhere.
      const words = ["-c", `${join}; exec "$@"`, "sh", ...enter, ...argv];
      return spawn("sh", words, { stdio: ["ignore", stdio, stdio] });
    },
    commands: () =>
      groups.flatMap((group) => [group, ...subgroups(group)].flatMap(processesIn).map(commandOf)),
    async empty() {
      for (const group of groups) await emptied(group);
    },
    async close() {
      for (const group of groups) {
        for (const each of (await emptied(group)).toReversed()) rmdirSync(each);
      }
    },
  };
}

function madeGroup(group: string, owner: number): string {
  mkdirSync(group);
  for (const file of ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "tasks"]) {
    if (existsSync(join(group, file))) chownSync(join(group, file), owner, owner);
  }
  return group;
}

/** @returns it and all below it, from the outermost in */
async function emptied(group: string): Promise<readonly string[]> {
  const groups = [group, ...subgroups(group)];
  await untilSo(
    async () => groups.flatMap(processesIn).map(killed),
    (killing) => killing.length === 0,
  );
  return groups;
}

function subgroups(group: string): readonly string[] {
  return readdirSync(group, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted((a, b) => a.length - b.length);
}

function processesIn(group: string): readonly number[] {
  return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

function killed(pid: number): number {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
  return pid;
}
