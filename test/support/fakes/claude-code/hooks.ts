/** Hooks as child processes: the shell, the event on standard input, and what their output means. */
import { type ChildProcess, spawn } from "node:child_process";
import type { CommandHook } from "./settings.ts";

export interface HookEnd {
  readonly hook: CommandHook;
  /** Null: it was ended because it took too long. */
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Seconds, where the settings name none. */
const TIMEOUT_DEFAULT = 60;
/** A hook's output past this is cut off. */
const OUTPUT_CHARS_MAX = 10_000;

export class HookRunner {
  readonly #cwd: string;
  readonly #env: () => { readonly [name: string]: string | undefined };
  readonly #running = new Set<ChildProcess>();

  constructor(cwd: string, env: () => { readonly [name: string]: string | undefined }) {
    this.#cwd = cwd;
    this.#env = env;
  }

  run(hook: CommandHook, event: object, extra: { readonly [name: string]: string } = {}): Promise<HookEnd> {
    const child = spawn("/bin/sh", ["-c", hook.command], {
      cwd: this.#cwd,
      env: { ...this.#env(), ...extra },
      stdio: "pipe",
      // A group of its own, so that what the shell started ends with it.
      detached: true,
    });
    this.#running.add(child);
    let out = "";
    let err = "";
    let late = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(`${JSON.stringify(event)}\n`);
    const timer = setTimeout(
      () => {
        late = true;
        endGroup(child);
      },
      (hook.timeout ?? TIMEOUT_DEFAULT) * 1000,
    );
    return new Promise((resolve) => {
      child.once("close", (status) => {
        clearTimeout(timer);
        this.#running.delete(child);
        resolve({ hook, status: late ? null : status, out: out.slice(0, OUTPUT_CHARS_MAX), err });
      });
    });
  }

  /** Those that wait to wake a session end with it. */
  endAll(): void {
    for (const child of this.#running) endGroup(child);
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

export interface HookSays {
  readonly context: string | null;
  readonly block: string | null;
}

/** What one hook's end says to the model, and whether it holds the event back. */
export function meaning(event: string, { hook, status, out, err }: HookEnd): HookSays {
  // One that should have woken, where nothing is there to be woken.
  if (status === 2) return { context: null, block: hook.asyncRewake ? `[${hook.command}]: ${err}` : err };
  if (status !== 0) return { context: null, block: null };
  const answer = asJson(out);
  if (answer === null) {
    const speaks = out.trim() !== "" && (event === "SessionStart" || event === "UserPromptSubmit");
    return { context: speaks ? `${event} hook success: ${out.trim()}` : null, block: null };
  }
  const added = answer.hookSpecificOutput?.additionalContext;
  return {
    context: added === undefined ? null : `${event} hook additional context: ${added}`,
    block: answer.decision === "block" ? (answer.reason ?? "") : null,
  };
}

interface HookAnswer {
  readonly decision?: string;
  readonly reason?: string;
  readonly hookSpecificOutput?: { readonly additionalContext?: string };
}

function asJson(out: string): HookAnswer | null {
  try {
    const value: unknown = JSON.parse(out);
    return typeof value === "object" && value !== null ? (value as HookAnswer) : null;
  } catch {
    return null;
  }
}
