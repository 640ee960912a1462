/**
 * The tour's processes: real ones, started from this same program, each in a home of the tour's own. Every
 * one of them ends when this process does, however that happens: their standard input is a pipe from here,
 * and they stop when it ends. Knows nothing of the story that is told with them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ErrorReport, errorOf, PrismError } from "../../domain/errors.ts";
import type { Runtime } from "../runtime.ts";

/** A start takes 60 ms packaged and 300 ms from sources; a machine under load may take many times that. */
const READY_MS_MAX = 20_000;
const COMMAND_MS_MAX = 30_000;
const END_MS_MAX = 8_000;
const OUTPUT_CHARS_MAX = 1024 * 1024;

export interface RunningChild {
  readonly name: string;
  readonly pid: number;
  /** What it printed first, as JSON. */
  readonly facts: { readonly [key: string]: unknown };
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  isRunning(): boolean;
  /** Hears every further line that it prints. */
  onLine(hear: (line: string) => void): void;
  /** Sends an operating-system signal. */
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  /** Asks it to end in order, and insists after a while. */
  end(): Promise<void>;
}

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Stage {
  /** Starts a program that stays, and waits for its first line. @throws PrismError with its last words */
  start(name: string, args: readonly string[]): Promise<RunningChild>;
  /** Runs a verb to its end. */
  run(args: readonly string[]): Promise<Ran>;
  /** Ends all that still run, the last started first. */
  end(): Promise<void>;
}

export function openStage(home: string, runtime: Runtime): Stage {
  const running: RunningChild[] = [];
  const env = stageEnv(home, runtime.env);
  const { command, args: ownArgs } = runtime.self;
  return {
    async start(name, args) {
      const logPath = join(home, `${name}.log`);
      const log = openSync(logPath, "a", 0o600);
      const child = spawn(command, [...ownArgs, ...args, "--until-eof"], {
        env,
        stdio: ["pipe", "pipe", log],
        // In a group of its own: Ctrl-C is for the tour alone, which then ends the others in order.
        detached: process.platform !== "win32",
        windowsHide: true,
      });
      closeSync(log);
      const started = await ready(name, child, logPath);
      running.push(started);
      return started;
    },
    run: (args) =>
      run(
        spawn(command, [...ownArgs, ...args], { env, stdio: ["ignore", "pipe", "pipe"], windowsHide: true }),
      ),
    async end() {
      for (const child of running.splice(0).reverse()) await child.end();
    },
  };
}

/** Nothing of the user's own prism reaches the tour: neither settings nor a token. */
function stageEnv(home: string, env: Runtime["env"]): { readonly [name: string]: string | undefined } {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith("PRISM_"));
  return { ...Object.fromEntries(kept), PRISM_HOME: home };
}

async function ready(name: string, child: ChildProcess, logPath: string): Promise<RunningChild> {
  const { stdout, stdin } = child;
  if (stdout === null || stdin === null) throw new PrismError("internal", `the ${name} has no pipes`);
  // It may end first; that is not this side's failure.
  stdin.on("error", () => {});
  let isRunning = true;
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  }).then(() => {
    isRunning = false;
  });
  const lines = createInterface({ input: stdout });
  const first = await Promise.race([
    new Promise<string>((resolve) => lines.once("line", resolve)),
    ended.then(() => undefined),
    elapsed(READY_MS_MAX),
  ]);
  if (first === undefined) {
    child.kill("SIGKILL");
    throw new PrismError("daemon_unreachable", `the ${name} did not start`, { hint: lastWords(logPath) });
  }
  const facts = factsIn(first);
  if ("error" in facts) throw errorOf(facts["error"] as ErrorReport);
  return {
    name,
    pid: child.pid ?? 0,
    facts,
    ended,
    isRunning: () => isRunning,
    onLine: (hear) => void lines.on("line", hear),
    kill: (signal) => void child.kill(signal),
    async end() {
      if (!isRunning) return;
      child.kill("SIGCONT");
      stdin.end();
      await Promise.race([ended, elapsed(END_MS_MAX)]);
      if (!isRunning) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function factsIn(line: string): { readonly [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as { [key: string]: unknown }) : {};
  } catch {
    return {};
  }
}

function run(child: ChildProcess): Promise<Ran> {
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (out.length < OUTPUT_CHARS_MAX) out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (err.length < OUTPUT_CHARS_MAX) err += text;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS_MAX);
  return new Promise((resolve) => {
    const settle = (status: number): void => {
      clearTimeout(timer);
      resolve({ status, out, err });
    };
    child.once("error", () => settle(-1));
    child.once("close", (code) => settle(code ?? -1));
  });
}

/** Resolves to undefined. Unreferenced: a wait that lost its race keeps nobody here. */
function elapsed(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

function lastWords(logPath: string): string {
  try {
    const words = readFileSync(logPath, "utf8").trim().split("\n").slice(-2).join(" / ");
    return words === "" ? `its log ${logPath} is empty` : words.slice(-600);
  } catch {
    return `see ${logPath}`;
  }
}
