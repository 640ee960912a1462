/** How messages reach the fake's app-server: a WebSocket on a Unix socket, or lines on standard input and output. */
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { type WebSocket, WebSocketServer } from "ws";
import { type Json, socketFor } from "./home.ts";
import type { AppServer, Connection, Message } from "./server.ts";

/** Settles once it listens; like Codex it takes any path and Host, offers no compression, and just drops at a close. */
export function serveSocket(server: AppServer, path: string): Promise<void> {
  const http = createServer((_, reply) => reply.writeHead(426).end());
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on("headers", (headers) =>
    headers.push("x-codex-websocket-max-unfragmented-message-bytes: 16777216"),
  );
  sockets.on("connection", (socket: WebSocket) => {
    const connection = server.connect((message) => socket.send(JSON.stringify(message)));
    socket.on("message", (data) => hear(connection, String(data)));
    socket.on("close", () => connection.close());
    // Codex answers no close frame.
    socket.close = () => socket.terminate();
  });
  const { real, link } = socketFor(path);
  return new Promise((resolve) =>
    http.listen(real, () => {
      link();
      resolve();
    }),
  );
}

/** Settles at the input's end. */
export async function serveLines(server: AppServer): Promise<void> {
  const connection = server.connect((message: Json) => process.stdout.write(`${JSON.stringify(message)}\n`));
  for await (const line of createInterface({ input: process.stdin })) hear(connection, line);
  connection.close();
}

function hear(connection: Connection, text: string): void {
  let message: Message;
  try {
    message = JSON.parse(text) as Message;
  } catch {
    return;
  }
  connection.hear(message);
}
