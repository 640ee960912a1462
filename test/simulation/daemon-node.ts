/**
 * One daemon process: the real driver, lifecycle, clock and state file, over simulated sockets, timers, a
 * simulated disk and a simulated surface. What stands here only carries words to and fro, and tells the
 * observer; it decides nothing.
 */

import { Chronicle } from "../../src/daemon/chronicle.ts";
import { type Clock, openClock } from "../../src/daemon/clock.ts";
import { Driver } from "../../src/daemon/driver.ts";
import { openStateFile, type StateFile } from "../../src/daemon/state-file.ts";
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { ErrorReport } from "../../src/domain/errors.ts";
import type { LogFields } from "../../src/domain/log.ts";
import { notificationText, parseRpc, requestText } from "../../src/domain/rpc.ts";
import { HUB_PROTOCOL, type MailboxView, type StartAnswer } from "../../src/domain/verbs.ts";
import { DOORBELL_SCHEDULE, type RingSettled } from "../../src/fsm/doorbell.ts";
import { RETRY_PLAN } from "../../src/fsm/retry.ts";
import { begin, type EndReason, type Event, type State } from "../../src/fsm.ts";
import { PersonaMetrics } from "../../src/metrics.ts";
import type { Process } from "./host.ts";
import type { CloseCause, End, Network } from "./network.ts";
import type { DaemonReport, Observer } from "./observer.ts";
import type { Plant } from "./plants.ts";
import type { Random } from "./random.ts";
import type { SlotFile } from "./slot-file.ts";
import type { RingCall, SimSurface } from "./surface.ts";

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
  /** `isFinal`: its launcher leaves it alone. */
  readonly ended: (isFinal: boolean) => void;
}

const START_ID = 1;
/** How a daemon looks at both clocks (`src/host/wake.ts`). */
const WAKE_GAP_MS_MIN = 4000;
const WAKE_NOTICED_MS_MAX = 2000;

export class DaemonNode {
  readonly #setting: DaemonSetting;
  readonly #file: StateFile;
  readonly #driver: Driver;
  /** The newest connection: an older one is not heard any more. */
  #end: End | null = null;
  #dialled = false;
  readonly #rings = new Map<number, RingCall>();

  constructor(setting: DaemonSetting) {
    this.#setting = setting;
    const { process, slots, random, observer, report, say } = setting;
    const { host } = process;
    say("starts");
    const { remembers } = slots;
    this.#file = openStateFile({
      disk: slots,
      newInstance: () => `i${random.whole(0, 1e9)}`,
      failed: (error) => {
        throw error;
      },
      corrupt: () => say("sets its state file aside: no slot of it is whole"),
    });
    observer.daemonUp(report, remembers && this.#file.position !== null);
    process.onEnd(() => observer.daemonDown(report));
    const clock = openClock({ wallMs: () => host.wallMs(), monotonicMs: () => host.monotonicMs() });
    this.#driver = this.#drive(clock);
    process.onEnd(host.onTimeLost((gapMs) => this.#lostTime(gapMs)));
    this.#driver.begin();
  }

  get state(): State["id"] {
    return this.#driver.state.id;
  }

  stop(): void {
    this.#feed({ on: "stopAsked" });
  }

  /** The news of a wake comes late, and not at all if it was a short one (`src/host/wake.ts`). */
  #lostTime(gapMs: number): void {
    if (Math.abs(gapMs) <= WAKE_GAP_MS_MIN) return;
    const { process, random } = this.#setting;
    process.after(random.whole(0, WAKE_NOTICED_MS_MAX), () => this.#driver.hostResumed());
  }

  /** `notify_surface` over IPC. */
  askRing(): void {
    const { observer, report, say } = this.#setting;
    say("is asked to ring");
    observer.ringAsked(report, true);
    void this.#driver.askRing();
    observer.ringAsked(report, false);
  }

  #drive(clock: Clock): Driver {
    const { persona, project, process, random } = this.#setting;
    const initial = begin({
      plan: RETRY_PLAN,
      schedule: DOORBELL_SCHEDULE,
      position: this.#file.position,
      nowMs: clock.nowMs(),
    });
    const world = {
      ...{ persona, project, clock },
      random: () => random.unit(),
      alarm: (delayMs: number, rang: () => void) => {
        const timer = process.after(delayMs, rang);
        return () => timer.cancel();
      },
      hub: {
        open: () => this.#dial(),
        start: (from: { position: number; session: string | null }) => this.#start(from),
        acknowledge: (through: number) => this.#end?.send(notificationText("acknowledge", { through })),
        ping: () => this.#end?.pingNow(),
        close: () => this.#hangUp(),
      },
      ringer: {
        ring: (bell: Doorbell, settled: (settled: RingSettled) => void) => this.#ring(bell, settled),
        cancel: (ring: number) => this.#cancel(ring),
      },
      save: this.#file.save,
      viewed: () => {},
      tellAttached: () => {},
      rang: () => {},
      metrics: new PersonaMetrics({ tenant: "local", host: process.host.name, persona, project }),
      chronicle: new Chronicle({ nowMs: () => clock.nowMs(), inform: () => {}, book: null }),
      log: (_level: string, event: string, fields: LogFields = {}) => this.#log(event, fields),
      ended: (reason: EndReason, failure: ErrorReport | null) => this.#ended(reason, failure),
    };
    return new Driver(world, initial);
  }

  #feed(event: Event, isCurrent?: () => boolean): void {
    if (this.#setting.plant?.hears?.(event) !== false) this.#driver.feed(event, isCurrent);
  }

  #log(event: string, fields: LogFields): void {
    const { observer, report, say } = this.#setting;
    if (event === "lifecycleChanged") {
      const to = String(fields["to"]);
      say(`${fields["from"]} -> ${to} on ${fields["on"]}`);
      observer.lifecycle(report, to);
    } else if (event === "hubLost") {
      observer.errorCounted(report, { code: fields["code"], message: "" } as ErrorReport);
    } else if (event === "lifecycleBroke") {
      observer.broke(report, String(fields["detail"]));
    }
  }

  #ended(reason: EndReason, failure: ErrorReport | null): void {
    const { process, say, ended } = this.#setting;
    say(`ends: ${reason}${failure === null ? "" : `, ${failure.code}`}`);
    this.#file.close();
    process.kill();
    // A launcher leaves alone what was wrapped, and what would only be told again that its persona is archived.
    ended(reason === "wrapped" || failure?.code === "persona_archived");
  }

  #dial(): void {
    const { network, process, observer, report } = this.#setting;
    observer.dialled(report, this.#dialled);
    this.#dialled = true;
    const end: End = network.connect(process, {
      opened: () => this.#feed({ on: "socketOpened" }, isCurrent),
      message: (text) => this.#received(text, isCurrent),
      closed: (cause) => this.#feed({ on: "socketClosed", failure: failureOf(cause) }, isCurrent),
    });
    const isCurrent = (): boolean => this.#end === end;
    this.#end = end;
  }

  #hangUp(): void {
    const end = this.#end;
    this.#end = null;
    end?.close();
  }

  #start(from: { readonly position: number; readonly session: string | null }): void {
    const { persona, project, leaseMs, process } = this.#setting;
    const params = {
      ...{ kind: "daemon", persona, project, leaseMs },
      surface: "simulated",
      host: process.host.name,
      root: `/home/${project}`,
      instance: this.#file.instance,
      position: from.position,
      protocol: HUB_PROTOCOL,
      version: "0.0.0",
      ...(from.session === null ? {} : { session: from.session }),
    };
    this.#end?.send(requestText(START_ID, "start", params));
  }

  #received(text: string, isCurrent: () => boolean): void {
    const message = parseRpc(text);
    if (message.kind === "notification") this.#pushed(message.method, message.params, isCurrent);
    else if (message.id !== START_ID) return;
    else if (message.kind === "result") this.#started(message.result as StartAnswer, isCurrent);
    else if (message.kind === "error") this.#feed({ on: "startRefused", failure: message.error }, isCurrent);
  }

  #started(answer: StartAnswer, isCurrent: () => boolean): void {
    const { session, hub, nowMs, mailbox } = answer;
    this.#setting.observer.viewArrived(this.#setting.report, mailbox);
    this.#feed({ on: "startAnswered", session, hubId: hub.id, hubNowMs: nowMs, mailbox }, isCurrent);
  }

  #pushed(name: string, params: unknown, isCurrent: () => boolean): void {
    if (name === "mailbox") {
      this.#setting.observer.viewArrived(this.#setting.report, params as MailboxView);
      this.#feed({ on: "mailboxPushed", mailbox: params as MailboxView }, isCurrent);
    } else if (name === "wrapped") this.#feed({ on: "wrapPushed" }, isCurrent);
    else if (name === "closing") this.#feed({ on: "hubClosing" }, isCurrent);
  }

  #ring(bell: Doorbell, settled: (settled: RingSettled) => void): void {
    const { surface, process, observer, report } = this.#setting;
    const { ring } = bell;
    observer.rang(report, bell);
    const call = surface.ring(bell, (outcome) =>
      process.deliver(() => {
        this.#rings.delete(ring);
        if (outcome.kind === "taken") {
          observer.ringTaken(report, bell);
          settled({ ring, taken: true, path: outcome.path });
        } else {
          observer.ringFailed(report, bell);
          settled({ ring, taken: false, reason: outcome.reason });
        }
      }),
    );
    this.#rings.set(ring, call);
  }

  #cancel(ring: number): void {
    this.#setting.observer.ringCancelled(this.#setting.report, ring);
    this.#rings.get(ring)?.cancel();
  }
}

/** As the socket driver names them. */
function failureOf(cause: CloseCause): ErrorReport {
  const code = cause === "openTimeout" || cause === "deadPeer" ? "hub_timeout" : "hub_unreachable";
  return { code, message: `no connection to the hub: ${cause}` };
}
