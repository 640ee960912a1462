/**
 * The composition root: the only reader of `process.argv` and `process.env`, and the only place that ends
 * the process. Decides which program runs, and loads no more than that one:
 *
 *   1. `prism hook ...`, as an agent's client runs it at each event: straight to the daemon's socket
 *   2. everything else: `prism VERB ...`, and `prism-daemon ...` for `prism daemon ...`
 */

/** A script under node: `argv[1]` is its path. Packaged: `argv[1]` is the name it was called by. */
const [, calledAs = "prism", ...words] = process.argv;
const { env } = process;
const asDaemon = /(^|[/\\])prism-daemon(\.[^/\\]*)?$/.test(calledAs);

async function main(): Promise<void> {
  if (!asDaemon && words[0] === "hook") {
    const status = await hook(words.slice(1));
    if (status !== null) process.exit(status);
  }
  const { runProgram } = await import("./cli/program.ts");
  const status = await runProgram({
    words: asDaemon ? ["daemon", ...words] : words,
    calledAs,
    isPackaged: process.getBuiltinModule("node:sea").isSea(),
    env,
    exit: (status) => process.exit(status),
  });
  process.exit(status);
}

async function hook(rest: readonly string[]): Promise<number | null> {
  // Not even a bug may block an agent's prompt or tool.
  process.on("uncaughtException", (error) => void endHookQuietly(error));
  const { hookAtOnce } = await import("./cli/hook/at-once.ts");
  const status = await hookAtOnce(rest, { env, cwd: process.cwd(), parent: process.ppid });
  process.removeAllListeners("uncaughtException");
  return status;
}

async function endHookQuietly(error: unknown): Promise<void> {
  try {
    const [{ keepInCrashFile }, { homeAt }] = await Promise.all([
      import("./cli/crash-file.ts"),
      import("./host/home.ts"),
    ]);
    keepInCrashFile(error, "hook", () => homeAt(env["PRISM_HOME"]));
  } finally {
    process.exit(0);
  }
}

void main();
