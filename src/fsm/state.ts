/**
 * The words of the lifecycle machine: its states with exactly their data, what may happen to it, and what it
 * wants done. Decides nothing.
 */
import type { ErrorReport } from "../domain/errors.ts";
import type { MailboxView } from "../domain/verbs.ts";
import type { DoorbellEffect, Doorbells, RingSettled } from "./doorbell.ts";
import type { Position } from "./position.ts";
import type { RetryPlan } from "./retry.ts";

/** What outlives every connection. */
export interface Watch {
  readonly plan: RetryPlan;
  /** The hub that `doorbells` speaks of; null before the first one. */
  readonly hubId: string | null;
  /** Revision of the newest view taken in from that hub. */
  readonly revision: number;
  /** To be taken up again, over restarts too; null before the first one. */
  readonly session: string | null;
  /** Failures to connect since a connection proved stable; an index into the plan's soon windows. */
  readonly failures: number;
  /** Refusals in a row; an index into its slow ones. */
  readonly refusals: number;
  /** Why there is or was no connection, for `status`; null once settled. */
  readonly failure: ErrorReport | null;
  /** Times settled in this life, less the first, are reconnects. */
  readonly settledOnce: boolean;
  /** The hub's clock minus ours, learnt at the last `start`, as exact as half its round trip. */
  readonly hubAheadMs: number;
  readonly doorbells: Doorbells;
}

export interface Disconnected {
  readonly id: "disconnected";
  readonly watch: Watch;
  /** A dial under way has a deadline; otherwise the next one has its time. */
  readonly dial: { readonly dialing: boolean; readonly atMs: number };
}

export interface Reconciling {
  readonly id: "reconciling";
  readonly watch: Watch;
  readonly askedAtMs: number;
  readonly deadlineMs: number;
  /** A view that was pushed before the answer to `start`: the newer of the two counts. */
  readonly early: MailboxView | null;
}

export interface Settled {
  readonly watch: Watch;
  readonly settledAtMs: number;
  /** Position acknowledged on this connection. */
  readonly acknowledged: number;
}

export interface Connected extends Settled {
  readonly id: "connected";
}

export interface Emitting extends Settled {
  readonly id: "emitting";
}

export type EndReason = "shutdown" | "wrapped" | "failed";

export interface Ended {
  readonly id: "ended";
  readonly watch: Watch;
  readonly reason: EndReason;
}

export type State = Disconnected | Reconciling | Connected | Emitting | Ended;

export type Event =
  /** The alarm of the last `wakeAt`; too early or twice does no harm. */
  | { readonly on: "wakeReached" }
  | { readonly on: "socketOpened" }
  /** The dial failed, or the socket was lost. Once for each `openSocket`, unless `closeSocket` came first. */
  | { readonly on: "socketClosed"; readonly failure: ErrorReport }
  | {
      readonly on: "startAnswered";
      readonly session: string;
      readonly hubId: string;
      /** The hub's clock at its answer. */
      readonly hubNowMs: number;
      readonly mailbox: MailboxView;
    }
  | { readonly on: "startRefused"; readonly failure: ErrorReport }
  | { readonly on: "mailboxPushed"; readonly mailbox: MailboxView }
  /** With a failure if its persona went off duty with it: it says so. */
  | { readonly on: "wrapPushed"; readonly failure?: ErrorReport }
  | { readonly on: "hubClosing" }
  | { readonly on: "ringSettled"; readonly settled: RingSettled }
  /** Somebody asks over IPC to ring now; answered by `answerNotify`. */
  | { readonly on: "notifyAsked"; readonly ask: number }
  | { readonly on: "hostResumed" }
  | { readonly on: "stopAsked" };

export type Effect =
  | { readonly do: "openSocket" }
  /** Drop the connection; nothing of it is heard any more. */
  | { readonly do: "closeSocket" }
  | { readonly do: "start"; readonly position: number; readonly session: string | null }
  | { readonly do: "acknowledge"; readonly through: number }
  /** Find out now whether the peer still lives; if not, `socketClosed` follows. */
  | { readonly do: "ping" }
  /** Replaces what the state file holds; null: nothing is to be taken up again. */
  | { readonly do: "persist"; readonly position: Position | null }
  /** Replaces the alarm before it; null: none. */
  | { readonly do: "wakeAt"; readonly atMs: number | null }
  | { readonly do: "countReconnect" }
  /** From the hub's acceptance of the newest signal to the surface's taking the ring. */
  | { readonly do: "observeLatency"; readonly latencyMs: number }
  | { readonly do: "end"; readonly reason: EndReason; readonly failure: ErrorReport | null }
  | Exclude<DoorbellEffect, { readonly do: "observeLatency" }>;

/** All states with a life before them. */
export type Alive = Exclude<State, Ended>;

export type StateId = State["id"];
export type EventName = Event["on"];
export type StateOf<Id extends StateId> = Extract<State, { id: Id }>;
export type EventOf<Name extends EventName> = Extract<Event, { on: Name }>;
export type Next<S extends State = State> = readonly [S, readonly Effect[]];

/** What a handler may use besides state and event. */
export interface Moment {
  /** Milliseconds near the epoch that never go back within one life. */
  readonly nowMs: number;
  /** 0 (inclusive) to 1 (exclusive); used at most once a step. */
  readonly random: number;
}
