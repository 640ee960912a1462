/**
 * Small Debian systems to run the executables in, made once with debootstrap and kept for the next time. Needs to
 * be root, and Debian's mirror the first time: 0.2 GB for the minimal one, 1.3 GB for the one with Wine.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = process.env["PRISM_SMOKE_ROOTS"] ?? "/var/tmp/prism-roots";
const MIRROR = "http://deb.debian.org/debian";

/** Nothing but what Debian calls required: no Node, no npm, no libatomic. */
export function minimalRoot(): string {
  return madeOnce("bookworm", (root) => debootstrap("bookworm", root));
}

/** With Wine 10: the one of bookworm is too old to start Node 24. */
export function wineRoot(): string {
  return madeOnce("trixie", (root) => {
    debootstrap("trixie", root);
    for (const file of ["resolv.conf", "hosts"]) cpSync(join("/etc", file), join(root, "etc", file));
    const install =
      "apt-get update -qq && apt-get install -y -qq --no-install-recommends wine wine64 && apt-get clean";
    quietly("chroot", [root, "/bin/sh", "-c", `DEBIAN_FRONTEND=noninteractive; ${install}`]);
  });
}

/** With systemd as its first process, and what a user's own services need. */
export function bootableRoot(): string {
  const packages = ["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "procps"];
  return madeOnce("trixie-boot", (root) => debootstrap("trixie", root, packages));
}

/** @returns files below the root that a name must not match, for a test that asks */
export function filesNamed(root: string, name: RegExp): string[] {
  return ["bin", "usr/bin", "usr/local/bin", "usr/lib", "usr/lib/x86_64-linux-gnu"].flatMap((folder) =>
    readdirSync(join(root, folder)).filter((file) => name.test(file)),
  );
}

function madeOnce(name: string, make: (root: string) => void): string {
  const root = join(FOLDER, name);
  const mark = `${root}.ok`;
  if (existsSync(mark)) return root;
  if (process.getuid?.() !== 0) throw new Error(`${root} must be made first, which only root can`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  make(root);
  writeFileSync(mark, "");
  return root;
}

function debootstrap(suite: string, root: string, packages: readonly string[] = []): void {
  if (!existsSync("/usr/sbin/debootstrap")) {
    throw new Error("debootstrap is missing: apt-get install debootstrap");
  }
  const more = packages.length === 0 ? [] : [`--include=${packages.join(",")}`];
  quietly("/usr/sbin/debootstrap", ["--variant=minbase", ...more, suite, root, MIRROR]);
}

function quietly(program: string, args: readonly string[]): void {
  execFileSync("nice", ["-n", "10", program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
}
