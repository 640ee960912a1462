/**
 * Which HTTP proxy a connection takes, by the usual environment variables. Pure: it opens nothing. There is no
 * standard; this follows curl, and where curl would send a machine's own loopback to another machine, Go.
 */
import { BlockList, isIP } from "node:net";
import { PrismError } from "../domain/errors.ts";
import { base64 } from "../wsproto/base64.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Endpoint {
  readonly secure: boolean;
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** A Unix socket or a named pipe instead of host and port. */
  readonly socketPath?: string;
}

export interface HttpProxy extends Endpoint {
  /** Value of `Proxy-Authorization`, or null. A secret: never shown. */
  readonly authorization: string | null;
}

/** `host:port`, an IPv6 address in brackets; or the socket's path. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.socketPath !== undefined) return endpoint.socketPath;
  return `${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

/**
 * @param env HTTPS_PROXY (for `secure`) or HTTP_PROXY, else ALL_PROXY; NO_PROXY; lower case goes first
 * @returns the proxy, or null for a direct connection
 * @throws PrismError `invalid_argument` or `unsupported` for a proxy that can't be used; credentials are not quoted
 */
export function proxyFor(target: Endpoint, env: Environment): HttpProxy | null {
  if (target.socketPath !== undefined || isLoopback(target.host)) return null;
  const found = firstOf(env, target.secure ? "HTTPS_PROXY" : "HTTP_PROXY") ?? firstOf(env, "ALL_PROXY");
  if (found === null || isExcepted(target, firstOf(env, "NO_PROXY")?.value ?? "")) return null;
  return parseProxy(found.name, found.value);
}

function firstOf(env: Environment, name: string): { readonly name: string; readonly value: string } | null {
  for (const spelt of [name.toLowerCase(), name]) {
    const value = env[spelt]?.trim();
    // Set but empty counts as not set.
    if (value !== undefined && value !== "") return { name: spelt, value };
  }
  return null;
}

function parseProxy(name: string, value: string): HttpProxy {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (url === null || url.hostname === "") {
    throw new PrismError("invalid_argument", `the proxy in ${name} is not a URL`, {
      hint: 'write it as in "http://proxy.example:3128"',
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new PrismError(
      "unsupported",
      `the proxy in ${name} is of the kind "${url.protocol.slice(0, -1)}"`,
      {
        hint: "use an http or https proxy, or except the hub with NO_PROXY",
      },
    );
  }
  const secure = url.protocol === "https:";
  return {
    secure,
    host: bareHost(url.hostname),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    authorization: basicAuthorization(url),
  };
}

/** The userinfo of a URL as a `Basic` credential (RFC 7617), or null if it has none. A secret. */
export function basicAuthorization(url: URL): string | null {
  if (url.username === "" && url.password === "") return null;
  const pair = `${decoded(url.username)}:${decoded(url.password)}`;
  return `Basic ${base64(new TextEncoder().encode(pair))}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An IPv6 address without the brackets that a URL puts around it. */
export function bareHost(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** A proxy's loopback is another machine's. */
function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return (
    name === "localhost" || name.endsWith(".localhost") || isWithin(name, "127.0.0.0", 8) || name === "::1"
  );
}

/**
 * NO_PROXY: names, IP addresses and networks between commas or blanks, each with a port or without; a name stands
 * for itself and all below it, with a leading dot (or `*.`) or without; `*` stands for everything. An entry
 * that is none of these excepts nothing.
 */
function isExcepted(target: Endpoint, exceptions: string): boolean {
  const host = target.host.toLowerCase().replace(/\.$/, "");
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== "" && matches(entry, host, target.port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  const [, network, prefix] = /^\[?([0-9a-f:.]+)\]?\/([0-9]{1,3})$/.exec(entry) ?? [];
  if (network !== undefined) return isWithin(host, network, Number(prefix));
  const [, bracketed, bracketedPort] = /^\[([0-9a-f:.]+)\](?::([0-9]+))?$/.exec(entry) ?? [];
  // More than one colon and no brackets: an IPv6 address without a port.
  const [, name, namePort] = /^([^:]+)(?::([0-9]+))?$/.exec(entry) ?? [];
  const wanted = bracketed ?? name ?? entry;
  const wantedPort = bracketedPort ?? namePort;
  if (wantedPort !== undefined && Number(wantedPort) !== port) return false;
  const family = isIP(wanted);
  if (family !== 0) return isWithin(host, wanted, family === 4 ? 32 : 128);
  const suffix = wanted.replace(/^\*?\./, "").replace(/\.$/, "");
  return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
}

function isWithin(host: string, network: string, prefix: number): boolean {
  const family = isIP(network);
  if (family === 0 || isIP(host) === 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? "ipv4" : "ipv6");
  return list.check(host, isIP(host) === 4 ? "ipv4" : "ipv6");
}
