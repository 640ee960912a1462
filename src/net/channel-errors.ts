/** What can go wrong before and below WebSocket, as one clear sentence each. Credentials are never part of it. */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { type Endpoint, formatEndpoint } from "./proxy.ts";

/** Hints by the error codes of Node, the operating system and OpenSSL. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "check that the hub runs and listens there",
  ENOTFOUND: "check the host's name and that it can be resolved",
  EAI_AGAIN: "check the network: no name server answered",
  EHOSTUNREACH: "check the network",
  ENETUNREACH: "check the network",
  ETIMEDOUT: "check the network and any firewall",
  CERT_HAS_EXPIRED: "renew the certificate, or correct this machine's clock",
  CERT_NOT_YET_VALID: "correct this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "use a host name that stands in its certificate",
  DEPTH_ZERO_SELF_SIGNED_CERT: "name that certificate with --tls-ca FILE",
  SELF_SIGNED_CERT_IN_CHAIN: "name the signer's certificate with --tls-ca FILE",
  UNABLE_TO_GET_ISSUER_CERT: "name the signer's certificate with --tls-ca FILE",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "name the signer's certificate with --tls-ca FILE",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "name the signer's certificate with --tls-ca FILE",
};
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|CRL/;

/** An error of a socket or of TLS. A `PrismError` stays what it is. */
export function connectionError(error: unknown, endpoint: Endpoint): PrismError {
  if (error instanceof PrismError) return error;
  const code = codeOf(error);
  const at = printable(formatEndpoint(endpoint));
  const sentence = CERTIFICATE.test(code)
    ? `the certificate of ${at} is not trusted (${code})`
    : code.startsWith("ERR_SSL") || code === "EPROTO"
      ? `TLS with ${at} failed (${code})`
      : `no connection to ${at} (${code})`;
  // On a path there is no hub, but whatever program made the socket: its client knows what to do.
  const hint = endpoint.socketPath === undefined ? HINTS[code] : undefined;
  return new PrismError("hub_unreachable", sentence, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return "no code";
}

/** A proxy that does not answer CONNECT as a proxy does. */
export function unexpectedProxy(proxy: Endpoint, why: string): PrismError {
  return new PrismError(
    "hub_unreachable",
    `the proxy ${printable(formatEndpoint(proxy))} can't be used: ${why}`,
    {
      hint: "check the proxy variables of the environment",
    },
  );
}

export function proxyRefusal(refusal: {
  readonly proxy: Endpoint;
  readonly target: Endpoint;
  readonly status: number;
  readonly phrase: string;
}): PrismError {
  const { proxy, target, status, phrase } = refusal;
  const answer = phrase === "" ? `${status}` : `${status} ${printable(phrase)}`;
  const message = `the proxy ${printable(formatEndpoint(proxy))} refused a tunnel to ${printable(formatEndpoint(target))} (${answer})`;
  const hint =
    status === 407
      ? "put the proxy's user and password into its URL in the environment"
      : "allow it at the proxy, or except the host with NO_PROXY";
  return new PrismError("hub_unreachable", message, { hint });
}
