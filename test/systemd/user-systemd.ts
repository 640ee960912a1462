/**
 * A user's own systemd, the one of this machine, for a user who is nobody else: with a /run and a control group of
 * their own. Knows nothing of Prism.
 */
import type { ChildProcess } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
} from "node:fs";
import { basename, join } from "node:path";
import { makeGroups, openNamespace } from "./namespace.ts";
import { asUser, type Place, ran, USER, untilSo } from "./place.ts";

const MANAGER = "/usr/lib/systemd/systemd";

export interface UserManager extends Place {
  start(): Promise<void>;
  /** As a logout without lingering, or an update of systemd, ends it: all that it keeps ends with it. */
  stop(): Promise<void>;
  /** The commands of all that it keeps, and of what was begun as the user. */
  commands(): readonly string[];
  /** Ends all, and takes everything away. */
  close(): Promise<void>;
}

export async function openUserManager(): Promise<UserManager> {
  if (!existsSync(MANAGER)) throw new Error(`${MANAGER} is missing: apt-get install systemd`);
  const folder = mkdtempSync("/tmp/prism-systemd-");
  const userDir = join(folder, USER.name);
  layFiles(folder, userDir);
  const { enter, close } = await openNamespace(mountsFor(folder));
  const groups = makeGroups(basename(folder), USER.id);
  const user = asUser(userDir);
  // In the groups, too, so that nothing that is left running outlives the test.
  const begin = (argv: readonly string[]): ChildProcess => groups.begin(enter, [...user, ...argv], "pipe");
  let manager: ChildProcess | undefined;

  async function stop(): Promise<void> {
    if (manager === undefined) return;
    const ended = ran(manager);
    manager.kill("SIGTERM");
    await ended;
    manager = undefined;
  }

  return {
    userDir,
    begin,
    async start() {
      manager = groups.begin(enter, [...user, MANAGER, "--user"], "ignore");
      const asked = ["systemctl", "--user", "show", "--property=Version"];
      await untilSo(
        () => ran(begin(asked)),
        ({ status }) => status === 0,
      );
    },
    stop,
    commands: groups.commands,
    async close() {
      await stop();
      await groups.close();
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function layFiles(folder: string, userDir: string): void {
  const { name, id } = USER;
  mkdirSync(userDir, { mode: 0o700 });
  chownSync(userDir, id, id);
  // Made by mkdtemp for its maker alone; its user must get through.
  chmodSync(folder, 0o755);
  const lines = {
    passwd: `${name}:x:${id}:${id}::${userDir}:/bin/sh\n`,
    group: `${name}:x:${id}:\n`,
  };
  for (const [file, line] of Object.entries(lines)) {
    cpSync(join("/etc", file), join(folder, file));
    appendFileSync(join(folder, file), line);
  }
}

function mountsFor(folder: string): string {
  const runtimeDir = `/run/user/${USER.id}`;
  return `mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/lock ${runtimeDir}
chown ${USER.id}:${USER.id} ${runtimeDir}; chmod 700 ${runtimeDir}
mount --bind ${folder}/passwd /etc/passwd
mount --bind ${folder}/group /etc/group`;
}
