/** Another executable of Prism, run for one answer in JSON: a new version before it is trusted, or the installed one. */
import { homedir } from "node:os";
import { childEnvironment } from "../../host/child-environment.ts";
import { startCommand } from "../../host/command.ts";
import type { Runtime } from "../runtime.ts";

/** A start takes a tenth of a second; a service that waits to be connected some of them. */
const ANSWER_MS_MAX = 120_000;

export interface Asked {
  /** -1 if it did not run, or was killed. */
  readonly status: number;
  /** What it printed last, as data; undefined if that is no JSON. */
  readonly answer: unknown;
  /** Why there is no answer: its last line, or what kept it from running. */
  readonly said: string;
}

export async function askPrism(
  program: string,
  words: readonly string[],
  { env }: Pick<Runtime, "env">,
  timeoutMs = ANSWER_MS_MAX,
): Promise<Asked> {
  let line = "";
  const said = (printed: string): void => {
    if (printed !== "") line = printed;
  };
  const ending = await startCommand(
    { argv: [program, ...words] },
    { cwd: homedir(), env: childEnvironment(env), timeoutMs, said },
  ).ended;
  const why = ending.kind === "notStarted" ? ending.reason : ending.lastLine || `it ended (${ending.kind})`;
  return { status: ending.kind === "exited" ? ending.status : -1, answer: parsed(line), said: why };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
