/**
 * One hub process: the real engine behind a simulated edge that does what `src/hub/server/` does with its
 * peers: parse, check, call, answer, push. Every life of the hub is a new process over the same disk.
 */

import { errorText, notificationText, parseRpc, type RpcId, resultText } from "../../src/domain/rpc.ts";
import type { HubPushes, MailboxView, VerbAnswers, VerbName, VerbParams } from "../../src/domain/verbs.ts";
import { callVerb, isVerb } from "../../src/hub/server/verb-call.ts";
import type { Bearer, HubService, PushSink } from "../../src/hub/service.ts";
import { ONE_SHOT_ID, tokenIn } from "./call.ts";
import type { Process } from "./host.ts";
import { type End, type EndEvents, type Network, PING_INTERVAL_MS } from "./network.ts";
import type { Asked, Observer, Told } from "./observer.ts";

export const TENANT = "local";
const HOME: Bearer = { tenant: TENANT, scope: "home" };

export interface HubSetting {
  readonly life: number;
  readonly process: Process;
  readonly network: Network;
  readonly service: HubService;
  readonly now: () => number;
  readonly observer: Observer;
}

export class HubNode {
  readonly #setting: HubSetting;
  readonly #peers = new Set<Peer>();

  constructor(setting: HubSetting) {
    this.#setting = setting;
    const { network, process, observer, life } = setting;
    observer.hubUp(life);
    process.onEnd(() => observer.hubDown());
    network.listen(process, (end) => this.#accept(end));
    this.#pingAll();
  }

  get service(): HubService {
    return this.#setting.service;
  }

  /** Orderly: answers what is under way, tells the sessions, lets go of the store. */
  stop(reason: string): void {
    void this.#setting.service.close(reason);
  }

  closePeers(): void {
    for (const peer of this.#peers) peer.close();
  }

  #accept(end: End): EndEvents {
    const peer = new Peer(this.#setting, end, () => this.#peers.delete(peer));
    this.#peers.add(peer);
    return peer;
  }

  /** Pongs of healthy connections, all at once: the engine hears of life about as often as it would. */
  #pingAll(): void {
    this.#setting.process.after(PING_INTERVAL_MS, () => {
      for (const peer of this.#peers) peer.pong();
      this.#pingAll();
    });
  }
}

class Peer implements EndEvents, PushSink {
  readonly #setting: HubSetting;
  readonly #end: End;
  readonly #gone: () => void;
  #session: string | null = null;
  #view: MailboxView | null = null;

  constructor(setting: HubSetting, end: End, gone: () => void) {
    this.#setting = setting;
    this.#end = end;
    this.#gone = gone;
  }

  opened(): void {}

  message(text: string): void {
    this.#heard();
    const message = parseRpc(text);
    if (message.kind === "request") this.#request(message.id, message.method, message.params, tokenIn(text));
    else if (message.kind === "notification") this.#request(undefined, message.method, message.params);
  }

  closed(): void {
    this.#gone();
    this.#unbind();
  }

  /** A pong, if one can come back. */
  pong(): void {
    if (this.#end.open && this.#end.echoes) this.#heard();
  }

  close(): void {
    this.#end.close();
  }

  displaced(): void {
    this.#end.close();
    this.closed();
  }

  push<K extends keyof HubPushes>(name: K, value: HubPushes[K]): void {
    if (!this.#end.open) return;
    if (name !== "mailbox") {
      if (name === "wrapped") this.#unbind();
      this.#end.send(notificationText(name, value));
      return;
    }
    // Of several views in one turn only the newest leaves.
    const turn = this.#view === null;
    this.#view = value as MailboxView;
    if (turn) this.#setting.process.after(0, () => this.#sendView());
  }

  #sendView(): void {
    const view = this.#view;
    this.#view = null;
    if (view === null || !this.#end.open) return;
    if (this.#session !== null) this.#setting.observer.pushed(this.#session, "mailbox", view);
    this.#end.send(notificationText("mailbox", view));
  }

  #heard(): void {
    if (this.#session === null) return;
    this.#setting.observer.heard(this.#session);
    this.#setting.service.heard(this.#session);
  }

  #request(id: RpcId | undefined, verb: string, params: unknown, token: string | null = null): void {
    const { service, observer, now, life } = this.#setting;
    if (!isVerb(verb)) throw new Error(`somebody asked for a verb "${verb}" that does not exist`);
    const call: Asked = {
      verb,
      params: params as VerbParams<VerbName>,
      session: this.#session,
      token,
      hubMs: now(),
      life,
    };
    observer.asked(call);
    const bearer = token === null ? HOME : service.bearerOf(token);
    if (bearer === undefined) {
      const error = { code: "unauthorized", message: "the hub does not know this token" } as const;
      observer.told(call, { error });
      if (id !== undefined) this.#end.send(errorText(id, error));
      return;
    }
    // A request over HTTP starts a session that hears nothing.
    const sink = verb === "start" && id !== ONE_SHOT_ID ? this : null;
    callVerb(
      service,
      { caller: { ...bearer, session: this.#session }, verb, params, sink },
      refuseLog,
      (outcome) => {
        observer.told(call, outcome as Told);
        if (verb === "start" && "ok" in outcome)
          this.#bind((outcome.ok as VerbAnswers["start"]).session, sink);
        if (verb === "wrap" && "ok" in outcome) this.#wrapped(outcome.ok as VerbAnswers["wrap"]);
        if (id === undefined || !this.#end.open) return;
        this.#end.send("ok" in outcome ? resultText(id, outcome.ok) : errorText(id, outcome.error));
      },
    );
  }

  #bind(session: string, sink: PushSink | null): void {
    if (sink === null) return;
    this.#session = session;
    this.#setting.observer.bound(session, this);
    if (!this.#end.open) this.#unbind();
  }

  #wrapped(answer: VerbAnswers["wrap"]): void {
    if (this.#session !== null && answer.wrapped.includes(this.#session)) this.#unbind();
  }

  #unbind(): void {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    this.#setting.observer.disconnected(session, this);
    this.#setting.service.disconnected(session, this);
  }
}

/** The edge logs only what it should never meet. */
function refuseLog(_level: string, event: string, fields?: { readonly [key: string]: unknown }): void {
  throw new Error(`${event}: ${String(fields?.["detail"] ?? "")}`);
}
