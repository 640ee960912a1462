/** The systems' own tools, where this host has them; a test that needs one that is not here says so by being skipped. */
import { spawnSync } from "node:child_process";

export interface ToolRan {
  readonly status: number | null;
  /** Both streams, as a person would see them. */
  readonly said: string;
}

export function runTool(
  argv: readonly [string, ...string[]],
  how: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): ToolRan {
  const [program, ...rest] = argv;
  const ran = spawnSync(program, rest, {
    encoding: "utf8",
    timeout: 30_000,
    input: how.input ?? "",
    env: { ...process.env, ...how.env },
  });
  return {
    status: ran.error === undefined ? ran.status : null,
    said: `${ran.stdout ?? ""}${ran.stderr ?? ""}`,
  };
}

export function isToolHere(argv: readonly [string, ...string[]]): boolean {
  return runTool(argv).status === 0;
}
