/**
 * The daemons of this host, each asked over its own socket: who answers in time is well, and nothing else counts
 * (invariant 11). Knows no verb and no words for a person.
 */
import { existsSync } from "node:fs";
import { PrismError } from "../domain/errors.ts";
import { type DaemonPlace, daemonPlaces } from "../host/daemon-places.ts";
import { type Home, ipcPathOf } from "../host/home.ts";
import type { DaemonStatus } from "../ipc.ts";
import { callIpc } from "../net/ipc-client.ts";
import { socketAnswers } from "../net/ipc-probe.ts";

const ANSWER_TIMEOUT_MS = 3000;
/** A rack of them; more would not fit a page. */
const DAEMONS_MAX = 200;

export type LocalDaemon = DaemonPlace &
  (
    | { readonly kind: "answered"; readonly status: DaemonStatus }
    | { readonly kind: "failed"; readonly error: PrismError }
    /** It is not running; `leftSocket` names a socket that it left behind by not ending in order. */
    | { readonly kind: "down"; readonly leftSocket: string | null }
  );

export interface LocalCaller {
  readonly home: Home;
  readonly version: string;
}

/**
 * @param role who asks, for the daemons' log
 * @param timeoutMs how long each has for its answer
 */
export function askLocalDaemons(
  caller: LocalCaller,
  role: string,
  wanted: (place: DaemonPlace) => boolean = () => true,
  timeoutMs: number = ANSWER_TIMEOUT_MS,
): Promise<readonly LocalDaemon[]> {
  const places = daemonPlaces(caller.home).filter(wanted).slice(0, DAEMONS_MAX);
  return Promise.all(places.map((place) => ask(place, { ...caller, role, timeoutMs })));
}

async function ask(
  place: DaemonPlace,
  caller: LocalCaller & { readonly role: string; readonly timeoutMs: number },
): Promise<LocalDaemon> {
  const { role, timeoutMs } = caller;
  const path = ipcPathOf(caller.home, place.tenant, place.address);
  if (!(await socketAnswers(path))) {
    const isLeft = process.platform !== "win32" && existsSync(path);
    return { ...place, kind: "down", leftSocket: isLeft ? path : null };
  }
  const who = { version: caller.version, role, address: place.address, openTimeoutMs: timeoutMs };
  try {
    return {
      ...place,
      kind: "answered",
      status: await callIpc(path, who, "status", {}, timeoutMs),
    };
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return { ...place, kind: "failed", error };
  }
}
