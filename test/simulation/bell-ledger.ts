/**
 * The checker's own book of doorbells: every ring must have its reason, judged by what had reached the
 * daemon, not by what the daemon made of it (invariants 5, 6 and 7). A ring is
 *
 *   first     nobody was rung for these signals yet
 *   news      somebody drained since the last ring, and signals came that no drain has spoken of
 *   leftover  somebody drained since, and knowingly left something: not before the first delay has passed
 *   repeat    nobody answered: not before the schedule's delay, which grows with every repeat
 *   retry     the surface had not taken it: not before the delay for failures
 *   asked     somebody asked for it over IPC
 *
 * or it is one too many.
 */
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { MailboxView } from "../../src/domain/verbs.ts";
import { DOORBELL_SCHEDULE } from "../../src/fsm/doorbell.ts";
import type { DaemonReport } from "./observer.ts";
import { Violation } from "./violation.ts";

interface Standing {
  readonly drains: number;
  /** When the surface took the last ring of it. */
  readonly takenAtMs: number;
  /** Rings since its schedule began. */
  readonly round: number;
}

interface Failing {
  readonly drains: number;
  readonly failedAtMs: number;
  readonly failures: number;
}

interface InFlight {
  readonly ring: number;
  readonly atMs: number;
  readonly drains: number;
  /** Urgent signals it told of: more of them, while it is under way, begin the schedule again. */
  readonly urgent: number;
  cancelledAtMs: number | null;
}

interface Watched {
  life: number;
  state: string;
  /** The newest view that reached this life of the daemon; null before its first. */
  view: MailboxView | null;
  /** When the count of drains in it last changed. */
  drainedAtMs: number;
  /** Somebody is asking for a ring just now. */
  asking: boolean;
  inFlight: InFlight | null;
  standing: Standing | null;
  failing: Failing | null;
  /** Rings of this life, each with a number of its own. */
  lastRing: number;
  reconciles: number;
  connects: number;
}

/** Anything that a sender wrote carries this mark, so that it can be recognised wherever it turns up. */
export const TEXT_MARK = "¶";

export class BellLedger {
  readonly #watched = new Map<string, Watched>();

  daemonUp(daemon: DaemonReport, remembers: boolean): void {
    const before = this.#watched.get(daemon.name);
    this.#watched.set(daemon.name, {
      life: daemon.life,
      state: "disconnected",
      view: null,
      drainedAtMs: 0,
      asking: false,
      inFlight: null,
      // What its state file lost it cannot know: it may ring once for it again.
      standing: remembers ? (before?.standing ?? null) : null,
      failing: null,
      lastRing: 0,
      reconciles: 0,
      connects: 0,
    });
  }

  daemonDown(daemon: DaemonReport): void {
    const watched = this.#of(daemon);
    if (watched !== null) watched.state = "down";
  }

  lifecycle(daemon: DaemonReport, state: string): void {
    const watched = this.#of(daemon);
    if (watched === null) return;
    if (state === "reconciling") watched.connects++;
    if (watched.state === "reconciling" && (state === "connected" || state === "emitting"))
      watched.reconciles++;
    if (watched.reconciles > watched.connects) {
      throw new Violation(
        7,
        daemon.address,
        `reconciled ${watched.reconciles} times over ${watched.connects} connections`,
      );
    }
    watched.state = state;
  }

  viewArrived(daemon: DaemonReport, view: MailboxView, nowMs: number): void {
    const watched = this.#of(daemon);
    if (watched === null) return;
    const before = watched.view;
    if (before !== null && view.revision <= before.revision) return;
    if (before === null || view.drains !== before.drains) watched.drainedAtMs = nowMs;
    const { standing } = watched;
    const urgentNews = view.urgent > (before?.urgent ?? 0) && view.through > (before?.through ?? 0);
    if (standing !== null && urgentNews) watched.standing = { ...standing, round: 1 };
    watched.view = view;
    if (view.open > 0) return;
    // Nothing is open, so nothing stands: what comes next is rung for the first time.
    watched.standing = null;
    watched.failing = null;
  }

  ringAsked(daemon: DaemonReport, asking: boolean): void {
    const watched = this.#of(daemon);
    if (watched !== null) watched.asking = asking;
  }

  rang(daemon: DaemonReport, bell: Doorbell, nowMs: number): void {
    const { address } = daemon;
    const watched = this.#of(daemon);
    if (watched === null) throw new Violation(6, address, "a daemon rings that is not there");
    if (watched.state !== "connected" && watched.state !== "emitting") {
      throw new Violation(7, address, `ring ${bell.ring} while ${watched.state}: nothing is settled`);
    }
    const { view } = watched;
    if (view === null) throw new Violation(7, address, `ring ${bell.ring} before any word from the hub`);
    if (view.open === 0) {
      throw new Violation(
        6,
        address,
        `ring ${bell.ring} for ${bell.open} signals, and the daemon had been told that none is open`,
      );
    }
    this.#checkBell(address, bell, view);
    this.#checkFlight(address, watched, bell, nowMs);
    if (!watched.asking) this.#checkReason(address, watched, view, nowMs + daemon.clockLeapMsMax());
    watched.inFlight = {
      ring: bell.ring,
      atMs: nowMs,
      drains: view.drains,
      urgent: view.urgent,
      cancelledAtMs: null,
    };
    watched.lastRing = bell.ring;
  }

  #checkBell(address: string, bell: Doorbell, view: MailboxView): void {
    if (JSON.stringify(bell).includes(TEXT_MARK)) {
      throw new Violation(5, address, `ring ${bell.ring} carries a signal's text`);
    }
    if (bell.open !== view.open || bell.urgent !== view.urgent || bell.oldestAtMs !== view.oldestAtMs) {
      throw new Violation(
        6,
        address,
        `ring ${bell.ring} tells of ${bell.open} signals, and ${view.open} are open as far as the daemon was told`,
      );
    }
  }

  #checkFlight(address: string, watched: Watched, bell: Doorbell, nowMs: number): void {
    const { inFlight } = watched;
    if (inFlight !== null && nowMs < givenUpAtMs(inFlight)) {
      throw new Violation(6, address, `ring ${bell.ring} while ring ${inFlight.ring} is still under way`);
    }
    if (bell.ring <= watched.lastRing) {
      throw new Violation(
        6,
        address,
        `ring ${bell.ring} after ring ${watched.lastRing}: its number was used before`,
      );
    }
    // The daemon gave the ring before this one up: as far as it knows, the surface refused it.
    if (inFlight !== null && inFlight.cancelledAtMs === null) this.#refused(watched, inFlight, nowMs);
  }

  #checkReason(address: string, watched: Watched, view: MailboxView, nowMs: number): void {
    const { standing, failing } = watched;
    if (failing !== null && failing.drains === view.drains) {
      const delayMs = Math.min(delayOf(DOORBELL_SCHEDULE.failedDelaysMs, failing.failures), firstDelayMs);
      this.#atLeast(address, {
        what: `retry after ${failing.failures} failures`,
        sinceMs: failing.failedAtMs,
        delayMs,
        nowMs,
      });
      return;
    }
    if (standing === null) return;
    if (standing.drains === view.drains) {
      const delayMs = delayOf(DOORBELL_SCHEDULE.unansweredDelaysMs, standing.round);
      this.#atLeast(address, {
        what: `repeat after ${standing.round} rings that nobody answered`,
        sinceMs: standing.takenAtMs,
        delayMs,
        nowMs,
      });
      return;
    }
    if (view.through > view.told) return;
    this.#atLeast(address, {
      what: "ring for what a drain knowingly left",
      sinceMs: watched.drainedAtMs,
      delayMs: firstDelayMs,
      nowMs,
    });
  }

  #atLeast(
    address: string,
    gap: {
      readonly what: string;
      readonly sinceMs: number;
      readonly delayMs: number;
      readonly nowMs: number;
    },
  ): void {
    const passedMs = gap.nowMs - gap.sinceMs;
    // The daemon counts from when it heard of it, within the same step: no slack is needed but rounding.
    if (passedMs + 1 >= gap.delayMs) return;
    throw new Violation(
      6,
      address,
      `${gap.what} came after ${passedMs} ms, and not before ${gap.delayMs} ms are over`,
    );
  }

  ringTaken(daemon: DaemonReport, ring: number, nowMs: number): void {
    const watched = this.#of(daemon);
    if (watched?.inFlight?.ring !== ring) return;
    const { inFlight, standing, view } = watched;
    watched.inFlight = null;
    // Too late: the daemon has given it up, and goes by that.
    if (nowMs >= givenUpAtMs(inFlight)) return;
    watched.failing = null;
    const again = standing !== null && standing.drains === inFlight.drains;
    // A drain that came while the ring was under way has answered it.
    const answered = view === null || view.open === 0 || view.drains !== inFlight.drains;
    if (answered) {
      watched.standing = null;
      return;
    }
    const round = again && view.urgent <= inFlight.urgent ? standing.round + 1 : 1;
    if (round > DOORBELL_SCHEDULE.unansweredRingsMax) {
      throw new Violation(6, daemon.address, `rung ${round} times without an answer`);
    }
    watched.standing = { drains: inFlight.drains, takenAtMs: nowMs, round };
  }

  ringFailed(daemon: DaemonReport, ring: number, nowMs: number): void {
    const watched = this.#of(daemon);
    if (watched?.inFlight?.ring !== ring) return;
    const { inFlight } = watched;
    watched.inFlight = null;
    if (inFlight.cancelledAtMs === null && nowMs < givenUpAtMs(inFlight))
      this.#refused(watched, inFlight, nowMs);
  }

  ringCancelled(daemon: DaemonReport, ring: number, nowMs: number): void {
    const watched = this.#of(daemon);
    if (watched?.inFlight?.ring !== ring) return;
    const { inFlight } = watched;
    if (nowMs - inFlight.atMs < DOORBELL_SCHEDULE.ringTimeoutMs) inFlight.cancelledAtMs ??= nowMs;
    else {
      // Called off because the surface took too long: to the daemon that is a refusal.
      watched.inFlight = null;
      this.#refused(watched, inFlight, nowMs);
    }
  }

  #refused(watched: Watched, inFlight: InFlight, nowMs: number): void {
    const before = watched.failing;
    const failures = before !== null && before.drains === inFlight.drains ? before.failures + 1 : 1;
    watched.failing = { drains: inFlight.drains, failedAtMs: nowMs, failures };
  }

  #of(daemon: DaemonReport): Watched | null {
    const watched = this.#watched.get(daemon.name);
    return watched?.life === daemon.life ? watched : null;
  }
}

/** When the daemon stops waiting for a ring to settle. */
function givenUpAtMs(ring: InFlight): number {
  const { ringTimeoutMs, cancelTimeoutMs } = DOORBELL_SCHEDULE;
  const cancelled = ring.cancelledAtMs === null ? Infinity : ring.cancelledAtMs + cancelTimeoutMs;
  return Math.min(ring.atMs + ringTimeoutMs, cancelled);
}

const firstDelayMs = delayOf(DOORBELL_SCHEDULE.unansweredDelaysMs, 1);

/** The delay after the n-th of a row, 1..n; the last one repeats. */
function delayOf(delaysMs: readonly number[], nth: number): number {
  return delaysMs[Math.min(nth, delaysMs.length) - 1] ?? 0;
}

/** A view must be one at all, whatever it says. */
export function checkView(address: string, view: MailboxView, clockSteady: boolean): void {
  const named = view.senders.reduce((sum, sender) => sum + sender.count, 0);
  const whole =
    view.urgent <= view.open &&
    view.told <= view.through &&
    named + view.othersOpen === view.open &&
    (view.open === 0) === (view.oldestAtMs === null) &&
    (view.open === 0) === (view.newestAtMs === null) &&
    (view.open === 0 || !clockSteady || (view.oldestAtMs ?? 0) <= (view.newestAtMs ?? 0));
  if (!whole) throw new Violation(6, address, `the hub's view contradicts itself: ${JSON.stringify(view)}`);
  if (JSON.stringify(view).includes(TEXT_MARK))
    throw new Violation(5, address, "a view carries a signal's text");
}
