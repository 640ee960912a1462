/** Is the hub's certificate good: trusted here, for the name that it is called by, and for a while to come. */
import { resolve } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type { SeenCertificate } from "../../net/peer-certificate.ts";
import { bareHost, proxyFor } from "../../net/proxy.ts";
import type { HubFlags } from "../hub-target.ts";
import { spanText } from "../layout.ts";
import type { Runtime } from "../runtime.ts";
import { type Check, failed } from "./check.ts";

const ANSWER_MS_MAX = 5000;
const DAY_MS = 86_400_000;
/** Time enough to renew it by hand; what renews by itself does so with a month to go. */
const LEFT_MS_WARN = 14 * DAY_MS;

/** @returns none for a hub without TLS */
export async function certificateChecks(
  url: string,
  flags: HubFlags,
  runtime: Runtime,
): Promise<readonly Check[]> {
  const name = "certificate";
  const at = new URL(url);
  if (at.protocol !== "https:") return [];
  try {
    const port = Number(at.port) || 443;
    if (proxyFor({ secure: true, host: bareHost(at.hostname), port }, runtime.env) !== null) {
      const finding = "not looked at: the hub is reached through a proxy, whose own would be seen";
      return [{ name, verdict: "skip", finding }];
    }
    // Loaded here alone: node:tls is for whoever speaks it.
    const { seenCertificate } = await import("../../net/peer-certificate.ts");
    const ca = flags.tlsCa === undefined ? {} : { caFile: resolve(runtime.cwd, flags.tlsCa) };
    const seen = await seenCertificate(at, { timeoutMs: ANSWER_MS_MAX, ...ca });
    return [judged(seen, { host: at.hostname, nowMs: runtime.now() })];
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    if (error.code === "hub_unreachable") return [{ name, verdict: "skip", finding: error.message }];
    return [failed(name, error, "check --tls-ca")];
  }
}

/** The worst of it, with what to do; each check says one thing. */
export function judged(
  seen: SeenCertificate,
  { host, nowMs }: { readonly host: string; readonly nowMs: number },
): Check {
  const name = "certificate";
  const leftMs = seen.validToMs - nowMs;
  const fail = (finding: string, remedy: string): Check => ({
    name,
    verdict: "fail",
    finding,
    remedy,
    code: "hub_unreachable",
  });
  if (leftMs <= 0) {
    return fail(
      `the hub's certificate expired ${spanText(-leftMs)} ago`,
      "renew it at the hub, which reads it at its start; or correct this host's clock",
    );
  }
  if (seen.validFromMs > nowMs) {
    return fail(
      `the hub's certificate is good only from ${spanText(seen.validFromMs - nowMs)} from now on`,
      "correct this host's clock",
    );
  }
  if (seen.isOtherName) {
    const names = seen.names === "" ? "no name at all" : printable(seen.names, 200);
    return fail(
      `the hub's certificate is not for ${printable(host, 100)}: it names ${names}`,
      "give --hub a host name that stands in it",
    );
  }
  if (seen.distrust !== null) {
    return fail(
      `the hub's certificate is not trusted here (${printable(seen.distrust, 60)})`,
      seen.distrust === "DEPTH_ZERO_SELF_SIGNED_CERT"
        ? "name that certificate with --tls-ca FILE"
        : "name the signer's certificate with --tls-ca FILE",
    );
  }
  const finding = `trusted, for ${printable(host, 100)}, and good for another ${spanText(leftMs)}`;
  if (leftMs > LEFT_MS_WARN) return { name, verdict: "ok", finding };
  return {
    name,
    verdict: "warn",
    finding,
    remedy: "renew it at the hub before then; the hub reads it at its start",
  };
}
