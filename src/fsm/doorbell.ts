/**
 * When the surface is rung: the doorbell policy. Level-triggered on the hub's `MailboxView`: each view
 * replaces the one before it, so a lost, late or repeated push can neither lose a ring nor make one.
 *
 * ```
 *   silent  nothing is open, or nothing is due
 *   owed    a first ring is due: at once for news, after a delay for what a drain knowingly left behind
 *   standing  the surface took a ring that nobody has answered by a drain; due again on a growing schedule
 *   failing   the surface did not take it; due again on a short growing schedule
 * ```
 * Beside the bell, at most one ring is in flight; it is judged by the newest view when it settles.
 *
 * Knows no surface, no socket, no clock. Source: invariants 5, 6 and 7.
 */
import type { ErrorReport } from "../domain/errors.ts";
import type { MailboxView } from "../domain/verbs.ts";

/** Every bound on ringing. All times in milliseconds; a list's last delay repeats. */
export interface DoorbellSchedule {
  /** From one taken ring to the next while nobody drains. The first also paces leftovers and urgent news. */
  readonly unansweredDelaysMs: readonly number[];
  /** Rings in all of one unanswered doorbell, until something new happens. */
  readonly unansweredRingsMax: number;
  /** From a ring that the surface did not take to the next try. */
  readonly failedDelaysMs: readonly number[];
  /** Tries in a row that the surface may refuse, until something new happens. */
  readonly failedRingsMax: number;
  /** A ring that has not settled by then is called off and counts as failed. */
  readonly ringTimeoutMs: number;
  /** How long a ring that was called off may take to settle, before it is given up for lost. */
  readonly cancelTimeoutMs: number;
  /** After a sleep, how long a bell that is due leaves the hub to have its say. */
  readonly resumedDelayMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const DOORBELL_SCHEDULE: DoorbellSchedule = {
  unansweredDelaysMs: [30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR],
  // The last of 24 comes after 18 hours: whoever has not answered for a working day needs more than a bell.
  unansweredRingsMax: 24,
  // Short at first, since most failures are an agent just restarting; long in the end, since a surface that
  // was closed over night shall be rung in the morning, and not have cost a process each second until then.
  failedDelaysMs: [
    ...[1, 2, 4, 8, 15, 30, 60, 60, 60].map((seconds) => seconds * SECOND),
    ...[5 * MINUTE, 15 * MINUTE, HOUR],
  ],
  failedRingsMax: 36,
  ringTimeoutMs: 30 * SECOND,
  cancelTimeoutMs: 2 * SECOND,
  // Longer than a dead connection takes to be found out: 5 s (`PONG_TIMEOUT_MS` of daemon/hub-link.ts).
  resumedDelayMs: 6 * SECOND,
};

/** A ring that the surface took and nobody has answered yet: the only bell that the state file remembers. */
export interface StandingBell {
  /** `view.drains` when it was rung: any other value means that somebody drained since. */
  readonly drains: number;
  /** Rings of this doorbell so far, 1..n. */
  readonly attempt: number;
  /** Rings since its schedule began, 1..`unansweredRingsMax`; urgent news begins it again. */
  readonly round: number;
  readonly rungAtMs: number;
  /** Null: rung as often as is allowed, and quiet until something new happens. */
  readonly dueAtMs: number | null;
}

export type Bell =
  | { readonly id: "silent" }
  | {
      readonly id: "owed";
      readonly drains: number;
      readonly dueAtMs: number;
      /** The hub's time of the newest signal, if it is news: from here the latency runs. */
      readonly acceptedAtMs: number | null;
    }
  | ({ readonly id: "standing" } & StandingBell)
  | {
      readonly id: "failing";
      readonly drains: number;
      readonly attempt: number;
      /** Refusals in a row. */
      readonly failures: number;
      readonly dueAtMs: number | null;
      readonly acceptedAtMs: number | null;
      /** The ring that the surface did take before, if any. */
      readonly standing: StandingBell | null;
    };

/** A ring in flight. */
export interface Ring {
  readonly ring: number;
  readonly attempt: number;
  readonly drains: number;
  readonly urgent: number;
  readonly deadlineMs: number;
  readonly acceptedAtMs: number | null;
  /** It became moot, and the surface was told so; it still has to settle. */
  readonly cancelled: boolean;
  /** Who asked over IPC for a ring, and waits for its outcome. */
  readonly asks: readonly number[];
}

export interface Doorbells {
  readonly schedule: DoorbellSchedule;
  /** The newest view of this life; null until the first reconcile. */
  readonly view: MailboxView | null;
  /** What the newest view said of arrivals; it outlives a restart, where `view` does not. */
  readonly heard: { readonly through: number; readonly urgent: number };
  readonly bell: Bell;
  readonly ring: Ring | null;
  /** Rings of this life so far. */
  readonly rings: number;
}

export type RingResult = "rung" | "suppressed" | "failed";

export type DoorbellEffect =
  | { readonly do: "ring"; readonly ring: number; readonly attempt: number; readonly view: MailboxView }
  | { readonly do: "cancelRing"; readonly ring: number }
  | { readonly do: "countDoorbell"; readonly outcome: RingResult | "coalesced" }
  | { readonly do: "countError"; readonly failure: ErrorReport }
  /** From the hub's acceptance, by the hub's clock, to the surface's taking, by ours. */
  | { readonly do: "observeLatency"; readonly acceptedAtMs: number; readonly takenAtMs: number }
  | {
      readonly do: "answerNotify";
      readonly asks: readonly number[];
      readonly result: RingResult;
      readonly why: string;
    };

type Next = readonly [Doorbells, readonly DoorbellEffect[]];

const SILENT: Bell = { id: "silent" };

/** @param standing what the state file remembers, if anything; times that a clock jump made absurd are cut */
export function doorbellsFrom(
  schedule: DoorbellSchedule,
  saved: {
    readonly heard: Doorbells["heard"];
    readonly standing: StandingBell | null;
    readonly nowMs: number;
  },
): Doorbells {
  const { heard, standing, nowMs } = saved;
  return { schedule, view: null, heard, bell: restored(schedule, standing, nowMs), ring: null, rings: 0 };
}

function restored(schedule: DoorbellSchedule, standing: StandingBell | null, nowMs: number): Bell {
  if (standing === null) return SILENT;
  const dueAtMs = dueAfter(schedule, standing.round, nowMs);
  return {
    id: "standing",
    ...standing,
    rungAtMs: Math.min(standing.rungAtMs, nowMs),
    // Only earlier, never later than the schedule would say now: the schedule itself may have changed too.
    dueAtMs: standing.dueAtMs === null || dueAtMs === null ? dueAtMs : Math.min(standing.dueAtMs, dueAtMs),
  };
}

/** Another hub, or one put back to an older backup: what was rung there says nothing here. */
export function startAnew(doorbells: Doorbells, nowMs: number): Next {
  const { ring } = doorbells;
  return callOff(
    {
      ...doorbells,
      view: null,
      heard: { through: 0, urgent: 0 },
      bell: SILENT,
      // A count that no hub gives: should the surface take it all the same, it answers for nothing here.
      ring: ring === null ? null : { ...ring, drains: -1, acceptedAtMs: null },
    },
    nowMs,
  );
}

/** Takes in a newer view: decides what stands and what is due, but rings nothing. */
export function hear(doorbells: Doorbells, view: MailboxView, nowMs: number): Next {
  const arrived = view.through > doorbells.heard.through;
  const urgentArrived = arrived && view.urgent > doorbells.heard.urgent;
  const heard = { through: view.through, urgent: view.urgent };
  const next: Doorbells = { ...doorbells, view, heard };
  if (view.open === 0) return hush(next, nowMs);
  const { bell, ring } = next;
  if (ring !== null) return [next, arrived && !ring.cancelled ? [counted("coalesced")] : []];
  if ((bell.id !== "standing" && bell.id !== "failing") || bell.drains !== view.drains) {
    return [{ ...next, bell: assess(next, nowMs) }, []];
  }
  if (!arrived) return [next, []];
  const hastened = urgentArrived || bell.dueAtMs === null ? hasten(next.schedule, bell, nowMs) : bell;
  return [{ ...next, bell: hastened }, [counted("coalesced")]];
}

/** Nothing is open: whatever was to be rung is moot (invariant 6). */
function hush(doorbells: Doorbells, nowMs: number): Next {
  const { bell, ring } = doorbells;
  const quiet: Doorbells = { ...doorbells, bell: SILENT };
  if (ring !== null) return callOff(quiet, nowMs);
  const due = bell.id === "failing" || (bell.id === "owed" && bell.dueAtMs <= nowMs);
  return [quiet, due ? [counted("suppressed")] : []];
}

/** Tells the surface to drop the ring in flight. How it ended is counted when it settles. */
export function callOff(doorbells: Doorbells, nowMs: number): Next {
  const { ring, schedule } = doorbells;
  if (ring === null || ring.cancelled) return [doorbells, []];
  const deadlineMs = Math.min(ring.deadlineMs, nowMs + schedule.cancelTimeoutMs);
  return [
    { ...doorbells, ring: { ...ring, cancelled: true, deadlineMs } },
    [{ do: "cancelRing", ring: ring.ring }],
  ];
}

/** The bell for a view that nothing rung before covers: news at once, known leftovers after a delay. */
function assess(doorbells: Doorbells, nowMs: number): Bell {
  const { view, bell, schedule } = doorbells;
  if (view === null || view.open === 0) return SILENT;
  if (view.through > view.told) {
    return { id: "owed", drains: view.drains, dueAtMs: nowMs, acceptedAtMs: view.newestAtMs };
  }
  if (bell.id === "owed" && bell.drains === view.drains) return bell;
  const dueAtMs = nowMs + delayOf(schedule.unansweredDelaysMs, 0);
  return { id: "owed", drains: view.drains, dueAtMs, acceptedAtMs: null };
}

/**
 * Urgent news, or any news to a bell that had given up: the schedule begins again at its first delay. Only
 * ever earlier, so that a stream of urgent signals rings once a delay instead of putting the ring off.
 */
function hasten(
  schedule: DoorbellSchedule,
  bell: Extract<Bell, { id: "standing" | "failing" }>,
  nowMs: number,
): Bell {
  const soonMs = nowMs + delayOf(schedule.unansweredDelaysMs, 0);
  const dueAtMs = Math.min(bell.dueAtMs ?? soonMs, soonMs);
  if (bell.id === "standing") return { ...bell, round: 1, dueAtMs };
  return { ...bell, failures: bell.dueAtMs === null ? 0 : bell.failures, dueAtMs };
}

/** When the next ring is due, or null: nothing is owed, or one is in flight. */
export function dueAtMsOf(doorbells: Doorbells): number | null {
  const { bell, ring, view } = doorbells;
  if (ring !== null || view === null || view.open === 0 || bell.id === "silent") return null;
  return bell.dueAtMs;
}

/** True from the moment a ring is due until the surface has taken it or it became moot: EMITTING. */
export function isEmitting(doorbells: Doorbells): boolean {
  return doorbells.ring !== null || doorbells.bell.id === "failing";
}

/** Rings if one is due. Call it only while the view is the hub's: settled, with a socket. */
export function ringIfDue(doorbells: Doorbells, nowMs: number): Next {
  const dueAtMs = dueAtMsOf(doorbells);
  return dueAtMs === null || dueAtMs > nowMs ? [doorbells, []] : ringNow(doorbells, nowMs, []);
}

function ringNow(doorbells: Doorbells, nowMs: number, asks: readonly number[]): Next {
  const { bell, view, schedule } = doorbells;
  if (view === null) return [doorbells, []];
  const ring: Ring = {
    ring: doorbells.rings + 1,
    attempt: (bell.id === "standing" || bell.id === "failing" ? bell.attempt : 0) + 1,
    drains: view.drains,
    urgent: view.urgent,
    deadlineMs: nowMs + schedule.ringTimeoutMs,
    acceptedAtMs: bell.id === "owed" || bell.id === "failing" ? bell.acceptedAtMs : null,
    cancelled: false,
    asks,
  };
  return [
    { ...doorbells, ring, rings: ring.ring },
    [{ do: "ring", ring: ring.ring, attempt: ring.attempt, view }],
  ];
}

/** Somebody asks over IPC for a ring now, whatever the schedule says. */
export function askRing(doorbells: Doorbells, ask: number, nowMs: number): Next {
  const { view, ring } = doorbells;
  if (view === null || view.open === 0) {
    return [doorbells, [{ do: "answerNotify", asks: [ask], result: "suppressed", why: "no signal waits" }]];
  }
  if (ring === null) return ringNow(doorbells, nowMs, [ask]);
  return [{ ...doorbells, ring: { ...ring, asks: [...ring.asks, ask] } }, []];
}

export type RingSettled =
  | { readonly ring: number; readonly taken: true; readonly path: string }
  | { readonly ring: number; readonly taken: false; readonly reason: string };

/** The surface has taken the ring or not. A settlement of a ring that was given up before is old news. */
export function settleRing(doorbells: Doorbells, settled: RingSettled, nowMs: number): Next {
  const { ring } = doorbells;
  if (ring === null || ring.ring !== settled.ring) return [doorbells, []];
  const result: RingResult = settled.taken ? "rung" : ring.cancelled ? "suppressed" : "failed";
  const why = settled.taken ? settled.path : ring.cancelled ? "no signal waits any more" : settled.reason;
  const bell = settled.taken ? stand(doorbells, ring, nowMs) : refuse(doorbells, ring, nowMs);
  const next: Doorbells = { ...doorbells, ring: null, bell: SILENT };
  const { view } = doorbells;
  // Judged by the value at its ring: a drain made while an `exec` command still ran has answered it, and
  // what came after that drain needs a ring of its own.
  const stands = bell.id !== "silent" && view !== null && view.open > 0 && view.drains === ring.drains;
  const effects: DoorbellEffect[] = [counted(result)];
  if (result === "failed") {
    effects.push({ do: "countError", failure: { code: "surface_failed", message: why } });
  }
  if (settled.taken && ring.acceptedAtMs !== null) {
    effects.push({ do: "observeLatency", acceptedAtMs: ring.acceptedAtMs, takenAtMs: nowMs });
  }
  if (ring.asks.length > 0) effects.push({ do: "answerNotify", asks: ring.asks, result, why });
  return [{ ...next, bell: stands ? bell : assess(next, nowMs) }, effects];
}

function stand(doorbells: Doorbells, ring: Ring, nowMs: number): Bell {
  const { schedule, heard } = doorbells;
  const before = standingOf(doorbells)?.round ?? 0;
  const round = heard.urgent > ring.urgent ? 1 : before + 1;
  const dueAtMs = dueAfter(schedule, round, nowMs);
  return { id: "standing", drains: ring.drains, attempt: ring.attempt, round, rungAtMs: nowMs, dueAtMs };
}

function refuse(doorbells: Doorbells, ring: Ring, nowMs: number): Bell {
  if (ring.cancelled) return SILENT;
  const { bell, schedule } = doorbells;
  const failures = (bell.id === "failing" ? bell.failures : 0) + 1;
  return {
    id: "failing",
    drains: ring.drains,
    attempt: ring.attempt,
    failures,
    dueAtMs:
      failures >= schedule.failedRingsMax ? null : nowMs + delayOf(schedule.failedDelaysMs, failures - 1),
    acceptedAtMs: ring.acceptedAtMs,
    standing: standingOf(doorbells),
  };
}

/**
 * The host slept, and the clock leaps ahead. A ring in flight slept too, and has its whole time again. A bell
 * that came due meanwhile waits: what it would ring for may be drained or expired by now, and the connection
 * that has not said so dead. Either the hub's word comes first, or the reconcile after the connection's loss.
 */
export function rest(doorbells: Doorbells, nowMs: number): Doorbells {
  const { ring, schedule, bell } = doorbells;
  if (ring !== null) {
    const timeoutMs = ring.cancelled ? schedule.cancelTimeoutMs : schedule.ringTimeoutMs;
    return { ...doorbells, ring: { ...ring, deadlineMs: nowMs + timeoutMs } };
  }
  const earliestMs = nowMs + schedule.resumedDelayMs;
  if (bell.id === "silent" || bell.dueAtMs === null || bell.dueAtMs >= earliestMs) return doorbells;
  return { ...doorbells, bell: { ...bell, dueAtMs: earliestMs } };
}

/** The ring in flight has overrun its time: it is called off and counts as failed. */
export function expireRing(doorbells: Doorbells, nowMs: number): Next {
  const { ring, schedule } = doorbells;
  if (ring === null || ring.deadlineMs > nowMs) return [doorbells, []];
  const reason = `the surface did not answer within ${schedule.ringTimeoutMs} ms`;
  const [next, effects] = settleRing(doorbells, { ring: ring.ring, taken: false, reason }, nowMs);
  return [next, ring.cancelled ? effects : [{ do: "cancelRing", ring: ring.ring }, ...effects]];
}

/** What stands unanswered at the surface, for the state file: a failed repeat does not take it away. */
export function standingOf(doorbells: Doorbells): StandingBell | null {
  const { bell } = doorbells;
  if (bell.id === "failing") return bell.standing;
  return bell.id === "standing" ? bell : null;
}

function dueAfter(schedule: DoorbellSchedule, round: number, nowMs: number): number | null {
  if (round >= schedule.unansweredRingsMax) return null;
  return nowMs + delayOf(schedule.unansweredDelaysMs, round - 1);
}

function delayOf(delaysMs: readonly number[], index: number): number {
  return delaysMs[Math.min(index, delaysMs.length - 1)] ?? 0;
}

function counted(outcome: RingResult | "coalesced"): DoorbellEffect {
  return { do: "countDoorbell", outcome };
}
