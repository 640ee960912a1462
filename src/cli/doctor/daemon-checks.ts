/**
 * What `prism doctor` asks the daemons of this host: healthy means that one answered in time, never that a
 * process or a socket exists (invariant 11).
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Address, formatAddress, parseAddress, printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { type Home, ipcPathOf } from "../../host/home.ts";
import type { DaemonStatus } from "../../ipc.ts";
import { callIpc } from "../../net/ipc-client.ts";
import { socketAnswers } from "../../net/ipc-probe.ts";
import { spanText } from "../layout.ts";
import type { Runtime } from "../runtime.ts";
import { type Check, failed } from "./check.ts";

const ANSWER_TIMEOUT_MS = 3000;
/** A rack of them; more would not fit a page, and each is asked in turn. */
const DAEMONS_MAX = 200;

interface Place {
  readonly tenant: string;
  readonly address: Address;
}

export async function daemonChecks(runtime: Runtime): Promise<readonly Check[]> {
  const places = placesIn(runtime.home);
  const checks = await Promise.all(places.map((place) => daemonCheck(place, runtime)));
  if (checks.length > 0) return checks;
  const finding = "none was ever started here";
  return [{ name: "daemons", verdict: "note", finding }];
}

/** Where daemons have kept state: the folders' names are tenant and address. */
function placesIn(home: Home): readonly Place[] {
  return foldersIn(home.stateDir)
    .flatMap((tenant) =>
      foldersIn(join(home.stateDir, tenant)).flatMap((folder) => {
        try {
          return [{ tenant, address: parseAddress(folder) }];
        } catch {
          return [];
        }
      }),
    )
    .slice(0, DAEMONS_MAX);
}

function foldersIn(path: string): readonly string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

async function daemonCheck(place: Place, runtime: Runtime): Promise<Check> {
  const address = formatAddress(place.address);
  const name = `daemon ${address}`;
  const path = ipcPathOf(runtime.home, place.tenant, place.address);
  if (!(await socketAnswers(path))) {
    if (process.platform === "win32" || !existsSync(path))
      return { name, verdict: "note", finding: "is not running" };
    return {
      name,
      verdict: "warn",
      finding: `did not end in order: its socket ${printable(path, 200)} was left behind`,
      remedy: "start it again: it takes the place over by itself",
    };
  }
  const caller = {
    version: runtime.version,
    role: "doctor",
    address: place.address,
    openTimeoutMs: ANSWER_TIMEOUT_MS,
  };
  try {
    return statusCheck(name, await callIpc(path, caller, "status", {}, ANSWER_TIMEOUT_MS), runtime);
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return failed(name, error, "end it and start it again");
  }
}

function statusCheck(name: string, status: DaemonStatus, runtime: Runtime): Check {
  const { state, sinceMs } = status.lifecycle;
  const since = spanText(runtime.now() - sinceMs);
  const { hub, doorbell, surface } = status;
  if (!hub.connected) {
    const because = hub.lastError === null ? "" : `: ${printable(hub.lastError.message, 200)}`;
    const finding = `${state} for ${since}${because}`;
    return { name, verdict: "warn", finding, remedy: hub.lastError?.hint ?? "it tries again by itself" };
  }
  if (doorbell.lastOutcome === "failed") {
    const finding = `surface ${surface.name} did not take the last ring: ${printable(doorbell.lastReason ?? "", 200)}`;
    return { name, verdict: "warn", finding, remedy: "it rings again by itself; check the surface" };
  }
  const open = status.position.open;
  return {
    name,
    verdict: "ok",
    finding: `${state} for ${since}, on ${surface.name}, ${open === 0 ? "nothing waits" : `${open} waiting`}`,
  };
}
