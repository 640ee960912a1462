/**
 * How this machine runs a program of one of the five systems: as it is, or under qemu's user emulation when it is
 * for Linux on the other processor. Knows nothing of what is run.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hostTarget, type Target } from "./targets.ts";

/** The emulator, and the folder with the C libraries of that processor, as Debian names them. */
const EMULATED = {
  arm64: { program: "qemu-aarch64-static", libraries: "/usr/aarch64-linux-gnu", packages: "arm64" },
  x64: { program: "qemu-x86_64-static", libraries: "/usr/x86_64-linux-gnu", packages: "amd64" },
} as const;

/**
 * @returns what to put before the program's path: nothing for the host's own; undefined when it cannot run here
 * @throws Error that says what to install, when it could
 */
export function prefixFor(target: Target): readonly string[] | undefined {
  const host = hostTarget();
  if (target === host) return [];
  if (host.platform !== "linux" || target.platform !== "linux") return undefined;
  const { program, libraries, packages } = EMULATED[target.arch];
  const path = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, program));
  const found = path.find((file) => existsSync(file));
  if (found === undefined || !existsSync(join(libraries, "lib"))) {
    throw new Error(
      `${target.name} needs an emulator here: apt-get install qemu-user-static libc6-${packages}-cross libstdc++6-${packages}-cross`,
    );
  }
  return [found, "-L", libraries];
}
