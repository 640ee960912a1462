/**
 * What `prism doctor` asks the daemons of this host: healthy means that one answered in time, never that a
 * process or a socket exists (invariant 11).
 */
import { formatAddress, printable } from "../../domain/address.ts";
import type { DaemonStatus } from "../../ipc.ts";
import type { PathReport } from "../../surfaces/surface.ts";
import { spanText } from "../layout.ts";
import { askLocalDaemons, type LocalDaemon } from "../local-daemons.ts";
import type { Runtime } from "../runtime.ts";
import { type Check, failed } from "./check.ts";

/** As much as a status holds of it. */
const ATTACH_CHARS_MAX = 500;

export async function daemonChecks(runtime: Runtime): Promise<readonly Check[]> {
  const daemons = await askLocalDaemons(runtime, "doctor");
  if (daemons.length > 0)
    return daemons.flatMap((daemon) => [daemonCheck(daemon, runtime), ...attachChecks(daemon, runtime)]);
  const finding = "none was ever started here";
  return [{ name: "daemons", verdict: "note", finding }];
}

function daemonCheck(daemon: LocalDaemon, runtime: Runtime): Check {
  const name = `daemon ${formatAddress(daemon.address)}`;
  switch (daemon.kind) {
    case "answered":
      return statusCheck(name, daemon.status, runtime);
    case "failed":
      return failed(name, daemon.error, "end it and start it again");
    case "down":
      if (daemon.leftSocket === null) return { name, verdict: "note", finding: "is not running" };
      return {
        name,
        verdict: "warn",
        finding: `did not end in order: its socket ${printable(daemon.leftSocket, 200)} was left behind`,
        remedy: "start it again: it takes the place over by itself",
      };
  }
}

/** What was to be installed as the daemon started; no check where nothing is configured. */
function attachChecks(daemon: LocalDaemon, runtime: Runtime): readonly Check[] {
  // A daemon of an older build does not speak of it.
  const attach = daemon.kind === "answered" ? (daemon.status.attach ?? null) : null;
  if (attach === null) return [];
  const name = `attach ${formatAddress(daemon.address)}`;
  const detail = printable(attach.detail, ATTACH_CHARS_MAX);
  if (attach.state === "running") {
    const since = spanText(runtime.now() - attach.sinceMs);
    const finding = `step ${attach.step} of ${attach.steps}, begun ${since} ago: ${detail}`;
    return [{ name, verdict: "note", finding }];
  }
  if (attach.state !== "failed") return [{ name, verdict: "ok", finding: detail }];
  const read = attach.log === null ? "" : `read ${printable(attach.log, 200)}, `;
  const remedy = `${read}mend it, and start the daemon again; until then it works on without`;
  return [{ name, verdict: "warn", finding: detail, remedy }];
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
  const faulty = surface.report?.paths.filter(isInTheWay) ?? [];
  if (faulty.length > 0 && faulty.length === surface.report?.paths.length) {
    const finding = `no way to ring ${surface.name} is open: ${faulty.map(pathText).join("; ")}`;
    return { name, verdict: "warn", finding, remedy: "see what each says; the next signal tries them again" };
  }
  const open = status.position.open;
  return {
    name,
    verdict: "ok",
    finding: `${state} for ${since}, on ${surface.name}, ${open === 0 ? "nothing waits" : `${open} waiting`}`,
  };
}

function isInTheWay({ state }: PathReport): boolean {
  return state === "fails" || state === "unready";
}

function pathText({ name, reason }: PathReport): string {
  return `${printable(name)} ${printable(reason ?? "brought no receipt", 200)}`;
}
