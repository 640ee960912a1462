/** What a daemon says of itself: read off its state, changing nothing (invariant 11). */

import { dueAtMsOf } from "../fsm/doorbell.ts";
import type { State } from "../fsm.ts";
import type { AgentReport, AttachedClient, AttachStatus, DaemonStatus } from "../ipc.ts";
import type { PersonaMetrics } from "../metrics.ts";
import { hubHttpUrl } from "../net/hub-url.ts";
import type { Surface } from "../surfaces/surface.ts";
import type { Drains, LastRing } from "./chronicle.ts";
import type { DaemonOptions } from "./options.ts";

export interface StatusFacts {
  readonly options: DaemonOptions;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly state: State;
  readonly sinceMs: number;
  readonly lastRing: LastRing;
  readonly drains: Drains;
  readonly metrics: PersonaMetrics;
  readonly attached: readonly AttachedClient[];
  readonly attach: AttachStatus | null;
  readonly agents: readonly AgentReport[];
  readonly surface: Surface;
}

export function statusOf(facts: StatusFacts): DaemonStatus {
  const { options, state, metrics, surface } = facts;
  const { tenant, host, persona, project, root, version } = options;
  return {
    ...{ version, tenant, host, persona, project, root },
    pid: facts.pid,
    startedAtMs: Math.round(facts.startedAtMs),
    lifecycle: { state: metrics.state, sinceMs: Math.round(facts.sinceMs) },
    surface: {
      name: surface.name,
      resumable: surface.resume !== undefined,
      report: surface.report?.() ?? null,
    },
    attach: facts.attach,
    agents: facts.agents,
    session: state.watch.session,
    hub: hubStatusOf(facts),
    position: positionStatusOf(state),
    drains: { count: facts.drains.count, lastAtMs: roundedOrNull(facts.drains.lastAtMs) },
    doorbell: doorbellStatusOf(state, facts.lastRing),
    counters: {
      reconnects: metrics.reconnects,
      doorbells: { ...metrics.doorbells },
      errors: { ...metrics.errors },
    },
    attached: facts.attached,
  };
}

function hubStatusOf({ options, state }: StatusFacts): DaemonStatus["hub"] {
  const waiting = state.id === "disconnected" && !state.dial.dialing;
  return {
    url: hubUrlOf(options),
    connected: state.id === "connected" || state.id === "emitting",
    lastError: state.watch.failure,
    retryAtMs: waiting ? Math.round(state.dial.atMs) : null,
  };
}

/** Without what a URL may hold besides the place; "" if the configuration can't be read just now. */
function hubUrlOf({ hub }: DaemonOptions): string {
  try {
    return hubHttpUrl((typeof hub === "function" ? hub() : hub).url);
  } catch {
    return "";
  }
}

function positionStatusOf(state: State): DaemonStatus["position"] {
  const { view, heard } = state.watch.doorbells;
  const { open = 0, urgent = 0, oldestAtMs = null, senders = [] } = view ?? {};
  return { through: heard.through, open, urgent, oldestAtMs, senders };
}

function doorbellStatusOf(state: State, lastRing: LastRing): DaemonStatus["doorbell"] {
  const { doorbells } = state.watch;
  const { bell, ring } = doorbells;
  const rung = bell.id === "standing" || bell.id === "failing" ? bell.attempt : 0;
  const nextRingAtMs = dueAtMsOf(doorbells);
  return {
    standing: bell.id !== "silent" || ring !== null,
    attempts: ring?.attempt ?? rung,
    underWay: ring !== null,
    lastRungAtMs: roundedOrNull(lastRing.rungAtMs),
    lastLatencyMs: lastRing.latencyMs,
    lastRingAtMs: roundedOrNull(lastRing.endedAtMs),
    lastPath: lastRing.path,
    lastOutcome: lastRing.outcome,
    lastReason: lastRing.reason,
    nextRingAtMs: roundedOrNull(nextRingAtMs),
  };
}

function roundedOrNull(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
