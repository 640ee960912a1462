/**
 * The daemon's whole lifecycle as one pure step: what may change its state stands in `TABLE`, each pair of
 * state and event with the states it may lead to, or why it is ignored. A pair that is forgotten does not
 * compile, and neither does a handler that leads elsewhere. The diagram in ARCHITECTURE.md is generated
 * from it.
 *
 * Knows no socket, surface, file, timer or clock: an `Effect` says what to do, a driver does it, and what
 * came of it arrives later as an `Event`. When to ring is decided in `fsm/doorbell.ts`, when to dial again
 * in `fsm/retry.ts`. Source: the contract's lifecycle, invariants 1, 6 and 7.
 */
import { type DoorbellSchedule, doorbellsFrom, dueAtMsOf, standingOf } from "./fsm/doorbell.ts";
import {
  awaitAnswer,
  declineNotify,
  dial,
  dialOrWait,
  dialSooner,
  dropRefused,
  keepEarly,
  lose,
  notify,
  notifyMore,
  ping,
  reconcile,
  register,
  settle,
  settleApart,
  stop,
  takeIn,
  wake,
  wrap,
} from "./fsm/moves.ts";
import { type Position, samePosition } from "./fsm/position.ts";
import type { RetryPlan } from "./fsm/retry.ts";
import type {
  Effect,
  Event,
  EventName,
  EventOf,
  Moment,
  Next,
  State,
  StateId,
  StateOf,
  Watch,
} from "./fsm/state.ts";

export type { Effect, EndReason, Event, EventName, State, StateId, Watch } from "./fsm/state.ts";

interface Move<S extends StateId, E extends EventName> {
  readonly to: readonly StateId[];
  // A property, not a method: only then is a handler of another state or event refused.
  readonly run: (state: StateOf<S>, event: EventOf<E>, moment: Moment) => Next;
}

interface Ignored {
  readonly ignored: string;
}

type Table = { readonly [S in StateId]: { readonly [E in EventName]: Move<S, E> | Ignored } };

/** Ties a handler to the states that it leads to: one too many or too few does not compile. */
function move<S extends State, E extends Event, After extends State, To extends After["id"]>(
  to: readonly To[],
  run: ((state: S, event: E, moment: Moment) => Next<After>) & All<After["id"], To>,
): { readonly to: readonly StateId[]; readonly run: (state: S, event: E, moment: Moment) => Next } {
  return { to, run };
}

/** Ties a handler to the one state that it never leaves. */
function stay<Id extends StateId, E extends Event>(
  id: Id,
  run: (state: StateOf<Id>, event: E, moment: Moment) => Next<StateOf<Id>>,
): { readonly to: readonly StateId[]; readonly run: (state: StateOf<Id>, event: E, moment: Moment) => Next } {
  return { to: [id], run };
}

/** Anything if all of `Wanted` are `Listed`, otherwise nothing. */
type All<Wanted, Listed> = [Wanted] extends [Listed] ? unknown : never;

function ignored(why: string): Ignored {
  return { ignored: why };
}

const NO_SOCKET = ignored("there is no socket: late word of one that was dropped");
const NO_START = ignored("no start is under way: late word of one that was given up");
const OPEN = ignored("a socket is open already");
const ENDED = ignored("the daemon has ended");

/** Every pair of state and event. Order of rows and columns as in the lifecycle. */
export const TABLE: Table = {
  disconnected: {
    wakeReached: stay("disconnected", dialOrWait),
    socketOpened: move(["reconciling"], register),
    socketClosed: move(["disconnected", "ended"], lose),
    startAnswered: NO_SOCKET,
    startRefused: NO_SOCKET,
    mailboxPushed: NO_SOCKET,
    wrapPushed: NO_SOCKET,
    hubClosing: NO_SOCKET,
    ringSettled: stay("disconnected", settleApart),
    notifyAsked: stay("disconnected", declineNotify),
    hostResumed: stay("disconnected", dialSooner),
    stopAsked: move(["ended"], stop),
  },
  reconciling: {
    wakeReached: move(["reconciling", "disconnected"], awaitAnswer),
    socketOpened: OPEN,
    socketClosed: move(["disconnected", "ended"], lose),
    startAnswered: move(["connected", "emitting"], reconcile),
    startRefused: move(["disconnected", "ended"], dropRefused),
    mailboxPushed: stay("reconciling", keepEarly),
    wrapPushed: move(["ended"], wrap),
    hubClosing: ignored("the socket's end follows, and decides"),
    ringSettled: stay("reconciling", settleApart),
    notifyAsked: stay("reconciling", declineNotify),
    hostResumed: stay("reconciling", ping),
    stopAsked: move(["ended"], stop),
  },
  connected: {
    wakeReached: move(["connected", "emitting"], wake),
    socketOpened: OPEN,
    socketClosed: move(["disconnected", "ended"], lose),
    startAnswered: NO_START,
    startRefused: NO_START,
    mailboxPushed: move(["connected", "emitting"], takeIn),
    wrapPushed: move(["ended"], wrap),
    hubClosing: ignored("the socket's end follows, and decides"),
    ringSettled: ignored("no ring is in flight: it was given up, and counted so"),
    notifyAsked: move(["connected", "emitting"], notify),
    hostResumed: stay("connected", ping),
    stopAsked: move(["ended"], stop),
  },
  emitting: {
    wakeReached: move(["connected", "emitting"], wake),
    socketOpened: OPEN,
    socketClosed: move(["disconnected", "ended"], lose),
    startAnswered: NO_START,
    startRefused: NO_START,
    mailboxPushed: move(["connected", "emitting"], takeIn),
    wrapPushed: move(["ended"], wrap),
    hubClosing: ignored("the socket's end follows, and decides"),
    ringSettled: move(["connected", "emitting"], settle),
    notifyAsked: stay("emitting", notifyMore),
    hostResumed: stay("emitting", ping),
    stopAsked: move(["ended"], stop),
  },
  ended: {
    wakeReached: ENDED,
    socketOpened: ENDED,
    socketClosed: ENDED,
    startAnswered: ENDED,
    startRefused: ENDED,
    mailboxPushed: ENDED,
    wrapPushed: ENDED,
    hubClosing: ENDED,
    ringSettled: ENDED,
    notifyAsked: ENDED,
    hostResumed: ENDED,
    stopAsked: ENDED,
  },
};

/** The first state and its first effects. `position` is what the state file remembers; null if nothing. */
export function begin(options: {
  readonly plan: RetryPlan;
  readonly schedule: DoorbellSchedule;
  readonly position: Position | null;
  readonly nowMs: number;
}): [State, Effect[]] {
  const { plan, schedule, position, nowMs } = options;
  const heard = { through: position?.through ?? 0, urgent: position?.urgent ?? 0 };
  const watch: Watch = {
    plan,
    hubId: position?.hubId ?? null,
    revision: position?.revision ?? 0,
    session: position?.session ?? null,
    failures: 0,
    refusals: 0,
    failure: null,
    settledOnce: false,
    hubAheadMs: 0,
    doorbells: doorbellsFrom(schedule, { heard, standing: position?.standing ?? null, nowMs }),
  };
  const state = dial(watch, nowMs);
  return [state, [{ do: "openSocket" }, { do: "wakeAt", atMs: wakeAtMsOf(state) }]];
}

/**
 * One step of the lifecycle. Deterministic; never throws because of what a hub, a surface or a file did.
 *
 * @param nowMs milliseconds near the epoch that never go back within one life; leaps ahead are fine
 * @param random 0 (inclusive) to 1 (exclusive), drawn by the caller
 * @returns the next state, and what the driver must do, in this order
 */
export function step(state: State, event: Event, nowMs: number, random: number): [State, Effect[]] {
  const rule = TABLE[state.id][event.on];
  if ("ignored" in rule) return [state, []];
  // The table ties each handler to its own state and event, which an index by two unions cannot express.
  const run = rule.run as (state: State, event: Event, moment: Moment) => Next;
  const [next, effects] = run(state, event, { nowMs, random });
  if (!rule.to.includes(next.id)) throw new Error(`${state.id} may not lead to ${next.id} on ${event.on}`);
  return [next, [...effects, ...consequences(state, event, next)]];
}

/** What follows from the change of state alone, whoever made it: the file first, then what relies on it. */
function consequences(before: State, event: Event, after: State): Effect[] {
  const effects: Effect[] = [];
  const position = positionOf(after.watch);
  if (!samePosition(positionOf(before.watch), position)) effects.push({ do: "persist", position });
  const acknowledged = acknowledgedOf(after);
  if (acknowledged > acknowledgedOf(before)) effects.push({ do: "acknowledge", through: acknowledged });
  const wakeAtMs = wakeAtMsOf(after);
  // An alarm that rang is spent, whether or not its time had come.
  if (event.on === "wakeReached" || wakeAtMs !== wakeAtMsOf(before)) {
    effects.push({ do: "wakeAt", atMs: wakeAtMs });
  }
  // Last, since the driver takes everything down on it.
  if (after.id === "ended") effects.push({ do: "end", reason: after.reason, failure: after.watch.failure });
  return effects;
}

function acknowledgedOf(state: State): number {
  return state.id === "connected" || state.id === "emitting" ? state.acknowledged : 0;
}

/** What the state file should hold: enough to ring nothing twice for nothing after a restart. */
export function positionOf(watch: Watch): Position | null {
  const { hubId, session, revision } = watch;
  if (hubId === null || session === null) return null;
  const { through, urgent } = watch.doorbells.heard;
  return { hubId, session, revision, through, urgent, standing: standingOf(watch.doorbells) };
}

/** The next moment at which something is to be decided, or null. */
export function wakeAtMsOf(state: State): number | null {
  if (state.id === "ended") return null;
  const { doorbells } = state.watch;
  const times = [doorbells.ring?.deadlineMs ?? Infinity];
  if (state.id === "disconnected") times.push(state.dial.atMs);
  else if (state.id === "reconciling") times.push(state.deadlineMs);
  else times.push(dueAtMsOf(doorbells) ?? Infinity);
  const atMs = Math.min(...times);
  return atMs === Infinity ? null : atMs;
}
