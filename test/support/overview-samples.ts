/** Views as an operator sees them, made up for tests: one that is well, and whatever else is asked for. */
import type { HubView, Overview, PersonaView } from "../../src/domain/overview.ts";

export function viewOf(more: Partial<PersonaView> = {}): PersonaView {
  return {
    ...{ key: "local/reviewer@shop", tenant: "local", persona: "reviewer", project: "shop" },
    ...{ host: "laptop", root: "/work/shop", isLocal: true },
    ...{ standing: "well", reason: null, remedy: null, state: "connected", stateSinceMs: 1 },
    surface: { name: "terminal", path: null, agent: null },
    ...{ pending: 0, urgent: 0, oldestAtMs: null, senders: [] },
    ...{
      lastRungAtMs: null,
      lastLatencyMs: null,
      lastRingAtMs: null,
      lastOutcome: null,
      lastDrainAtMs: null,
    },
    ...{ attempts: 0, nextRingAtMs: null },
    counters: { rung: 0, coalesced: 0, suppressed: 0, failed: 0, drains: 0, reconnects: 0, errors: 0 },
    ...{ version: "0.1.0", pid: 4711, startedAtMs: 1 },
    ...more,
  };
}

export function hubViewOf(more: Partial<HubView> = {}): HubView {
  return {
    ...{
      url: "http://127.0.0.1:7747",
      answers: true,
      reason: null,
      remedy: null,
      sinceMs: 1,
      tenant: "local",
    },
    ...{ version: "0.1.0", startedAtMs: 1, latencyMs: 1, clockAheadMs: 0, agents: 0, daemons: 1, loops: [] },
    ...more,
  };
}

export function overviewOf(personas: readonly PersonaView[] = [viewOf()], hub = hubViewOf()): Overview {
  return { atMs: 1, host: "laptop", version: "0.1.0", hub, personas };
}
