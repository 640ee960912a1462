/**
 * Real processes for the bench: the packaged executable as hub and daemons, in a home folder of their own.
 * Every child is ended by its own process id, also when the bench fails or is interrupted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const EXECUTABLE = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  "dist",
  process.platform === "win32" ? "prism.exe" : "prism",
);

/** A start takes a tenth of a second; a loaded machine may take long. */
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;

export interface Program {
  readonly pid: number;
  /** Called for each line of standard output from now on. */
  onLine(seen: (line: string) => void): void;
  /** Asks it to end in order, and waits; kills it after a while. */
  stop(): Promise<void>;
  /** SIGKILL, and waits. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
const homes = new Set<string>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(1));

/** A fresh folder, removed with all its content when the bench ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "prism-bench-"));
  homes.add(folder);
  return folder;
}

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function startProgram({ command, args, env }: ProgramOptions): Program {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const { pid } = child;
  if (pid === undefined) throw new Error(`"${command}" did not start`);
  const ended = new Promise<void>((settle) => {
    child.once("close", () => {
      running.delete(child);
      settle();
    });
  });
  const seers: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    for (const seen of seers) seen(line);
  });
  // The log goes there; it is read so that nobody waits on a full pipe, and shown only where asked for.
  child.stderr.on("data", (text) => {
    if (process.env["BENCH_LOG"] !== undefined) process.stderr.write(text);
  });
  return {
    pid,
    onLine: (seen) => seers.push(seen),
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await ended;
      clearTimeout(timer);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export interface Hub extends Program {
  readonly url: string;
  readonly port: number;
  readonly token: string;
}

/** @param home from `makeFolder`; a second hub of the same home finds what the first one left */
export async function startHub(home: string, listen = "127.0.0.1:0"): Promise<Hub> {
  const program = startProgram({
    command: EXECUTABLE,
    args: ["hub", "--listen", listen, "--data", join(home, "hub"), "--json", "--log-level", "warn"],
    env: { PRISM_HOME: home },
  });
  const told = JSON.parse(await firstLine(program, "hub")) as { url: string; port: number };
  const token = readFileSync(join(home, "token"), "utf8").trim();
  return { ...program, url: told.url, port: told.port, token };
}

export interface DaemonOptions {
  readonly home: string;
  readonly persona: string;
  readonly hubUrl: string;
  /** What is run instead of the executable. */
  readonly run?: Run;
}

/** A way to start Prism: `env` goes beside what the daemon needs, `args` before its own. */
export type Run = ProgramOptions;

export function startDaemon({ home, persona, hubUrl, run }: DaemonOptions): Program {
  const project = join(home, "bench");
  mkdirSync(project, { recursive: true });
  const place = ["--persona", persona, "--project", project, "--surface", "terminal", "--hub", hubUrl];
  return startProgram({
    command: run?.command ?? EXECUTABLE,
    args: [...(run?.args ?? []), "daemon", ...place],
    env: { PRISM_HOME: home, ...run?.env },
  });
}

function firstLine(program: Program, name: string): Promise<string> {
  return new Promise((settle, fail) => {
    const timer = setTimeout(
      () => fail(new Error(`the ${name} said nothing for ${START_MS_MAX} ms`)),
      START_MS_MAX,
    );
    program.onLine((line) => {
      clearTimeout(timer);
      settle(line);
    });
  });
}

/** Nanoseconds that all threads of a process have run so far. Linux only. */
export function cpuTimeNs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    return sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }, 0);
}
