/**
 * The dashboard's server: HTTP on this host for one person's browser. Lets in who has the one-time link, serves one page
 * and what it asks, and answers nothing but GET and HEAD: looking changes nothing. Every connection and step is bounded.
 * Knows no daemon and no hub; what there is to tell is handed in.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PrismError, reportOf } from "../domain/errors.ts";
import type { Home } from "../host/home.ts";
import { HTTP_STATUS } from "../hub/server/http-status.ts";
import { isLoopback } from "../net/loopback.ts";
import { bindError } from "../net/page-server.ts";
import type { Observatory } from "../overview/observatory.ts";
import { isForeignFetch, openAccess, strangerReason } from "./access.ts";
import type { ApiFailure } from "./api.ts";
import { noticePage, ONWARD_PAGE } from "./notices.ts";
import { policyFor } from "./policy.ts";
import { apiRoutes } from "./routes.ts";
import { openStream } from "./stream.ts";

export interface DashboardOptions {
  readonly home: Home;
  readonly listen: { readonly host: string /** 0: any free one. */; readonly port: number };
  readonly observatory: Observatory;
  /** The page, a whole document. */
  readonly page: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface RunningDashboard {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** A link that lets one browser in, once. */
  newLink(): string;
  close(): Promise<void>;
}

/** One browser opens six, and each open page holds one for its stream. */
const CONNECTIONS_MAX = 64;
const HEAD_MS_MAX = 5000;

/** @throws PrismError `invalid_argument` (not this host), `port_taken`, `permission_denied` */
export async function openDashboard(options: DashboardOptions): Promise<RunningDashboard> {
  const { home, observatory, page, now } = options;
  const host = options.listen.host.replace(/^\[|\]$/g, "");
  if (!isLoopback(host)) {
    throw new PrismError(
      "invalid_argument",
      `the dashboard shows this host to itself alone, and ${host} is not it`,
      {
        hint: "listen on 127.0.0.1, and reach it from elsewhere through an SSH tunnel",
      },
    );
  }
  const access = openAccess();
  const stream = openStream(observatory, now);
  const answerJson = apiRoutes({ home, observatory, now });
  const urlHost = host.includes(":") ? `[${host}]` : host;
  const pagePolicy = policyFor(page);
  const server = createServer({ requestTimeout: HEAD_MS_MAX, headersTimeout: HEAD_MS_MAX, noDelay: true });
  let port = 0;

  server.on("request", (request, response) => {
    void serve(request, response).catch((error: unknown) => sendFailure(response, error));
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of HEADERS) response.setHeader(name, value);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const stranger = strangerReason(request.headers, urlHost);
    if (stranger !== null) return sendNotice(response, 403, "Not from there", stranger);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return sendNotice(
        response,
        405,
        "Only looking",
        "Nothing can be changed here: only GET and HEAD are answered.",
      );
    }
    const isKnown = access.isKnown(request.headers, port);
    const token = pathname === "/" ? searchParams.get("once") : null;
    if (token !== null) return letIn(request, response, { token, isKnown });
    if (pathname.startsWith("/api/")) return serveApi(request, response, { pathname, searchParams, isKnown });
    if (pathname !== "/") return sendNotice(response, 404, "Nothing here", "The dashboard is at /.");
    if (!isKnown) return sendNotice(response, 401, "Not let in", ASK_FOR_LINK);
    response.setHeader("Content-Security-Policy", pagePolicy);
    send(response, 200, "text/html; charset=utf-8", page);
  }

  function letIn(
    { headers }: IncomingMessage,
    response: ServerResponse,
    { token, isKnown }: { readonly token: string; readonly isKnown: boolean },
  ): void {
    const isRedeemed = access.redeem(token);
    // Typed again, or reloaded, where it was used: this browser is let in already.
    if (!isRedeemed && !isKnown) {
      sendNotice(response, 403, "Used already", USED_LINK);
      return;
    }
    if (isRedeemed) response.setHeader("Set-Cookie", access.setCookie(port));
    if (isForeignFetch(headers)) {
      send(response, 200, "text/html; charset=utf-8", ONWARD_PAGE);
      return;
    }
    response.setHeader("Location", "/");
    send(response, 303, "text/plain; charset=utf-8", "");
  }

  async function serveApi(
    request: IncomingMessage,
    response: ServerResponse,
    {
      pathname,
      searchParams,
      isKnown,
    }: { readonly pathname: string; readonly searchParams: URLSearchParams; readonly isKnown: boolean },
  ): Promise<void> {
    if (isForeignFetch(request.headers)) {
      throw new PrismError("permission_denied", "pages of another site may not read this");
    }
    if (!isKnown) {
      return sendJson(response, 401, {
        error: { code: "unauthorized", message: "this browser was not let in", hint: ASK_FOR_LINK },
      });
    }
    if (pathname !== "/api/stream") {
      return sendJson(response, 200, await answerJson(pathname, searchParams));
    }
    if (request.method === "HEAD") return send(response, 200, "text/event-stream; charset=utf-8", "");
    const lastEventId = request.headers["last-event-id"];
    if (!stream.serve(response, typeof lastEventId === "string" ? lastEventId : undefined)) {
      throw new PrismError("overloaded", "as many pages are open as may be", { hint: "close one of them" });
    }
  }

  await listen(server, { host, port: options.listen.port }, `${urlHost}:${options.listen.port}`);
  port = (server.address() as AddressInfo).port;
  server.maxConnections = CONNECTIONS_MAX;
  const url = `http://${urlHost}:${port}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    newLink: () => `${url}/?once=${access.newToken()}`,
    close() {
      closing ??= new Promise((resolve) => {
        stream.close();
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

const ASK_FOR_LINK = 'Run "prism dashboard" in a terminal: it gives a link that lets this browser in.';
const USED_LINK = `This link worked once, and has been used. ${ASK_FOR_LINK}`;

const HEADERS = [
  ["Cache-Control", "no-store"],
  [
    "Content-Security-Policy",
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Referrer-Policy", "no-referrer"],
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
] as const;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function sendNotice(response: ServerResponse, status: number, title: string, sentence: string): void {
  const notice = noticePage(title, sentence);
  response.setHeader("Content-Security-Policy", policyFor(notice));
  send(response, status, "text/html; charset=utf-8", notice);
}

function sendFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const failure: ApiFailure = { error: reportOf(error) };
  const { code } = failure.error;
  // 401 is for the browser's own cookie: that the hub does not know our token is no fault of its.
  sendJson(response, code === "unauthorized" ? 502 : HTTP_STATUS[code], failure);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json; charset=utf-8", JSON.stringify(body));
}

function listen(server: Server, where: { host: string; port: number }, shown: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(bindError(error, shown, "--listen")));
    server.listen(where.port, where.host, () => {
      server.removeAllListeners("error");
      server.on("error", () => {});
      resolve();
    });
  });
}
