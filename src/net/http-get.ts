/**
 * One plain HTTP request, past the usual proxies. Nothing imports this file but late, with `await import()`: an HTTP
 * client is memory that a daemon has no use for. Node's own, because another one would make the executable 3 MB larger
 * for this alone.
 */
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plain } from "node:http";
import { Agent as SecureAgent, request as secure } from "node:https";
import { getCACertificates } from "node:tls";

export interface GetOptions {
  /** For HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** To connect, to the answer's head, and between two parts of its body. */
  readonly timeoutMs: number;
  /** What is longer is cut. */
  readonly bytesMax: number;
  /** Certificates in PEM to trust, besides the bundled ones and the system's. */
  readonly ca?: string;
}

/** @throws Error as Node has it: no connection, no trust, no answer in time */
export async function getText(url: string, options: GetOptions): Promise<{ status: number; body: string }> {
  const started = requestTo(new URL(url), options);
  try {
    const answer = await answerOf(started, options.timeoutMs);
    return { status: answer.statusCode ?? 0, body: await bodyOf(answer, options.bytesMax) };
  } finally {
    started.destroy();
  }
}

function requestTo(url: URL, { env, ca }: GetOptions): ClientRequest {
  const proxyEnv = isLocal(url) ? {} : proxiesOf(env);
  if (url.protocol !== "https:") return plain(url, { agent: new PlainAgent({ proxyEnv }) });
  const trust = {
    // As a daemon trusts: see tls-trust.ts.
    ca: [...getCACertificates("default"), ...getCACertificates("system"), ...(ca === undefined ? [] : [ca])],
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn the check off: of the proxy, and of the hub.
    rejectUnauthorized: true,
  };
  return secure(url, { ...trust, agent: new SecureAgent({ ...trust, proxyEnv }) });
}

function answerOf(started: ClientRequest, timeoutMs: number): Promise<IncomingMessage> {
  return new Promise((settle, fail) => {
    started.on("response", settle);
    started.on("error", fail);
    started.setTimeout(timeoutMs, () => {
      started.destroy(new Error(`no answer within ${timeoutMs} ms`));
    });
    started.end();
  });
}

async function bodyOf(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > bytesMax) break;
  }
  return Buffer.concat(parts).subarray(0, bytesMax).toString();
}

function isLocal({ hostname }: URL): boolean {
  return /^(localhost$|127\.|\[::1\]$)/.test(hostname);
}

/** Node reads each name in either case, and knows no ALL_PROXY. */
function proxiesOf(env: GetOptions["env"]): Record<string, string> {
  const either = (name: string): string => env[name] || env[name.toUpperCase()] || "";
  const all = either("all_proxy");
  return {
    http_proxy: either("http_proxy") || all,
    https_proxy: either("https_proxy") || all,
    no_proxy: either("no_proxy"),
  };
}
