/**
 * What `prism doctor` asks a hub: does it answer in time, does it take our token, do our clocks agree. Only
 * questions that change nothing (invariant 11).
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { printable } from "../../domain/address.ts";
import { ERROR_CODES, PrismError } from "../../domain/errors.ts";
import { agreedProtocol, spoken } from "../../domain/protocol.ts";
import { HUB_PROTOCOL, HUB_PROTOCOL_MIN, type PersonaReport } from "../../domain/verbs.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { askHub } from "../ask-hub.ts";
import type { HubFlags } from "../hub-target.ts";
import { counted, spanText } from "../layout.ts";
import type { Runtime } from "../runtime.ts";
import { certificateChecks } from "./certificate-check.ts";
import { type Check, failed } from "./check.ts";

const ANSWER_TIMEOUT_MS = 5000;
const HEALTH_BYTES_MAX = 64 * 1024;
/** A minute more or less confuses nobody. */
const CLOCK_MS_WARN = 60_000;

export interface HubLook {
  readonly checks: readonly Check[];
  /** What the hub knows of personas; null if it does not say, or not to this token. */
  readonly personas: KnownPersonas | null;
}

export interface KnownPersonas {
  /** Whose they are: of the others the hub tells us nothing. */
  readonly tenant: string;
  readonly reports: readonly PersonaReport[];
  /** False if there are more than one answer holds: one that is missing may be known all the same. */
  readonly isWhole: boolean;
}

export async function lookAtHub(url: string, flags: HubFlags, runtime: Runtime): Promise<HubLook> {
  const [asked, certificate] = await Promise.all([
    askedChecks(url, flags, runtime),
    certificateChecks(url, flags, runtime),
  ]);
  return { ...asked, checks: [...asked.checks, ...certificate] };
}

async function askedChecks(url: string, flags: HubFlags, runtime: Runtime): Promise<HubLook> {
  const health = await healthCheck(url, flags, runtime);
  if (health.verdict !== "fail") {
    const access = await accessChecks(flags, runtime);
    return { ...access, checks: [health, ...access.checks] };
  }
  const finding = "not known without a hub";
  const skipped = ["access", "clock"].map((name) => ({ name, verdict: "skip", finding }) as const);
  return { checks: [health, ...skipped], personas: null };
}

interface Health {
  readonly version: string;
  readonly protocol: number;
  readonly protocolMin: number | undefined;
  readonly uptimeMs: number;
  /** Of a hub that is not well. */
  readonly error?: unknown;
}

async function healthCheck(url: string, flags: HubFlags, runtime: Runtime): Promise<Check> {
  const name = "hub";
  const shown = printable(url, 200);
  try {
    const { status, body, tookMs } = await getHealth(url, flags, runtime);
    const health = healthIn(body);
    if (health === undefined) {
      const error = new PrismError(
        "protocol_mismatch",
        `what answers at ${shown} is no hub (HTTP ${status})`,
      );
      return failed(name, error, "check --hub and PRISM_HUB");
    }
    if (status !== 200) return failed(name, unwell(shown, health.error), "see the hub's log");
    const facts = `prism ${printable(health.version)}, up ${spanText(health.uptimeMs)}`;
    const strange = strangeness(health, shown, runtime);
    if (strange !== undefined) return failed(name, strange, strange.hint ?? "");
    const finding = `${shown} answers in ${tookMs} ms (${facts})`;
    if (health.version === runtime.version) return { name, verdict: "ok", finding };
    return { name, verdict: "note", finding: `${finding}; this is prism ${runtime.version}` };
  } catch (error) {
    return failed(name, reachError(error, url), 'start it: "prism hub"');
  }
}

/** Why the two can't talk. */
function strangeness(
  { version, protocol, protocolMin }: Health,
  shown: string,
  runtime: Runtime,
): PrismError | undefined {
  const hub = { who: `the hub at ${shown}`, version, protocol, protocolMin };
  const here = { who: "this program", version: runtime.version, ...spoken(HUB_PROTOCOL, HUB_PROTOCOL_MIN) };
  const remedy = "prism upgrade FILE";
  try {
    agreedProtocol(
      "the hub's protocol",
      { ...hub, remedy: `upgrade the hub, on its host: ${remedy}` },
      { ...here, remedy: `upgrade Prism on this host: ${remedy}` },
    );
    return undefined;
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
}

/** What ails a hub, in its own words: its disk may be full, and its log is on another host. */
function unwell(shown: string, report: unknown): PrismError {
  const { code, message, hint } = (typeof report === "object" && report !== null ? report : {}) as {
    readonly [member: string]: unknown;
  };
  const because = typeof message === "string" ? `: ${printable(message, 300)}` : "";
  return new PrismError(
    ERROR_CODES.find((known) => known === code) ?? "storage_failed",
    `the hub at ${shown} is not well${because}`,
    typeof hint === "string" ? { hint: printable(hint, 300) } : {},
  );
}

/** Loaded here alone: undici costs megabytes, and no other verb makes a plain HTTP request. */
async function getHealth(url: string, flags: HubFlags, runtime: Runtime) {
  const { getText } = await import("../../net/http-get.ts");
  const startedAt = performance.now();
  const answer = await getText(`${url}/healthz`, {
    env: runtime.env,
    timeoutMs: ANSWER_TIMEOUT_MS,
    bytesMax: HEALTH_BYTES_MAX,
    ...caOf(flags, runtime),
  });
  return { ...answer, tookMs: Math.round(performance.now() - startedAt) };
}

function caOf(flags: HubFlags, runtime: Runtime): { readonly ca?: string } {
  if (flags.tlsCa === undefined) return {};
  const path = resolve(runtime.cwd, flags.tlsCa);
  try {
    return { ca: readFileSync(path, "utf8") };
  } catch (error) {
    throw fsErrorOf("read the certificates", path, error);
  }
}

function healthIn(body: string): Health | undefined {
  try {
    const value = JSON.parse(body) as Partial<Health>;
    const { version, protocol, protocolMin, uptimeMs, error } = value;
    const isHub = typeof version === "string" && typeof protocol === "number" && typeof uptimeMs === "number";
    if (!isHub) return undefined;
    const oldest = typeof protocolMin === "number" ? protocolMin : undefined;
    return { version, protocol, protocolMin: oldest, uptimeMs, error };
  } catch {
    return undefined;
  }
}

function reachError(error: unknown, url: string): PrismError {
  if (error instanceof PrismError) return error;
  const errno = errnoOf(error);
  const because = REASONS[errno] ?? (errno === "" ? "the connection failed" : errno);
  const hint = CERTIFICATE_REMEDIES[errno];
  return new PrismError(
    "hub_unreachable",
    `the hub at ${printable(url, 200)} does not answer: ${because}`,
    hint === undefined ? {} : { hint },
  );
}

const REASONS: { readonly [errno: string]: string } = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be looked up",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no network",
  ECONNRESET: "it hung up",
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${ANSWER_TIMEOUT_MS} ms`,
  UND_ERR_HEADERS_TIMEOUT: `no answer within ${ANSWER_TIMEOUT_MS} ms`,
  UND_ERR_SOCKET: "it hung up",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate's signer is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate's signer is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate's signer is not known here",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

/** A hub that shows a certificate runs: to start it would be the wrong advice. */
const CERTIFICATE_REMEDIES: { readonly [errno: string]: string } = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "name that certificate with --tls-ca FILE",
  SELF_SIGNED_CERT_IN_CHAIN: "name the signer's certificate with --tls-ca FILE",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "name the signer's certificate with --tls-ca FILE",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "name the signer's certificate with --tls-ca FILE",
  CERT_HAS_EXPIRED: "renew it at the hub, or correct this host's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "give --hub a host name that stands in it",
};

async function accessChecks(flags: HubFlags, runtime: Runtime): Promise<HubLook> {
  try {
    const askedAtMs = runtime.now();
    const { hub, agents, daemons, waiting, tenant } = await askHub(flags, runtime, {
      verb: "status",
      params: {},
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    const answeredAtMs = runtime.now();
    const open = waiting.reduce((sum, mailbox) => sum + mailbox.open, 0);
    const here = `${counted(agents.length, "agent")}, ${counted(daemons.length, "daemon")}, ${open} waiting`;
    const { scope, known } = await scopeOf(flags, runtime);
    const finding = `as tenant ${printable(tenant)}${scope}: ${here}`;
    const clock = clockCheck(hub.nowMs - (askedAtMs + answeredAtMs) / 2);
    const personas = known === null ? null : { tenant, ...known };
    return { checks: [{ name: "access", verdict: "ok", finding }, clock], personas };
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    const clock: Check = { name: "clock", verdict: "skip", finding: "not known without access" };
    return { checks: [failed("access", error, "check the token"), clock], personas: null };
  }
}

/** What our token may do: only one that may do everything is told of personas. */
async function scopeOf(
  flags: HubFlags,
  runtime: Runtime,
): Promise<{ readonly scope: string; readonly known: Omit<KnownPersonas, "tenant"> | null }> {
  try {
    const question = { verb: "persona_list", params: {}, timeoutMs: ANSWER_TIMEOUT_MS } as const;
    const { personas, omitted = 0 } = await askHub(flags, runtime, question);
    return {
      scope: ", with a token for all that is in it",
      known: { reports: personas, isWhole: omitted === 0 },
    };
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    const scope = error.code === "permission_denied" ? ", with a token that acts for one persona alone" : "";
    return { scope, known: null };
  }
}

/** Leases and times to live are the hub's own affair; what differs is how its times look from here. */
function clockCheck(aheadMs: number): Check {
  const name = "clock";
  const apart = Math.abs(aheadMs);
  if (apart < CLOCK_MS_WARN) {
    const finding = apart < 1000 ? "agrees with the hub's" : `${spanText(apart)} apart from the hub's`;
    return { name, verdict: "ok", finding };
  }
  const finding = `this host's clock is ${spanText(apart)} ${aheadMs > 0 ? "behind" : "ahead of"} the hub's: leases and times to live are counted by the hub's alone and do not suffer, but times that the hub tells look wrong here by as much`;
  return {
    name,
    verdict: "warn",
    finding,
    remedy: "set both by network time, as with timedatectl set-ntp true",
  };
}
