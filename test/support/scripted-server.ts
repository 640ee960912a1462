/** A raw TCP server that a test scripts byte by byte: it shakes hands unless told not to, and reads frames. */
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { answerTo, type ClientFrame, ClientFrameReader } from "./server-frames.ts";

export interface ScriptedPeer {
  readonly socket: Socket;
  /** The client's opening request, up to and with the empty line. */
  readonly request: string;
  /** How many chunks came after the request: one for each write, if the writes are small and far apart. */
  chunks(): number;
  /** The next frame, or null once the client has ended its half or the connection. */
  next(): Promise<ClientFrame | null>;
  send(...bytes: readonly (Uint8Array | string)[]): void;
  /** Waits until the connection is gone. */
  gone(): Promise<void>;
}

export interface ScriptedServerOptions {
  /** What to answer the request with; null: nothing. A right answer unless given. */
  readonly answer?: ((request: string) => string | null) | undefined;
  readonly tls?: TlsOptions;
  /** A Unix socket to listen on, instead of a port. */
  readonly socketPath?: string;
}

export interface ScriptedServer {
  /** 0 on a Unix socket. */
  readonly port: number;
  readonly url: string;
  /** The next connection whose request has come and was answered. */
  peer(): Promise<ScriptedPeer>;
}

export async function scriptedServer(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const peers = queue<ScriptedPeer>();
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    readRequest(socket, options.answer ?? ((request) => answerTo(request)), peers.push);
  };
  const server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  const { socketPath } = options;
  await new Promise<void>((listening) => {
    if (socketPath === undefined) server.listen(0, "127.0.0.1", listening);
    else server.listen(socketPath, listening);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  if (socketPath !== undefined) return { port: 0, url: "ws://localhost/", peer: peers.next };
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not on a TCP port");
  const scheme = options.tls === undefined ? "ws" : "wss";
  return { port: address.port, url: `${scheme}://127.0.0.1:${address.port}/`, peer: peers.next };
}

function readRequest(
  socket: Socket,
  answer: (request: string) => string | null,
  ready: (peer: ScriptedPeer) => void,
): void {
  let head = "";
  const read = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    socket.off("data", read);
    const request = head.slice(0, end + 4);
    const peer = peerOver(socket, request);
    const said = answer(request);
    if (said !== null) socket.write(said, "latin1");
    ready(peer);
  };
  socket.on("data", read);
}

function peerOver(socket: Socket, request: string): ScriptedPeer {
  const frames = queue<ClientFrame | null>();
  const reader = new ClientFrameReader();
  const gone = new Promise<void>((settle) => socket.once("close", () => settle()));
  let chunks = 0;
  socket.on("data", (chunk: Buffer) => {
    chunks += 1;
    for (const frame of reader.feed(chunk)) frames.push(frame);
  });
  socket.once("end", () => frames.push(null));
  socket.once("close", () => frames.push(null));
  return {
    socket,
    request,
    chunks: () => chunks,
    next: frames.next,
    send: (...bytes) => {
      socket.write(Buffer.concat(bytes.map((each) => Buffer.from(each as string))));
    },
    gone: () => gone,
  };
}

/** What was pushed waits for who asks, and who asks for what is pushed. */
export function queue<T>(): { push(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    push: (item) => {
      const settle = waiting.shift();
      if (settle === undefined) items.push(item);
      else settle(item);
    },
    next: () => {
      const item = items.shift();
      return item === undefined ? new Promise((settle) => waiting.push(settle)) : Promise.resolve(item);
    },
  };
}
