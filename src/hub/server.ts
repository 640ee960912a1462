/**
 * The hub's listener: one port for the verbs over HTTP, the hub's socket and MCP, with or without TLS.
 * Binds the edges together and bounds them; what each says stands in server/. Decides nothing about signals.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { DiskFacts } from "../metrics/hub.ts";
import { isLoopback } from "../net/loopback.ts";
import { type ServerBounds, serverBounds } from "./server/bounds.ts";
import type { Edge } from "./server/edge.ts";
import { hostsFor } from "./server/guard.ts";
import { openHttpEdge } from "./server/http.ts";
import { endWithAnswer, errorAnswer, type HttpAnswer } from "./server/http-answer.ts";
import { openMcpDoor } from "./server/mcp-door.ts";
import { openSocketEdge } from "./server/socket-edge.ts";
import type { Bearer, HubService } from "./service.ts";

export interface HubServerOptions {
  readonly service: HubService;
  /** Undefined for a token that the hub does not know. */
  readonly bearerOf: (token: string) => Bearer | undefined;
  readonly listen: { readonly host: string /** 0: any free one. */; readonly port: number };
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Allows a reachable address without TLS: tokens and signals then cross the network in the open. */
  readonly plaintext: boolean;
  /** For the metrics page; absent: nothing is said of a disk. */
  readonly disk?: () => Promise<DiskFacts | null>;
  readonly version: string;
  readonly log: Log;
  readonly bounds?: Partial<ServerBounds>;
}

export interface HubServer {
  /** `http://HOST:PORT` or `https://HOST:PORT`, as a client on this host would write it. */
  readonly url: string;
  readonly port: number;
  /** WebSocket connections that stand. */
  readonly sockets: () => number;
  /** Settles if the listener fails after it stood; never otherwise. */
  readonly failed: Promise<PrismError>;
  /** Takes no new connection; those that stand go on. */
  refuse(): void;
  /** Says goodbye to every peer, waits for them a moment, and lets go of the port. */
  close(reason: string): Promise<void>;
}

/** @throws PrismError `invalid_argument`, `port_taken`, `permission_denied`, `not_found`, `storage_failed` */
export async function openHubServer(options: HubServerOptions): Promise<HubServer> {
  const { listen, log } = options;
  checkExposure(options);
  const bounds: ServerBounds = { ...serverBounds, ...options.bounds };
  const edge: Edge = {
    service: options.service,
    bearerOf: options.bearerOf,
    hosts: hostsFor(listen.host),
    disk: options.disk ?? (async () => null),
    version: options.version,
    bounds,
    log,
  };
  const sockets = openSocketEdge(edge);
  const mcp = openMcpDoor(edge);
  const http = openHttpEdge(edge, mcp.handle, () => sockets.count);
  options.service.watchTokens((ended) => {
    sockets.endTokens(ended);
    mcp.endTokens(ended);
  });
  const server = await createListener(options, bounds);
  server.maxConnections = bounds.connectionsMax;
  server.on("request", (request, response) => http.handle(request, response));
  server.on("upgrade", (request, wire, head) => sockets.upgrade(request, wire, head));
  server.on("connect", (_request: IncomingMessage, wire: Duplex) => wire.destroy());
  server.on("clientError", (error: NodeJS.ErrnoException, wire: Duplex) => answerBadRequest(error, wire));
  server.on("drop", () =>
    log("warn", "connectionRefused", { code: "overloaded", connectionsMax: bounds.connectionsMax }),
  );
  const port = await listening(server, listen);
  const failed = new Promise<PrismError>((resolve) => {
    server.on("error", (error) => {
      resolve(new PrismError("internal", "the hub's listener failed", { cause: error }));
    });
  });
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${urlHost(listen.host)}:${port}`,
    port,
    sockets: () => sockets.count,
    failed,
    refuse: () => void server.close(),
    async close(reason) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([sockets.close(reason), mcp.close()]);
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), bounds.closeTimeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Who listens everywhere is called on this host by the loopback's name. */
function urlHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, "");
  if (bare === "0.0.0.0") return "127.0.0.1";
  if (bare === "::") return "[::1]";
  return bare.includes(":") ? `[${bare}]` : bare;
}

/** Tokens and signals in the open need somebody's explicit word. */
function checkExposure(options: HubServerOptions): void {
  if (options.tls !== undefined || options.plaintext || isLoopback(options.listen.host)) return;
  throw new PrismError(
    "invalid_argument",
    `listening on ${options.listen.host} without TLS would send tokens and signals in the open`,
    {
      hint: "give --tls-cert and --tls-key, listen on 127.0.0.1, or allow it with --plaintext if a VPN protects it",
    },
  );
}

async function createListener(options: HubServerOptions, bounds: ServerBounds): Promise<Server> {
  const http: ServerOptions = {
    maxHeaderSize: bounds.headerBytesMax,
    headersTimeout: bounds.headersTimeoutMs,
    requestTimeout: bounds.requestTimeoutMs,
    connectionsCheckingInterval: bounds.timeoutCheckMs,
    keepAliveTimeout: bounds.keepAliveMs,
    noDelay: true,
    // Some clients offer h2c on every plain request; that is no wish for our socket.
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
  };
  if (options.tls === undefined) return createServer(http);
  const cert = readPem(options.tls.certFile, "certificate");
  const key = readPem(options.tls.keyFile, "certificate's key");
  const https = await import("node:https");
  try {
    return https.createServer({ ...http, cert, key, handshakeTimeout: bounds.tlsHandshakeTimeoutMs });
  } catch (error) {
    throw new PrismError(
      "invalid_argument",
      `the certificate in "${options.tls.certFile}" and the key in "${options.tls.keyFile}" cannot be used together`,
      { hint: "give a PEM certificate chain and the unencrypted PEM key that belongs to it", cause: error },
    );
  }
}

function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const missing = code === "ENOENT";
    throw new PrismError(
      missing ? "not_found" : "permission_denied",
      missing ? `the ${what} "${path}" does not exist` : `the ${what} "${path}" cannot be read (${code})`,
      { cause: error },
    );
  }
}

function listening(server: Server, listen: HubServerOptions["listen"]): Promise<number> {
  const where = `${listen.host}:${listen.port}`;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenErrorOf(error, where)));
    server.listen(listen.port, listen.host.replace(/^\[|\]$/g, ""), () => {
      server.removeAllListeners("error");
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function listenErrorOf(error: NodeJS.ErrnoException, where: string): PrismError {
  switch (error.code) {
    case "EADDRINUSE":
      return new PrismError("port_taken", `another program listens on ${where} already`, {
        hint: "stop it, or choose another port with --listen HOST:PORT",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new PrismError("permission_denied", `this user may not listen on ${where}`, {
        hint: "choose a port from 1024 on with --listen HOST:PORT",
        cause: error,
      });
    default:
      return new PrismError("invalid_argument", `cannot listen on ${where} (${error.code})`, {
        hint: "name an address of this host with --listen HOST:PORT",
        cause: error,
      });
  }
}

/** Bytes that are no HTTP, headers beyond the bound, a request not complete in time. */
function answerBadRequest(error: NodeJS.ErrnoException, wire: Duplex): void {
  // An answer that is half out must not get another one into its middle.
  if (error.code === "ECONNRESET" || !wire.writable || (wire as Socket).bytesWritten > 0) {
    wire.destroy();
    return;
  }
  endWithAnswer(wire, badRequest(error.code));
}

function badRequest(code: string | undefined): HttpAnswer {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return errorAnswer({ code: "too_large", message: "the request's header is too long" }, { status: 431 });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return errorAnswer(
        { code: "malformed", message: "the request was not complete in time" },
        { status: 408 },
      );
    default:
      return errorAnswer({ code: "malformed", message: "the request is not HTTP/1.1" });
  }
}
