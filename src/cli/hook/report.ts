/**
 * What a client gives to its hooks, as Prism's own words, and Prism's answer as the client wants it. Claude Code
 * and Codex give and take the same JSON. Pure; reads leniently, since clients add to it with every version.
 * Source: observed on claude-code 2.1.329 and codex 0.169.0.
 */
import type { Address } from "../../domain/address.ts";
import { holdsBellWords } from "../../domain/bell-words.ts";
import { limits } from "../../domain/limits.ts";
import type { HookAnswer, HookEvent, HookParams } from "../../ipc/hook.ts";

export interface HookWorld {
  readonly address: Address;
  readonly client: string;
  readonly event: HookEvent;
  readonly env: { readonly [name: string]: string | undefined };
  /** The process that ran the hook, if it is the client's own. */
  readonly parent: number | null;
}

/** Members of a hook's standard input that are looked at: the first of them stand before anything long. */
interface Given {
  readonly session_id?: unknown;
  readonly transcript_path?: unknown;
  readonly cwd?: unknown;
  readonly source?: unknown;
  readonly reason?: unknown;
  readonly prompt?: unknown;
  readonly permission_mode?: unknown;
  readonly hook_event_name?: unknown;
  /** There if a helper of the session's own runs the tool: it has no say over the session. */
  readonly agent_id?: unknown;
}

/** Codex takes 10,000 characters, Claude Code as many. */
const SAY_CHARS_MAX = 9000;

/** @returns null if there is nothing to report: no session is named, or a session's own helper speaks */
export function reportOf(stdin: string, world: HookWorld): HookParams | null {
  const given = parsed(stdin);
  const session = short(given.session_id, limits.keyBytesMax);
  if (session === undefined) return null;
  if (given.agent_id !== undefined && world.event !== "session-end") return null;
  const { env, client, event, address } = world;
  if (event === "wait" && !mayBlock(given.hook_event_name, world)) return null;
  const prompt = typeof given.prompt === "string" ? given.prompt : "";
  const isBell = event === "user-prompt-submit" && holdsBellWords(prompt, address);
  const inboxPath = short(env["CLAUDE_CODE_MESSAGING_SOCKET"], 4096);
  const inboxToken = short(env["CLAUDE_CODE_MESSAGING_TOKEN"], 512);
  const pid = Number.parseInt(env["CLAUDE_PID"] ?? "", 10);
  return withoutAbsent({
    event,
    client,
    session,
    cwd: short(given.cwd, 4096),
    transcript: short(given.transcript_path, 4096),
    pid: Number.isSafeInteger(pid) && pid > 0 ? pid : (world.parent ?? undefined),
    version: versionIn(env["AI_AGENT"]),
    reason: short(given.source ?? given.reason, 64),
    inboxPath,
    inboxToken: inboxPath === undefined ? undefined : inboxToken,
    isBell: isBell || undefined,
    via: isBell && /^\s*<cross-session-message\s/.test(prompt) ? "inbox" : undefined,
    mode: short(given.permission_mode, 64),
  });
}

/** What goes to standard output, or null: the hook ends without a word. */
export function outputOf(event: HookEvent, answer: HookAnswer): string | null {
  if (answer.say === null) return null;
  const say = answer.say.slice(0, SAY_CHARS_MAX);
  switch (event) {
    case "stop":
      return answer.hold ? JSON.stringify({ decision: "block", reason: say }) : null;
    case "session-start":
    case "user-prompt-submit":
    case "post-tool-use": {
      const hookEventName = CLIENT_NAMES[event];
      return JSON.stringify({ hookSpecificOutput: { hookEventName, additionalContext: say } });
    }
    default:
      return null;
  }
}

const CLIENT_NAMES = {
  "session-start": "SessionStart",
  "user-prompt-submit": "UserPromptSubmit",
  "post-tool-use": "PostToolUse",
} as const;

/** As the client calls the events at which it runs such a hook beside the session, and not in its way. */
const BESIDE = new Set<unknown>(["SessionStart", "Stop"]);

/**
 * Only where it is known to do no harm. Codex waits for every hook, and takes its status 2 for a refusal; so does
 * Claude Code at other events; and without a person at its terminal it runs no turn before such a hook has ended.
 */
function mayBlock(eventName: unknown, { client, env }: HookWorld): boolean {
  if (client !== "claude-code" || !BESIDE.has(eventName)) return false;
  return env["CLAUDE_CODE_ENTRYPOINT"] === "cli" && env["CLAUDE_CODE_SESSION_ATTENDED"] !== "0";
}

/** What was cut off at its bound is not whole JSON, but its first members are all that is needed. */
function parsed(stdin: string): Given {
  try {
    const value: unknown = JSON.parse(stdin);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    const session = /^\s*\{\s*"session_id"\s*:\s*"([^"\\]{1,128})"/.exec(stdin);
    // Too many words of a session's own are passed over rather than one of a helper's taken for the session's.
    if (session === null || stdin.includes('"agent_id"')) return {};
    return { session_id: session[1] };
  }
}

/** `claude-code_2-1-329_harness`: the version stands nowhere else. */
function versionIn(agent: string | undefined): string | undefined {
  const match = /_(\d{1,5}(?:-\d{1,5}){1,3})(?:_|$)/.exec(agent ?? "");
  return match?.[1]?.replaceAll("-", ".");
}

function short(value: unknown, charsMax: number): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= charsMax ? value : undefined;
}

type Possible<T> = { readonly [K in keyof T]: T[K] | undefined };

function withoutAbsent(params: Possible<Required<HookParams>>): HookParams {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)) as HookParams;
}
