/**
 * The contract of a surface: where an agent lives, and how to ring there. A surface knows nothing of the
 * hub, the lifecycle or the schedule: it is told to ring, and says truthfully whether the ring was taken.
 */
import type { Doorbell } from "../domain/doorbell.ts";
import type { Log } from "../domain/log.ts";

export type RingOutcome =
  /** The surface took the ring; `path` names the way that worked. */
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
  /** Ends what it started: no process, file or timer of its own stays behind. */
  close(): Promise<void>;
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
  readonly output: SurfaceOutput;
  readonly log: Log;
}
