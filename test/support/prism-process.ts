/**
 * The built executable as a child process, the way a shell starts it: with an environment of its own, and a
 * home folder that is taken away again. `PRISM_BIN` names another build.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const EXECUTABLE = process.env["PRISM_BIN"] ?? join(import.meta.dirname, "../../dist/prism");

/** Only what a program needs to start; a developer's own settings stay out. */
const BASE_ENV = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LANG: "C.UTF-8" };

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** Runs as this user: for permissions, which do not hold root back. */
  readonly uid?: number;
  readonly command?: string;
}

export function run(home: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(options.command ?? EXECUTABLE, args, {
    env: { ...BASE_ENV, PRISM_HOME: home, ...options.env },
    cwd: options.cwd ?? tmpdir(),
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, out, err }));
  });
}

export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Its first line, as JSON. */
  readonly facts: { readonly [key: string]: unknown };
  /** What it printed after that, a line each. */
  readonly lines: string[];
  readonly errors: () => string;
  /** Settles at the next line that it prints after this call, or that is there already and was not taken. */
  nextLine(): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

const started = new Set<ChildProcess>();

/** Ends whatever a test that failed has left running. */
export function endStarted(): void {
  for (const child of started) child.kill("SIGKILL");
}

/** Starts `hub` or `daemon` with `--json`, and waits for the line that says it stands. */
export async function start(
  home: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Program> {
  const child = spawn(options.command ?? EXECUTABLE, [...args, "--json"], {
    env: { ...BASE_ENV, PRISM_HOME: home, ...options.env },
    cwd: options.cwd ?? tmpdir(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const lines: string[] = [];
  let taken = 0;
  let heard: (() => void) | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    heard?.();
  });
  started.add(child);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (status) => resolve(status)));
  void exited.then(() => started.delete(child));
  const nextLine = async (): Promise<string> => {
    for (;;) {
      const line = lines[taken];
      if (line !== undefined) {
        taken += 1;
        return line;
      }
      const arrived = new Promise<"line">((resolve) => {
        heard = () => resolve("line");
      });
      const what = await Promise.race([arrived, exited]);
      if (what !== "line" && lines[taken] === undefined) {
        throw new Error(`prism ${args[0]} ended with ${what} before it said more: ${errors}`);
      }
    }
  };
  return {
    pid: child.pid ?? 0,
    child,
    facts: JSON.parse(await nextLine()),
    lines,
    errors: () => errors,
    nextLine,
    async kill(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

/** A home and whatever else a test needs on disk, gone afterwards. */
export function scratch(): { readonly path: string; folder(name: string): string; remove(): void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "prism-e2e-")));
  chmodSync(path, 0o755);
  return {
    path,
    folder(name) {
      const made = join(path, name);
      mkdirSync(made, { recursive: true });
      return made;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
