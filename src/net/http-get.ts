/**
 * One plain HTTP request, past the usual proxies. Imports undici and nothing imports this file but late, with
 * `await import()`: undici is a CommonJS package, and a bundle in parts gives its names only to a static import.
 */
import { getCACertificates } from "node:tls";
import { Agent, EnvHttpProxyAgent, request } from "undici";

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

/** @throws whatever undici throws: no connection, no trust, no answer in time */
export async function getText(url: string, options: GetOptions): Promise<{ status: number; body: string }> {
  const { timeoutMs, bytesMax } = options;
  const dispatcher = dispatcherFor(new URL(url), options);
  try {
    const answer = await request(url, { dispatcher, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      if (bytes > bytesMax) break;
    }
    return { status: answer.statusCode, body: Buffer.concat(parts).subarray(0, bytesMax).toString() };
  } finally {
    await dispatcher.destroy();
  }
}

function dispatcherFor(url: URL, { env, timeoutMs, ca }: GetOptions): Agent | EnvHttpProxyAgent {
  const trust = {
    // As a daemon trusts: see tls-trust.ts.
    ca: [...getCACertificates("default"), ...getCACertificates("system"), ...(ca === undefined ? [] : [ca])],
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn the check off: of the proxy, and of the hub.
    rejectUnauthorized: true,
  };
  const connect = url.protocol === "https:" ? { timeout: timeoutMs, ...trust } : { timeout: timeoutMs };
  const either = (name: string): string => env[name] || env[name.toUpperCase()] || "";
  const httpProxy = either("http_proxy") || either("all_proxy");
  const httpsProxy = either("https_proxy") || either("all_proxy");
  const isLocal = /^(localhost$|127\.|\[::1\]$)/.test(url.hostname);
  if (isLocal || (httpProxy === "" && httpsProxy === "")) return new Agent({ connect });
  const noProxy = either("no_proxy");
  return new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    noProxy,
    connect,
    requestTls: connect,
    proxyTls: trust,
  });
}
