/** The lines that one of the system's own programs prints, for as long as somebody wants them. Knows no program. */
import { startCommand } from "../../host/command.ts";

export interface ProgramWorld {
  readonly env: { readonly [name: string]: string | undefined };
}

/**
 * @param heard returns false once it has heard enough
 * @returns the exit status; null if it could not be started or was ended
 */
export async function programLines(
  argv: readonly [string, ...string[]],
  { env }: ProgramWorld,
  heard: (line: string) => boolean,
  { stopped, timeoutMs = null }: { readonly stopped?: AbortSignal; readonly timeoutMs?: number | null } = {},
): Promise<number | null> {
  if (stopped?.aborted === true) return null;
  let isEnough = false;
  const running = startCommand(
    { argv },
    {
      cwd: process.platform === "win32" ? (env["SystemRoot"] ?? "C:\\") : "/",
      env: variablesFor(env),
      timeoutMs,
      said(line) {
        if (isEnough || heard(line)) return;
        isEnough = true;
        running.stop();
      },
    },
  );
  const stop = (): void => running.stop();
  stopped?.addEventListener("abort", stop, { once: true });
  const ending = await running.ended;
  stopped?.removeEventListener("abort", stop);
  if (isEnough) return 0;
  return ending.kind === "exited" ? ending.status : null;
}

function variablesFor(env: ProgramWorld["env"]): { [name: string]: string } {
  const variables: { [name: string]: string } = {};
  for (const name of ["PATH", "SystemRoot", "XDG_RUNTIME_DIR", "HOME"]) {
    const value = env[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}
