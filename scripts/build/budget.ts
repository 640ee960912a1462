/**
 * How large each executable may be, so that no package slips in unseen: what it is, and a few megabytes more. Who
 * goes over says here why, or finds out what came in (esbuild's metafile tells).
 */
import type { Target } from "./targets.ts";

const MB = 1e6;

/** By the target's name. Nine tenths are Node; its next version may need another row of figures. */
const BYTES_MAX: Readonly<Record<string, number>> = {
  "linux-x64": 122 * MB,
  "linux-arm64": 117 * MB,
  "macos-x64": 121 * MB,
  "macos-arm64": 117 * MB,
  "win-x64": 102 * MB,
};

/** @throws Error that names the size and the bound */
export function expectInBudget({ name }: Target, bytes: number): void {
  const max = BYTES_MAX[name];
  if (max === undefined) throw new Error(`scripts/build/budget.ts has no row for ${name}`);
  if (bytes > max) {
    throw new Error(
      `the executable for ${name} has ${inMb(bytes)} MB, and scripts/build/budget.ts allows ${inMb(max)} MB`,
    );
  }
}

function inMb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}
