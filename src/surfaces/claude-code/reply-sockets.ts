/**
 * The sockets that our messages name as their sender: Claude Code says there if it holds one back. It calls back
 * only a socket in the folder of its own, under its process's number, so each folder gets one of that name. Opened
 * with the first message, closed with the surface. What an agent might answer there goes nowhere.
 *
 * Source: observed on 2.1.329.
 */
import { chmodSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Log } from "../../domain/log.ts";

/** Of one line; a status is a few hundred. */
const LINE_CHARS_MAX = 64 * 1024;
/** Doorbells whose fate somebody waits for: one, unless their receipts are late. */
const WAITING_MAX = 64;
const PEERS_MAX = 16;
/** A user has one; each configuration of the client may have its own. */
const FOLDERS_MAX = 4;

export class ReplySockets {
  readonly #log: Log;
  readonly #waiting = new Map<string, () => void>();
  readonly #peers = new Set<Socket>();
  readonly #servers = new Map<string, Promise<Server | null>>();
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @param inbox the socket that is written to
   * @returns as whom, as in `uds:/path`, or null where no socket can be had
   */
  async beside(inbox: string): Promise<string | null> {
    // Pipes have no folders.
    if (this.#closed || process.platform === "win32") return null;
    const path = join(dirname(inbox), `${process.pid}.sock`);
    let server = this.#servers.get(path);
    if (server === undefined) {
      if (this.#servers.size >= FOLDERS_MAX) return null;
      server = this.#listen(path);
      this.#servers.set(path, server);
    }
    return (await server) === null ? null : `uds:${path}`;
  }

  /** Settles if this message is held back or refused; never otherwise. */
  refusal(id: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const [oldest] = this.#waiting.keys();
      if (this.#waiting.size > WAITING_MAX && oldest !== undefined) this.#waiting.delete(oldest);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const servers = await Promise.all(this.#servers.values());
    for (const peer of this.#peers) peer.destroy();
    // Node removes the socket's file as it stops listening.
    await Promise.all(servers.map((server) => new Promise((done) => server?.close(done) ?? done(null))));
  }

  #listen(path: string): Promise<Server | null> {
    return new Promise((resolve) => {
      try {
        // The number is ours now: what lies there is a dead process's.
        unlinkSync(path);
      } catch {
        // Nothing lies there.
      }
      const server = createServer((peer) => this.#hear(peer));
      server.once("error", (error) => {
        this.#log("warn", "replySocketFailed", { code: "surface_failed", reason: String(error) });
        resolve(null);
      });
      server.listen(path, () => {
        chmodSync(path, 0o600);
        resolve(server);
      });
    });
  }

  #hear(peer: Socket): void {
    if (this.#peers.size >= PEERS_MAX) {
      peer.destroy();
      return;
    }
    this.#peers.add(peer);
    let unread = "";
    peer.setEncoding("utf8");
    peer.on("data", (chunk: string) => {
      const lines = `${unread}${chunk}`.split("\n");
      unread = lines.pop() ?? "";
      for (const line of lines) this.#read(line);
      if (unread.length > LINE_CHARS_MAX) peer.destroy();
    });
    peer.on("error", () => {});
    peer.on("close", () => this.#peers.delete(peer));
  }

  #read(line: string): void {
    const { id, status } = statusIn(line);
    this.#log("debug", "inboxReplied", { state: status });
    if (id === null || !REFUSED.has(status)) return;
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }
}

/** A message of this status is not before the model, and of itself will not be. */
const REFUSED: ReadonlySet<string> = new Set(["held", "denied", "expired", "refused", "dropped"]);

/** `{"type":"control","action":"peer_message_status","status":"held","orig_msg_id":"...","msg_id":"..."}`. */
function statusIn(line: string): { readonly id: string | null; readonly status: string } {
  try {
    const { action, status, orig_msg_id: id } = JSON.parse(line);
    const isStatus = action === "peer_message_status" && typeof status === "string";
    return { id: isStatus && typeof id === "string" ? id : null, status: isStatus ? status : "" };
  } catch {
    return { id: null, status: "" };
  }
}
