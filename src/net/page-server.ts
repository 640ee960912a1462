/**
 * A port of this host on which pages are read: every connection is one request of `page-responder.ts`. What a browser
 * could be made to ask from another site's page (DNS rebinding) is turned away by its Host and Origin.
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { errnoOf } from "../host/fs-error.ts";
import { isLoopback } from "./loopback.ts";
import {
  type AnswerPage,
  PAGE_BOUNDS,
  type PageBounds,
  type PageRequest,
  refusal,
  respond,
} from "./page-responder.ts";

export interface PageServerOptions {
  readonly listen: { readonly host: string /** 0: any free one. */; readonly port: number };
  /** How to type the flag that says where, for messages. */
  readonly flag: string;
  readonly answer: AnswerPage;
  readonly log: Log;
  readonly bounds?: Partial<PageBounds>;
}

export interface RunningPageServer {
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Stops listening and drops who is being answered. Safe to call again. */
  close(): Promise<void>;
}

/** A Prometheus or two, a person, a page; the rest is a mistake in a loop. */
const CONNECTIONS_MAX = 32;

/** @throws PrismError `port_taken`, `permission_denied`, `invalid_argument` */
export async function openPageServer(options: PageServerOptions): Promise<RunningPageServer> {
  const { listen, answer, log } = options;
  const bounds: PageBounds = { ...PAGE_BOUNDS, ...options.bounds };
  const host = listen.host.replace(/^\[|\]$/g, "");
  const hosts = isLoopback(host) ? ["localhost", "127.0.0.1", "[::1]", urlHost(host).toLowerCase()] : null;
  const sockets = new Set<Socket>();
  const guarded: AnswerPage = (request) => foreigner(request, hosts) ?? answer(request);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    void respond(socket, guarded, bounds).then(() => sockets.delete(socket));
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on("drop", () =>
    log("warn", "pageClientRefused", { code: "overloaded", connectionsMax: CONNECTIONS_MAX }),
  );
  await bind(server, { host, port: listen.port }, options.flag);
  server.on("error", (error) =>
    log("error", "pageServerFailed", { code: "internal", reason: errnoOf(error) }),
  );
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${urlHost(host)}:${port}`,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

/** @param hosts null where nobody can know all names of this host */
function foreigner({ host, origin }: PageRequest, hosts: readonly string[] | null) {
  if (hosts !== null && host !== undefined && !hosts.includes(host.replace(/:\d*$/, "").toLowerCase())) {
    return refusal(
      403,
      `nothing here answers to the host "${printable(host, 80)}"; call it localhost or 127.0.0.1`,
    );
  }
  const isForeign = origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase()}`;
  return isForeign ? refusal(403, "pages of another site may not read this") : null;
}

function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function bind(server: Server, { host, port }: { host: string; port: number }, flag: string): Promise<void> {
  const where = `${urlHost(host)}:${port}`;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(bindError(error, where, flag)));
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

/** @param flag how to type the flag that says where */
export function bindError(error: NodeJS.ErrnoException, where: string, flag: string): PrismError {
  const init = { hint: `choose another one with ${flag} HOST:PORT`, cause: error };
  switch (error.code) {
    case "EADDRINUSE":
      return new PrismError("port_taken", `another program listens on ${where} already`, init);
    case "EACCES":
    case "EPERM":
      return new PrismError("permission_denied", `this user may not listen on ${where}`, init);
    default:
      return new PrismError("invalid_argument", `cannot listen on ${where} (${error.code})`, init);
  }
}
