/**
 * Whether what runs of Prism on this host, hub and daemons, runs this version, and an executable that still exists.
 * Asks the hub; the daemons' answers are handed in.
 */
import { existsSync, readlinkSync } from "node:fs";
import { formatAddress, printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { isSameOwner } from "../../launchers/owner.ts";
import type { Owner } from "../../launchers/spec.ts";
import { hubRunning } from "../install/processes.ts";
import type { LocalDaemon } from "../local-daemons.ts";
import type { Runtime } from "../runtime.ts";
import type { ServicesHere } from "../service/here.ts";
import type { Check } from "./check.ts";
import { commandsOf } from "./service-checks.ts";

/** What runs here, as `runningChecks` needs to know it. */
export interface Running {
  /** `the daemon of reviewer@shop` */
  readonly shown: string;
  readonly pid: number;
  readonly version: string;
  /** The command that starts it anew; undefined for what was started by hand. */
  readonly restart: string | undefined;
}

export async function runningHere(
  daemons: readonly LocalDaemon[],
  services: ServicesHere | PrismError,
  runtime: Runtime,
): Promise<readonly Running[]> {
  const home = runtime.home.root;
  const hubs = (await hubRunning(runtime)).map(({ shown, pid, version }) => ({
    ...{ shown, pid, version },
    restart: restartOf({ kind: "hub", home }, services),
  }));
  const others = daemons.flatMap((daemon) => {
    if (daemon.kind !== "answered") return [];
    const { tenant, address, status } = daemon;
    const { pid, version } = status;
    const restart = restartOf({ kind: "daemon", home, tenant, ...address }, services);
    return [{ shown: `the daemon of ${formatAddress(address)}`, pid, version, restart }];
  });
  return [...hubs, ...others];
}

/** How it is started anew, if the system keeps it. */
function restartOf(owner: Owner, services: ServicesHere | PrismError): string | undefined {
  if (services instanceof PrismError) return undefined;
  const { own, launcher } = services;
  const service = own.find((each) => isSameOwner(each.owner, owner));
  return service && commandsOf([...launcher.stop(service.name), ...launcher.start(service.name)]);
}

/** Old and new versions talk to each other, so one that is behind is no fault; one that could not start again is. */
export function runningChecks(
  running: readonly Running[],
  { version }: Runtime,
  exeOf = executableOf,
): readonly Check[] {
  const name = "running";
  const checks: Check[] = [];
  for (const { shown, pid, version: theirs, restart } of running) {
    const remedy = `start it anew: ${restart ?? `kill ${pid}, then as you started it`}`;
    const exe = exeOf(pid);
    if (exe?.isGone === true && !existsSync(exe.path)) {
      const finding = `${shown} (process ${pid}) runs ${printable(exe.path, 200)}, which is not there any more: it could not be started again`;
      checks.push({ name, verdict: "warn", finding, remedy });
    } else if (theirs !== version) {
      const finding = `${shown} (process ${pid}) runs prism ${printable(theirs, 40)}, this is ${version}: the two understand each other`;
      checks.push({ name, verdict: "note", finding, remedy });
    } else if (exe?.isGone === true) {
      const finding = `${printable(exe.path, 200)} was replaced since ${shown} (process ${pid}) started, which goes on as it was`;
      checks.push({ name, verdict: "note", finding, remedy });
    }
  }
  if (checks.length > 0 || running.length === 0) return checks;
  const finding =
    running.length === 1
      ? `${running[0]?.shown} runs this version`
      : `all ${running.length} that run here run this version`;
  return [{ name, verdict: "ok", finding }];
}

interface Executable {
  /** Where it lay when the process started. */
  readonly path: string;
  /** Another file lies there by now, or none. */
  readonly isGone: boolean;
}

/** Undefined where the system does not say (it is Linux's own), or not to us. */
function executableOf(pid: number): Executable | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const shown = readlinkSync(`/proc/${pid}/exe`);
    return { path: shown.replace(/ \(deleted\)$/, ""), isGone: shown.endsWith(" (deleted)") };
  } catch {
    return undefined;
  }
}
