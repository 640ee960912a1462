/**
 * What a TLS server shows of itself: until when its certificate is good, for which names, and whether who we trust
 * trusts it. Connects, looks and hangs up; sends no request and no secret. Loads node:tls.
 */
import type { PeerCertificate, TLSSocket } from "node:tls";
import { PrismError } from "../domain/errors.ts";
import { bareHost } from "./proxy.ts";
import { type TlsFiles, trustOf } from "./tls-trust.ts";

export interface SeenCertificate {
  /** Epoch milliseconds. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** As they stand in it: `DNS:hub.example, IP Address:10.0.0.7`; empty if none does. */
  readonly names: string;
  /** The host that was asked for is none of them. */
  readonly isOtherName: boolean;
  /** Node's own code of why it is not trusted, as DEPTH_ZERO_SELF_SIGNED_CERT; null if it is. Not of names. */
  readonly distrust: string | null;
}

/**
 * @param url `https://...`; asked for directly, past no proxy
 * @throws PrismError `hub_unreachable` if there is no TLS there in time; as `trustOf`
 */
export function seenCertificate(
  url: URL,
  { timeoutMs, ...files }: TlsFiles & { readonly timeoutMs: number },
): Promise<SeenCertificate> {
  const tls = process.getBuiltinModule("node:tls");
  const secureContext = trustOf(files);
  const host = bareHost(url.hostname);
  const isIp = process.getBuiltinModule("node:net").isIP(host) !== 0;
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = tls.connect({
      host,
      port: Number(url.port) || 443,
      secureContext,
      // What is wrong with it is what we came to see; nothing is said to it.
      rejectUnauthorized: false,
      // Not before the connection stands: its own verdict on the name would hide the one on trust.
      checkServerIdentity: () => undefined,
      ...(isIp ? {} : { servername: host }),
    });
    const timer = setTimeout(() => settle(() => reject(unseen(`no TLS within ${timeoutMs} ms`))), timeoutMs);
    function settle(how: () => void): void {
      clearTimeout(timer);
      socket.destroy();
      how();
    }
    socket.once("error", (error) => settle(() => reject(unseen(error.message))));
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerCertificate();
      const distrust = socket.authorized ? null : codeOf(socket.authorizationError);
      settle(() =>
        resolve(factsOf(certificate, tls.checkServerIdentity(host, certificate) !== undefined, distrust)),
      );
    });
  });
}

function factsOf(
  certificate: PeerCertificate,
  isOtherName: boolean,
  distrust: string | null,
): SeenCertificate {
  return {
    validFromMs: Date.parse(certificate.valid_from),
    validToMs: Date.parse(certificate.valid_to),
    names: certificate.subjectaltname ?? "",
    isOtherName,
    distrust,
  };
}

/** Typed as an error, and a text all the same. */
function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
}

function unseen(why: string): PrismError {
  return new PrismError("hub_unreachable", `its certificate could not be seen: ${why}`);
}
