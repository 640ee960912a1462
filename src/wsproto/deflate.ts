/**
 * permessage-deflate's negotiation: what is offered, and whether an answer fits the offer. Compresses
 * nothing: that is the `DeflatePort`'s part. Source: RFC 7692 sections 5 and 7.1.
 */
import type { Extension } from "./extensions.ts";
import type { DeflateAgreement } from "./ports.ts";

export interface DeflateOffer {
  /** Ask the server to forget its window after each message: less memory here, worse compression. */
  readonly serverNoContextTakeover?: boolean;
  /** Say that this side will forget its own. */
  readonly clientNoContextTakeover?: boolean;
  /** Ask the server for a window of 2^n bytes at most, 8 to 15. */
  readonly serverMaxWindowBits?: number;
  /** Let the server bound this side's window: to any size (`true`), or a hint of 8 to 15. Absent: it may not. */
  readonly clientMaxWindowBits?: number | true;
}

const NAME = "permessage-deflate";
const WINDOW_BITS_MAX = 15;

/** The offer as it stands in the request. @throws RangeError for a window that RFC 7692 does not know */
export function printOffer(offer: DeflateOffer): string {
  let text = NAME;
  if (offer.serverNoContextTakeover === true) text += "; server_no_context_takeover";
  if (offer.clientNoContextTakeover === true) text += "; client_no_context_takeover";
  if (offer.serverMaxWindowBits !== undefined) {
    text += `; server_max_window_bits=${checkedBits(offer.serverMaxWindowBits)}`;
  }
  if (offer.clientMaxWindowBits === true) text += "; client_max_window_bits";
  else if (offer.clientMaxWindowBits !== undefined) {
    text += `; client_max_window_bits=${checkedBits(offer.clientMaxWindowBits)}`;
  }
  return text;
}

function checkedBits(bits: number): number {
  if (Number.isInteger(bits) && bits >= 8 && bits <= WINDOW_BITS_MAX) return bits;
  throw new RangeError(`a deflate window of ${bits} bits is not one of 8 to ${WINDOW_BITS_MAX}`);
}

/**
 * @param answered the extensions of the server's answer, none if it named none
 * @returns the agreement, null if compression was declined, or a text that says what is wrong
 */
export function settleDeflate(
  answered: readonly Extension[],
  offer: DeflateOffer | null,
): DeflateAgreement | null | string {
  const [extension, second] = answered;
  if (extension === undefined) return null;
  // RFC 6455 section 4.1 step 5: an extension that was not asked for fails the connection.
  if (offer === null || extension.name !== NAME) return `the extension "${extension.name}" was not asked for`;
  // RFC 7692 section 5: of several offers of one extension at most one is accepted, and only one was made.
  if (second !== undefined) return `the extension "${second.name}" was not asked for`;
  return settleParams(extension, offer);
}

function settleParams(extension: Extension, offer: DeflateOffer): DeflateAgreement | string {
  const seen = new Set<string>();
  const agreed = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: offer.clientNoContextTakeover === true,
    serverMaxWindowBits: WINDOW_BITS_MAX,
    clientMaxWindowBits: WINDOW_BITS_MAX,
  };
  for (const [name, value] of extension.params) {
    // Section 7.1: an unknown parameter, an invalid value or one name twice fails the connection.
    if (seen.has(name)) return `the parameter "${name}" stands twice`;
    seen.add(name);
    const bad = settleParam(name, value, offer, agreed);
    if (bad !== null) return bad;
  }
  // Sections 7.1.1.1 and 7.1.2.1: who accepts an offer with these two repeats them; silence is no acceptance.
  if (offer.serverNoContextTakeover === true && !agreed.serverNoContextTakeover) {
    return 'the parameter "server_no_context_takeover" was asked for and not accepted';
  }
  if (offer.serverMaxWindowBits !== undefined && !seen.has("server_max_window_bits")) {
    return 'the parameter "server_max_window_bits" was asked for and not accepted';
  }
  return agreed;
}

function settleParam(
  name: string,
  value: string | null,
  offer: DeflateOffer,
  agreed: { -readonly [K in keyof DeflateAgreement]: DeflateAgreement[K] },
): string | null {
  switch (name) {
    case "server_no_context_takeover": // section 7.1.1.1
      if (value !== null) return `the parameter "${name}" takes no value`;
      agreed.serverNoContextTakeover = true;
      return null;
    case "client_no_context_takeover": // section 7.1.1.2: also unasked
      if (value !== null) return `the parameter "${name}" takes no value`;
      agreed.clientNoContextTakeover = true;
      return null;
    case "server_max_window_bits": {
      // section 7.1.2.1: also unasked; never above what was asked
      const bits = windowBitsOf(value, offer.serverMaxWindowBits ?? WINDOW_BITS_MAX);
      if (bits === null) return `the parameter "${name}" has no fitting value`;
      agreed.serverMaxWindowBits = bits;
      return null;
    }
    case "client_max_window_bits": {
      // section 7.1.2.2: only if offered. The offer's value is a hint, so any answer of 8 to 15 is valid; where
      // it is above the hint, the hint stays this side's own bound.
      if (offer.clientMaxWindowBits === undefined) return `the parameter "${name}" was not asked for`;
      const bits = windowBitsOf(value, WINDOW_BITS_MAX);
      if (bits === null) return `the parameter "${name}" has no fitting value`;
      const hint = offer.clientMaxWindowBits === true ? WINDOW_BITS_MAX : offer.clientMaxWindowBits;
      agreed.clientMaxWindowBits = Math.min(bits, hint);
      return null;
    }
    default:
      return `the parameter "${name}" is unknown`;
  }
}

/** Section 7.1.2: a decimal number without leading zeros, 8 to 15. */
function windowBitsOf(value: string | null, bitsMax: number): number | null {
  if (value === null || !/^(?:[89]|1[0-5])$/.test(value)) return null;
  return Number(value) <= bitsMax ? Number(value) : null;
}
