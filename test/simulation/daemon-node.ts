/**
 * One daemon process: the real lifecycle (`src/fsm.ts`) and the real state slots, driven by simulated sockets,
 * timers, files and a simulated surface. It does what an effect says and reports what came of it; it decides
 * nothing.
 */
import { type Doorbell, doorbellOf } from "../../src/domain/doorbell.ts";
import { type Clock, openClock } from "../../src/daemon/clock.ts";
import { openStateFile, type StateFile } from "../../src/daemon/state-file.ts";
import type { ErrorReport } from "../../src/domain/errors.ts";
import { notificationText, parseRpc, requestText } from "../../src/domain/rpc.ts";
import { HUB_PROTOCOL, type MailboxView, type StartAnswer } from "../../src/domain/verbs.ts";
import { DOORBELL_SCHEDULE } from "../../src/fsm/doorbell.ts";
import { RETRY_PLAN } from "../../src/fsm/retry.ts";
import { begin, type Effect, type EndReason, type Event, type State, step } from "../../src/fsm.ts";
import type { Process } from "./host.ts";
import type { CloseCause, End, Network } from "./network.ts";
import type { DaemonReport, Observer } from "./observer.ts";
import type { Plant } from "./plants.ts";
import type { Random } from "./random.ts";
import type { SlotFile } from "./slot-file.ts";
import type { RingCall, SimSurface } from "./surface.ts";
import type { Scheduled } from "./timeline.ts";

export interface DaemonSetting {
  readonly report: DaemonReport;
  readonly persona: string;
  readonly project: string;
  readonly leaseMs: number;
  readonly process: Process;
  readonly network: Network;
  readonly slots: SlotFile;
  readonly surface: SimSurface;
  readonly random: Random;
  readonly observer: Observer;
  readonly plant: Plant | null;
  readonly say: (text: string) => void;
  /** The process ends by its own decision; never called after a kill. */
  readonly ended: (reason: EndReason) => void;
}

const START_ID = 1;

export class DaemonNode {
  readonly #setting: DaemonSetting;
  readonly #clock: Clock;
  readonly #file: StateFile;
  #state: State;
  #end: End | null = null;
  #alarm: Scheduled | null = null;
  #ring: { readonly ring: number; readonly call: RingCall } | null = null;
  readonly #queue: Event[] = [];
  #stepping = false;
  #dialled = false;

  constructor(setting: DaemonSetting) {
    this.#setting = setting;
    const { process, slots, random, observer, report } = setting;
    const { host } = process;
    this.#clock = openClock({ wallMs: () => host.wallMs(), monotonicMs: () => host.monotonicMs() });
    setting.say("starts");
    const { remembers } = slots;
    this.#file = openStateFile({
      disk: slots,
      newInstance: () => `i${random.whole(0, 1e9)}`,
      failed: (error) => {
        throw error;
      },
      corrupt: () => setting.say("sets its state file aside: no slot of it is whole"),
    });
    process.onEnd(host.onResume(() => process.after(0, () => this.#resumed())));
    const { position } = this.#file;
    observer.daemonUp(report, remembers && position !== null);
    process.onEnd(() => observer.daemonDown(report));
    const [state, effects] = begin({
      plan: RETRY_PLAN,
      schedule: DOORBELL_SCHEDULE,
      position,
      nowMs: this.#clock.nowMs(),
    });
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  get state(): State["id"] {
    return this.#state.id;
  }

  /** True if another ring would come by itself, sooner or later. */
  get owesRing(): boolean {
    const { bell, ring } = this.#state.watch.doorbells;
    return ring !== null || (bell.id !== "silent" && bell.dueAtMs !== null);
  }

  stop(): void {
    this.#on({ on: "stopAsked" });
  }

  #resumed(): void {
    this.#clock.catchUp();
    this.#on({ on: "hostResumed" });
    // The alarm counted monotonic time, which stood still: what is due by now is due.
    this.#on({ on: "wakeReached" });
  }

  #on(event: Event): void {
    if (this.#setting.plant?.hears?.(event) === false) return;
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#take(next);
    this.#stepping = false;
  }

  #take(event: Event): void {
    const before = this.#state.id;
    const [state, effects] = step(this.#state, event, this.#clock.nowMs(), this.#setting.random.unit());
    this.#state = state;
    if (state.id !== before) {
      this.#setting.say(`${before} -> ${state.id} on ${event.on}`);
      this.#setting.observer.lifecycle(this.#setting.report, state.id);
    }
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: Effect): void {
    const { observer, report, process } = this.#setting;
    if (!process.alive) return;
    switch (effect.do) {
      case "openSocket":
        observer.dialled(report, this.#dialled);
        this.#dialled = true;
        this.#dial();
        return;
      case "closeSocket":
        this.#end?.close();
        this.#end = null;
        return;
      case "start":
        this.#start(effect.position, effect.session);
        return;
      case "acknowledge":
        this.#end?.send(notificationText("acknowledge", { through: effect.through }));
        return;
      case "ping":
        this.#end?.pingNow();
        return;
      case "persist":
        this.#file.save(effect.position);
        return;
      case "wakeAt":
        this.#wakeAt(effect.atMs);
        return;
      case "countError":
        observer.errorCounted(report, effect.failure);
        return;
      case "end":
        this.#setting.say(`ends: ${effect.reason}`);
        this.#file.close();
        process.kill();
        this.#setting.ended(effect.reason);
        return;
      case "ring":
        this.#surfaceRing(effect.ring, effect.attempt, effect.view);
        return;
      case "cancelRing":
        observer.ringCancelled(report, effect.ring);
        if (this.#ring?.ring === effect.ring) this.#ring.call.cancel();
        return;
      case "countReconnect":
      case "countDoorbell":
      case "observeLatency":
      case "answerNotify":
        return;
    }
  }

  #dial(): void {
    const { network, process } = this.#setting;
    const end = network.connect(process, {
      opened: () => this.#on({ on: "socketOpened" }),
      message: (text) => this.#received(text),
      closed: (cause) => {
        this.#end = null;
        this.#on({ on: "socketClosed", failure: failureOf(cause) });
      },
    });
    this.#end = end;
  }

  #start(position: number, session: string | null): void {
    const { persona, project, leaseMs, process } = this.#setting;
    const params = {
      kind: "daemon",
      persona,
      project,
      surface: "simulated",
      host: process.host.name,
      root: `/home/${project}`,
      instance: this.#file.instance,
      position,
      leaseMs,
      protocol: HUB_PROTOCOL,
      version: "0.0.0",
      ...(session === null ? {} : { session }),
    };
    this.#end?.send(requestText(START_ID, "start", params));
  }

  #received(text: string): void {
    const message = parseRpc(text);
    switch (message.kind) {
      case "result":
        if (message.id === START_ID) this.#started(message.result as StartAnswer);
        return;
      case "error":
        if (message.id === START_ID) this.#on({ on: "startRefused", failure: message.error });
        return;
      case "notification":
        this.#pushed(message.method, message.params);
        return;
      case "request":
        return;
    }
  }

  #started(answer: StartAnswer): void {
    this.#setting.observer.viewArrived(this.#setting.report, answer.mailbox);
    this.#on({
      on: "startAnswered",
      session: answer.session,
      hubId: answer.hub.id,
      hubNowMs: answer.nowMs,
      mailbox: answer.mailbox,
    });
  }

  #pushed(name: string, params: unknown): void {
    if (name === "mailbox") {
      this.#setting.observer.viewArrived(this.#setting.report, params as MailboxView);
      this.#on({ on: "mailboxPushed", mailbox: params as MailboxView });
    } else if (name === "wrapped") this.#on({ on: "wrapPushed" });
    else if (name === "closing") this.#on({ on: "hubClosing" });
  }

  #wakeAt(atMs: number | null): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    if (atMs === null) return;
    this.#alarm = this.#setting.process.after(atMs - this.#clock.nowMs(), () => this.#on({ on: "wakeReached" }));
  }

  #surfaceRing(ring: number, attempt: number, view: MailboxView): void {
    const { persona, project, surface, process, observer, report } = this.#setting;
    const bell: Doorbell = doorbellOf(view, { ring, attempt, persona, project });
    observer.rang(report, bell);
    const call = surface.ring(bell, (outcome) =>
      process.deliver(() => {
        if (outcome.kind === "taken") observer.ringTaken(report, bell);
        else observer.ringFailed(report, bell);
        const settled =
          outcome.kind === "taken"
            ? ({ ring, taken: true, path: outcome.path } as const)
            : ({ ring, taken: false, reason: outcome.reason } as const);
        this.#on({ on: "ringSettled", settled });
      }),
    );
    this.#ring = { ring, call };
  }
}

/** As the socket driver names them. */
function failureOf(cause: CloseCause): ErrorReport {
  const code = cause === "openTimeout" || cause === "deadPeer" ? "hub_timeout" : "hub_unreachable";
  return { code, message: `no connection to the hub: ${cause}` };
}
