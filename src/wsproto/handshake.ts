/**
 * The opening handshake, both halves: the request's text, and the verdict on the answer's head. Knows no
 * bytes of frames. Source: RFC 6455 sections 1.3, 4.1, 11.3.
 */
import { base64 } from "./base64.ts";
import { type DeflateOffer, printOffer, settleDeflate } from "./deflate.ts";
import { parseExtensions } from "./extensions.ts";
import { type HttpHead, isFieldName, isFieldValue, tokensOf, valuesOf } from "./http-head.ts";
import type { DeflateAgreement } from "./ports.ts";
import { sha1 } from "./sha1.ts";

export interface HandshakeOptions {
  /** Path and query, as in `/v1/socket?a=b`; ASCII, no fragment (section 3). */
  readonly resource: string;
  /** `Host`: with the port unless it is the scheme's default, an IPv6 address in brackets. */
  readonly host: string;
  /** Subprotocols, most wanted first; the server must choose one of them if there are any. */
  readonly protocols: readonly string[];
  /** Further fields, as `Authorization`; none of those that the handshake itself defines. */
  readonly headers: Readonly<Record<string, string>>;
  readonly deflate: DeflateOffer | null;
  /** 16 unpredictable bytes (section 4.1, point 7). */
  readonly nonce: Uint8Array;
}

/** Section 1.3: appended to the key before it is hashed. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const OWN_FIELDS = /^(?:host|upgrade|connection|sec-websocket-.*|content-length|transfer-encoding)$/i;

/** @throws RangeError if an option can't stand in a request: the caller's own fault, and named without its value */
export function printRequest(options: HandshakeOptions): string {
  // Section 4.1, requirements 1 to 11, in their order.
  if (!/^\/[\x21-\x7e]*$/.test(options.resource)) throw new RangeError("the resource name is not a path");
  if (options.host === "" || !isFieldValue(options.host)) throw new RangeError("the host name is malformed");
  if (options.nonce.length !== 16) throw new RangeError("the nonce is not 16 bytes");
  const lines = [
    `GET ${options.resource} HTTP/1.1`,
    `Host: ${options.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${base64(options.nonce)}`,
    "Sec-WebSocket-Version: 13",
  ];
  if (options.protocols.length > 0)
    lines.push(`Sec-WebSocket-Protocol: ${printProtocols(options.protocols)}`);
  if (options.deflate !== null) lines.push(`Sec-WebSocket-Extensions: ${printOffer(options.deflate)}`);
  for (const [name, value] of Object.entries(options.headers)) {
    if (!isFieldName(name)) throw new RangeError(`the header name ${JSON.stringify(name)} is malformed`);
    if (OWN_FIELDS.test(name)) throw new RangeError(`the header "${name}" belongs to the handshake itself`);
    // The value may be a secret: it is never quoted.
    if (!isFieldValue(value)) {
      throw new RangeError(`the value of the header "${name}" holds a character that a header can't`);
    }
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Section 4.1, point 10: tokens, each once. */
function printProtocols(protocols: readonly string[]): string {
  for (const protocol of protocols) {
    if (!isFieldName(protocol)) {
      throw new RangeError(`the subprotocol ${JSON.stringify(protocol)} is not a token`);
    }
  }
  if (new Set(protocols).size !== protocols.length) throw new RangeError("a subprotocol stands twice");
  return protocols.join(", ");
}

export type HandshakeVerdict =
  | {
      readonly kind: "accepted";
      readonly protocol: string;
      /** As the server wrote them, "" if none. */
      readonly extensions: string;
      readonly deflate: DeflateAgreement | null;
    }
  /** Another status than 101: what it means is for the caller to say. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly phrase: string;
      readonly location: string | null;
    }
  | { readonly kind: "failed"; readonly why: string };

/** Section 4.1, the client's checks of the answer, 1 to 6 in their order. */
export function judgeAnswer(head: HttpHead, options: HandshakeOptions): HandshakeVerdict {
  if (head.status !== 101) {
    const location = valuesOf(head, "location")[0] ?? null;
    return { kind: "refused", status: head.status, phrase: head.phrase, location };
  }
  const [upgrade, ...upgrades] = valuesOf(head, "upgrade");
  if (upgrade?.toLowerCase() !== "websocket" || upgrades.length > 0) {
    return failed('its answer lacks "Upgrade: websocket"'); // 2
  }
  if (!tokensOf(head, "connection").includes("upgrade")) {
    return failed('its answer lacks "Connection: Upgrade"'); // 3
  }
  const [accept, ...accepts] = valuesOf(head, "sec-websocket-accept");
  if (accept !== acceptOf(options.nonce) || accepts.length > 0) {
    return failed("its Sec-WebSocket-Accept does not prove that it read the request"); // 4
  }
  return judgeAgreements(head, options);
}

function judgeAgreements(head: HttpHead, options: HandshakeOptions): HandshakeVerdict {
  // 5. Section 11.3.2: at most one such field in an answer.
  const [extensions = "", ...moreExtensions] = valuesOf(head, "sec-websocket-extensions");
  const parsed = extensions === "" ? [] : parseExtensions(extensions);
  if (parsed === null || moreExtensions.length > 0)
    return failed("its Sec-WebSocket-Extensions is malformed");
  const deflate = settleDeflate(parsed, options.deflate);
  if (typeof deflate === "string") return failed(deflate);
  // 6. Section 11.3.4: at most one such field in an answer, one of those asked for; the comparison is exact.
  const [protocol = "", ...moreProtocols] = valuesOf(head, "sec-websocket-protocol");
  if (moreProtocols.length > 0) return failed("it chose more than one subprotocol");
  if (protocol !== "" && !options.protocols.includes(protocol)) {
    return failed("it chose a subprotocol that was not asked for");
  }
  // The RFC lets a client go on here; browsers don't, and a program that asked for a protocol can't either.
  if (protocol === "" && options.protocols.length > 0) {
    return failed(`it speaks none of the subprotocols asked for (${options.protocols.join(", ")})`);
  }
  return { kind: "accepted", protocol, extensions, deflate };
}

/** Section 4.2.2, point 5.4: what a server answers that has read the key. */
export function acceptOf(nonce: Uint8Array): string {
  const text = base64(nonce) + GUID;
  return base64(sha1(Uint8Array.from(text, (char) => char.charCodeAt(0))));
}

function failed(why: string): HandshakeVerdict {
  return { kind: "failed", why };
}
