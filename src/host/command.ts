/**
 * One command in a process group of its own: started, watched, ended in time, with the last line of what it said
 * on its standard error, and spoken with in lines where that is asked for. Loaded at the first ring alone: a daemon that never rings never loads node:child_process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { printable } from "../domain/address.ts";
import { errnoOf } from "./fs-error.ts";
import { signalGroup } from "./process-group.ts";

/** What to start: a line for the shell, or a program with its arguments. */
export type CommandLine = { readonly shell: string } | { readonly argv: readonly [string, ...string[]] };

export type Ending =
  | { readonly kind: "exited"; readonly status: number; readonly lastLine: string }
  | { readonly kind: "killed"; readonly signal: string; readonly lastLine: string }
  | { readonly kind: "timedOut"; readonly lastLine: string }
  /** By `stop`. */
  | { readonly kind: "stopped"; readonly lastLine: string }
  | { readonly kind: "notStarted"; readonly reason: string; readonly lastLine: "" };

export interface RunningCommand {
  /** Settles once nothing of it runs any more, as far as it can be ended. Never rejects. */
  readonly ended: Promise<Ending>;
  /** Asks it to end (SIGTERM), then makes it (SIGKILL). Safe to call again. */
  stop(): void;
  /** To its standard input, where `isAsked` is given; lost if it has ended. */
  write(text: string): void;
}

export interface CommandFrame {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Null: as long as it likes. */
  readonly timeoutMs: number | null;
  /** Called with each line of its standard output, which is thrown away without. */
  readonly said?: (line: string) => void;
  /** True: its standard input stays open for `write`. */
  readonly isAsked?: boolean;
}

/** Between asking and making. */
const GRACE_MS = 2000;
/** After the end: what it said last may still be in the pipe, and a stray child may hold that open for ever. */
const PIPE_MS_MAX = 200;
/** Kept of what it says, from the end. */
const TAIL_BYTES_MAX = 4096;
const LAST_LINE_CHARS_MAX = 200;
/** A longer line of its output is passed over: nobody waits for a whole file in one. */
const SAID_CHARS_MAX = 4 * 1024 * 1024;

export function startCommand(line: CommandLine, frame: CommandFrame): RunningCommand {
  let child: ChildProcess;
  try {
    child = launch(line, frame);
  } catch (error) {
    return notStarted(spawnReason(line, frame, errnoOf(error)));
  }
  const tail = tailOf(child);
  if (frame.said !== undefined) hearLines(child, frame.said);
  // It may end before it has read anything.
  child.stdin?.on("error", () => {});
  let why: "timedOut" | "stopped" | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  let exited = false;

  function end(reason: "timedOut" | "stopped"): void {
    if (exited || why !== undefined) return;
    why = reason;
    signalGroup(child, "SIGTERM");
    killTimer = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
  }

  const { timeoutMs } = frame;
  const timeout = timeoutMs === null ? undefined : setTimeout(() => end("timedOut"), timeoutMs);
  const ended = new Promise<Ending>((resolve) => {
    const settle = (ending: Ending) => {
      clearTimeout(timeout);
      clearTimeout(killTimer);
      resolve(ending);
    };
    child.once("error", (error) => {
      // The same event tells that a signal could not be sent; that is no ending.
      if (child.pid !== undefined) return;
      settle({ kind: "notStarted", reason: spawnReason(line, frame, errnoOf(error)), lastLine: "" });
    });
    child.once("exit", (status, signal) => {
      exited = true;
      clearTimeout(killTimer);
      // What it left in its group goes with it.
      signalGroup(child, "SIGKILL");
      void tail.drained().then((lastLine) => {
        if (why !== undefined) settle({ kind: why, lastLine });
        else if (signal !== null) settle({ kind: "killed", signal, lastLine });
        else settle({ kind: "exited", status: status ?? 0, lastLine });
      });
    });
  });
  return { ended, stop: () => end("stopped"), write: (text) => void child.stdin?.write(text) };
}

function launch(line: CommandLine, frame: CommandFrame): ChildProcess {
  const stdio: ("pipe" | "ignore")[] = [
    frame.isAsked === true ? "pipe" : "ignore",
    frame.said === undefined ? "ignore" : "pipe",
    "pipe",
  ];
  const options = {
    cwd: frame.cwd,
    env: frame.env,
    // A group of its own on POSIX, to be ended as a whole; on Windows it would be a window of its own.
    detached: process.platform !== "win32",
    windowsHide: true,
    stdio,
  };
  if ("shell" in line) return spawn(line.shell, { ...options, shell: true });
  const [program, ...rest] = line.argv;
  return spawn(program, rest, options);
}

function hearLines(child: ChildProcess, said: (line: string) => void): void {
  let unread = "";
  /** Within a line that is too long already. */
  let isPassedOver = false;
  child.stdout?.setEncoding("utf8");
  child.stdout?.on("error", () => {});
  child.stdout?.on("data", (chunk: string) => {
    const lines = chunk.split("\n");
    lines[0] = unread + lines[0];
    unread = lines.pop() ?? "";
    for (const line of lines) {
      if (!isPassedOver) said(line);
      isPassedOver = false;
    }
    if (unread.length <= SAID_CHARS_MAX) return;
    unread = "";
    isPassedOver = true;
  });
}

/** The last line on standard error, out of a bounded tail. */
function tailOf(child: ChildProcess): { drained(): Promise<string> } {
  let tail = Buffer.alloc(0);
  child.stderr?.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES_MAX);
  });
  child.stderr?.on("error", () => {});
  const closed = new Promise<void>((resolve) => {
    if (child.stderr === null) resolve();
    else child.stderr.once("close", () => resolve());
  });
  return {
    async drained() {
      const timer = setTimeout(() => child.stderr?.destroy(), PIPE_MS_MAX);
      await closed;
      clearTimeout(timer);
      return lastLineOf(tail.toString("utf8"));
    },
  };
}

function lastLineOf(said: string): string {
  const last =
    said
      .trimEnd()
      .split(/[\r\n]+/)
      .at(-1) ?? "";
  const shown = printable(last.trim(), Number.POSITIVE_INFINITY);
  // The end of a long line says more than its beginning: what failed stands behind where it failed.
  return shown.length > LAST_LINE_CHARS_MAX ? `...${shown.slice(-LAST_LINE_CHARS_MAX)}` : shown;
}

function notStarted(reason: string): RunningCommand {
  return { ended: Promise.resolve({ kind: "notStarted", reason, lastLine: "" }), stop() {}, write() {} };
}

/** The system gives one errno for a missing program and a missing folder. */
function spawnReason(line: CommandLine, frame: CommandFrame, errno: string): string {
  if (!isFolder(frame.cwd)) return `the project's folder "${printable(frame.cwd, 200)}" does not exist`;
  const program = "shell" in line ? "the shell" : `"${printable(line.argv[0], 200)}"`;
  switch (errno) {
    case "ENOENT":
      return `the command could not be started: ${program} was not found`;
    case "EACCES":
    case "EPERM":
      return `the command could not be started: ${program} may not be executed by this user`;
    case "E2BIG":
      return "the command could not be started: its arguments and environment are too long";
    case "EAGAIN":
    case "ENOMEM":
    case "EMFILE":
      return `the command could not be started: this host has no room for another process (${errno})`;
    default:
      return `the command could not be started${errno === "" ? "" : ` (${errno})`}`;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
