/**
 * A verb from its words to its exit status, in a process of its own: makes the outside world that the verb is
 * handed, listens for the request to stop, and sees to it that a bug ends in one line for the person and its
 * details in a file. Reads neither arguments nor environment and ends nothing by itself: `main.ts` hands in both.
 */
import { fstatSync } from "node:fs";
import { basename, isAbsolute, resolve } from "node:path";
import { PrismError } from "../domain/errors.ts";
import { type Home, homeAt } from "../host/home.ts";
import { keepInCrashFile } from "./crash-file.ts";
import { dispatch } from "./dispatch.ts";
import { EXIT, type ExitStatus } from "./exit-status.ts";
import { openOutput } from "./output.ts";
import type { Output, Runtime } from "./runtime.ts";
import { readSources } from "./settings.ts";
import { VERSION } from "./version.ts";

/** For the last lines on stderr: a reader that has stopped reading must not keep the process from its end. */
const LAST_LINES_MS_MAX = 2000;

/** For what verbs have asked to be done last: each bounds itself, and within this. */
const ENDING_MS_MAX = 5000;

export interface ProgramStart {
  /** What stands after the program's name. */
  readonly words: readonly string[];
  /** The script's path under node; packaged, the name that it was called by. */
  readonly calledAs: string;
  readonly isPackaged: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  /** Ends the process at once. */
  readonly exit: (status: ExitStatus) => never;
}

/** @returns the exit status, once all output has left */
export async function runProgram(start: ProgramStart): Promise<ExitStatus> {
  const { words, env } = start;
  const stop = new AbortController();
  const out = openOutput(() => process.stdout, { isTerminal: () => isTerminal(1), env });
  const err = openOutput(() => process.stderr, { isTerminal: () => isTerminal(2), env });
  const runtime = runtimeWith(start, { out, err, stopped: stop.signal });
  listenForStop(stop, start.exit);
  let isCrashing = false;
  const crash = (error: unknown): void => {
    if (isCrashing) start.exit(EXIT.software);
    isCrashing = true;
    tellCrash(error, runtime);
    void runtime.ended(error).then(() => start.exit(EXIT.software));
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  const status = await dispatch(words, runtime);
  await Promise.race([
    err.flush().catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, LAST_LINES_MS_MAX)),
  ]);
  return status;
}

function runtimeWith(
  start: ProgramStart,
  streams: { readonly out: Output; readonly err: Output; readonly stopped: AbortSignal },
): Runtime {
  const { words, calledAs, isPackaged, env } = start;
  let atEnd: ((failure: unknown) => Promise<void>)[] = [];
  let home: Home | undefined;
  const homeHere = (): Home => {
    home ??= homeAt(env["PRISM_HOME"]);
    return home;
  };
  return {
    ...streams,
    env,
    cwd: process.cwd(),
    // Found when first asked for: help must work where there is no home.
    get home() {
      return homeHere();
    },
    readSources: () => readSources(homeHere(), env),
    version: VERSION,
    engine: { node: process.versions.node, flags: process.execArgv, packaged: isPackaged },
    input: {
      get isTerminal() {
        return isTerminal(0);
      },
      [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator](),
    },
    streams: () => ({ stdin: process.stdin, stdout: process.stdout }),
    self: { command: process.execPath, args: isPackaged ? [] : [...process.execArgv, resolve(calledAs)] },
    typedName: typedName(start),
    now: Date.now,
    atEnd: (work) => void atEnd.push(work),
    async ended(failure) {
      const works = atEnd.toReversed();
      atEnd = [];
      const timeUp = new Promise((resolve) => setTimeout(resolve, ENDING_MS_MAX).unref());
      const done = Promise.all(works.map((work) => work(failure).catch(() => {})));
      if (works.length > 0) await Promise.race([done, timeUp]);
    },
    keepDetails: (error) => keepInCrashFile(error, words[0] ?? "", homeHere),
  };
}

function typedName({ calledAs, isPackaged }: ProgramStart): string {
  if (!isPackaged) return `node ${resolve(calledAs)}`;
  const isPath = isAbsolute(calledAs) || basename(calledAs) !== calledAs;
  return isPath ? resolve(calledAs) : calledAs;
}

/** The first request to stop is orderly, the second is not. */
function listenForStop(stop: AbortController, exit: ProgramStart["exit"]): void {
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) exit(EXIT.interrupted);
    stop.abort(new PrismError("interrupted", `stopped by ${name}`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A closed terminal ends what runs in it; under nohup no stream is a terminal, and it stays.
  if (isTerminal(0) || isTerminal(1) || isTerminal(2)) process.on("SIGHUP", onSignal);
}

/** A bug outside of every verb's reach: one line for the person, the rest for the log. */
function tellCrash(error: unknown, { err, keepDetails }: Runtime): void {
  const kept = keepDetails(error);
  err.write("prism: something went wrong inside Prism\n");
  if (kept !== undefined) err.write(`  hint: the details are in ${kept}\n`);
}

/**
 * node:tty is asked only of what may be a terminal: loading it takes 3 ms, and most starts (hooks, services,
 * pipes) have none. On Windows the look by itself says nothing sure.
 */
function isTerminal(descriptor: number): boolean {
  try {
    if (process.platform !== "win32" && !fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}
