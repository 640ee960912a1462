/**
 * The contract of a surface: where an agent lives, and how to ring there. A surface knows nothing of the
 * hub, the lifecycle or the schedule: it is told to ring, and says truthfully whether the ring was taken.
 */
import type { Doorbell } from "../domain/doorbell.ts";
import type { Log } from "../domain/log.ts";
import type { AgentSide, SurfaceMemory } from "./agent-side.ts";

export type RingOutcome =
  /** The agent's side took the ring, and showed it; `path` names the way that worked. */
  | { readonly kind: "taken"; readonly path: string }
  /** It did not: `reason` is one sentence for `status` and the log, without secrets. */
  | { readonly kind: "failed"; readonly reason: string };

export interface Surface {
  readonly name: string;
  /** How long a ring may take by this surface's own bound, if it can exceed the daemon's usual one. */
  readonly ringMsMax?: number;
  /**
   * Rings once. Never throws; never rings again by itself. Settles soon after `cancelled` fires: the
   * doorbell became moot, so a ring that was not yet made must not be made.
   */
  ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome>;
  /** Starts or resumes the agent, where this surface can. Absent: `resume_surface` answers `unsupported`. */
  resume?(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome>;
  /** What it knows of its ways to ring, for `status` and `doctor`. Changes nothing (invariant 11). */
  report?(): SurfaceReport;
  /** Ends what it started: no process, file or timer of its own stays behind. */
  close(): Promise<void>;
}

/** One way to ring, as it went so far. Times are epoch milliseconds by this host's clock. */
export interface PathReport {
  readonly name: string;
  /** Untried; it brought a receipt last time; it brought none; it can't be used now. */
  readonly state: "untried" | "works" | "fails" | "unready";
  /** Why it fails or is not ready: one sentence without secrets. */
  readonly reason: string | null;
  readonly lastTakenAtMs: number | null;
}

export interface SurfaceReport {
  /** In the order in which they are tried. */
  readonly paths: readonly PathReport[];
  /** How starting or resuming the agent stands, where the configuration allows it; else null. */
  readonly resume: {
    readonly attempts: number;
    /** Until then no attempt is made by itself, or null. */
    readonly coolingUntilMs: number | null;
    readonly lastReason: string | null;
  } | null;
}

/** The process's own output, where a person may be looking. */
export interface SurfaceOutput {
  readonly isTerminal: boolean;
  /** Its file descriptor, if it has one: 1 for standard output. */
  readonly descriptor?: number;
  /** Calls `written` once, with the failure if the text did not get out. */
  write(text: string, written: (error?: Error | null) => void): void;
}

/** What every surface is made with. */
export interface SurfaceContext {
  readonly persona: string;
  readonly project: string;
  /** The project's folder. */
  readonly root: string;
  /** The process's environment: what a surface starts inherits it, without what is secret. */
  readonly env: { readonly [name: string]: string | undefined };
  /** What attach-time work adds for an agent that is started: names with values, or undefined to take one away. */
  readonly attached: () => { readonly [name: string]: string | undefined };
  /** Settles when attach-time work is over, however it went: nothing is started before. */
  readonly attachDone: () => Promise<void>;
  readonly output: SurfaceOutput;
  readonly agent: AgentSide;
  readonly memory: SurfaceMemory;
  readonly log: Log;
}
