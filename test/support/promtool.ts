/** Prometheus's own judge, where it is installed (Debian's package `prometheus`); tests that need it skip without it. */
import { spawnSync } from "node:child_process";

export const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

export interface Verdict {
  readonly status: number | null;
  /** Everything it said. */
  readonly said: string;
}

export function promtool(args: readonly string[], input = ""): Verdict {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { status, said: stdout + stderr };
}
