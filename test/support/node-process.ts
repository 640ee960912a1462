/** A real Node process that runs a few lines of TypeScript, and says lines on its standard output. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface NodeProcess {
  readonly child: ChildProcess;
  /** The next line it says; rejects if it ends without one. */
  line(): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * @param code a module's text; imports from "#src/..." mean this repository's sources
 * @param within a command that runs it, as in `["unshare", "-m"]`
 */
export function nodeProcess(code: string, within: readonly string[] = []): NodeProcess {
  const source = code.replaceAll("#src/", `${ROOT}src/`);
  const args = [process.execPath, "--input-type=module-typescript", "--no-warnings", "-e", source];
  const [command = "", ...rest] = [...within, ...args];
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  });
  return {
    child,
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error("the process ended without a line");
      return next.value;
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
