/**
 * The forms in which people write where a hub is, and the two addresses made of them.
 * Opens nothing, and never repeats a URL that may hold a password.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";

const HINT = "write it as HOST:PORT, http://HOST:PORT or https://HOST:PORT";

/**
 * @param written `HOST:PORT`, `http://...`, `https://...`, `ws://...` or `wss://...`, with or without a path
 *   before the hub's own
 * @returns the hub's socket, `ws:` or `wss:`, ending in `/v1/socket`
 * @throws PrismError `invalid_argument`
 */
export function hubSocketUrl(written: string): string {
  const url = parse(written);
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  return `${secure ? "wss" : "ws"}://${url.host}${basePath(url)}/v1/socket`;
}

/** The same place as an HTTP base without a slash at its end; for people and for plain requests. */
export function hubHttpUrl(written: string): string {
  const url = parse(written);
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  return `${secure ? "https" : "http"}://${url.host}${basePath(url)}`;
}

function parse(written: string): URL {
  const text = written.trim();
  let url: URL;
  try {
    url = new URL(text.includes("://") ? text : `http://${text}`);
  } catch {
    throw new PrismError("invalid_argument", `the hub's address "${quoted(text)}" is no URL`, { hint: HINT });
  }
  if (!/^(https?|wss?):$/.test(url.protocol)) {
    throw new PrismError(
      "invalid_argument",
      `the hub's address "${quoted(text)}" is not of a form known here`,
      {
        hint: HINT,
      },
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new PrismError("invalid_argument", "the hub's address holds a user name or password", {
      hint: "leave it out: the token is given apart from the address",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw new PrismError("invalid_argument", "the hub's address holds a query or a fragment", { hint: HINT });
  }
  return url;
}

/** A path before ours stays, for a hub behind a proxy; our own end is not doubled. */
function basePath(url: URL): string {
  return url.pathname.replace(/\/+$/, "").replace(/\/v1\/socket$/, "");
}

/** What stands before an "@" may be a password. */
function quoted(text: string): string {
  return printable(text.replace(/[^/]*@/, "...@"));
}
