/**
 * A host full of personas that never were, for the page: deaf ones, stuck ones, and a steady traffic for all others,
 * the same for the same seed. One step is one second. Also its last day, and the way of a signal.
 */
import type {
  HistorySummary,
  PersonaHistory,
  RecentSignals,
  SummaryColumns,
} from "../../src/dashboard/api.ts";
import { HISTORY_STEP_USUAL } from "../../src/dashboard/api.ts";
import {
  type Happening,
  type HappeningName,
  type HubView,
  type MinuteSample,
  type Overview,
  type PersonaView,
  type SignalTrace,
  STANDINGS,
} from "../../src/domain/overview.ts";
import type { SignalStatusAnswer } from "../../src/domain/verbs.ts";
import { LIFECYCLE_STATES } from "../../src/ipc.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MINUTES = 24 * 60;
const HOST = "forge-01";

const NAMES = [
  ...["reviewer", "planner", "builder", "tester", "scribe", "triage", "release"],
  ...["security", "designer", "migrator"],
];
const PROJECTS = ["shop", "billing", "search", "mobile", "infra"];
const SURFACES = [
  { name: "claude-code", path: "inbox" },
  { name: "codex", path: "queue" },
  { name: "tmux", path: null },
  { name: "claude-code", path: "hook" },
  { name: "exec", path: null },
] as const;

export interface FakeFleetOptions {
  readonly seed?: number;
  readonly personas?: number;
  readonly nowMs: number;
  /** How many of them change in one step, 0 to 1. */
  readonly liveliness?: number;
}

export interface FleetStep {
  readonly atMs: number;
  readonly changed: readonly PersonaView[];
  readonly happenings: readonly Happening[];
}

export class FakeFleet {
  nowMs: number;
  hub: HubView;
  readonly #random: () => number;
  readonly #views: Map<string, PersonaView>;
  readonly #liveliness: number;

  constructor({ seed = 1, personas = 50, nowMs, liveliness = 0.5 }: FakeFleetOptions) {
    this.nowMs = nowMs;
    this.#random = generator(seed);
    this.#liveliness = liveliness;
    const all = Array.from({ length: personas }, (_, index) => this.#born(index, personas));
    this.#views = new Map(all.map((view) => [view.key, view]));
    this.hub = {
      url: "http://127.0.0.1:9747",
      ...{ answers: true, reason: null, remedy: null, sinceMs: nowMs - 3 * HOUR_MS, tenant: "local" },
      ...{ version: "0.1.0", startedAtMs: nowMs - 76 * HOUR_MS, latencyMs: 0.84, clockAheadMs: 0 },
      ...{ agents: Math.round(personas * 0.9), daemons: personas, loops: [] },
    };
  }

  get overview(): Overview {
    const personas = [...this.#views.values()].sort(
      (a, b) => STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing) || (a.key < b.key ? -1 : 1),
    );
    return { atMs: this.nowMs, host: HOST, version: "0.1.0", hub: this.hub, personas };
  }

  /** One second on. */
  step(): FleetStep {
    this.nowMs += 1000;
    const happenings: Happening[] = [];
    const changed: PersonaView[] = [];
    for (const view of this.#views.values()) {
      if (this.#random() > this.#liveliness) continue;
      const next = this.#lived(view, happenings);
      if (next === view) continue;
      this.#views.set(next.key, next);
      changed.push(next);
    }
    this.hub = { ...this.hub, latencyMs: Math.round(60 + 80 * this.#random()) / 100 };
    return { atMs: this.nowMs, changed, happenings };
  }

  /** Says of one what the test needs. */
  set(key: string, change: Partial<PersonaView>): PersonaView {
    const view = this.#views.get(key);
    if (view === undefined) throw new Error(`nobody is called ${key}`);
    const next = { ...view, ...change };
    this.#views.set(key, next);
    return next;
  }

  remove(key: string): void {
    this.#views.delete(key);
  }

  /** The hub ends: nobody can be told anything any more. */
  loseHub(): readonly PersonaView[] {
    this.hub = {
      ...this.hub,
      ...{ answers: false, sinceMs: this.nowMs, latencyMs: null, clockAheadMs: null, agents: 0, daemons: 0 },
      reason: "nobody listens at http://127.0.0.1:9747",
      remedy: "start it: prism hub",
    };
    return [...this.#views.values()]
      .filter(({ standing }) => standing !== "off")
      .map(({ key }) =>
        this.set(key, {
          standing: "deaf",
          state: "disconnected",
          stateSinceMs: this.nowMs,
          reason: "it has no hub: nobody listens at http://127.0.0.1:9747",
          remedy: "start the hub: prism hub",
        }),
      );
  }

  history(key: string): PersonaHistory | null {
    const view = this.#views.get(key);
    if (view === undefined) return null;
    const toMs = Math.floor(this.nowMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    const fromMs = toMs - DAY_MINUTES * MINUTE_MS;
    return { key, fromMs, toMs, samples: samplesOf(view, fromMs) };
  }

  summary(): HistorySummary {
    const stepMs = HISTORY_STEP_USUAL * MINUTE_MS;
    const steps = (DAY_MINUTES * MINUTE_MS) / stepMs;
    const fromMs = Math.floor(this.nowMs / stepMs) * stepMs - (steps - 1) * stepMs;
    const personas = [...this.#views.keys()].map((key) => this.#columns(key, fromMs, stepMs, steps));
    return { fromMs, stepMs, steps, personas };
  }

  /** Twelve at a time. */
  signals(key: string, before: string | null = null): RecentSignals {
    const all = this.#allSignals(key);
    const from = before === null ? 0 : all.findIndex(({ id }) => id === before) + 1;
    const signals = all.slice(from, from + 12);
    const last = signals.at(-1);
    return { key, signals, next: last === undefined || last === all.at(-1) ? null : last.id };
  }

  #allSignals(key: string): readonly SignalStatusAnswer[] {
    const random = generator(hashOf(key));
    const view = this.#views.get(key);
    const waiting = view?.pending ?? 0;
    const [, address = ""] = key.split("/");
    return Array.from({ length: 24 }, (_, index): SignalStatusAnswer => {
      const isOpen = index < waiting;
      const acceptedAtMs = this.nowMs - (index + 1) * (2 + 30 * random()) * MINUTE_MS;
      const isExpired = !isOpen && index % 11 === 7;
      const isTold = !isOpen || view?.standing !== "deaf";
      return {
        id: `sig_${hashOf(`${key}${index}`).toString(36)}${hashOf(`${index}${key}`).toString(36)}`,
        to: address,
        from: isOpen ? senderOf(view, index) : `${NAMES[index % NAMES.length]}@${PROJECTS[index % 5]}`,
        urgency: index % 9 === 0 ? "urgent" : "normal",
        state: isOpen ? (isTold ? "delivered" : "pending") : isExpired ? "expired" : "drained",
        acceptedAtMs,
        expiresAtMs: acceptedAtMs + 24 * HOUR_MS,
        deliveredAtMs: isTold ? acceptedAtMs + 3 : null,
        drainedAtMs: isOpen || isExpired ? null : acceptedAtMs + 3000 + 60_000 * random(),
        expiredAtMs: isExpired ? acceptedAtMs + 10 * MINUTE_MS : null,
        replyTo: index % 5 === 2 ? "sig_1p4uq2xk9" : null,
        final: false,
      };
    });
  }

  trace(id: string): SignalTrace | null {
    const all = [...this.#views.keys()].flatMap((key) => this.#allSignals(key));
    const signal = all.find((one) => one.id === id);
    return signal === undefined ? null : traceOf(signal);
  }

  #born(index: number, all: number): PersonaView {
    const random = this.#random;
    const persona = NAMES[index % NAMES.length] ?? "";
    const project = PROJECTS[Math.floor(index / NAMES.length) % PROJECTS.length] ?? "";
    const key = `local/${persona}@${project}`;
    const surface = SURFACES[index % SURFACES.length] ?? SURFACES[0];
    const startedAtMs = this.nowMs - Math.round((2 + 70 * random()) * HOUR_MS);
    const well: PersonaView = {
      key,
      ...{ tenant: "local", persona, project, host: HOST, root: `/home/ada/work/${project}` },
      ...{ standing: "well", reason: null, remedy: null, isLocal: true },
      ...{ state: "connected", stateSinceMs: startedAtMs + 400 },
      surface: { name: surface.name, path: surface.path, agent: random() < 0.4 ? "busy" : "idle" },
      ...{ pending: 0, urgent: 0, oldestAtMs: null, senders: [] },
      lastRungAtMs: this.nowMs - Math.round(40 * MINUTE_MS * random()),
      lastLatencyMs: 4 + Math.round(30 * random()),
      lastRingAtMs: this.nowMs - Math.round(40 * MINUTE_MS * random()),
      lastOutcome: "taken",
      lastDrainAtMs: this.nowMs - Math.round(39 * MINUTE_MS * random()),
      ...{ attempts: 0, nextRingAtMs: null },
      counters: {
        rung: Math.round(400 * random()),
        coalesced: Math.round(80 * random()),
        suppressed: Math.round(12 * random()),
        ...{ failed: 0, drains: Math.round(380 * random()), reconnects: Math.round(3 * random()), errors: 0 },
      },
      ...{ version: "0.1.0", pid: 20_000 + index * 37, startedAtMs },
    };
    return all < 10 ? well : { ...well, ...troubleOf(well, index, this.nowMs) };
  }

  /** A second of one persona's life: signals come, it is rung, it drains. Who is deaf or stuck stays so. */
  #lived(view: PersonaView, happenings: Happening[]): PersonaView {
    const { nowMs } = this;
    const tell = (name: HappeningName, detail: string, count: number | null) =>
      happenings.push({ atMs: nowMs, key: view.key, name, detail, count });
    if (view.standing === "off" || view.standing === "deaf") return view;
    const from = `${NAMES[Math.floor(this.#random() * NAMES.length)]}@${view.project}`;
    if (view.standing === "stuck") {
      if (this.#random() > 0.06) return view;
      const pending = view.pending + 1;
      tell("waits", "", pending);
      return { ...view, pending };
    }
    if (view.pending === 0) {
      if (this.#random() > 0.5) return view;
      const pending = 1 + Math.floor(3 * this.#random());
      tell("waits", "", pending);
      return {
        ...view,
        ...{ standing: "waiting", state: "emitting", stateSinceMs: nowMs, pending, oldestAtMs: nowMs },
        senders: [{ from, count: pending }],
      };
    }
    if (view.attempts === 0) {
      const lastLatencyMs = 3 + Math.round(40 * this.#random());
      tell("rung", view.surface?.path ?? view.surface?.name ?? "", null);
      return {
        ...view,
        ...{ attempts: 1, lastRungAtMs: nowMs, lastRingAtMs: nowMs, lastOutcome: "taken", lastLatencyMs },
        ...{ nextRingAtMs: nowMs + 30_000, state: "connected", stateSinceMs: nowMs },
        counters: { ...view.counters, rung: view.counters.rung + 1 },
      };
    }
    tell("drained", "", 0);
    return {
      ...view,
      ...{ standing: "well", pending: 0, urgent: 0, oldestAtMs: null, senders: [], attempts: 0 },
      ...{ nextRingAtMs: null, lastDrainAtMs: nowMs },
      counters: { ...view.counters, drains: view.counters.drains + 1 },
    };
  }

  #columns(key: string, fromMs: number, stepMs: number, steps: number): SummaryColumns {
    const samples = this.history(key)?.samples ?? [];
    const byStep = Map.groupBy(samples, ({ atMs }) => Math.floor((atMs - fromMs) / stepMs));
    const slots = Array.from({ length: steps }, (_, index) => byStep.get(index) ?? []);
    const column = (figure: (samples: readonly MinuteSample[]) => number | null) =>
      slots.map((within) => (within.length === 0 ? null : figure(within)));
    const sum = (figure: (sample: MinuteSample) => number) =>
      column((within) => within.reduce((total, sample) => total + figure(sample), 0));
    return {
      key,
      state: column((within) => Math.min(...within.map(({ state }) => LIFECYCLE_STATES.indexOf(state)))),
      pending: column((within) => Math.max(...within.map(({ pending }) => pending))),
      rung: sum(({ rung }) => rung),
      failed: sum(({ failed }) => failed),
      drains: sum(({ drains }) => drains),
      latencyMs: column((within) => {
        const known = within.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]));
        return known.length === 0 ? null : known.reduce((total, one) => total + one, 0) / known.length;
      }),
    };
  }
}

/** The few that the page is for, spread so that every case is seen. */
function troubleOf(view: PersonaView, index: number, nowMs: number): Partial<PersonaView> {
  const start = `prism daemon --persona ${view.persona} --project ${view.root}`;
  switch (index) {
    case 3:
      return {
        ...{ standing: "deaf", state: "down", stateSinceMs: nowMs - 42 * MINUTE_MS, pid: null, attempts: 0 },
        reason: "its daemon was killed, or this host went down, and nobody started it again",
        remedy: `start it: ${start}`,
        ...{ pending: 6, urgent: 1, oldestAtMs: nowMs - 41 * MINUTE_MS, surface: null },
        senders: [
          { from: "planner@shop", count: 4 },
          { from: "release@infra", count: 1 },
          { from: "", count: 1 },
        ],
      };
    case 17:
      return {
        ...{ standing: "deaf", lastOutcome: "failed", attempts: 4, nextRingAtMs: nowMs + 48_000 },
        reason: "its surface claude-code did not take the last ring: no session of it is there",
        remedy: "start its agent, or mend what is named; it is rung again by itself",
        ...{ pending: 2, oldestAtMs: nowMs - 7 * MINUTE_MS, lastRingAtMs: nowMs - 22_000 },
        senders: [{ from: "triage@billing", count: 2 }],
        surface: { name: "claude-code", path: null, agent: "none" },
        counters: { ...view.counters, failed: 4, errors: 4 },
      };
    case 8:
    case 26:
    case 41:
      return {
        ...{ standing: "stuck", attempts: 3 + (index % 4), nextRingAtMs: nowMs + 3 * MINUTE_MS },
        reason: `it was rung ${3 + (index % 4)} times and does not drain${index === 26 ? "; its agent is in a turn" : ""}`,
        remedy: "look at its agent: it may wait for a person, be out of credit, or lack the Prism tools",
        ...{ pending: index, oldestAtMs: nowMs - index * MINUTE_MS, urgent: index === 41 ? 2 : 0 },
        lastRungAtMs: nowMs - 4 * MINUTE_MS,
        lastRingAtMs: nowMs - 4 * MINUTE_MS,
        senders: [
          { from: `builder@${view.project}`, count: Math.ceil(index / 2) },
          { from: "planner@infra", count: Math.floor(index / 3) },
        ],
      };
    case 12:
    case 34:
      return {
        ...{
          standing: "waiting",
          reason: "its agent is in a turn, and hears at its end",
          pending: 2,
          attempts: 1,
        },
        oldestAtMs: nowMs - 95_000,
        surface: { name: "claude-code", path: "inbox", agent: "busy" },
        senders: [{ from: "tester@search", count: 2 }],
        nextRingAtMs: nowMs + 20_000,
      };
    case 45:
      return {
        ...{ standing: "off", state: "down", reason: "it is archived", surface: null, pid: null },
        remedy: `put it back on duty: prism persona restore ${view.persona}@${view.project}`,
      };
    default:
      return {};
  }
}

/** Busy by day, quiet by night, with a hole where its daemon did not run. */
function samplesOf(view: PersonaView, fromMs: number): MinuteSample[] {
  const random = generator(hashOf(view.key));
  const phase = random() * DAY_MINUTES;
  const holeAt = Math.floor(random() * DAY_MINUTES);
  const samples: MinuteSample[] = [];
  for (let minute = 0; minute < DAY_MINUTES; minute += 1) {
    const load = Math.max(0, Math.sin((2 * Math.PI * (minute + phase)) / DAY_MINUTES)) ** 2;
    const rung = random() < load * 0.5 ? 1 + Math.floor(2 * random()) : 0;
    const isGone = minute >= holeAt && minute < holeAt + 25;
    if (isGone) continue;
    const isLost = minute >= holeAt + 25 && minute < holeAt + 29;
    const latencyMs = rung === 0 ? null : 5 + 18 * random() ** 3 + (random() < 0.01 ? 160 : 0);
    samples.push({
      atMs: fromMs + minute * MINUTE_MS,
      state: isLost ? "disconnected" : minute === holeAt + 29 ? "reconciling" : "connected",
      pending: isLost ? 3 : rung === 0 ? 0 : 1 + Math.floor(3 * random()),
      rung: isLost ? 0 : rung,
      failed: !isLost && random() < 0.003 ? 1 : 0,
      drains: isLost ? 0 : rung,
      reconnects: minute === holeAt + 29 ? 1 : 0,
      errors: 0,
      latencyMs: isLost ? null : latencyMs,
      latencyMsMax: isLost || latencyMs === null ? null : latencyMs * (1 + random()),
    });
  }
  return samples;
}

function traceOf(signal: SignalStatusAnswer): SignalTrace {
  const { acceptedAtMs, deliveredAtMs, drainedAtMs, expiredAtMs } = signal;
  const step = (name: SignalTrace["steps"][number]["name"], atMs: number, detail: string) => ({
    name,
    atMs,
    host: name === "accepted" ? null : HOST,
    detail,
  });
  const steps = [step("accepted", acceptedAtMs, "")];
  if (deliveredAtMs !== null) {
    steps.push(step("pushed", acceptedAtMs + 0.6, ""), step("acknowledged", deliveredAtMs, ""));
    if (signal.urgency === "normal") steps.push(step("rung", deliveredAtMs + 4, "by inbox"));
    steps.push(step("receipt", deliveredAtMs + 61, "shown by its hook"));
  }
  if (drainedAtMs !== null) steps.push(step("drained", drainedAtMs, ""));
  if (expiredAtMs !== null) steps.push(step("expired", expiredAtMs, ""));
  return { signal, steps, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
}

function senderOf(view: PersonaView | undefined, index: number): string {
  const all = (view?.senders ?? []).flatMap(({ from, count }) => Array.from({ length: count }, () => from));
  return all[index] ?? "planner@infra";
}

/** mulberry32: small, fast, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
