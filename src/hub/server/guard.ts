/**
 * Who may come in: the bearer token, and the Host and Origin that a browser cannot forge. A page on another
 * site that got its name to resolve to this host (DNS rebinding) is turned away before its token is read.
 * Never repeats a token.
 */
import type { IncomingMessage } from "node:http";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { isLoopback } from "../../net/loopback.ts";
import type { Bearer } from "../service.ts";
import type { Edge } from "./edge.ts";

/** Source: RFC 6750 section 3. */
export const CHALLENGE = 'Bearer realm="prism"';
export const CHALLENGE_INVALID = `${CHALLENGE}, error="invalid_token"`;

/** Longer than any token of ours; a header of 16 kB is not worth a hash. */
const TOKEN_CHARS_MAX = 512;

/** @throws PrismError `unauthorized` */
export function bearerOfRequest(edge: Edge, request: IncomingMessage): Bearer {
  const header = request.headers.authorization;
  if (header === undefined) {
    throw new PrismError("unauthorized", "the request carries no token", {
      hint: 'send the header "Authorization: Bearer TOKEN"; on the hub\'s own host the token is the file "token" in Prism\'s folder',
    });
  }
  const token = /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
  if (token === undefined || token.length > TOKEN_CHARS_MAX) {
    throw new PrismError("unauthorized", "the Authorization header is not of the form Bearer TOKEN", {
      hint: 'send the header "Authorization: Bearer TOKEN"',
    });
  }
  const bearer = edge.bearerOf(token);
  if (bearer === undefined) {
    throw new PrismError("unauthorized", "the hub does not know this token", {
      hint: "use the token of this hub, on its own host the file \"token\" in Prism's folder; a persona's own ends when it is destroyed or replaced",
    });
  }
  return bearer;
}

/** True if the bearer came in by a token that is worth nothing any more. */
export function isEnded({ scope }: Bearer, endedTokens: ReadonlySet<string>): boolean {
  return scope !== "home" && endedTokens.has(scope.tokenSha256);
}

/** @throws PrismError `permission_denied`, `invalid_argument` for a Host that is none */
export function checkOrigin(edge: Edge, request: IncomingMessage): void {
  const host = request.headers.host;
  if (host !== undefined && !isHost(host)) {
    throw new PrismError("invalid_argument", `the Host header "${printable(host)}" names no host`, {
      hint: "send the host and port that the URL names",
    });
  }
  if (edge.hosts !== null && !edge.hosts.has(hostName(host ?? ""))) {
    throw new PrismError(
      "permission_denied",
      `this hub does not answer to the host "${printable(host ?? "")}"`,
      {
        hint: "name it as localhost or 127.0.0.1; a proxy before it must set that Host",
      },
    );
  }
  const origin = request.headers.origin;
  if (origin === undefined) return;
  const from = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1] ?? "";
  const own =
    edge.hosts === null ? from.toLowerCase() === host?.toLowerCase() : edge.hosts.has(hostName(from));
  if (!own || from === "") {
    throw new PrismError("permission_denied", `pages of "${printable(origin)}" may not call this hub`, {
      hint: "call it from a program, or from a page on the hub's own host",
    });
  }
}

/** A host with or without a port, as a URL may carry it (RFC 9110 section 7.2). An empty one is allowed there. */
function isHost(host: string): boolean {
  return host === "" || (!/[/?#@\\\s]/.test(host) && URL.canParse(`http://${host}/`));
}

/** `[::1]:7777` and `LOCALHOST:7777` without port, in lower case. */
export function hostName(host: string): string {
  return host.replace(/:\d*$/, "").toLowerCase();
}

/** The Host names under which a hub that listens on `host` may be called. */
export function hostsFor(host: string): ReadonlySet<string> | null {
  if (!isLoopback(host)) return null;
  const own = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return new Set(["localhost", "127.0.0.1", "[::1]", own.toLowerCase()]);
}
