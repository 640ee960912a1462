/**
 * Personas known by name: created with a token of their own, archived, restored, destroyed. All of it can be asked
 * again: whoever lost an answer asks once more, and nothing is done twice. Knows no token, only its hash.
 */
import { parseName } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type {
  DaemonPresence,
  PersonaCreateAnswer,
  PersonaCreateParams,
  PersonaListAnswer,
  PersonaListParams,
  PersonaReport,
  PersonaState,
} from "../../domain/verbs.ts";
import type { IdentityRecord } from "../store/store.ts";
import { nameOf } from "./asker.ts";
import { type ArrivalFacts, arrive, findAddress, listed, wrapAll } from "./desk.ts";
import { holderOf, isArchived, type Registered, type Registry, type Session } from "./registry.ts";

type Named = { readonly persona: string; readonly project: string };

/** @throws PrismError `invalid_argument`, `overloaded` */
export function create(
  registry: Registry,
  tenant: string,
  params: PersonaCreateParams,
  facts: ArrivalFacts,
): PersonaCreateAnswer {
  const tokenSha256 = hashFrom(params.tokenSha256);
  refuseShared(registry, tenant, nameOf(params), tokenSha256);
  const { at, isKnown } = arrive(registry, tenant, params, facts);
  const { nowMs } = facts;
  const before = at.identity;
  if (before === null && isKnown) onDuty(registry, at, nowMs);
  if (params.leaseMs !== undefined && params.leaseMs !== at.leaseMs) {
    at.leaseMs = params.leaseMs;
    registry.changed(at);
  }
  const identity: IdentityRecord = { createdAtMs: nowMs, archivedAtMs: null, ...before, tokenSha256 };
  if (before?.tokenSha256 !== tokenSha256) registry.identify(at, identity);
  return { address: at.name, tenant, isNew: before === null, state: stateOf(identity) };
}

/** A hash stands for one persona: two with one token could not be told apart. */
function refuseShared(registry: Registry, tenant: string, name: string, tokenSha256: string): void {
  const holder = registry.byToken(tokenSha256);
  if (holder === undefined || (holder.tenant === tenant && holder.name === name)) return;
  throw new PrismError("invalid_argument", "the token of this hash belongs to another persona", {
    hint: "make a new token for each persona",
  });
}

/**
 * Off duty: its sessions end, it takes no signal and no session; what is kept of it stays. An address that was only
 * ever started becomes a persona by it, without a token of its own.
 *
 * @returns the sessions that ended now
 * @throws PrismError `target_unknown`, `invalid_argument`
 */
export function archive(
  registry: Registry,
  tenant: string,
  { persona, project }: Named,
  nowMs: number,
): { readonly at: Registered; readonly ended: readonly Session[] } {
  const at = findAddress(registry, tenant, persona, project);
  const ended = wrapAll(registry, at, nowMs);
  const before = at.identity;
  if (!isArchived(at))
    registry.identify(at, { createdAtMs: nowMs, tokenSha256: null, ...before, archivedAtMs: nowMs });
  return { at, ended };
}

/** On duty again, its lease counted from now; nothing happens to one that is. @throws as `archive` */
export function restore(
  registry: Registry,
  tenant: string,
  { persona, project }: Named,
  nowMs: number,
): Registered {
  const at = findAddress(registry, tenant, persona, project);
  if (!isArchived(at)) return at;
  registry.identify(at, { createdAtMs: nowMs, tokenSha256: null, ...at.identity, archivedAtMs: null });
  onDuty(registry, at, nowMs);
  return at;
}

/** The address stays as long as signals of it are kept; who it was is gone, and with it the token. */
export function destroy(
  registry: Registry,
  at: Registered,
  nowMs: number,
): { readonly existed: boolean; readonly ended: readonly Session[] } {
  const existed = at.identity !== null;
  const ended = wrapAll(registry, at, nowMs);
  if (existed) registry.identify(at, null);
  return { existed, ended };
}

/** @throws PrismError `invalid_argument` */
export function list(registry: Registry, tenant: string, params: PersonaListParams): PersonaListAnswer {
  const persona = params.persona === undefined ? null : parseName(params.persona, "persona");
  const project = params.project === undefined ? null : parseName(params.project, "project");
  const isAsked = (at: Registered): boolean =>
    (persona === null || at.persona === persona) && (project === null || at.project === project);
  const reports: PersonaReport[] = [];
  for (const at of registry.of(tenant))
    if (at.identity !== null && isAsked(at)) reports.push(reportOn(at, at.identity));
  reports.sort((one, other) => (one.address < other.address ? -1 : 1));
  const { reports: personas, omitted } = listed(reports, (report) => report);
  return { personas, ...(omitted === 0 ? {} : { omitted }) };
}

function stateOf({ archivedAtMs }: IdentityRecord): PersonaState {
  return archivedAtMs === null ? "active" : "archived";
}

/** Whoever was ended with it may come back, as a daemon does that slept through it all. */
function onDuty(registry: Registry, at: Registered, nowMs: number): void {
  for (const session of at.sessions.filter(({ wrappedAtMs }) => wrappedAtMs !== null))
    registry.removeSession(session);
  at.wrappedAtMs = null;
  at.lastHeardAtMs = nowMs;
  at.heardWrittenAtMs = nowMs;
  registry.changed(at);
}

function hashFrom(text: string): string {
  const hash = text.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  throw new PrismError("invalid_argument", "tokenSha256 is not 64 hex digits", {
    hint: "give the SHA-256 of the persona's token in hex, and never the token itself",
  });
}

function reportOn(at: Registered, identity: IdentityRecord): PersonaReport {
  return {
    address: at.name,
    persona: at.persona,
    project: at.project,
    state: stateOf(identity),
    createdAtMs: identity.createdAtMs,
    archivedAtMs: identity.archivedAtMs,
    hasToken: identity.tokenSha256 !== null,
    leaseMs: at.leaseMs,
    lastHeardAtMs: at.lastHeardAtMs,
    daemon: presenceOf(holderOf(at)),
    open: at.mailbox.open,
  };
}

function presenceOf(daemon: Session | undefined): DaemonPresence {
  if (daemon === undefined) return "none";
  return daemon.connected ? "connected" : "away";
}
