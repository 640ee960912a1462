/** The socket at which other sessions leave messages: what is taken, what is dropped, and what a sender is told. */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";

export interface PeerMessage {
  readonly text: string;
  /** As in `uds:/path`; empty if the sender named none. */
  readonly from: string;
  readonly id: string;
}

export type PeerStatus = "held" | "denied" | "expired" | "dropped";

/** The same words again within this time after they were taken are dropped. */
const REPEAT_MS = 30_000;
/** Of what comes at once, so many are taken. */
const BURST_MAX = 30;
const BURST_MS = 1000;
const FRAME_CHARS_MAX = 1024 * 1024;

export class Inbox {
  readonly path: string;
  readonly #sessionId: () => string;
  readonly #take: (message: PeerMessage) => void;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #last = { text: "", atMs: Number.NEGATIVE_INFINITY };
  #taken: number[] = [];

  constructor(path: string, sessionId: () => string, take: (message: PeerMessage) => void) {
    this.path = path;
    this.#sessionId = sessionId;
    this.#take = take;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#server = createServer((socket) => this.#hear(socket));
    this.#server.unref();
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.path, resolve));
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    rmSync(this.path, { force: true });
  }

  #hear(socket: Socket): void {
    this.#open.add(socket);
    let rest = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > FRAME_CHARS_MAX) socket.destroy();
      for (const line of lines) this.#frame(line);
    });
    socket.on("error", () => {});
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Nothing is ever answered here; what is not understood is dropped, and the next line is read. */
  #frame(line: string): void {
    const frame = parsed(line);
    const text = frame?.message?.content;
    if (frame?.type !== "user" || typeof text !== "string") return;
    if (frame.session_id !== undefined && frame.session_id !== this.#sessionId()) return;
    const now = performance.now();
    const message = { text, from: frame.from ?? "", id: frame.msg_id ?? "" };
    if (text === this.#last.text && now - this.#last.atMs < REPEAT_MS) {
      this.tell(message, "dropped", "Dropped at the inbox: the same words again.", {
        drop_reason: "duplicate",
      });
      return;
    }
    this.#taken = this.#taken.filter((atMs) => now - atMs < BURST_MS);
    if (this.#taken.length >= BURST_MAX) return;
    this.#taken.push(now);
    this.#last = { text, atMs: now };
    this.#take(message);
  }

  /** A line to the sender's own socket, which is called only in the folder where sessions' sockets are. */
  tell({ from, id }: PeerMessage, status: PeerStatus, reason: string, more: object = {}): void {
    const path = from.replace(/^uds:/, "");
    if (dirname(path) !== dirname(this.path)) return;
    const notice = {
      ...{ type: "control", action: "peer_message_status", status, reason, ...more },
      ...{ from: `uds:${this.path}`, orig_msg_id: id, msgV: 1, msg_id: randomUUID() },
    };
    const socket = createConnection(path, () => socket.end(`${JSON.stringify(notice)}\n`));
    socket.on("error", () => {});
  }
}

interface Frame {
  readonly type?: string;
  readonly session_id?: string;
  readonly from?: string;
  readonly msg_id?: string;
  readonly message?: { readonly content?: unknown };
}

function parsed(line: string): Frame | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Frame) : null;
  } catch {
    return null;
  }
}
