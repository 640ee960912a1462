/**
 * Codex's hooks: found in hooks.json, run only when trusted, and skipped in silence when not. Trust is a hash in
 * config.toml under `hooks.state`, which changes with every word of the hook.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CodexHome, Json } from "./home.ts";

export const HOOK_EVENTS = {
  PreToolUse: "pre_tool_use",
  PermissionRequest: "permission_request",
  PostToolUse: "post_tool_use",
  SessionStart: "session_start",
  SessionEnd: "session_end",
  UserPromptSubmit: "user_prompt_submit",
  Stop: "stop",
} as const;

export type HookEvent = keyof typeof HOOK_EVENTS;

/** The words of `hooks/list`. */
export interface FoundHook extends Json {
  readonly key: string;
  readonly eventName: string;
  readonly command: string;
  readonly timeoutSec: number;
  readonly sourcePath: string;
  readonly source: "user" | "project";
  readonly matcher: string | null;
  readonly displayOrder: number;
  readonly currentHash: string;
  readonly trustStatus: "trusted" | "untrusted" | "modified";
}

/** What the hooks of one event said together. */
export interface HookSaying {
  readonly ran: readonly FoundHook[];
  readonly context: readonly string[];
  /** Why the prompt may not pass or the turn may not end, if a hook said so. */
  readonly block: string | null;
}

interface Group {
  readonly matcher?: string;
  readonly hooks: readonly {
    readonly command: string;
    readonly timeout?: number;
    readonly statusMessage?: string;
  }[];
}

const TIMEOUT_S = 600;
const SESSION_END_TIMEOUT_S_MAX = 3;

export function hooksOf(home: CodexHome, cwd: string): readonly FoundHook[] {
  const state = ((home.config()["hooks"] as Json | undefined)?.["state"] ?? {}) as {
    readonly [key: string]: { readonly trusted_hash?: string };
  };
  const files = [
    { path: join(home.root, "hooks.json"), source: "user" },
    { path: join(cwd, ".codex", "hooks.json"), source: "project" },
  ] as const;
  const found: FoundHook[] = [];
  for (const { path, source } of files) {
    if (!existsSync(path)) continue;
    const all = JSON.parse(readFileSync(path, "utf8")) as { hooks?: { [event: string]: Group[] } };
    for (const [event, snake] of Object.entries(HOOK_EVENTS)) {
      for (const [g, group] of (all.hooks?.[event] ?? []).entries()) {
        for (const [h, hook] of group.hooks.entries()) {
          const key = `${path}:${snake}:${g}:${h}`;
          const currentHash = hashOf(snake, group.matcher, hook);
          const trusted = state[key]?.trusted_hash;
          found.push({
            key,
            eventName: camel(snake),
            handlerType: "command",
            command: hook.command,
            async: false,
            matcher: group.matcher ?? null,
            timeoutSec: hook.timeout ?? TIMEOUT_S,
            statusMessage: hook.statusMessage ?? null,
            additionalContextLimit: null,
            sourcePath: path,
            source,
            pluginId: null,
            environmentId: null,
            displayOrder: found.length,
            enabled: true,
            isManaged: false,
            currentHash,
            trustStatus:
              trusted === undefined ? "untrusted" : trusted === currentHash ? "trusted" : "modified",
          });
        }
      }
    }
  }
  return found;
}

/** The lines by which config.toml says that these hooks, as they are now, may run. */
export function trustOf(hooks: readonly FoundHook[]): string {
  return hooks
    .map(
      ({ key, currentHash }) => `\n[hooks.state.${JSON.stringify(key)}]\ntrusted_hash = "${currentHash}"\n`,
    )
    .join("");
}

export interface HookRun {
  readonly home: CodexHome;
  readonly event: HookEvent;
  /** What the hook reads on its standard input. */
  readonly input: Json & { readonly cwd: string };
  /** Runs them whether they are trusted or not. */
  readonly bypassTrust: boolean;
  /** Told before and after each one. */
  told(phase: "hook/started" | "hook/completed", hook: FoundHook): void;
}

export async function runHooks({ home, event, input, bypassTrust, told }: HookRun): Promise<HookSaying> {
  const hooks = hooksOf(home, input.cwd).filter(
    (hook) => hook.eventName === camel(HOOK_EVENTS[event]) && (bypassTrust || hook.trustStatus === "trusted"),
  );
  const context: string[] = [];
  let block: string | null = null;
  for (const hook of hooks) {
    told("hook/started", hook);
    const { status, out, err } = await runOne(home, hook, input);
    const said = status === 0 ? asJson(out) : {};
    const specific = said["hookSpecificOutput"] as Json | undefined;
    const added = specific?.["additionalContext"];
    if (typeof added === "string" && specific?.["hookEventName"] === event) context.push(added);
    if (status === 2 && err.trim() !== "") {
      if (event === "PostToolUse") context.push(err.trim());
      else block ??= err.trim();
    } else if (said["decision"] === "block") block ??= String(said["reason"] ?? "");
    told("hook/completed", hook);
  }
  return { ran: hooks, context, block };
}

function runOne(home: CodexHome, hook: FoundHook, input: Json & { readonly cwd: string }) {
  const limitS = hook.eventName === "sessionEnd" ? SESSION_END_TIMEOUT_S_MAX : TIMEOUT_S;
  const path = `${join(home.root, "tmp", "arg0-linux")}:${home.env["PATH"] ?? ""}`;
  const child = spawn(home.env["SHELL"] ?? "/bin/sh", ["-c", hook.command], {
    cwd: input.cwd,
    env: { ...home.env, PATH: path },
    timeout: Math.min(hook.timeoutSec, limitS) * 1000,
    killSignal: "SIGKILL",
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
  child.stdin.end(JSON.stringify(input));
  return new Promise<{ status: number | null; out: string; err: string }>((resolve) => {
    child.once("error", () => resolve({ status: 127, out, err }));
    child.once("close", (status) => resolve({ status, out, err }));
  });
}

function asJson(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

/** Codex's own: the hash of the hook as JSON with sorted keys, what was left out filled in. */
function hashOf(event: string, matcher: string | undefined, hook: Group["hooks"][number]): string {
  const { command, statusMessage, timeout = TIMEOUT_S } = hook;
  const handler = {
    async: false,
    command,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    timeout,
  };
  const identity = { event_name: event, hooks: [{ ...handler, type: "command" }], matcher };
  return `sha256:${createHash("sha256").update(JSON.stringify(identity)).digest("hex")}`;
}

function camel(snake: string): string {
  return snake.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
