/** How the hub says things over plain HTTP: JSON but for the metrics, small, never cached, and nothing about itself. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorReport } from "../../domain/errors.ts";
import { CHALLENGE, CHALLENGE_INVALID } from "./guard.ts";
import { HTTP_STATUS } from "./http-status.ts";

type Headers = { readonly [name: string]: string };

const COMMON: Headers = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The body is a text of this type, and no JSON. */
  readonly type?: string;
  readonly headers?: Headers;
}

/**
 * @param override a status that says more than the code's own: 405, 415
 */
export function errorAnswer(
  report: ErrorReport,
  override: { readonly status?: number; readonly headers?: Headers } = {},
): HttpAnswer {
  const challenge: Headers =
    report.code === "unauthorized"
      ? { "WWW-Authenticate": report.message.includes("carries no token") ? CHALLENGE : CHALLENGE_INVALID }
      : {};
  return {
    status: override.status ?? HTTP_STATUS[report.code],
    body: { error: report },
    headers: { ...challenge, ...override.headers },
  };
}

export function sendAnswer(response: ServerResponse, answer: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const { type } = answer;
  const body = Buffer.from(type === undefined ? `${JSON.stringify(answer.body)}\n` : String(answer.body));
  // A request whose body was not read to its end leaves bytes that are no next request.
  const unread = !response.req.complete;
  response.writeHead(answer.status, {
    ...COMMON,
    ...(type === undefined ? {} : { "Content-Type": type }),
    "Content-Length": String(body.length),
    ...(unread ? { Connection: "close" } : {}),
    ...answer.headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

/** The same for a socket that has no response object: a refused upgrade, a request that is no HTTP. */
export function endWithAnswer(socket: Duplex, answer: HttpAnswer): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${JSON.stringify(answer.body)}\n`;
  const headers: Headers = {
    ...COMMON,
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
    ...answer.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}\r\n${lines.join("")}\r\n${body}`,
    () => socket.destroy(),
  );
}
