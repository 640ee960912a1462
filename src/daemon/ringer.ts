/**
 * Stands between the daemon and its surface, and contains it: whatever a surface throws, rejects or answers
 * becomes one settlement a ring, and a late one is told too, for the lifecycle to recognise by its number.
 * When to ring, and for how long to wait, is decided elsewhere.
 */
import { printable } from "../domain/address.ts";
import type { Doorbell } from "../domain/doorbell.ts";
import { PrismError } from "../domain/errors.ts";
import { faultText, type Log } from "../domain/log.ts";
import type { RingSettled } from "../fsm/doorbell.ts";
import type { RingOutcome, Surface } from "../surfaces/surface.ts";

/** To start an agent takes longer than to ring one. */
const RESUME_TIMEOUT_MS = 60_000;
/** A surface that does not end by then is left to the end of the process. */
const CLOSE_TIMEOUT_MS = 5000;
const REASON_CHARS_MAX = 200;

export interface Ringer {
  /** `settled` is called once, never before this returns. */
  ring(bell: Doorbell, settled: (settled: RingSettled) => void): void;
  cancel(ring: number): void;
  /** @throws PrismError `unsupported` if the surface can't */
  resume(bell: Doorbell): Promise<RingOutcome>;
  /** Calls off what is under way and closes the surface; never rejects. */
  close(): Promise<void>;
}

export function openRinger(surface: Surface, log: Log): Ringer {
  const underWay = new Map<number, AbortController>();
  const closing = new AbortController();

  async function contain(ring: () => Promise<RingOutcome>): Promise<RingOutcome> {
    try {
      return outcomeOf(await ring());
    } catch (error) {
      log("error", "surfaceThrew", {
        code: "surface_failed",
        surface: surface.name,
        fault: faultText(error),
      });
      return { kind: "failed", reason: `the surface "${surface.name}" failed: ${reasonOf(error)}` };
    }
  }

  return {
    ring(bell, settled) {
      const cancelled = new AbortController();
      underWay.set(bell.ring, cancelled);
      void contain(() => surface.ring(bell, cancelled.signal)).then((outcome) => {
        underWay.delete(bell.ring);
        const { ring } = bell;
        if (outcome.kind === "taken") settled({ ring, taken: true, path: outcome.path });
        else settled({ ring, taken: false, reason: outcome.reason });
      });
    },
    cancel(ring) {
      underWay.get(ring)?.abort();
    },
    async resume(bell) {
      const resume = surface.resume?.bind(surface);
      if (resume === undefined) {
        throw new PrismError("unsupported", `the surface "${surface.name}" cannot resume an agent`, {
          hint: "start the agent by hand, or use a surface that can",
        });
      }
      const cancelled = AbortSignal.any([AbortSignal.timeout(RESUME_TIMEOUT_MS), closing.signal]);
      const calledOff = new Promise<RingOutcome>((resolve) => {
        const reason = () =>
          closing.signal.aborted
            ? "the daemon is ending"
            : `the surface "${surface.name}" did not resume within ${RESUME_TIMEOUT_MS} ms`;
        cancelled.addEventListener("abort", () => resolve({ kind: "failed", reason: reason() }), {
          once: true,
        });
      });
      return Promise.race([contain(() => resume(bell, cancelled)), calledOff]);
    },
    async close() {
      closing.abort();
      for (const cancelled of underWay.values()) cancelled.abort();
      const closed = await withinTime(
        contain(async () => {
          await surface.close();
          return { kind: "taken", path: "closed" };
        }),
        CLOSE_TIMEOUT_MS,
      );
      if (!closed)
        log("warn", "surfaceNotClosed", {
          code: "surface_failed",
          surface: surface.name,
          timeoutMs: CLOSE_TIMEOUT_MS,
        });
    },
  };
}

/** A surface's word, checked: it is a plug-in, and may be wrong. */
function outcomeOf(outcome: RingOutcome): RingOutcome {
  if (outcome?.kind === "taken")
    return { kind: "taken", path: printable(String(outcome.path), REASON_CHARS_MAX) };
  if (outcome?.kind === "failed")
    return { kind: "failed", reason: printable(String(outcome.reason), REASON_CHARS_MAX) };
  return { kind: "failed", reason: "the surface did not say whether it took the ring" };
}

function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), REASON_CHARS_MAX);
}

/** @returns false if the time ran out first */
export async function withinTime(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const done = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return done;
}
