/**
 * What an operator sees of this host at one moment: every persona, what is wrong with it, what waits for it, and the
 * hub behind them. One shape for the page, `prism top` and `--json`. Data alone: knows no daemon, file, clock or
 * screen. All times are epoch milliseconds by this host's clock; a null says that nobody knows.
 */
import type { LifecycleName } from "../ipc.ts";

export { TRACE_STEPS, type TraceStep, type TraceStepName } from "./trace.ts";
/** One signal's way in time, as `signal-status --trace` tells it. */
export type { SignalTrace } from "./verbs.ts";

/**
 * One word for a person, worst first. `deaf`: what comes for it can't be rung (its daemon is down, does not answer,
 * has no hub, or no way to its surface works). `stuck`: it was rung and does not drain. `waiting`: something waits,
 * and all is on its way. `off`: archived, wrapped or stopped on purpose.
 */
export const STANDINGS = ["deaf", "stuck", "waiting", "well", "off"] as const;
export type Standing = (typeof STANDINGS)[number];

export interface PersonaView {
  /** `tenant/persona@project`: one of its kind on this host. */
  readonly key: string;
  readonly tenant: string;
  readonly persona: string;
  readonly project: string;
  readonly host: string;
  /** The project's folder; null if its daemon never told. */
  readonly root: string | null;
  readonly standing: Standing;
  /** Why it is deaf, stuck or off: one sentence without a full stop; null if there is nothing to say. */
  readonly reason: string | null;
  /** What to do about it; with every deaf and stuck. */
  readonly remedy: string | null;
  /**
   * True if its daemon runs here, or last did, and this host asks it itself. False for one of another host: of that
   * the hub's word is all there is, and what only a daemon knows is null or 0.
   */
  readonly isLocal: boolean;
  /** `silent`: it runs and does not answer in time; `down`: nobody is there. */
  readonly state: LifecycleName | "silent" | "down";
  readonly stateSinceMs: number | null;
  readonly surface: {
    readonly name: string;
    /** The way that the last ring was taken by. */
    readonly path: string | null;
    readonly agent: "idle" | "busy" | "none" | null;
  } | null;
  readonly pending: number;
  readonly urgent: number;
  readonly oldestAtMs: number | null;
  /** Whose signals wait, most first. */
  readonly senders: readonly { readonly from: string; readonly count: number }[];
  /** When the agent's side last took a ring: the receipt. */
  readonly lastRungAtMs: number | null;
  /** How long that took, from the hub's acceptance; null if the ring was not for news, or there was none. */
  readonly lastLatencyMs: number | null;
  /** When a ring last came to its end, taken or not. */
  readonly lastRingAtMs: number | null;
  readonly lastOutcome: "taken" | "failed" | null;
  /** When a drain was last heard of. */
  readonly lastDrainAtMs: number | null;
  /** Rings made for what stands unanswered. */
  readonly attempts: number;
  readonly nextRingAtMs: number | null;
  /** Totals since its daemon began. */
  readonly counters: {
    readonly rung: number;
    readonly coalesced: number;
    readonly suppressed: number;
    readonly failed: number;
    readonly drains: number;
    readonly reconnects: number;
    readonly errors: number;
  };
  readonly version: string | null;
  readonly pid: number | null;
  readonly startedAtMs: number | null;
}

export interface HubView {
  readonly url: string;
  readonly answers: boolean;
  /** Why it does not; one sentence without a full stop. */
  readonly reason: string | null;
  readonly remedy: string | null;
  /** Since when it has answered, or not, as far as this program has seen. */
  readonly sinceMs: number;
  /** Whose personas it told of; null before it ever answered. */
  readonly tenant: string | null;
  readonly version: string | null;
  readonly startedAtMs: number | null;
  /** How long it took to answer. */
  readonly latencyMs: number | null;
  /** How far its clock is ahead of this host's. */
  readonly clockAheadMs: number | null;
  /** Sessions that hold a connection to it. */
  readonly agents: number;
  readonly daemons: number;
  /** Pairs whose answers to each other it refuses now, because they only answered each other. */
  readonly loops: readonly (readonly [string, string])[];
}

export interface Overview {
  readonly atMs: number;
  readonly host: string;
  readonly version: string;
  /** The hub that this host's settings name. */
  readonly hub: HubView;
  /** The worst first, then by key. */
  readonly personas: readonly PersonaView[];
}

/** Stable names, of what happened at one persona. Told as it happens; nothing of a signal's text. */
export const HAPPENINGS = [
  "state", // its daemon's lifecycle went on: detail is the state
  "waits", // signals came in: count is how many wait now
  "rung", // the surface took a ring: detail is the way
  "ringFailed", // detail says why
  "drained", // nothing waits any more, or less: count is how many wait now
  "agent", // the agent behind it came, went, began or ended a turn
  "up", // its daemon answers
  "down", // its daemon ended
  "silent", // its daemon runs and does not answer
] as const;
export type HappeningName = (typeof HAPPENINGS)[number];

export interface Happening {
  readonly atMs: number;
  /** As in `PersonaView.key`. */
  readonly key: string;
  readonly name: HappeningName;
  /** One short line without secrets and texts; "" if the name says all. */
  readonly detail: string;
  readonly count: number | null;
}

/** One minute of one persona, as its daemon kept it. Counts are of that minute alone. */
export interface MinuteSample {
  /** The minute's begin, a multiple of 60,000. */
  readonly atMs: number;
  /** The worst state within it. */
  readonly state: LifecycleName;
  /** The most that waited at once. */
  readonly pending: number;
  readonly rung: number;
  readonly failed: number;
  /** Drains that were heard of. */
  readonly drains: number;
  readonly reconnects: number;
  readonly errors: number;
  /** From the hub's acceptance to the surface's taking of the ring: the mean and the longest; null without a ring. */
  readonly latencyMs: number | null;
  readonly latencyMsMax: number | null;
}
