/** A plain `ws` client that a test can wait on: messages in order, and how it all ended. */
import { WebSocket } from "ws";

export interface PeerEnd {
  readonly code: number;
  readonly reason: string;
}

export interface SocketPeer {
  readonly socket: WebSocket;
  /** The next message that was not taken yet, parsed. */
  next(): Promise<{ [key: string]: unknown }>;
  /** The next message with this member, leaving out others. */
  nextWith(key: string, value: unknown): Promise<{ [key: string]: unknown }>;
  send(message: unknown): void;
  readonly ended: Promise<PeerEnd>;
}

export interface RefusedUpgrade {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: string;
}

export function openPeer(
  url: string,
  token: string,
  options: { readonly protocols?: string[]; readonly headers?: { [name: string]: string } } = {},
): Promise<SocketPeer> {
  const socket = dial(url, token, options);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(peerOf(socket)));
    socket.once("error", reject);
  });
}

/** Expects that the upgrade is refused. */
export function refusedPeer(
  url: string,
  token: string | undefined,
  options: { readonly protocols?: string[]; readonly headers?: { [name: string]: string } } = {},
): Promise<RefusedUpgrade> {
  const socket = dial(url, token, options);
  return new Promise((resolve, reject) => {
    socket.once("open", () => reject(new Error("the upgrade was not refused")));
    socket.on("error", () => {});
    socket.once("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
  });
}

function dial(
  url: string,
  token: string | undefined,
  options: { readonly protocols?: string[]; readonly headers?: { [name: string]: string } },
): WebSocket {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new WebSocket(url.replace(/^http/, "ws"), options.protocols ?? ["prism.v1"], {
    headers: { ...authorization, ...options.headers },
    perMessageDeflate: false,
  });
}

function peerOf(socket: WebSocket): SocketPeer {
  const inbox: { [key: string]: unknown }[] = [];
  const waiting: ((message: { [key: string]: unknown }) => void)[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as { [key: string]: unknown };
    const taker = waiting.shift();
    if (taker === undefined) inbox.push(message);
    else taker(message);
  });
  const ended = new Promise<PeerEnd>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  socket.on("error", () => {});
  const next = (): Promise<{ [key: string]: unknown }> => {
    const ready = inbox.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return {
    socket,
    next,
    async nextWith(key, value) {
      for (;;) {
        const message = await next();
        if (message[key] === value) return message;
      }
    },
    send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    ended,
  };
}
