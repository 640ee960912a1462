/**
 * Holds everything that can be seen of the system against the contract, as it happens. Keeps books of its
 * own; asks no part of the system what it thinks. The first broken promise is kept; what comes after a
 * broken promise proves nothing.
 */
import type { Doorbell } from "../../src/domain/doorbell.ts";
import { ERROR_CLASSES, ERROR_CODES, type ErrorReport } from "../../src/domain/errors.ts";
import type {
  DrainAnswer,
  DrainParams,
  HistoryAnswer,
  HistoryParams,
  HubPushes,
  MailboxView,
  PersonaCreateParams,
  SignalAnswer,
  SignalParams,
  SignalStatusAnswer,
  SignalStatusParams,
  StartAnswer,
  StartParams,
  StatusAnswer,
  WrapParams,
} from "../../src/domain/verbs.ts";
import type { LoopBounds } from "../../src/hub/core/loops.ts";
import { BellLedger, checkView } from "./bell-ledger.ts";
import type { HubTime } from "./drain-book.ts";
import { DutyLedger, type HubMoment } from "./duty-ledger.ts";
import { IdentityLedger, type Shown } from "./identity-ledger.ts";
import type { Asked, DaemonReport, Observer, Told } from "./observer.ts";
import { SignalLedger } from "./signal-ledger.ts";
import { TalkLedger } from "./talk-ledger.ts";
import { Violation } from "./violation.ts";

export interface CheckerSetting {
  readonly nowMs: () => number;
  /** The hub host's wall clock, and whether it was never set. */
  readonly hubMs: () => number;
  readonly hubSteady: () => boolean;
  readonly retentionMs: number;
  readonly loops: LoopBounds;
  /** Maps an error to its metric label, as the daemon does. */
  readonly errorClassOf: (report: ErrorReport) => string;
}

/** Invariant 7's figure for many that come back together: connects in any so many milliseconds. */
const CROWD_MAX = 20;
const CROWD_WINDOW_MS = 100;

type Named = { readonly persona: string; readonly project: string };
type States = ReturnType<DutyLedger["possible"]>;

export class Checker implements Observer {
  readonly signals: SignalLedger;
  readonly #bells = new BellLedger();
  readonly #duties = new DutyLedger();
  readonly #talk: TalkLedger;
  readonly #setting: CheckerSetting;
  readonly #newestViews = new Map<string, MailboxView>();
  readonly #addressOfSession = new Map<string, string>();
  readonly #possibleAtAsk = new Map<Asked, States>();
  readonly #identities = new IdentityLedger();
  readonly #shown = new Map<Asked, Shown>();
  readonly #sureRestores = new Set<Asked>();
  /** When daemons dialled lately, and whether that was because the hub had gone. */
  #dials: number[] = [];
  #rings = 0;
  #connects = 0;
  #hubHighMs = 0;
  #life = 0;
  violation: Violation | null = null;

  constructor(setting: CheckerSetting) {
    this.#setting = setting;
    this.#talk = new TalkLedger(setting.loops);
    this.signals = new SignalLedger(setting.retentionMs, (to) =>
      to.startsWith("session:") ? (this.#addressOfSession.get(to.slice(8)) ?? to) : to,
    );
  }

  /** Runs one check; what it throws becomes the run's violation. */
  check(run: () => void): void {
    if (this.violation !== null) return;
    try {
      run();
    } catch (error) {
      this.violation = error instanceof Violation ? error : new Violation(0, "", crashText(error));
    }
  }

  /** The hub's clock. The hub itself reads it here too, so that no reading of it escapes the books. */
  hubMs(): number {
    const nowMs = this.#setting.hubMs();
    this.#hubHighMs = Math.max(this.#hubHighMs, nowMs);
    return nowMs;
  }

  hubTime(): HubTime {
    return { nowMs: this.hubMs(), highMs: this.#hubHighMs, steady: this.#setting.hubSteady() };
  }

  hubUp(life: number): void {
    this.#life = life;
    this.#dials = [];
  }

  hubDown(): void {
    this.#possibleAtAsk.clear();
    this.#sureRestores.clear();
    this.#shown.clear();
    this.#identities.hubDown();
    this.#duties.hubDown(this.#moment());
  }

  asked(call: Asked): void {
    this.check(() => {
      const moment = this.#moment();
      if (call.token !== null) {
        const address = addressOf(call.params as DrainParams);
        this.#shown.set(call, this.#identities.shown(address, call.token));
      }
      switch (call.verb) {
        case "start": {
          const params = call.params as StartParams;
          this.#duties.startAsked(addressOf(params), params, moment);
          return;
        }
        case "signal": {
          const params = call.params as SignalParams;
          this.signals.signalAsked(params, this.#addressOfSession.get(call.session ?? "") ?? null);
          this.#talk.asked(this.#senderOf(call), this.#recipientOf(params));
          this.#possibleAtAsk.set(call, this.#duties.possible(params.to, moment));
          return;
        }
        case "drain": {
          const params = call.params as DrainParams;
          if (params.session !== undefined) this.#duties.mayHaveHeard(params.session, moment);
          this.signals.drainAsked(addressOf(params), params);
          return;
        }
        case "wrap": {
          const params = call.params as WrapParams;
          this.#duties.wrapAsked(wrappedAddress(params), params, moment);
          return;
        }
        case "persona_create":
        case "persona_destroy":
          this.#identities.changeAsked(addressOf(call.params as Named));
          return;
        case "persona_archive":
          this.#duties.archiveAsked(addressOf(call.params as Named), moment);
          return;
        case "persona_restore":
          if (this.#duties.restoreAsked(addressOf(call.params as Named), moment))
            this.#sureRestores.add(call);
          return;
        default:
          return;
      }
    });
  }

  told(call: Asked, outcome: Told): void {
    this.check(() => {
      this.#checkToken(call, "error" in outcome ? outcome.error : null);
      if ("error" in outcome) this.#refused(call, outcome.error);
      else this.#answered(call, outcome.ok);
    });
  }

  #refused(call: Asked, error: ErrorReport): void {
    if (!(ERROR_CODES as readonly string[]).includes(error.code) || error.code === "internal") {
      throw new Violation(9, "", `${call.verb} failed with "${error.code}": ${error.message}`);
    }
    if (call.verb === "signal") {
      const params = call.params as SignalParams;
      this.signals.signalRefused(params);
      this.#talk.refused(params, error.code);
      if (error.code === "signal_unknown") this.signals.unknown(params.replyTo ?? "", this.hubTime());
      this.#checkTarget(call, params, error);
    } else if (call.verb === "drain") {
      this.signals.drainRefused(addressOf(call.params as DrainParams));
    } else if (call.verb === "persona_create" || call.verb === "persona_destroy") {
      this.#identities.changeRefused(addressOf(call.params as Named));
    } else if (call.verb === "start" && error.code === "persona_archived") {
      this.#duties.startRefused(addressOf(call.params as StartParams), this.#moment());
    } else if (call.verb === "signal_status" && error.code === "signal_unknown") {
      this.signals.unknown((call.params as SignalStatusParams).id, this.hubTime());
    }
  }

  #checkToken(call: Asked, error: ErrorReport | null): void {
    const shown = this.#shown.get(call);
    this.#shown.delete(call);
    if (shown === undefined) return;
    this.#identities.check(addressOf(call.params as DrainParams), shown, error?.code ?? null);
  }

  #senderOf(call: Asked): string | null {
    return this.#addressOfSession.get(call.session ?? "") ?? (call.params as SignalParams).from ?? null;
  }

  #recipientOf({ to }: SignalParams): string {
    return to.startsWith("session:") ? (this.#addressOfSession.get(to.slice(8)) ?? to) : to;
  }

  #checkTarget(call: Asked, params: SignalParams, error: ErrorReport): void {
    const isArchived = error.code === "target_wrapped" && error.target?.state === "archived";
    const state = isArchived ? "archived" : TARGET_STATES[error.code];
    if (state === undefined || params.to.startsWith("session:")) return;
    const { target } = error;
    if (
      target === undefined ||
      target.state !== state ||
      target.address !== params.to ||
      error.hint === undefined
    ) {
      throw new Violation(
        4,
        params.to,
        `a refusal with ${error.code} says neither who nor what to do: ${JSON.stringify(error)}`,
      );
    }
    this.#duties.checkTarget(params.to, state, this.#possible(call, params.to));
  }

  #possible(call: Asked, address: string): States {
    const atAsk = this.#possibleAtAsk.get(call);
    this.#possibleAtAsk.delete(call);
    return new Set([...(atAsk ?? []), ...this.#duties.possible(address, this.#moment())]);
  }

  #answered(call: Asked, ok: object): void {
    const time = this.hubTime();
    switch (call.verb) {
      case "start":
        this.#started(call.params as StartParams, ok as StartAnswer);
        return;
      case "signal": {
        const params = call.params as SignalParams;
        const answer = ok as SignalAnswer;
        this.signals.signalAccepted(params, answer, time);
        if (!time.steady) this.#talk.forget();
        if (!answer.duplicate)
          this.#talk.taken(this.#senderOf(call), this.#recipientOf(params), params, answer);
        const possible = this.#possible(call, params.to);
        // A repeated signal was accepted before, whatever became of its target since.
        if (!answer.duplicate && !params.to.startsWith("session:")) {
          this.#duties.checkTarget(params.to, "alive", possible);
        }
        return;
      }
      case "drain": {
        const params = call.params as DrainParams;
        if (params.session !== undefined) this.#duties.heard(params.session, this.#moment());
        this.signals.drainAnswered(addressOf(params), params, ok as DrainAnswer, time);
        return;
      }
      case "signal_status":
        this.signals.shown(ok as SignalStatusAnswer, time);
        return;
      case "history":
        this.signals.historyShown(
          addressOf(call.params as HistoryParams),
          (ok as HistoryAnswer).signals,
          time,
        );
        return;
      case "status":
        this.#duties.checkStatus(ok as StatusAnswer);
        return;
      case "wrap": {
        const address = wrappedAddress(call.params as WrapParams);
        if (address !== null) this.#duties.wrapped(address, this.#moment());
        return;
      }
      case "persona_create":
        this.#identities.changed(
          addressOf(call.params as Named),
          (call.params as PersonaCreateParams).tokenSha256,
        );
        return;
      case "persona_destroy":
        this.#identities.changed(addressOf(call.params as Named), null);
        return;
      case "persona_archive":
        this.#duties.archived(addressOf(call.params as Named), this.#moment());
        return;
      case "persona_restore":
        this.#duties.restored(
          addressOf(call.params as Named),
          this.#sureRestores.delete(call),
          this.#moment(),
        );
        return;
      default:
        return;
    }
  }

  #started(params: StartParams, answer: StartAnswer): void {
    const address = addressOf(params);
    this.#addressOfSession.set(answer.session, address);
    this.#duties.started(address, params, answer, this.#moment());
    this.#newerView(address, answer.mailbox);
  }

  bound(session: string, socket: object): void {
    this.#duties.connected(session, socket);
  }

  pushed<K extends keyof HubPushes>(session: string, name: K, value: HubPushes[K]): void {
    this.check(() => {
      const address = this.#addressOfSession.get(session);
      if (address === undefined)
        throw new Violation(10, "", `a push to session ${session}, which nobody started`);
      if (name === "mailbox") this.#newerView(address, value as MailboxView);
    });
  }

  /** Views are durable before they are told: not even a crash makes one go back. */
  #newerView(address: string, view: MailboxView): void {
    checkView(address, view, this.#setting.hubSteady());
    const before = this.#newestViews.get(address);
    this.#newestViews.set(address, view);
    if (before === undefined) return;
    const back =
      view.revision < before.revision ||
      view.through < before.through ||
      view.told < before.told ||
      view.drains < before.drains;
    if (back) {
      throw new Violation(
        3,
        address,
        `the hub's view went back, from ${JSON.stringify(before)} to ${JSON.stringify(view)}`,
      );
    }
    if (view.revision === before.revision && JSON.stringify(view) !== JSON.stringify(before)) {
      throw new Violation(
        6,
        address,
        `two views of revision ${view.revision}: ${JSON.stringify(before)} and ${JSON.stringify(view)}`,
      );
    }
  }

  /**
   * Signals that still wait there: as the hub last told it to a daemon that watches, so that a ring must
   * follow; or as the books have it, where nobody watches.
   */
  openAt(address: string, watched: boolean): number {
    return watched ? (this.#newestViews.get(address)?.open ?? 0) : this.signals.openOf(address);
  }

  counts(): { acknowledged: number; drained: number; stopped: number; rings: number; connects: number } {
    return {
      ...this.signals.counts(),
      stopped: this.#talk.stopped,
      rings: this.#rings,
      connects: this.#connects,
    };
  }

  heard(session: string): void {
    this.#duties.heard(session, this.#moment());
  }

  disconnected(session: string, socket: object): void {
    this.#duties.disconnected(session, socket, this.#moment());
  }

  daemonUp(daemon: DaemonReport, remembers: boolean): void {
    this.#bells.daemonUp(daemon, remembers);
  }

  daemonDown(daemon: DaemonReport): void {
    this.#bells.daemonDown(daemon);
  }

  /** A connect of a daemon that comes back, as the hub's host sees it. */
  dialled(daemon: DaemonReport, again: boolean): void {
    this.#connects++;
    if (!again) return;
    const nowMs = this.#setting.nowMs();
    this.#dials.push(nowMs);
    while ((this.#dials[0] ?? nowMs) <= nowMs - CROWD_WINDOW_MS) this.#dials.shift();
    if (this.#dials.length <= CROWD_MAX) return;
    this.check(() => {
      throw new Violation(
        7,
        daemon.address,
        `${this.#dials.length} daemons dial within ${CROWD_WINDOW_MS} ms`,
      );
    });
  }

  lifecycle(daemon: DaemonReport, state: string): void {
    this.check(() => this.#bells.lifecycle(daemon, state));
  }

  viewArrived(daemon: DaemonReport, view: MailboxView): void {
    this.check(() => this.#bells.viewArrived(daemon, view, this.#setting.nowMs()));
  }

  ringAsked(daemon: DaemonReport, asking: boolean): void {
    this.#bells.ringAsked(daemon, asking);
  }

  rang(daemon: DaemonReport, bell: Doorbell): void {
    this.#rings++;
    this.check(() => this.#bells.rang(daemon, bell, this.#setting.nowMs()));
  }

  ringTaken(daemon: DaemonReport, bell: Doorbell): void {
    this.check(() => this.#bells.ringTaken(daemon, bell.ring, this.#setting.nowMs()));
  }

  ringFailed(daemon: DaemonReport, bell: Doorbell): void {
    this.check(() => this.#bells.ringFailed(daemon, bell.ring, this.#setting.nowMs()));
  }

  ringCancelled(daemon: DaemonReport, ring: number): void {
    this.#bells.ringCancelled(daemon, ring, this.#setting.nowMs());
  }

  broke(daemon: DaemonReport, detail: string): void {
    this.check(() => {
      throw new Violation(0, daemon.address, `the lifecycle broke: ${detail}`);
    });
  }

  errorCounted(daemon: DaemonReport, failure: ErrorReport): void {
    this.check(() => {
      const label = this.#setting.errorClassOf(failure);
      if ((ERROR_CLASSES as readonly string[]).includes(label)) return;
      throw new Violation(9, daemon.address, `error_class "${label}" is not one of the closed set`);
    });
  }

  #moment(): HubMoment {
    return { nowMs: this.hubMs(), life: this.#life, steady: this.#setting.hubSteady() };
  }
}

const TARGET_STATES: Partial<Record<string, "unknown" | "wrapped" | "stale">> = {
  target_unknown: "unknown",
  target_wrapped: "wrapped",
  target_stale: "stale",
};

function addressOf(at: { readonly persona: string; readonly project: string }): string {
  return `${at.persona}@${at.project}`;
}

function wrappedAddress(params: WrapParams): string | null {
  const { persona, project, session } = params;
  if (session !== undefined || persona === undefined || project === undefined) return null;
  return addressOf({ persona, project });
}

export function crashText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
