/**
 * What Claude Code itself writes about its live sessions: one small file per process, there exactly while it lives.
 * Truer than hooks, which don't hear of a turn that a person interrupted. Reads only, and leniently: the client may
 * change it with any version, and what can't be read is as if it were not there.
 *
 * Source: observed on 2.1.329, `<config>/sessions/<pid>.json`.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isProcessAlive } from "../../host/process-alive.ts";
import type { AgentSession } from "../agent-side.ts";

export interface SessionFile {
  readonly pid: number;
  /** The conversation that is open in it now. */
  readonly sessionId: string;
  readonly cwd: string | null;
  readonly version: string | null;
  /** `idle`, `busy`, `waiting`, or a later version's own word. */
  readonly status: string | null;
  /** What it waits for, as in `permission prompt`. */
  readonly waitingFor: string | null;
  /** When the status was last set: epoch milliseconds. */
  readonly statusAtMs: number;
  readonly inboxPath: string | null;
  /** Of the messages that its inbox takes. */
  readonly peerProtocol: number | null;
}

type Env = { readonly [name: string]: string | undefined };

/** A session's is half a kilobyte; a user's settings are seldom ten. */
const FILE_BYTES_MAX = 256 * 1024;
/** More processes of one user's than anybody runs; beyond it the oldest names are looked at. */
const FILES_MAX = 256;

/** The client's own folder, as the session's transcript shows it, or as the daemon's environment does. */
export function configFolderOf(transcript: string | null, env: Env): string {
  // <config>/projects/<slug>/<session>.jsonl
  const projects = transcript === null ? "" : dirname(dirname(transcript));
  if (basename(projects) === "projects") return dirname(projects);
  return env["CLAUDE_CONFIG_DIR"] || join(env["HOME"] ?? env["USERPROFILE"] ?? "/", ".claude");
}

/** The file of a session, by its process where that is known and still has this conversation, else by its id. */
export function sessionFileOf(session: AgentSession, env: Env): SessionFile | null {
  const folder = configFolderOf(session.transcript, env);
  const own = session.pid === null ? null : readFile(folder, `${session.pid}.json`);
  if (own !== null && own.sessionId === session.id) return own;
  return sessionFiles(folder).find(({ sessionId }) => sessionId === session.id) ?? own;
}

/** Every session that the client lists in this folder and whose process lives. */
export function sessionFiles(folder: string): readonly SessionFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(join(folder, "sessions"));
  } catch {
    return [];
  }
  return (
    names
      .filter((name) => /^\d+\.json$/.test(name))
      .slice(0, FILES_MAX)
      .flatMap((name) => readFile(folder, name) ?? [])
      // A client that was killed leaves its file behind.
      .filter(({ pid }) => isProcessAlive(pid))
  );
}

/** True if the user's own settings let other programs' messages in, whatever a session's permission mode is. */
export function acceptsMessages(folder: string): boolean {
  try {
    return JSON.parse(head(join(folder, "settings.json"))).crossSessionInbound === "accept";
  } catch {
    return false;
  }
}

function readFile(folder: string, name: string): SessionFile | null {
  try {
    return sessionFileIn(JSON.parse(head(join(folder, "sessions", name))));
  } catch {
    // Gone meanwhile, half written, or of another form.
    return null;
  }
}

function head(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.allocUnsafe(FILE_BYTES_MAX);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, FILE_BYTES_MAX, 0));
  } finally {
    closeSync(file);
  }
}

function sessionFileIn(value: unknown): SessionFile | null {
  if (typeof value !== "object" || value === null) return null;
  const { pid, sessionId, cwd, version, status, waitingFor, ...rest } = value as { [key: string]: unknown };
  if (typeof sessionId !== "string" || !Number.isSafeInteger(pid)) return null;
  const { statusUpdatedAt, messagingSocketPath, peerProtocol } = rest;
  return {
    pid: pid as number,
    sessionId,
    cwd: textOrNull(cwd),
    version: textOrNull(version),
    status: textOrNull(status),
    waitingFor: textOrNull(waitingFor),
    statusAtMs: typeof statusUpdatedAt === "number" ? statusUpdatedAt : 0,
    inboxPath: textOrNull(messagingSocketPath),
    peerProtocol: typeof peerProtocol === "number" ? peerProtocol : null,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
