/**
 * One plain HTTP request, past the usual proxies. Imports undici and nothing imports this file but late, with
 * `await import()`: undici is a CommonJS package, and a bundle in parts gives its names only to a static import.
 */
import { Agent, EnvHttpProxyAgent, request } from "undici";

export interface GetOptions {
  /** For HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** To connect, to the answer's head, and between two parts of its body. */
  readonly timeoutMs: number;
  /** What is longer is cut. */
  readonly bytesMax: number;
  /** Certificates in PEM to trust besides the system's. */
  readonly ca?: string;
}

/** @throws whatever undici throws: no connection, no answer in time */
export async function getText(url: string, options: GetOptions): Promise<{ status: number; body: string }> {
  const { timeoutMs, bytesMax } = options;
  const dispatcher = dispatcherFor(url, options);
  try {
    const answer = await request(url, { dispatcher, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    let body = "";
    for await (const chunk of answer.body) {
      body += String(chunk);
      if (body.length > bytesMax) break;
    }
    return { status: answer.statusCode, body };
  } finally {
    await dispatcher.destroy();
  }
}

function dispatcherFor(url: string, { env, timeoutMs, ca }: GetOptions): Agent | EnvHttpProxyAgent {
  // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn the check off.
  const trust = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  const connect = { timeout: timeoutMs, ...trust };
  const either = (name: string): string | undefined => env[name] ?? env[name.toUpperCase()];
  const httpProxy = either("http_proxy") ?? either("all_proxy") ?? "";
  const httpsProxy = either("https_proxy") ?? either("all_proxy") ?? "";
  const isLocal = /^(localhost|127\.|\[::1\])/.test(new URL(url).host);
  if (isLocal || (httpProxy === "" && httpsProxy === "")) return new Agent({ connect });
  return new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    noProxy: either("no_proxy") ?? "",
    connect,
    requestTls: connect,
    proxyTls: trust,
  });
}
