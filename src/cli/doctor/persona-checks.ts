/**
 * Personas of this host: commands that were cut short, with the one that does the rest; who is off duty; who is not
 * known to the hub any more, or by another token. Reads their records and asks the hub; changes nothing.
 */
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type { PersonaReport } from "../../domain/verbs.ts";
import { daemonPlaces } from "../../host/daemon-places.ts";
import { readTokenFile } from "../../host/private-file.ts";
import type { HubFlags } from "../hub-target.ts";
import { agoText, counted } from "../layout.ts";
import { startKept } from "../persona/by-hand.ts";
import { createLine, type HalfDone, halfDone } from "../persona/half-done.ts";
import { commandFor } from "../persona/named.ts";
import { type PersonaRecord, readPersonaRecord } from "../persona/record.ts";
import { hasTokens } from "../persona/token.ts";
import { openHubSide } from "../persona/world.ts";
import { personaTokenPath } from "../persona-token.ts";
import type { Runtime } from "../runtime.ts";
import { type Whose, whose } from "../surface/whose.ts";
import { type Check, failed } from "./check.ts";
import type { KnownPersonas } from "./hub-checks.ts";

/** Each is one question more to the hub, all at once. */
const TOKENS_MAX = 50;

/** @param known what the hub knows; null if it did not say */
export async function personaChecks(
  known: KnownPersonas | null,
  flags: HubFlags,
  runtime: Runtime,
): Promise<readonly Check[]> {
  const here = daemonPlaces(runtime.home)
    .map(({ tenant, address }) => whose(address, tenant, runtime.home))
    .map((who) => ({ who, record: recordOf(who) }))
    .filter(({ who, record }) => record !== undefined || hasTokens(who.stateDir));
  const isHere = ({ address }: PersonaReport): boolean =>
    here.some(({ who }) => who.shown === address && who.tenant === known?.tenant);
  const archivedElsewhere = (known?.reports ?? []).filter(
    (each) => each.state === "archived" && !isHere(each),
  );
  if (here.length + archivedElsewhere.length === 0) {
    return [
      { name: "personas", verdict: "note", finding: "none was created here; see prism help persona create" },
    ];
  }
  const hub = known === null ? null : openHubSide(flags, runtime);
  const own = await Promise.all(
    here.map(({ who, record }, at) =>
      checkOf(who, record, {
        known: known?.tenant === who.tenant ? known : null,
        accepts: hub === null || at >= TOKENS_MAX ? null : (token) => hub.accepts(token, who),
        nowMs: runtime.now(),
        start: record instanceof PrismError ? null : startKept(record ?? null, runtime),
      }),
    ),
  );
  return [...own, ...archivedElsewhere.map((each) => archived(each, runtime.now()))];
}

interface AtHub {
  readonly known: KnownPersonas | null;
  /** Null if it is not to be asked. */
  readonly accepts: ((token: string) => Promise<boolean>) | null;
  readonly nowMs: number;
  /** Of one without a service, the command that starts its daemon. */
  readonly start: string | null;
}

function recordOf(who: Whose): PersonaRecord | PrismError | undefined {
  try {
    return readPersonaRecord(who.stateDir);
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
}

async function checkOf(
  who: Whose,
  record: PersonaRecord | PrismError | undefined,
  hub: AtHub,
): Promise<Check> {
  const name = `persona ${who.shown}`;
  if (record instanceof PrismError) return { ...failed(name, record, "create it again"), verdict: "warn" };
  const half = record === undefined ? null : halfDone(record, who);
  if (half !== null) return cutShort(name, half, who);
  const atHub = hub.known?.reports.find(({ address }) => address === who.shown);
  if (atHub?.state === "archived") return archived(atHub, hub.nowMs);
  if (hub.known === null || (atHub === undefined && !hub.known.isWhole)) {
    return {
      name,
      verdict: "skip",
      finding: `what the hub knows of it is not known${record?.undertaking === "archived" ? "; here it is archived" : ""}`,
    };
  }
  const again = record?.root === undefined ? commandFor("create", who) : createLine(record, who);
  if (atHub === undefined) {
    return {
      name,
      verdict: "warn",
      finding: `${who.shown} was created here, and the hub does not know it: another hub, another store, or destroyed from another host`,
      remedy: `make it known again: ${again}; or take it away: ${commandFor("destroy", who)}`,
    };
  }
  return (
    (await tokenFault(name, who, hub, again)) ??
    notStarted(name, atHub, hub.start) ?? {
      name,
      verdict: "ok",
      finding: `${who.shown} is known to the hub, with a token of its own`,
    }
  );
}

/** Of one with a service that is told with the service. */
function notStarted(
  name: string,
  { address, daemon }: PersonaReport,
  start: string | null,
): Check | undefined {
  if (start === null || daemon !== "none") return undefined;
  return {
    name,
    verdict: "warn",
    finding: `no daemon stands watch for ${address}, and none is started by itself: it has no service, as asked`,
    remedy: `start it, by hand or by a supervisor of your own: ${start}`,
  };
}

function cutShort(name: string, half: HalfDone, { shown }: Whose): Check {
  const at = half.doing === null ? "" : ` at the step "${half.doing}"`;
  return {
    name,
    verdict: "warn",
    finding: `${half.undertaking} ${shown} was cut short${at}, or runs just now`,
    remedy: `if none runs, this does the rest: ${half.finish}`,
  };
}

function archived({ address, archivedAtMs, open }: PersonaReport, nowMs: number): Check {
  const since = archivedAtMs === null ? "" : ` ${agoText(archivedAtMs, nowMs)}`;
  return {
    name: `persona ${address}`,
    verdict: "note",
    finding: `${address} was archived${since}: off duty, ${open === 0 ? "nothing waits" : `${counted(open, "signal")} ${open === 1 ? "waits" : "wait"}`}`,
    remedy: `to have it on duty again: prism persona restore ${address}`,
  };
}

/** Only what is its own is shown to the hub, and to nobody else. */
async function tokenFault(
  name: string,
  who: Whose,
  { accepts }: AtHub,
  again: string,
): Promise<Check | undefined> {
  const path = personaTokenPath(who.stateDir);
  if (accepts === null) return undefined;
  try {
    if (await accepts(readTokenFile(path))) return undefined;
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    // One that is open to others is told with the files; the hub may be gone by now.
    if (error.code !== "not_found") return undefined;
  }
  return {
    name,
    verdict: "fail",
    finding: `the hub does not take the token of ${who.shown} in ${printable(path, 200)}`,
    remedy: `have it make a new one: ${again}`,
    code: "unauthorized",
  };
}
