/**
 * What Codex keeps in CODEX_HOME, as far as others rely on it: configuration, hooks, saved threads, the queue that
 * several processes share, and the locks by which only one of them writes a thread. The formats of threads and queue
 * are the fake's own; where they lie and how they behave is Codex's.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import { isProcessAlive } from "../../../../src/host/process-alive.ts";

export type Json = { readonly [key: string]: unknown };

export interface UserText {
  readonly type: "text";
  readonly text: string;
}

/** What waits for a thread, in the words of `thread/queue/list`. */
export interface Queued {
  readonly id: string;
  readonly input: readonly UserText[];
  readonly clientUserMessageId: string;
  readonly responsesapiClientMetadata: null;
}

export interface SavedThread {
  readonly id: string;
  readonly cwd: string;
  readonly originator: string;
  readonly source: string;
  readonly threadSource: string | null;
  readonly createdAt: number;
  /** The conversation, in the model's own form. */
  readonly items: readonly Json[];
}

export interface CodexHome {
  readonly root: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Where the daemon's socket is looked for. */
  readonly socket: string;
  /** The user's, and over it a trusted project's. */
  config(project?: string): Json;
  /** Appends to config.toml, as the client itself does when a person answers a question. */
  addConfig(text: string): void;
  transcript(thread: SavedThread): string;
  thread(id: string): SavedThread | undefined;
  save(thread: SavedThread): void;
  queue(threadId: string): readonly Queued[];
  setQueue(threadId: string, queue: readonly Queued[]): void;
  /** False when another living process writes this thread. */
  lock(threadId: string): boolean;
  unlock(threadId: string): void;
  daemonPid(): number | undefined;
  writeDaemonPid(pid: number): void;
}

export function codexHome(env: CodexHome["env"]): CodexHome {
  const root = env["CODEX_HOME"] ?? join(env["HOME"] ?? "/", ".codex");
  const file = (folder: string, name: string) => {
    mkdirSync(join(root, folder), { recursive: true });
    return join(root, folder, name);
  };
  const saved = (id: string) => file("sessions", `${id}.json`);
  const read = <T>(path: string): T | undefined =>
    existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : undefined;
  const config = join(root, "config.toml");
  return {
    root,
    env,
    socket: join(root, "app-server-control", "app-server-control.sock"),
    config(project) {
      const own = tomlIn(config);
      const projects = own["projects"] as { readonly [path: string]: Json } | undefined;
      if (project === undefined || projects?.[project]?.["trust_level"] !== "trusted") return own;
      const theirs = tomlIn(join(project, ".codex", "config.toml"));
      const mcp_servers = { ...(own["mcp_servers"] as Json), ...(theirs["mcp_servers"] as Json) };
      return { ...own, ...theirs, mcp_servers };
    },
    addConfig: (text) => writeFileSync(config, text, { flag: "a" }),
    transcript: ({ id, createdAt }) => {
      const day = new Date(createdAt * 1000).toISOString();
      const name = `rollout-${day.slice(0, 19).replaceAll(":", "-")}-${id}.jsonl`;
      return join(root, "sessions", ...day.slice(0, 10).split("-"), name);
    },
    thread: (id) => read(saved(id)),
    save: (thread) => writeFileSync(saved(thread.id), JSON.stringify(thread)),
    queue: (id) => read(file("queue", `${id}.json`)) ?? [],
    setQueue: (id, queue) => writeFileSync(file("queue", `${id}.json`), JSON.stringify(queue)),
    lock(id) {
      const path = file("thread-writer-locks", `${id}.lock`);
      const holder = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
      if (holder !== 0 && holder !== process.pid && isProcessAlive(holder)) return false;
      writeFileSync(path, String(process.pid));
      return true;
    },
    daemonPid: () => read<{ pid: number }>(file("app-server-daemon", "daemon.pid"))?.pid,
    writeDaemonPid: (pid) => writeFileSync(file("app-server-daemon", "daemon.pid"), JSON.stringify({ pid })),
    unlock: (id) => rmSync(file("thread-writer-locks", `${id}.lock`), { force: true }),
  };
}

function tomlIn(path: string): Json {
  return existsSync(path) ? (parse(readFileSync(path, "utf8")) as Json) : {};
}

/**
 * Where a server listens: Codex lays its sockets into a folder with short names of its own.
 *
 * @returns the socket's own path, and what links it to where it is looked for, once it listens
 */
export function socketFor(path: string): { readonly real: string; link(): void } {
  const folder = join(tmpdir(), `codex-daemon-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const real = join(folder, createHash("sha256").update(path).digest("hex").slice(0, 32));
  rmSync(real, { force: true });
  return {
    real,
    link() {
      rmSync(path, { force: true });
      symlinkSync(real, path);
    },
  };
}

/** Ids whose order is that of their making, as Codex's are. */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
