/**
 * One command of attach-time work, in a process group of its own: started, its output read line by line, ended as a
 * whole in time, and ended as a whole if the daemon dies. Loaded when there is something to run: it holds
 * node:child_process.
 *
 * On POSIX a shell leads the group and keeps a guard beside the command. The guard reads from a pipe whose other end
 * only the daemon holds: the kernel closes it however the daemon dies, and the guard then ends the group. On Windows
 * there is no such thing without a job object, which Node has none of: a daemon that is killed there leaves the
 * command to end by itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants as osConstants } from "node:os";
import type { Readable } from "node:stream";
import { printable } from "../domain/address.ts";
import type { CommandLine } from "../host/command.ts";
import { errnoOf } from "../host/fs-error.ts";
import { signalGroup } from "../host/process-group.ts";
import { lineCutter } from "./output-log.ts";

export interface RunFrame {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly cancelled: AbortSignal;
  /** A line that it said, harmless to show. */
  readonly said: (line: string, on: "stdout" | "stderr") => void;
  /** Once it runs: the leader of its group. */
  readonly started: (pid: number) => void;
}

export type Ending =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "timedOut" }
  | { readonly kind: "cancelled" };

/** Between asking and making. */
const GRACE_MS = 2000;
/** After its end: what it said last may still be in the pipe, and a stray child may hold that open for ever. */
const PIPE_MS_MAX = 500;
/** More than any tool says that works; what floods is slowed down, so that the daemon has time for its own work. */
const BYTES_PER_TURN = 256 * 1024;
const TURN_MS = 100;

/**
 * fd 3 is the daemon's pipe. The trap keeps the leader alive until the command has ended in its own way; a trap that
 * does something is not inherited by the command, an ignored signal would be.
 */
const GUARDED = `( trap '' TERM INT HUP; read -r _ <&3; kill -TERM 0; sleep ${GRACE_MS / 1000}; kill -KILL 0 ) >/dev/null 2>&1 &
exec 3<&-
trap : TERM INT HUP
"$@"
exit $?`;

/** Settles once nothing of the command runs any more, as far as it can be ended. Never rejects. */
export function runCommand(command: CommandLine, frame: RunFrame): Promise<Ending> {
  if (frame.cancelled.aborted) return Promise.resolve({ kind: "cancelled" });
  let child: ChildProcess;
  try {
    child = launch(command, frame);
  } catch (error) {
    return Promise.resolve({ kind: "failed", reason: startFailure(command, errnoOf(error)) });
  }
  return watched(child, command, frame);
}

function watched(child: ChildProcess, command: CommandLine, frame: RunFrame): Promise<Ending> {
  let why: "timedOut" | "cancelled" | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const { promise: killed, resolve: madeToEnd } = Promise.withResolvers<void>();
  const outputs = [
    readLines(child.stdout, (line) => frame.said(line, "stdout")),
    readLines(child.stderr, (line) => frame.said(line, "stderr")),
  ];
  // The guard's pipe is never written to; that its other end is gone is no news.
  child.stdio[3]?.on("error", () => {});
  const end = (reason: "timedOut" | "cancelled"): void => {
    if (why !== undefined) return;
    why = reason;
    signalGroup(child, "SIGTERM");
    killTimer = setTimeout(() => {
      signalGroup(child, "SIGKILL");
      madeToEnd();
    }, GRACE_MS);
  };
  const timeout = setTimeout(() => end("timedOut"), frame.timeoutMs);
  const cancel = (): void => end("cancelled");
  frame.cancelled.addEventListener("abort", cancel, { once: true });
  if (child.pid !== undefined) frame.started(child.pid);

  return new Promise<Ending>((resolve) => {
    const settle = (ending: Ending): void => {
      clearTimeout(timeout);
      clearTimeout(killTimer);
      frame.cancelled.removeEventListener("abort", cancel);
      resolve(ending);
    };
    child.once("error", (error) => {
      // The same event tells that a signal could not be sent; that is no ending.
      if (child.pid !== undefined) return;
      settle({ kind: "failed", reason: startFailure(command, errnoOf(error)) });
    });
    child.once("exit", async (status, signal) => {
      // A shell that was asked to end may be gone before the tool that it called, which has its grace all the same.
      if (why !== undefined) await Promise.race([killed, Promise.all(outputs.map(({ closed }) => closed))]);
      // The guard and what the command left in its group go with it.
      signalGroup(child, "SIGKILL");
      child.stdio[3]?.destroy();
      await Promise.all(outputs.map(({ drain }) => drain()));
      settle(why === undefined ? endingOf(status, signal) : { kind: why });
    });
  });
}

function launch(command: CommandLine, frame: RunFrame): ChildProcess {
  const { cwd, env } = frame;
  if (process.platform === "win32") {
    const options = { cwd, env, windowsHide: true, stdio: ["ignore", "pipe", "pipe"] as PipedStdio };
    if ("shell" in command) return spawn(command.shell, { ...options, shell: true });
    const [program, ...args] = command.argv;
    // Scripts such as npm.cmd run in the system's shell alone; no argument of a plan has a quote or a caret.
    if (/\.(cmd|bat)$/i.test(program)) return spawn(quotedLine(command.argv), { ...options, shell: true });
    return spawn(program, args, options);
  }
  const argv = "shell" in command ? ["/bin/sh", "-c", command.shell] : command.argv;
  const stdio = ["ignore", "pipe", "pipe", "pipe"] as ["ignore", "pipe", "pipe", "pipe"];
  return spawn("/bin/sh", ["-c", GUARDED, "sh", ...argv], { cwd, env, detached: true, stdio });
}

type PipedStdio = ["ignore", "pipe", "pipe"];

function quotedLine(argv: readonly string[]): string {
  return argv.map((word) => (/[\s&()]/.test(word) ? `"${word}"` : word)).join(" ");
}

interface Output {
  /** Nobody holds its other end any more. */
  readonly closed: Promise<void>;
  /** Settles once all of it is read, soon after the end even if a stray child holds it open. */
  drain(): Promise<void>;
}

/** Reads a stream by lines, slowly enough. */
function readLines(stream: Readable | null, line: (text: string) => void): Output {
  if (stream === null) return { closed: Promise.resolve(), drain: () => Promise.resolve() };
  const cutter = lineCutter(line);
  let bytes = 0;
  let turn: NodeJS.Timeout | undefined;
  stream.on("data", (chunk: Buffer) => {
    cutter.feed(chunk);
    bytes += chunk.length;
    if (bytes < BYTES_PER_TURN || turn !== undefined) return;
    stream.pause();
    turn = setTimeout(() => {
      turn = undefined;
      bytes = 0;
      stream.resume();
    }, TURN_MS);
  });
  stream.on("error", () => {});
  const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  return {
    closed,
    async drain() {
      // What it said last is read without a pause.
      clearTimeout(turn);
      stream.resume();
      const timer = setTimeout(() => stream.destroy(), PIPE_MS_MAX);
      await closed;
      clearTimeout(timer);
      clearTimeout(turn);
      cutter.end();
    },
  };
}

function endingOf(status: number | null, signal: NodeJS.Signals | null): Ending {
  if (status === 0) return { kind: "succeeded" };
  const killedBy = signal ?? signalIn(status ?? 0);
  return {
    kind: "failed",
    reason: killedBy === undefined ? `it ended with status ${status}` : `it was ended by ${killedBy}`,
  };
}

/** A shell tells of a command's death by 128 and the signal's number. */
function signalIn(status: number): string | undefined {
  if (status <= 128) return undefined;
  return Object.entries(osConstants.signals).find(([, number]) => number === status - 128)?.[0];
}

/** The system gives one errno for a missing program and a missing folder; both were there when they were looked for. */
function startFailure(command: CommandLine, errno: string): string {
  const what = "shell" in command ? "the shell" : printable(command.argv[0], 200);
  switch (errno) {
    case "ENOENT":
      return `${what} could not be started: it, or the project's folder, is gone`;
    case "EAGAIN":
    case "ENOMEM":
    case "EMFILE":
      return `${what} could not be started: this host has no room for another process (${errno})`;
    default:
      return `${what} could not be started${errno === "" ? "" : ` (${errno})`}`;
  }
}
