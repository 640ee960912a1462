/**
 * The moves of the lifecycle: what each event does to each state that heeds it. Which pairs those are, and
 * where each may lead, stands in the table of `fsm.ts`; nothing here is reached but through it.
 */
import type { ErrorReport } from "../domain/errors.ts";
import type { MailboxView } from "../domain/verbs.ts";
import {
  askRing,
  callOff,
  type DoorbellEffect,
  type Doorbells,
  expireRing,
  hear,
  isEmitting,
  rest,
  ringIfDue,
  settleRing,
  startAnew,
} from "./doorbell.ts";
import { RETRY_POLICIES, retryDelayMs } from "./retry.ts";
import type {
  Alive,
  Connected,
  Disconnected,
  Effect,
  Emitting,
  Ended,
  EndReason,
  EventOf,
  Moment,
  Next,
  Reconciling,
  Watch,
} from "./state.ts";

// Dialling, losing and ending.

export function dial(watch: Watch, nowMs: number): Disconnected {
  return { id: "disconnected", watch, dial: { dialing: true, atMs: nowMs + watch.plan.dialTimeoutMs } };
}

export function dialOrWait(
  before: Disconnected,
  _event: EventOf<"wakeReached">,
  moment: Moment,
): Next<Disconnected> {
  const [watch, expired] = giveUpRing(before.watch, moment);
  const state: Disconnected = { ...before, watch };
  if (state.dial.atMs > moment.nowMs) return [state, expired];
  if (!state.dial.dialing) return [dial(watch, moment.nowMs), [...expired, { do: "openSocket" }]];
  const failure = timedOut("the hub did not take the connection", watch.plan.dialTimeoutMs);
  const [next, effects] = retryLater(watch, { failure, policy: "soon" }, moment);
  return [next, [...expired, { do: "closeSocket" }, ...effects]];
}

/**
 * After a sleep of days the way to the hub is likely new: one window from now at the latest. A dial that came
 * due during the sleep is drawn anew: everybody on this host wakes at once, and must not dial at once.
 */
export function dialSooner(
  before: Disconnected,
  _event: EventOf<"hostResumed">,
  moment: Moment,
): Next<Disconnected> {
  const state: Disconnected = { ...before, watch: rested(before.watch, moment) };
  if (state.dial.dialing) return [state, []];
  const { plan } = state.watch;
  const delayMs = retryDelayMs(plan, { policy: "soon", failures: plan.lossWindow, random: moment.random });
  const soonMs = moment.nowMs + delayMs;
  const atMs = state.dial.atMs <= moment.nowMs ? soonMs : Math.min(state.dial.atMs, soonMs);
  return [{ ...state, dial: { dialing: false, atMs } }, []];
}

export function lose(
  state: Alive,
  event: EventOf<"socketClosed">,
  moment: Moment,
): Next<Disconnected | Ended> {
  return leave(state, event.failure, moment);
}

export function dropRefused(
  state: Reconciling,
  event: EventOf<"startRefused">,
  moment: Moment,
): Next<Disconnected | Ended> {
  const { code } = event.failure;
  // A session that the hub does not know, or knows as another's: the next start asks for a new one.
  const forget = code === "session_unknown" || code === "invalid_argument";
  const watch: Watch = forget ? { ...state.watch, session: null } : state.watch;
  const [next, effects] = leave({ ...state, watch }, event.failure, moment);
  return [next, [{ do: "closeSocket" }, ...effects]];
}

/** Away from the hub because of `failure`: its row in `RETRY_POLICIES` says for how long. */
function leave(state: Alive, failure: ErrorReport, moment: Moment): Next<Disconnected | Ended> {
  const policy = RETRY_POLICIES[failure.code];
  if (policy === "wrapped") return end(state.watch, { reason: "wrapped", failure: null }, moment);
  if (policy === "failed") return end(state.watch, { reason: "failed", failure }, moment);
  return retryLater(afterLoss(state, moment), { failure, policy }, moment);
}

/** A connection that was settled long enough has proven stable: its loss is the first failure again. */
function afterLoss(state: Alive, moment: Moment): Watch {
  const { watch } = state;
  if (state.id === "disconnected" || state.id === "reconciling") return watch;
  const { lossWindow, stableMs } = watch.plan;
  const stable = moment.nowMs - state.settledAtMs >= stableMs;
  return { ...watch, failures: stable ? lossWindow : Math.max(lossWindow, watch.failures) };
}

function retryLater(
  watch: Watch,
  why: { readonly failure: ErrorReport; readonly policy: "soon" | "slowly" },
  moment: Moment,
): Next<Disconnected> {
  const { failure, policy } = why;
  const failures = policy === "soon" ? watch.failures : watch.refusals;
  const delayMs = retryDelayMs(watch.plan, { policy, failures, random: moment.random });
  const counts =
    policy === "soon"
      ? { failures: watch.failures + 1, refusals: 0 }
      : { failures: watch.failures, refusals: watch.refusals + 1 };
  return [
    {
      id: "disconnected",
      watch: { ...watch, ...counts, failure },
      dial: { dialing: false, atMs: moment.nowMs + delayMs },
    },
    [{ do: "countError", failure }],
  ];
}

export function stop(state: Alive, _event: EventOf<"stopAsked">, moment: Moment): Next<Ended> {
  const [ended, effects] = end(state.watch, { reason: "shutdown", failure: null }, moment);
  return [ended, [{ do: "closeSocket" }, ...effects]];
}

export function wrap(state: Alive, event: EventOf<"wrapPushed">, moment: Moment): Next<Ended> {
  const failure = event.failure ?? null;
  const [ended, effects] = end(state.watch, { reason: "wrapped", failure }, moment);
  return [ended, [{ do: "closeSocket" }, ...effects]];
}

function end(
  watch: Watch,
  why: { readonly reason: EndReason; readonly failure: ErrorReport | null },
  moment: Moment,
): Next<Ended> {
  const [doorbells, effects] = callOff(watch.doorbells, moment.nowMs);
  const asks = doorbells.ring?.asks ?? [];
  // Whoever starts a wrapped daemon again wants it back on duty: then it must not ask for its old session.
  const isOffDuty = why.reason === "wrapped" || why.failure?.code === "persona_archived";
  const session = isOffDuty ? null : watch.session;
  const ended: Ended = {
    id: "ended",
    watch: { ...watch, session, failure: why.failure, doorbells },
    reason: why.reason,
  };
  const unanswered = asks.length === 0 ? [] : [declined(asks, "the daemon is ending")];
  return [ended, [...corrected(watch, effects), ...unanswered]];
}

// Without the hub's truth: a ring in flight may settle, but none is begun.

export function settleApart<S extends Disconnected | Reconciling>(
  state: S,
  event: EventOf<"ringSettled">,
  moment: Moment,
): Next<S> {
  const [doorbells, effects] = settleRing(state.watch.doorbells, event.settled, moment.nowMs);
  return [{ ...state, watch: { ...state.watch, doorbells } }, corrected(state.watch, effects)];
}

export function declineNotify<S extends Disconnected | Reconciling>(
  state: S,
  event: EventOf<"notifyAsked">,
): Next<S> {
  return [state, [declined([event.ask], "there is no connection to the hub: what waits is not known")]];
}

function giveUpRing(watch: Watch, moment: Moment): readonly [Watch, readonly Effect[]] {
  const [doorbells, effects] = expireRing(watch.doorbells, moment.nowMs);
  return [{ ...watch, doorbells }, corrected(watch, effects)];
}

// Reconciling.

export function register(
  state: Disconnected,
  _event: EventOf<"socketOpened">,
  moment: Moment,
): Next<Reconciling> {
  const { watch } = state;
  const deadlineMs = moment.nowMs + watch.plan.startTimeoutMs;
  return [
    { id: "reconciling", watch, askedAtMs: moment.nowMs, deadlineMs, early: null },
    [{ do: "start", position: watch.doorbells.heard.through, session: watch.session }],
  ];
}

export function awaitAnswer(
  before: Reconciling,
  _event: EventOf<"wakeReached">,
  moment: Moment,
): Next<Reconciling | Disconnected> {
  const [watch, expired] = giveUpRing(before.watch, moment);
  const state: Reconciling = { ...before, watch };
  if (state.deadlineMs > moment.nowMs) return [state, expired];
  const failure = timedOut("the hub did not answer the start", watch.plan.startTimeoutMs);
  const [next, effects] = retryLater(watch, { failure, policy: "soon" }, moment);
  return [next, [...expired, { do: "closeSocket" }, ...effects]];
}

export function keepEarly(state: Reconciling, event: EventOf<"mailboxPushed">): Next<Reconciling> {
  const newer = state.early === null || event.mailbox.revision > state.early.revision;
  return [newer ? { ...state, early: event.mailbox } : state, []];
}

/**
 * The hub's truth after any outage, long or short: exactly one view, and at most one ring (invariant 7).
 * Another hub, or the same one put back to an older backup, is told by its id or by a revision that went
 * back: then nothing that was rung before counts.
 */
export function reconcile(
  state: Reconciling,
  event: EventOf<"startAnswered">,
  moment: Moment,
): Next<Connected | Emitting> {
  const { hubId, session, mailbox } = event;
  const anew = hubId !== state.watch.hubId || mailbox.revision < state.watch.revision;
  const [doorbells, calledOff] = anew
    ? startAnew(state.watch.doorbells, moment.nowMs)
    : ([state.watch.doorbells, []] as const);
  const hubAheadMs = event.hubNowMs - (state.askedAtMs + moment.nowMs) / 2;
  const watch: Watch = {
    ...state.watch,
    ...{ hubId, session, hubAheadMs, doorbells, failure: null, refusals: 0, settledOnce: true },
  };
  const settled: Connected = { id: "connected", watch, settledAtMs: moment.nowMs, acknowledged: 0 };
  const newest = state.early !== null && state.early.revision > mailbox.revision ? state.early : mailbox;
  const [next, effects] = attend(settled, newest, moment);
  const again: readonly Effect[] = state.watch.settledOnce ? [{ do: "countReconnect" }] : [];
  return [next, [...corrected(watch, calledOff), ...again, ...effects]];
}

// Settled: connected or emitting.

export function takeIn(
  state: Connected | Emitting,
  event: EventOf<"mailboxPushed">,
  moment: Moment,
): Next<Connected | Emitting> {
  // Level-triggered: a view repeated, or overtaken by a newer one, is old news.
  return event.mailbox.revision > state.watch.revision ? attend(state, event.mailbox, moment) : [state, []];
}

function attend(
  state: Connected | Emitting,
  mailbox: MailboxView,
  moment: Moment,
): Next<Connected | Emitting> {
  const heard = hear(state.watch.doorbells, mailbox, moment.nowMs);
  const watch: Watch = { ...state.watch, revision: mailbox.revision };
  return proceed({ ...state, watch, acknowledged: mailbox.through }, heard, moment);
}

export function wake(
  state: Connected | Emitting,
  _event: EventOf<"wakeReached">,
  moment: Moment,
): Next<Connected | Emitting> {
  return proceed(state, expireRing(state.watch.doorbells, moment.nowMs), moment);
}

export function settle(
  state: Emitting,
  event: EventOf<"ringSettled">,
  moment: Moment,
): Next<Connected | Emitting> {
  return proceed(state, settleRing(state.watch.doorbells, event.settled, moment.nowMs), moment);
}

export function notify(
  state: Connected | Emitting,
  event: EventOf<"notifyAsked">,
  moment: Moment,
): Next<Connected | Emitting> {
  return proceed(state, askRing(state.watch.doorbells, event.ask, moment.nowMs), moment);
}

/** While a ring is owed, who asks hears of that one: it is in flight, or goes out now instead of later. */
export function notifyMore(state: Emitting, event: EventOf<"notifyAsked">, moment: Moment): Next<Emitting> {
  const [doorbells, effects] = askRing(state.watch.doorbells, event.ask, moment.nowMs);
  return [{ ...state, watch: { ...state.watch, doorbells } }, corrected(state.watch, effects)];
}

/** Rings if a ring is due, and is EMITTING as long as one is owed: the one place where the two meet. */
function proceed(
  state: Connected | Emitting,
  change: readonly [Doorbells, readonly DoorbellEffect[]],
  moment: Moment,
): Next<Connected | Emitting> {
  const [doorbells, effects] = ringIfDue(change[0], moment.nowMs);
  const next = { ...state, watch: { ...state.watch, doorbells } };
  return [
    isEmitting(doorbells) ? { ...next, id: "emitting" } : { ...next, id: "connected" },
    corrected(state.watch, [...change[1], ...effects]),
  ];
}

/** For any state with a socket: whoever slept may have slept through the peer's end. */
export function ping<S extends Reconciling | Connected | Emitting>(
  state: S,
  _event: EventOf<"hostResumed">,
  moment: Moment,
): Next<S> {
  return [{ ...state, watch: rested(state.watch, moment) }, [{ do: "ping" }]];
}

function rested(watch: Watch, moment: Moment): Watch {
  return { ...watch, doorbells: rest(watch.doorbells, moment.nowMs) };
}

/** Latencies by one clock. Ours and the hub's differ by `hubAheadMs`, known to half a round trip. */
function corrected(watch: Watch, effects: readonly DoorbellEffect[]): readonly Effect[] {
  return effects.map((effect) => {
    if (effect.do !== "observeLatency") return effect;
    const latencyMs = Math.max(0, effect.takenAtMs + watch.hubAheadMs - effect.acceptedAtMs);
    return { do: "observeLatency", latencyMs };
  });
}

function declined(asks: readonly number[], why: string): Effect {
  return { do: "answerNotify", asks, result: "suppressed", why };
}

function timedOut(what: string, afterMs: number): ErrorReport {
  return { code: "hub_timeout", message: `${what} within ${afterMs} ms` };
}
