/**
 * What `prism doctor` asks the daemons of this host: healthy means that one answered in time, never that a
 * process or a socket exists (invariant 11).
 */
import { formatAddress, printable } from "../../domain/address.ts";
import type { DaemonStatus } from "../../ipc.ts";
import { TURN_BOUNDARY } from "../../surfaces/path-ringer.ts";
import type { PathReport } from "../../surfaces/surface.ts";
import { spanText } from "../layout.ts";
import type { LocalDaemon } from "../local-daemons.ts";
import type { Runtime } from "../runtime.ts";
import { type Check, failed } from "./check.ts";

const REASON_CHARS_MAX = 200;
/** As much as a status holds of it. */
const ATTACH_CHARS_MAX = 500;

export function daemonChecks(daemons: readonly LocalDaemon[], runtime: Runtime): readonly Check[] {
  if (daemons.length > 0)
    return daemons.flatMap((daemon) => [
      daemonCheck(daemon, runtime),
      ...surfaceChecks(daemon),
      ...attachChecks(daemon, runtime),
    ]);
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

/**
 * The ways to ring, of a surface that has several. One that is closed for now is worth a note: the next one is
 * tried. A warning is worth what makes an agent deaf: a way that brought no receipt, hooks that say nothing at a
 * turn's boundary, or that nobody is there while something waits.
 */
function surfaceChecks(daemon: LocalDaemon): readonly Check[] {
  if (daemon.kind !== "answered") return [];
  const { surface, position } = daemon.status;
  // A daemon of an older build does not speak of it.
  const paths = surface.report?.paths ?? [];
  if (paths.length === 0) return [];
  const name = `surface ${formatAddress(daemon.address)}`;
  const shut = paths.filter(({ state }) => state === "fails" || state === "unready");
  if (shut.length === 0)
    return [{ name, verdict: "ok", finding: `rings ${surface.name} ${openText(paths)}` }];
  const isNobodyThere = shut.length === paths.length && shut.every(({ state }) => state === "unready");
  const isDeaf = shut.some((path) => path.state === "fails" || path.name === TURN_BOUNDARY);
  const finding = reasonsText(shut);
  // Nobody has to be there while nothing waits.
  if (isNobodyThere ? position.open === 0 : !isDeaf) return [{ name, verdict: "note", finding }];
  const remedy = "mend what is named; the next ring tries every way again";
  return [{ name, verdict: "warn", finding, remedy }];
}

function openText(paths: readonly PathReport[]): string {
  const working = paths.filter(({ state }) => state === "works").map(({ name }) => name);
  return working.length > 0 ? `by ${working.join(", ")}` : "in ways that were not tried yet";
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
  const open = status.position.open;
  return {
    name,
    verdict: "ok",
    finding: `${state} for ${since}, on ${surface.name}, ${open === 0 ? "nothing waits" : `${open} waiting`}`,
  };
}

/** Each reason once, behind the ways that it closes. */
function reasonsText(shut: readonly PathReport[]): string {
  const byReason = Map.groupBy(shut, ({ reason }) => reason ?? "brought no receipt");
  return [...byReason]
    .map(
      ([reason, paths]) =>
        `${paths.map(({ name }) => name).join(", ")}: ${printable(reason, REASON_CHARS_MAX)}`,
    )
    .join("; ");
}
