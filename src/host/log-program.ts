/**
 * Hands text to one of the system's own programs, which puts it into the system's log. Loaded where there is no other
 * way, and with the first line: a daemon that says nothing never loads node:child_process.
 */
import { spawn } from "node:child_process";

const PROGRAM_MS_MAX = 10_000;
const SAID_CHARS_MAX = 300;

export interface ProgramRun {
  /** Null if it could not be started or was killed. */
  readonly status: number | null;
  /** The begin of what it said on its standard error, or why it could not be started. */
  readonly said: string;
}

/** @param input for its standard input. Never rejects; ended after ten seconds */
export function feedProgram(
  argv: readonly [string, ...string[]],
  input: string,
  env: { readonly [name: string]: string | undefined },
): Promise<ProgramRun> {
  const variables: { [name: string]: string } = {};
  for (const name of ["PATH", "SystemRoot"]) {
    const value = env[name];
    if (value !== undefined) variables[name] = value;
  }
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    let said = "";
    const child = spawn(program, args, {
      env: variables,
      stdio: ["pipe", "ignore", "pipe"],
      windowsHide: true,
      timeout: PROGRAM_MS_MAX,
      killSignal: "SIGKILL",
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < SAID_CHARS_MAX) said = (said + text).slice(0, SAID_CHARS_MAX);
    });
    child.once("error", (error) => resolve({ status: null, said: error.message }));
    child.once("close", (status) => resolve({ status, said: said.trim() }));
  });
}
