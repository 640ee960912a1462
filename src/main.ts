/**
 * The composition root: the only reader of `process.argv` and `process.env`, and the only place that ends
 * the process. Hands the outside world to the verb that was called, and its outcome to the system.
 *
 *   1. which program: `prism VERB ...`, or `prism-daemon ...` for `prism daemon ...`
 *   2. what it may touch: environment, home folder, streams, the request to stop
 *   3. the verb, loaded when it is called
 *   4. its exit status, once all output has left
 */
import { appendFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join, resolve } from "node:path";
import { isatty } from "node:tty";
import { dispatch } from "./cli/dispatch.ts";
import { EXIT } from "./cli/exit-status.ts";
import { openOutput } from "./cli/output.ts";
import type { Runtime } from "./cli/runtime.ts";
import { readSources } from "./cli/settings.ts";
import { VERSION } from "./cli/version.ts";
import { PrismError } from "./domain/errors.ts";
import { ensurePrivateDir, type Home, homeAt } from "./host/home.ts";

const CRASH_FILE_BYTES_MAX = 1024 * 1024;
/** For the last lines on stderr: a reader that has stopped reading must not keep the process from its end. */
const LAST_LINES_MS_MAX = 2000;

/** A script under node: `argv[1]` is its path. Packaged: `argv[1]` is the name it was called by. */
const [, calledAs = "prism", ...words] = process.argv;
const isPackaged = process.getBuiltinModule("node:sea").isSea();
const env = process.env;
const out = openOutput(() => process.stdout, { isTerminal: isatty(1), env });
const err = openOutput(() => process.stderr, { isTerminal: isatty(2), env });

async function main(): Promise<void> {
  const stop = new AbortController();
  listenForStop(stop);
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  const asDaemon = /^prism-daemon(\.|$)/.test(basename(calledAs));
  const status = await dispatch(asDaemon ? ["daemon", ...words] : words, runtimeWith(stop.signal));
  await Promise.race([
    err.flush().catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, LAST_LINES_MS_MAX)),
  ]);
  process.exit(status);
}

function runtimeWith(stopped: AbortSignal): Runtime {
  let home: Home | undefined;
  const script = isPackaged ? [] : [...process.execArgv, resolve(calledAs)];
  return {
    env,
    cwd: process.cwd(),
    // Found when first asked for: help must work where there is no home.
    get home() {
      home ??= homeAt(env["PRISM_HOME"]);
      return home;
    },
    readSources() {
      return readSources(this.home, env);
    },
    version: VERSION,
    engine: { node: process.versions.node, flags: process.execArgv, packaged: isPackaged },
    out,
    err,
    input: {
      isTerminal: isatty(0),
      [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator](),
    },
    streams: () => ({ stdin: process.stdin, stdout: process.stdout }),
    stopped,
    self: { command: process.execPath, args: script },
    typedName: typedName(),
    now: Date.now,
    keepDetails,
  };
}

function typedName(): string {
  if (!isPackaged) return `node ${resolve(calledAs)}`;
  const isPath = isAbsolute(calledAs) || basename(calledAs) !== calledAs;
  return isPath ? resolve(calledAs) : calledAs;
}

/** The first request to stop is orderly, the second is not. */
function listenForStop(stop: AbortController): void {
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort(new PrismError("interrupted", `stopped by ${name}`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A closed terminal ends what runs in it; under nohup no stream is a terminal, and it stays.
  if (isatty(0) || isatty(1) || isatty(2)) process.on("SIGHUP", onSignal);
}

/** A bug outside of every verb's reach: one line for the person, the rest for the log. */
function crash(error: unknown): void {
  const kept = keepDetails(error);
  err.write("prism: something went wrong inside Prism\n");
  if (kept !== undefined) err.write(`  hint: the details are in ${kept}\n`);
  process.exit(EXIT.software);
}

function keepDetails(error: unknown): string | undefined {
  try {
    const { logDir } = homeAt(env["PRISM_HOME"]);
    ensurePrivateDir(logDir);
    const path = join(logDir, "crash.log");
    const full = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > CRASH_FILE_BYTES_MAX;
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const entry = `${new Date().toISOString()} prism ${VERSION} ${words[0] ?? ""}\n${details}\n\n`;
    appendFileSync(path, entry, { mode: 0o600, flag: full ? "w" : "a" });
    return path;
  } catch {
    return undefined;
  }
}

void main();
