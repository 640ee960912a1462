/** An HTTP proxy that answers CONNECT, resolving every name to 127.0.0.1, and remembers what it was asked. */
import { connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";

export interface ForwardProxy {
  readonly port: number;
  /** Whole request heads, in order. */
  readonly requests: readonly string[];
}

export interface ForwardProxyOptions {
  readonly tls?: TlsOptions;
  /** What to say instead of opening a tunnel. */
  readonly answer?: string;
  /** Said in place of a plain 200. */
  readonly greeting?: string;
}

export async function forwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
  };
  const accept = (client: Socket): void => {
    keep(client);
    client.once("data", (bytes: Buffer) => {
      const request = bytes.toString("latin1");
      requests.push(request);
      if (options.answer !== undefined) {
        client.end(options.answer);
        return;
      }
      const port = Number(/^CONNECT .*:([0-9]+) HTTP/.exec(request)?.[1]);
      const target = connect({ host: "127.0.0.1", port }, () => {
        client.write(options.greeting ?? "HTTP/1.1 200 Connection Established\r\nVia: test\r\n\r\n");
        client.pipe(target).pipe(client);
      });
      keep(target);
    });
  };
  const server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not on a TCP port");
  return { port: address.port, requests };
}
