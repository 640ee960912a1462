/**
 * Who may read the page. A link with a token that works once gives a cookie, and the cookie everything else. What another
 * site's page, or a name of its own that leads here (DNS rebinding), could make a browser ask is turned away before
 * that. Beyond this host nobody is answered at all.
 * Sources: RFC 6265bis section 4.1.2 (cookies); Fetch Metadata Request Headers; RFC 9110 section 7.2 (Host).
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** 256 bits: nobody guesses one. */
const TOKEN_BYTES = 32;
const COOKIE_CHARS_MAX = 4096;
const NAMES = ["localhost", "127.0.0.1", "[::1]"];

export interface Access {
  /** For the next link: works once. A later one does not make an earlier one worthless. */
  newToken(): string;
  /** True once for each token. */
  redeem(token: string): boolean;
  /** For who redeemed one. The name holds the port: a host's ports share their cookies. */
  setCookie(port: number): string;
  isKnown(headers: IncomingHttpHeaders, port: number): boolean;
}

/** Links that were given and not used yet. */
const TOKENS_MAX = 16;

export function openAccess(): Access {
  const unused = new Map<string, true>();
  const session = newSecret();
  return {
    newToken() {
      const token = newSecret();
      unused.set(digest(token), true);
      for (const old of [...unused.keys()].slice(0, -TOKENS_MAX)) unused.delete(old);
      return token;
    },
    // By its hash: how long a comparison takes says nothing of the token.
    redeem: (token) => unused.delete(digest(token)),
    setCookie: (port) => `${cookieName(port)}=${session}; HttpOnly; SameSite=Strict; Path=/`,
    isKnown(headers, port) {
      const given = cookieIn(headers.cookie, cookieName(port));
      return given !== undefined && isSame(given, session);
    },
  };
}

function newSecret(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

function digest(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(digest(one)), Buffer.from(digest(other)));
}

function cookieName(port: number): string {
  return `prism-${port}`;
}

function cookieIn(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > COOKIE_CHARS_MAX) return undefined;
  const pair = header.split(";").find((each) => each.trim().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}

/**
 * Why a request is not answered, whoever sends it; null if it may be.
 *
 * @param ownHost the address that is listened on, as it stands in a URL
 */
export function strangerReason(headers: IncomingHttpHeaders, ownHost: string): string | null {
  const host = headers.host?.toLowerCase() ?? "";
  // Any port: a tunnel may lead here from another one.
  const name = host.replace(/:\d*$/, "");
  if (![...NAMES, ownHost.toLowerCase()].includes(name)) {
    return "nothing here answers to that host; call it localhost or 127.0.0.1";
  }
  const { origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`) {
    return "pages of another site may not read this";
  }
  return null;
}

/**
 * True for what another site's page brought about. A link that was followed from one shows the page, which is harmless;
 * data is for our own page alone.
 */
export function isForeignFetch(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}
