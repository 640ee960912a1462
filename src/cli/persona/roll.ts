/**
 * Every persona that this host or its hub knows, as one row each: what the hub says, what is kept here, what the
 * service manager and the daemon itself say. Asks and reads; changes nothing.
 */
import { readPlacementsIfWhole } from "../../clients/placement.ts";
import { parseAddress } from "../../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../../domain/errors.ts";
import type { PersonaReport } from "../../domain/verbs.ts";
import { daemonPlaces } from "../../host/daemon-places.ts";
import type { DaemonStatus } from "../../ipc.ts";
import type { ServiceStatus } from "../../launchers/launcher.ts";
import { isSameOwner } from "../../launchers/owner.ts";
import { askLocalDaemons, type LocalDaemon } from "../local-daemons.ts";
import { personaTokenPath } from "../persona-token.ts";
import type { Runtime } from "../runtime.ts";
import { TENANT_DEFAULT } from "../settings.ts";
import { type Whose, whose } from "../surface/whose.ts";
import { startKept } from "./by-hand.ts";
import { type HalfDone, halfDone } from "./half-done.ts";
import { type PersonaRecord, readPersonaRecordIfWhole } from "./record.ts";
import { hasTokens } from "./token.ts";
import { type DaemonOwner, type HubSide, ownerOf, type ServicesSide, servicesIfAny } from "./world.ts";

/**
 * `half`: a command that makes, unmakes, archives or restores it was cut short. `strange`: this host keeps it, and the
 * hub does not know it. `unknown`: the hub does not answer, nor does a daemon.
 */
export type PersonaStanding = "connected" | "away" | "down" | "archived" | "half" | "strange" | "unknown";

export interface PersonaRow {
  readonly address: string;
  readonly tenant: string;
  readonly persona: string;
  readonly project: string;
  readonly state: PersonaStanding;
  /** Since when, in epoch milliseconds; of one that is away or down, when it was last heard of. */
  readonly sinceMs: number | null;
  /** This host keeps something of it. */
  readonly isHere: boolean;
  readonly root: string | null;
  readonly surface: string | null;
  readonly service: ServiceStatus | null;
  /** The command that starts its daemon, of one that was created without a service. */
  readonly start: string | null;
  /** What waits for it; null if nobody knows. */
  readonly open: number | null;
  readonly tokenFile: string | null;
  /** What was cut short, and the command that does the rest. */
  readonly half: HalfDone | null;
  readonly atHub: PersonaReport | null;
  readonly daemon: DaemonStatus | null;
  readonly record: PersonaRecord | null;
}

export interface Roll {
  readonly personas: readonly PersonaRow[];
  readonly hub: { readonly url: string; readonly error: ErrorReport | null };
  /** Why nothing is known of services; null if it is. */
  readonly silence: string | null;
  readonly omitted: number;
}

export async function rollOf(
  hub: HubSide,
  runtime: Runtime,
  of: { readonly tenant: string | undefined; readonly only?: Whose },
): Promise<Roll> {
  const tenant = of.tenant ?? TENANT_DEFAULT;
  const [answer, services, daemons] = await Promise.all([
    listed(hub, of.only),
    servicesIfAny(runtime),
    askLocalDaemons(runtime, "cli", (place) => place.tenant === tenant),
  ]);
  const here = daemonPlaces(runtime.home)
    .filter((place) => place.tenant === tenant)
    .map(({ address }) => whose(address, tenant, runtime.home))
    .filter(({ stateDir }) => isKept(stateDir));
  const known = answer.personas.map(({ address }) => whose(parseAddress(address), tenant, runtime.home));
  const all = new Map([...here, ...known].map((who) => [who.shown, who] as const));
  const rows = [...all.values()]
    .filter(({ shown }) => of.only === undefined || shown === of.only.shown)
    .toSorted((a, b) => (a.shown < b.shown ? -1 : 1))
    .map((who) =>
      rowOf(who, {
        runtime,
        services,
        atHub: answer.personas.find(({ address }) => address === who.shown) ?? null,
        // Of one that a long answer leaves out nothing is known.
        hubAnswers: answer.error === null && answer.omitted === 0,
        daemon: daemons.find(({ address }) => isAddress(address, who)),
      }),
    );
  const personas = await Promise.all(rows);
  return {
    personas,
    hub: { url: hub.url, error: answer.error },
    silence: services instanceof PrismError ? services.message : null,
    omitted: answer.omitted,
  };
}

function isKept(stateDir: string): boolean {
  return readPersonaRecordIfWhole(stateDir, "look") !== undefined || hasTokens(stateDir);
}

function isAddress(a: Whose["address"], { address: b }: Whose): boolean {
  return a.persona === b.persona && a.project === b.project;
}

async function listed(
  hub: HubSide,
  only: Whose | undefined,
): Promise<{
  readonly personas: readonly PersonaReport[];
  readonly omitted: number;
  readonly error: ErrorReport | null;
}> {
  try {
    const { personas, omitted = 0 } = await hub.ask("persona_list", { ...only?.address });
    return { personas, omitted, error: null };
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return { personas: [], omitted: 0, error: reportOf(error) };
  }
}

interface Facts {
  readonly runtime: Runtime;
  readonly services: ServicesSide | PrismError;
  readonly atHub: PersonaReport | null;
  readonly hubAnswers: boolean;
  readonly daemon: LocalDaemon | undefined;
}

async function rowOf(who: Whose, facts: Facts): Promise<PersonaRow> {
  const { runtime, services, atHub } = facts;
  const record = readPersonaRecordIfWhole(who.stateDir, "look") ?? null;
  const daemon = facts.daemon?.kind === "answered" ? facts.daemon.status : null;
  const owner = ownerOf(who, runtime);
  const service = services instanceof PrismError ? null : await serviceOf(owner, services);
  const placement = readPlacementsIfWhole(who.stateDir, "look").at(-1);
  const half = record === null ? null : halfDone(record, who);
  const { state, sinceMs } = standingOf({ ...facts, half, daemon, record });
  return {
    address: who.shown,
    tenant: who.tenant,
    ...who.address,
    state,
    sinceMs,
    isHere: record !== null || hasTokens(who.stateDir),
    root: daemon?.root ?? record?.root ?? placement?.root ?? null,
    surface: daemon?.surface.name ?? record?.surface ?? placement?.surface ?? null,
    service,
    start: startKept(record, runtime),
    open: atHub?.open ?? daemon?.position.open ?? null,
    tokenFile: hasTokens(who.stateDir) ? personaTokenPath(who.stateDir) : null,
    half,
    atHub,
    daemon,
    record,
  };
}

async function serviceOf(owner: DaemonOwner, { own, launcher }: ServicesSide): Promise<ServiceStatus | null> {
  const found = own.find((each) => isSameOwner(each.owner, owner));
  return found === undefined ? null : launcher.status(found.name);
}

function standingOf({
  half,
  atHub,
  hubAnswers,
  daemon,
  record,
}: Pick<Facts, "atHub" | "hubAnswers"> & {
  readonly half: HalfDone | null;
  readonly daemon: DaemonStatus | null;
  readonly record: PersonaRecord | null;
}): { readonly state: PersonaStanding; readonly sinceMs: number | null } {
  if (half !== null) return { state: "half", sinceMs: record?.changedAtMs ?? null };
  if (atHub?.state === "archived") return { state: "archived", sinceMs: atHub.archivedAtMs };
  if (daemon !== null && (daemon.lifecycle.state === "connected" || daemon.lifecycle.state === "emitting")) {
    return { state: "connected", sinceMs: daemon.lifecycle.sinceMs };
  }
  if (atHub === null) {
    const state = hubAnswers ? "strange" : record?.undertaking === "archived" ? "archived" : "unknown";
    return { state, sinceMs: record?.changedAtMs ?? null };
  }
  if (atHub.daemon === "none") return { state: "down", sinceMs: atHub.lastHeardAtMs };
  return { state: atHub.daemon, sinceMs: atHub.lastHeardAtMs };
}
