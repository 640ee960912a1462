/** A service manager for the built executable, where no systemd runs: `systemctl` and its kin, first on the PATH. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const SYSTEMCTL = join(import.meta.dirname, "fakes", "systemctl.ts");

export interface SystemdStandIn {
  /** What a program needs in its environment to find it. */
  readonly env: { readonly PATH: string; readonly STATE: string };
  readonly unitDir: string;
  /** Names of units, by what it has of them. */
  standing(): { readonly files: string[]; readonly enabled: string[]; readonly running: string[] };
  log(unit: string): string;
  /** Ends whatever a test that failed has left running. */
  end(): void;
}

/** @param dir of its own */
export function systemdStandIn(dir: string): SystemdStandIn {
  const bin = join(dir, "bin");
  const unitDir = join(dir, "systemd", "user");
  mkdirSync(bin, { recursive: true });
  mkdirSync(unitDir, { recursive: true });
  const put = (name: string, script: string): void =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  put("systemctl", `exec '${process.execPath}' '${SYSTEMCTL}' "$@"`);
  put("systemd-notify", "exit 1");
  put("loginctl", "echo Access denied >&2; exit 1");
  const named = (prefix: string): string[] =>
    readdirSync(dir).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const pidOf = (unit: string): number => Number(readFileSync(join(dir, `pid.${unit}`), "utf8"));
  return {
    env: { PATH: [bin, process.env["PATH"] ?? "/usr/bin:/bin"].join(delimiter), STATE: dir },
    unitDir,
    standing: () => ({
      files: readdirSync(unitDir).sort(),
      enabled: named("enabled.").sort(),
      running: named("pid.")
        .filter((unit) => isAlive(pidOf(unit)))
        .sort(),
    }),
    log: (unit) =>
      existsSync(join(dir, `${unit}.log`)) ? readFileSync(join(dir, `${unit}.log`), "utf8") : "",
    end() {
      for (const unit of named("pid.")) if (isAlive(pidOf(unit))) process.kill(pidOf(unit), "SIGKILL");
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
