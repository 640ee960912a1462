/** A `ws:` or `wss:` URL, taken apart for the handshake. Source: RFC 6455 section 3. */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { bareHost, basicAuthorization, type Endpoint } from "./proxy.ts";

export interface SocketUrl {
  readonly endpoint: Endpoint;
  /** Path and query. */
  readonly resource: string;
  /** Value of the `Host` field. */
  readonly hostField: string;
  /** Credentials of the URL, as a header's value, or null. A secret. */
  readonly authorization: string | null;
  /** For messages: without credentials and query, either of which may hold a secret. */
  readonly shown: string;
}

/**
 * @param socketPath the socket to connect to instead of the URL's host
 * @throws PrismError `invalid_argument`
 */
export function parseSocketUrl(text: string, socketPath?: string): SocketUrl {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "ws:" && url.protocol !== "wss:") || url.hostname === "") {
    // Not quoted beyond its scheme and host: what is malformed may still hold a password.
    const head = printable(text.replace(/\/\/[^/]*@/, "//").replace(/[?#].*$/s, ""));
    throw new PrismError("invalid_argument", `"${head}" is not a WebSocket URL`, {
      hint: 'write it as in "wss://hub.example/v1/socket"',
    });
  }
  const secure = url.protocol === "wss:";
  if (secure && socketPath !== undefined) {
    throw new PrismError("invalid_argument", "there is no TLS on a socket of this host", {
      hint: 'write the URL as in "ws://localhost/"',
    });
  }
  return {
    endpoint: {
      secure,
      host: bareHost(url.hostname),
      port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
      ...(socketPath === undefined ? {} : { socketPath }),
    },
    // Section 3: a fragment has no meaning here and is not sent.
    resource: `${url.pathname}${url.search}`,
    hostField: url.host,
    authorization: basicAuthorization(url),
    shown: printable(socketPath ?? `${url.protocol}//${url.host}${url.pathname}`),
  };
}
