/**
 * The socket on which a running Codex serves every thread it has loaded: a WebSocket over a Unix socket. Opened when
 * it is needed and closed soon after, because 50 daemons at rest would be 50 clients of a server that has nothing
 * to tell them. Knows no thread.
 */
import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../../host/fs-error.ts";
import { connectSocket } from "../../net/websocket.ts";
import { type AppServer, type ConnectWire, type Opened, openAppServer } from "./app-server.ts";

/** Within Codex's home. Source: observed on 0.169.0, where it is a link into a folder for sockets. */
const SOCKET = join("app-server-control", "app-server-control.sock");
/** A ring asks several times in a row; a busy agent is looked at every two seconds. */
const LINGER_MS = 5000;
/** A thread of hours has items of megabytes. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export class ControlSocket {
  readonly #codexHome: string;
  readonly #answerMsMax: number;
  #server: AppServer | undefined;
  #users = 0;
  #lingering: NodeJS.Timeout | undefined;

  constructor(codexHome: string, answerMsMax: number) {
    this.#answerMsMax = answerMsMax;
    this.#codexHome = codexHome;
  }

  /**
   * @param work asks what it likes; the connection stays at least until it settles
   * @returns what came of it, or why the server can't be reached: one sentence
   */
  async use<T>(
    cancelled: AbortSignal,
    work: (server: AppServer) => Promise<T>,
  ): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }> {
    this.#users += 1;
    clearTimeout(this.#lingering);
    try {
      const opened = await this.#open(cancelled);
      return opened.ok ? { ok: true, value: await work(opened.server) } : opened;
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#linger();
    }
  }

  close(): void {
    clearTimeout(this.#lingering);
    this.#server?.close();
    this.#server = undefined;
  }

  async #open(cancelled: AbortSignal): Promise<Opened> {
    if (this.#server?.gone.aborted === false) return { ok: true, server: this.#server };
    const found = findSocket(this.#codexHome);
    if (!found.ok) return found;
    const answerMsMax = this.#answerMsMax;
    const opened = await openAppServer(wireTo(found.path), { answerMsMax }, cancelled);
    if (opened.ok) this.#server = opened.server;
    else if (opened.reason !== NOT_RUNNING) {
      return { ok: false, reason: `Codex's app-server can't be reached: ${opened.reason}` };
    }
    return opened;
  }

  #linger(): void {
    this.#lingering = setTimeout(() => this.close(), LINGER_MS).unref();
  }
}

const NOT_RUNNING = "no app-server of Codex runs for this user";

/** Through its link: a path in a deep home is too long to connect to, and what it leads to is not. */
function findSocket(
  codexHome: string,
): { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string } {
  try {
    const path = realpathSync(join(codexHome, SOCKET));
    // The link leads into a folder that anybody may make anew once it is gone.
    if (process.getuid !== undefined && statSync(path).uid !== process.getuid()) {
      return { ok: false, reason: `the app-server's socket ${path} belongs to another user` };
    }
    return { ok: true, path };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return { ok: false, reason: NOT_RUNNING };
    return { ok: false, reason: `the app-server's socket can't be read (${errno})` };
  }
}

function wireTo(socketPath: string): ConnectWire {
  return (events) => {
    const socket = connectSocket(
      {
        ...{ url: "ws://localhost/", socketPath, env: {}, binary: false },
        limits: { frameBytesMax: MESSAGE_BYTES_MAX, messageBytesMax: MESSAGE_BYTES_MAX },
      },
      {
        opened: () => events.opened(),
        text: (message) => events.said(message),
        // Refused by the driver, as asked for above.
        binary() {},
        closed: ({ error }) => {
          const isDead = errnoOf(error?.cause) === "ECONNREFUSED" || errnoOf(error?.cause) === "ENOENT";
          events.closed(isDead ? NOT_RUNNING : (error?.message ?? "it ended the connection"));
        },
      },
    );
    return { send: (text) => void socket.sendText(text), close: () => socket.destroy() };
  };
}
