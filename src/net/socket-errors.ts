/** What can go wrong with a WebSocket connection once there is a byte stream, as one clear sentence each. */
import { printable } from "../domain/address.ts";
import { type ErrorCode, PrismError } from "../domain/errors.ts";
import { errnoOf } from "../host/fs-error.ts";
import type { WsEvent } from "../wsproto.ts";
import type { SocketUrl } from "./socket-url.ts";

type Refused = Extract<WsEvent, { kind: "refused" }>;
type Failed = Extract<WsEvent, { kind: "failed" }>;

/** The handshake was answered with another status than 101 (RFC 6455 section 4.1, point 1). */
export function answerRefusal(url: SocketUrl, refused: Refused): PrismError {
  const { code, hint } = meaningOf(refused.status);
  const phrase = refused.phrase === "" ? "" : ` ${printable(refused.phrase, 40)}`;
  return new PrismError(code, `${url.shown} answered ${refused.status}${phrase}${towards(refused)}`, {
    hint,
  });
}

/** Redirects are told, not followed: credentials would go where nobody sent them. */
function towards(refused: Refused): string {
  if (refused.status < 300 || refused.status > 399 || refused.location === null) return "";
  return ` and points to "${printable(refused.location.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//"))}"`;
}

function meaningOf(status: number): { readonly code: ErrorCode; readonly hint: string } {
  if (status === 401 || status === 403) return { code: "unauthorized", hint: "check the token" };
  if (status >= 300 && status <= 399)
    return { code: "hub_unreachable", hint: "use the address it points to" };
  if (status === 408 || status === 504) return { code: "hub_timeout", hint: "try again" };
  if (status === 429 || status >= 500) return { code: "hub_unreachable", hint: "try again later" };
  return { code: "protocol_mismatch", hint: "check the address: no WebSocket is served there" };
}

/** The server broke RFC 6455, before it was open or after. */
export function brokenProtocol(url: SocketUrl, failed: Failed): PrismError {
  const code = failed.code === 1006 ? "" : ` (${failed.code})`;
  return new PrismError(
    "protocol_mismatch",
    `${url.shown} broke the WebSocket protocol: ${failed.why}${code}`,
    {
      hint: "check the address and both sides' versions",
    },
  );
}

/** The byte stream ended without a closing handshake. */
export function lostConnection(url: SocketUrl, cause: PrismError | null): PrismError {
  if (cause !== null) return cause;
  return new PrismError("hub_unreachable", `${url.shown} ended the connection without closing it in order`, {
    hint: "try again: it may be restarting",
  });
}

/** A server that was spoken to in the clear hung up before any answer: so do those that await TLS. */
export function refusedUnanswered(url: SocketUrl, cause: PrismError | null): PrismError {
  // Nobody reached, or a proxy's own word: TLS has no part in it.
  if (cause !== null && errnoOf(cause.cause) !== "ECONNRESET") return cause;
  return new PrismError("hub_unreachable", `${url.shown} ended the connection without an answer`, {
    hint: "write https:// if it serves TLS; else try again, as it may be restarting",
    cause,
  });
}

export function openingTimeout(url: SocketUrl, timeoutMs: number): PrismError {
  return new PrismError("hub_timeout", `${url.shown} did not open a connection within ${timeoutMs} ms`, {
    hint: "check that it runs and that the network reaches it",
  });
}

export function silentPeer(url: SocketUrl, timeoutMs: number): PrismError {
  return new PrismError("hub_timeout", `${url.shown} gave no sign of life for ${timeoutMs} ms`, {
    hint: "try again: the network or the other side is gone",
  });
}
