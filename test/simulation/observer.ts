/**
 * What can be seen of the system from outside its parts: at the hub's edge, at the daemons' sockets and at
 * the surfaces. The checker hears all of it; nothing inside the system hears the checker.
 */
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { ErrorReport } from "../../src/domain/errors.ts";
import type { HubPushes, MailboxView, VerbAnswers, VerbName, VerbParams } from "../../src/domain/verbs.ts";

/** One request that has reached the hub. */
export interface Asked<V extends VerbName = VerbName> {
  readonly verb: V;
  readonly params: VerbParams<V>;
  /** The session that the connection carries, if any. */
  readonly session: string | null;
  /** The hash of the persona's token that it came with; null: the home token. */
  readonly token: string | null;
  /** The hub's own clock when it was asked. */
  readonly hubMs: number;
  /** Which life of the hub was asked. */
  readonly life: number;
}

export type Told<V extends VerbName = VerbName> =
  | { readonly ok: VerbAnswers[V] }
  | { readonly error: ErrorReport };

export interface DaemonReport {
  readonly address: string;
  /** The address, or another name for a second daemon of the same address. */
  readonly name: string;
  /** Which process: grows with every start of a daemon for this address. */
  readonly life: number;
  /**
   * By how much its clock may leap ahead of what passed: nothing on a host that never slept, a sleep too short
   * to be noticed on one that did, anything on one whose wall clock was set.
   */
  readonly clockLeapMsMax: () => number;
}

export interface Observer {
  hubUp(life: number): void;
  hubDown(): void;
  asked(call: Asked): void;
  /** The engine answered: from now on it must be true on disk, whether or not the answer arrives. */
  told(call: Asked, outcome: Told): void;
  pushed<K extends keyof HubPushes>(session: string, name: K, value: HubPushes[K]): void;
  /** The session holds the socket it was started on. */
  bound(session: string, socket: object): void;
  heard(session: string): void;
  disconnected(session: string, socket: object): void;

  /** `remembers`: its state file holds all that was written to it. */
  daemonUp(daemon: DaemonReport, remembers: boolean): void;
  daemonDown(daemon: DaemonReport): void;
  /** A daemon begins to dial; `again` if this life of it has dialled before. */
  dialled(daemon: DaemonReport, again: boolean): void;
  lifecycle(daemon: DaemonReport, state: string): void;
  /** A view reached the daemon, by push or as the answer to its start. */
  viewArrived(daemon: DaemonReport, view: MailboxView): void;
  /** True from a request for a ring over IPC until it was decided: what is rung in between was asked for. */
  ringAsked(daemon: DaemonReport, asking: boolean): void;
  rang(daemon: DaemonReport, bell: Doorbell): void;
  ringTaken(daemon: DaemonReport, bell: Doorbell): void;
  ringFailed(daemon: DaemonReport, bell: Doorbell): void;
  ringCancelled(daemon: DaemonReport, ring: number): void;
  /** A bug of the daemon itself. */
  broke(daemon: DaemonReport, detail: string): void;
  errorCounted(daemon: DaemonReport, failure: ErrorReport): void;
}
