/**
 * HTTP/1.1 for pages that a program on this host reads: one GET or HEAD a connection, answered and closed. By hand,
 * because `node:http` would stand in the memory of every daemon, and a scrape every few seconds needs no more than this. Knows no page.
 * Every step has its bound: the head's bytes and time, the answer's time, the time a slow reader has.
 * Sources: RFC 9112 (sections 2.2, 3, 5), RFC 9110 (sections 9.3.1, 9.3.2, 15.5.6).
 */
import type { Socket } from "node:net";

export interface PageRequest {
  /** Without the query, as it was sent: nothing is decoded. */
  readonly path: string;
  readonly accept: string | undefined;
  /** The Host header's value. */
  readonly host: string | undefined;
  /** The Origin header's value: only a browser sends it. */
  readonly origin: string | undefined;
}

export interface PageAnswer {
  readonly status: 200 | 400 | 403 | 404 | 405 | 408 | 431 | 500 | 503;
  readonly type: string;
  readonly body: string;
}

/** Must not throw; a rejection is answered with 500, and its reason is told to nobody. */
export type AnswerPage = (request: PageRequest) => PageAnswer | Promise<PageAnswer>;

export const PAGE_BOUNDS = {
  /** Prometheus sends 300 bytes, a browser 2 kB. */
  headBytesMax: 8 * 1024,
  /** From the connection to the head's end. */
  headMsMax: 5_000,
  /** From the head's end until the answer is read: a gathering of 50 daemons takes its own 2 s at most. */
  answerMsMax: 15_000,
  /** For the peer to close after it has the answer. */
  closeMsMax: 1_000,
} as const;
export type PageBounds = { readonly [K in keyof typeof PAGE_BOUNDS]: number };

export const PLAIN = "text/plain; charset=utf-8";

const REASONS: { readonly [S in PageAnswer["status"]]: string } = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** One sentence for a person who asked for what is not there. */
export function refusal(status: Exclude<PageAnswer["status"], 200>, sentence: string): PageAnswer {
  return { status, type: PLAIN, body: `${sentence}\n` };
}

type Head =
  | { readonly kind: "more" }
  | { readonly kind: "request"; readonly isHead: boolean; readonly request: PageRequest }
  | { readonly kind: "bad"; readonly answer: PageAnswer };

/**
 * Reads one request from the socket, answers and closes it. The socket has no listener but for errors and its end.
 *
 * @returns settles when the socket is closed, however that came
 */
export function respond(socket: Socket, answer: AnswerPage, bounds: PageBounds = PAGE_BOUNDS): Promise<void> {
  let received = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  const within = (delayMs: number, due: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(due, delayMs);
  };

  function send(page: PageAnswer, isHead: boolean): void {
    if (socket.destroyed || socket.writableEnded) return;
    within(bounds.answerMsMax, () => socket.destroy());
    socket.end(answerText(page, isHead), () => within(bounds.closeMsMax, () => socket.destroy()));
  }

  async function serve(isHead: boolean, request: PageRequest): Promise<void> {
    within(bounds.answerMsMax, () => send(refusal(503, "the page was not ready in time"), isHead));
    try {
      send(await answer(request), isHead);
    } catch {
      send(refusal(500, "something went wrong inside Prism; see its log"), isHead);
    }
  }

  function take(chunk: Buffer): void {
    received = Buffer.concat([received, chunk]);
    const head = readHead(received, bounds.headBytesMax);
    if (head.kind === "more") return;
    // What follows a request is not for us: it is read, so that closing does not reset what was said, and dropped.
    socket.off("data", take);
    socket.resume();
    if (head.kind === "bad") send(head.answer, false);
    else void serve(head.isHead, head.request);
  }

  return new Promise((resolve) => {
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once("end", () => {
      // Half-open on purpose: who has asked and closes its writing side still gets the answer.
      if (socket.listeners("data").includes(take)) socket.destroy();
    });
    within(bounds.headMsMax, () => send(refusal(408, "the request was not complete in time"), false));
    socket.on("data", take);
    socket.resume();
  });
}

/** @param bytes everything that came so far */
function readHead(bytes: Buffer, bytesMax: number): Head {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1 ? bytes.length > bytesMax : end > bytesMax) {
    return { kind: "bad", answer: refusal(431, `the request's head is longer than ${bytesMax} bytes`) };
  }
  if (end === -1) return { kind: "more" };
  const [start = "", ...fields] = bytes.toString("latin1", 0, end).split("\r\n");
  const line = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\/[\x21-\x7e]*) HTTP\/1\.[01]$/.exec(start);
  if (line === null) return bad("the request is not HTTP/1.1");
  const headers = headersOf(fields);
  if (headers === null) return bad("a header of the request cannot be read");
  if (start.endsWith("1") && headers.get("host") === undefined) return bad("the request names no Host");
  const [, method = "", target = ""] = line;
  if (method !== "GET" && method !== "HEAD") {
    return { kind: "bad", answer: refusal(405, "only GET and HEAD are answered here") };
  }
  if (headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) !== 0) {
    return bad("a request for a page has no body");
  }
  const request: PageRequest = {
    path: target.split("?", 1)[0] ?? "/",
    accept: headers.get("accept"),
    host: headers.get("host"),
    origin: headers.get("origin"),
  };
  return { kind: "request", isHead: method === "HEAD", request };
}

function bad(sentence: string): Head {
  return { kind: "bad", answer: refusal(400, sentence) };
}

/** Names in lower case; null for a line that is no header, folded ones included, or a Host given twice. */
function headersOf(fields: readonly string[]): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>();
  for (const field of fields) {
    const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(field);
    const name = found?.[1]?.toLowerCase();
    if (found === null || name === undefined) return null;
    const before = headers.get(name);
    if (before !== undefined && (name === "host" || name === "content-length")) return null;
    headers.set(name, before === undefined ? (found[2] ?? "") : `${before}, ${found[2]}`);
  }
  return headers;
}

function answerText({ status, type, body }: PageAnswer, isHead: boolean): string {
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    ...(status === 405 ? ["Allow: GET, HEAD"] : []),
    "Connection: close",
  ].join("\r\n");
  return `${head}\r\n\r\n${isHead ? "" : body}`;
}
