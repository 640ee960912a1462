/**
 * Which thread of a running Codex is the agent's, and what it is at. The one that its hooks made known; or, as those
 * run with the first turn alone, the one that is open in the project's folder, if there is but one. What Codex runs
 * beside them for itself, such as the thread that finds a title, is never taken for an agent.
 */
import { type AppServer, listAt, memberAt, textAt } from "./app-server.ts";

export interface Thread {
  readonly id: string;
  /** `gone`: this server has not loaded it. */
  readonly state: "idle" | "busy" | "gone" | "broken";
  /** What a busy one waits for, if it is a person's word. */
  readonly waitsFor: string | null;
  /** Of the client that made the thread, or "". */
  readonly version: string;
}

export type Finding =
  | { readonly kind: "thread"; readonly thread: Thread }
  /** `reason` is one sentence. */
  | { readonly kind: "none"; readonly reason: string };

/** Windows of one person; what is beyond is not looked through. */
const LOADED_MAX = 32;
/** Where the file system says so, `/Shop` and `/shop` are one folder. */
const FOLDS_CASE = process.platform === "darwin" || process.platform === "win32";

/**
 * @param known ids from the agent's hooks, the one heard from last first
 * @param folders the project's folder, by each of its names
 */
export async function findThread(
  server: AppServer,
  known: readonly string[],
  folders: readonly string[],
  cancelled: AbortSignal,
): Promise<Finding> {
  let broken = false;
  for (const id of known.slice(0, LOADED_MAX)) {
    const thread = await readThread(server, id, cancelled);
    if (thread?.state === "idle" || thread?.state === "busy") return { kind: "thread", thread };
    broken ||= thread?.state === "broken";
  }
  if (broken) return none("Codex reports that the agent's thread has failed: open it, or start a new one");
  return openIn(server, known, folders, cancelled);
}

/** @returns null if the server can't say */
export async function readThread(
  server: AppServer,
  id: string,
  cancelled: AbortSignal,
): Promise<Thread | null> {
  const answer = await server.ask("thread/read", { threadId: id }, cancelled);
  return answer.ok ? threadIn(answer.result, id) : null;
}

async function openIn(
  server: AppServer,
  known: readonly string[],
  folders: readonly string[],
  cancelled: AbortSignal,
): Promise<Finding> {
  const loaded = await server.ask("thread/loaded/list", {}, cancelled);
  if (!loaded.ok) return none(`Codex's app-server does not list its threads: ${loaded.reason}`);
  const open: Thread[] = [];
  for (const id of listAt(loaded.result, "data").slice(0, LOADED_MAX)) {
    if (typeof id !== "string" || known.includes(id)) continue;
    const answer = await server.ask("thread/read", { threadId: id }, cancelled);
    if (!answer.ok || !isOfAgent(answer.result, folders)) continue;
    const thread = threadIn(answer.result, id);
    if (thread.state === "idle" || thread.state === "busy") open.push(thread);
  }
  const [only, ...others] = open;
  if (only === undefined) return none("Codex has no thread open in the project's folder");
  if (others.length === 0) return { kind: "thread", thread: only };
  return none(
    `Codex has ${open.length} threads open in the project's folder, and no hook has told which is the agent's`,
  );
}

/** One before which a person sits, or sat; in this folder, since in another it would be another agent's. */
function isOfAgent(result: unknown, folders: readonly string[]): boolean {
  const thread = memberAt(result, "thread");
  if (memberAt(thread, "ephemeral") === true || memberAt(thread, "canAcceptDirectInput") === false)
    return false;
  const source = textAt(thread, "threadSource");
  if (source !== undefined && source !== "user") return false;
  const cwd = foldedPath(textAt(thread, "cwd") ?? "");
  return folders.some((folder) => foldedPath(folder) === cwd);
}

function threadIn(result: unknown, id: string): Thread {
  const thread = memberAt(result, "thread");
  const version = textAt(thread, "cliVersion") ?? "";
  const type = textAt(thread, "status", "type");
  const flags = listAt(thread, "status", "activeFlags");
  const base = { id, version, waitsFor: null };
  switch (type) {
    case "idle":
      return { ...base, state: "idle" };
    case "active":
      return { ...base, state: "busy", waitsFor: flags.length === 0 ? null : waitText(flags) };
    case "systemError":
      return { ...base, state: "broken" };
    default:
      return { ...base, state: "gone" };
  }
}

function waitText(flags: readonly unknown[]): string {
  return flags.includes("waitingOnApproval") ? "a person's approval" : "a person's answer";
}

function foldedPath(path: string): string {
  const plain = path.replace(/[/\\]+$/, "");
  return FOLDS_CASE ? plain.toLowerCase() : plain;
}

function none(reason: string): Finding {
  return { kind: "none", reason };
}
