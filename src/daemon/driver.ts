/**
 * Runs the lifecycle: feeds it one event at a time, does what it wants done, in order, and counts what it
 * says. What an effect leads to comes back as a queued event, so a step never re-enters. Decides nothing
 * about hub, surface or schedule: that is `fsm.ts`.
 */
import { type Doorbell, doorbellOf } from "../domain/doorbell.ts";
import { type ErrorReport, reportOf } from "../domain/errors.ts";
import { faultText, type Log } from "../domain/log.ts";
import type { MailboxView } from "../domain/verbs.ts";
import type { RingResult } from "../fsm/doorbell.ts";
import type { Position } from "../fsm/position.ts";
import { type Effect, type EndReason, type Event, type State, step } from "../fsm.ts";
import type { RingAnswer } from "../ipc.ts";
import type { PersonaMetrics } from "../metrics.ts";
import type { SetAlarm } from "./alarm.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Clock } from "./clock.ts";
import type { HubLink } from "./hub-link.ts";
import type { Ringer } from "./ringer.ts";

export interface DriverWorld {
  readonly persona: string;
  readonly project: string;
  readonly clock: Clock;
  readonly alarm: SetAlarm;
  readonly random: () => number;
  readonly hub: Omit<HubLink, "closed" | "rung">;
  readonly ringer: Pick<Ringer, "ring" | "cancel">;
  readonly save: (position: Position | null) => void;
  /** The mailbox is seen anew; called before anything follows from it. `before` is null if it was another's. */
  readonly viewed: (view: MailboxView, before: MailboxView | null) => void;
  /** Tells the shims; one with `open` 0 says that nothing waits any more. */
  readonly tellAttached: (bell: Doorbell) => void;
  /** A ring came to its end, and was not moot. */
  readonly rang: (ring: RingEnd) => void;
  readonly metrics: PersonaMetrics;
  readonly chronicle: Chronicle;
  readonly log: Log;
  /** The lifecycle has ended; called once. */
  readonly ended: (reason: EndReason, failure: ErrorReport | null) => void;
}

/** How one ring went. Times by the hub's clock, as far as this daemon knows it. */
export interface RingEnd {
  /** Position of the newest signal that it rang for; one that joined it under way counts once it was taken. */
  readonly through: number;
  readonly attempt: number;
  readonly rungAtMs: number;
  readonly endedAtMs: number;
  /** The way, or null if it was not taken. */
  readonly way: string | null;
}

interface Queued {
  readonly event: Event;
  readonly isCurrent: () => boolean;
}

/** A wall clock so far ahead was not slewed: the host slept. As much as `host/wake.ts` goes by. */
const SLEEP_MS_MIN = 4000;
const ALWAYS = () => true;

export class Driver {
  readonly #world: DriverWorld;
  readonly #initial: readonly Effect[];
  readonly #queue: Queued[] = [];
  readonly #asks = new Map<number, (answer: RingAnswer) => void>();
  #lastAsk = 0;
  #running = false;
  /** The lifecycle has ended, or broke: nothing is fed any more. */
  #over = false;
  #stopAlarm: () => void = () => {};
  /** What was last told about a failing connection: the same again is worth no line in the log. */
  #toldFailure = "";
  #state: State;
  #sinceMs: number;
  /** Of the ring that settled last. */
  #settledPath: string | null = null;

  constructor(world: DriverWorld, initial: readonly [State, readonly Effect[]]) {
    this.#world = world;
    this.#state = initial[0];
    this.#sinceMs = world.clock.nowMs();
    this.#initial = initial[1];
  }

  get state(): State {
    return this.#state;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  begin(): void {
    // An effect may answer at once: its event waits until the others are done.
    this.#running = true;
    this.#follow(this.#initial);
    this.#drain();
  }

  /** @param isCurrent asked when the event's turn comes; if false it is dropped */
  feed(event: Event, isCurrent: () => boolean = ALWAYS): void {
    this.#queue.push({ event, isCurrent });
    if (!this.#running) this.#drain();
  }

  /** Rings now if something waits; settles with what came of it. */
  askRing(): Promise<RingAnswer> {
    const ask = ++this.#lastAsk;
    return new Promise((resolve) => {
      if (this.#over) {
        resolve({ kind: "moot", reason: "the daemon is ending" });
        return;
      }
      this.#asks.set(ask, resolve);
      this.feed({ on: "notifyAsked", ask });
    });
  }

  /** What stands at the surface unanswered, or is being rung; null if nothing does. */
  standing(): Doorbell | null {
    const { bell, ring, view } = this.#state.watch.doorbells;
    if (view === null || view.open === 0) return null;
    const rung = bell.id === "standing" || bell.id === "failing" ? bell.attempt : 0;
    const attempt = ring?.attempt ?? rung;
    return attempt === 0 ? null : this.#doorbell(attempt);
  }

  /** The newest view as a doorbell, whatever stands. */
  doorbell(): Doorbell {
    return this.#doorbell(this.standing()?.attempt ?? 0);
  }

  /** The host slept, or its clock was set. Events may have come before this news of it. */
  hostResumed(): void {
    this.#world.clock.catchUp(0);
    this.feed({ on: "hostResumed" });
    // The alarm was set by a clock that stood still: look at once what has come due.
    this.feed({ on: "wakeReached" });
  }

  /**
   * The same, with the position of the newest signal, for who speaks to the agent beside a ring. As for rings: what was
   * known before the connection was lost may be drained by now, so without one nothing waits (invariant 6).
   */
  waiting(): { readonly bell: Doorbell; readonly through: number } {
    const { id, watch } = this.#state;
    const isSettled = id === "connected" || id === "emitting";
    const bell = this.doorbell();
    return { bell: isSettled ? bell : { ...bell, open: 0 }, through: watch.doorbells.heard.through };
  }

  stopAlarm(): void {
    this.#stopAlarm();
  }

  #drain(): void {
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        if (this.#over || !next.isCurrent()) continue;
        this.#noticeSleep();
        this.#step(next.event);
      }
    } catch (error) {
      this.#broke(error);
    } finally {
      this.#running = false;
    }
  }

  /**
   * The first event after a sleep comes before the news of it, up to seconds. Stamped with the time before
   * the sleep, a ring would be due again the moment the clock leaps: two at once (invariant 7).
   */
  #noticeSleep(): void {
    if (!this.#world.clock.catchUp(SLEEP_MS_MIN)) return;
    this.#step({ on: "hostResumed" });
    this.#queue.push({ event: { on: "wakeReached" }, isCurrent: ALWAYS });
  }

  /** A bug of ours: the daemon ends, and its launcher starts it afresh. */
  #broke(error: unknown): void {
    const fault = faultText(error);
    this.#world.log("error", "lifecycleBroke", { code: "internal", state: this.#state.id, fault });
    this.#world.hub.close();
    this.#end("failed", reportOf(error));
  }

  #end(reason: EndReason, failure: ErrorReport | null): void {
    if (this.#over) return;
    this.#over = true;
    for (const resolve of this.#asks.values()) resolve({ kind: "moot", reason: "the daemon is ending" });
    this.#asks.clear();
    this.#world.ended(reason, failure);
  }

  #step(event: Event): void {
    const before = this.#state;
    const { clock, random } = this.#world;
    const [after, effects] = step(before, event, clock.nowMs(), random());
    this.#state = after;
    if (after.id !== before.id) this.#entered(before, after, event);
    this.#tellViewed(before, after);
    this.#follow(effects);
    this.#tellMoot(before, after);
    this.#tellFound(before, effects);
    this.#world.metrics.signalsPending = after.watch.doorbells.view?.open ?? 0;
    this.#world.chronicle.stepped(before, after);
  }

  #entered(before: State, after: State, event: Event): void {
    this.#sinceMs = this.#world.clock.nowMs();
    this.#world.metrics.state = after.id === "ended" ? "disconnected" : after.id;
    const ringing = after.id === "emitting" || before.id === "emitting";
    const level = ringing && after.id !== "disconnected" ? "debug" : "info";
    this.#world.log(level, "lifecycleChanged", { from: before.id, to: after.id, on: event.on });
    if (after.id === "connected" || after.id === "emitting") this.#toldFailure = "";
  }

  #tellViewed(before: State, after: State): void {
    const { view } = after.watch.doorbells;
    const seen = before.watch.doorbells.view;
    if (view === null || view === seen) return;
    // Of another hub, or of one that was put back to an older state: see `reconcile` of `fsm/moves.ts`.
    const isAnew =
      before.watch.hubId !== after.watch.hubId || view.revision < (seen?.revision ?? view.revision);
    this.#world.viewed(view, isAnew ? null : seen);
    this.#world.chronicle.viewed(view, isAnew ? null : seen);
  }

  /** Who is attached hears that nothing waits any more: each doorbell replaces the one before it. */
  #tellMoot(before: State, after: State): void {
    const open = after.watch.doorbells.view?.open ?? 0;
    if (open === 0 && (before.watch.doorbells.view?.open ?? 0) > 0) this.#world.tellAttached(this.doorbell());
  }

  /** Who attached before the first view was told that nothing stands: what a former life rang is news to them. */
  #tellFound(before: State, effects: readonly Effect[]): void {
    if (before.watch.doorbells.view !== null || effects.some((effect) => effect.do === "ring")) return;
    const bell = this.standing();
    if (bell !== null) this.#world.tellAttached(bell);
  }

  #follow(effects: readonly Effect[]): void {
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: Effect): void {
    const { hub, ringer, metrics, chronicle, save } = this.#world;
    switch (effect.do) {
      case "openSocket":
        hub.open();
        return;
      case "closeSocket":
        hub.close();
        return;
      case "start":
        hub.start(effect);
        return;
      case "acknowledge":
        hub.acknowledge(effect.through);
        return;
      case "ping":
        hub.ping();
        return;
      case "persist":
        save(effect.position);
        return;
      case "wakeAt":
        this.#setAlarm(effect.atMs);
        return;
      case "ring":
        this.#ring(effect.attempt);
        return;
      case "cancelRing":
        ringer.cancel(effect.ring);
        return;
      case "answerNotify":
        this.#answer(effect);
        return;
      case "countReconnect":
        metrics.reconnects++;
        return;
      case "countDoorbell":
        this.#countDoorbell(effect.outcome);
        return;
      case "countError":
        this.#countError(effect.failure);
        return;
      case "observeLatency":
        metrics.observeLatency(effect.latencyMs / 1000);
        chronicle.took(effect.latencyMs);
        return;
      case "end":
        this.#end(effect.reason, effect.failure);
        return;
      default:
        effect satisfies never;
    }
  }

  #setAlarm(atMs: number | null): void {
    this.#stopAlarm();
    if (atMs === null) return;
    const delayMs = Math.max(0, Math.ceil(atMs - this.#world.clock.nowMs()));
    // Too early does no harm: the lifecycle then asks for the rest.
    this.#stopAlarm = this.#world.alarm(delayMs, () => this.feed({ on: "wakeReached" }));
  }

  #ring(attempt: number): void {
    const bell = this.#doorbell(attempt);
    const { clock } = this.#world;
    const begun = { through: this.#state.watch.doorbells.heard.through, atMs: clock.nowMs() };
    this.#world.ringer.ring(bell, (settled) => {
      this.#settledPath = settled.taken ? settled.path : null;
      this.#tellRang(attempt, begun, this.#settledPath);
      this.feed({ on: "ringSettled", settled });
    });
    this.#world.tellAttached(bell);
  }

  #tellRang(
    attempt: number,
    begun: { readonly through: number; readonly atMs: number },
    way: string | null,
  ): void {
    const { doorbells, hubAheadMs } = this.#state.watch;
    // Called off because nothing waits any more: that is no failure, and nobody's news.
    if (way === null && (doorbells.view?.open ?? 0) === 0) return;
    this.#world.rang({
      through: way === null ? begun.through : Math.max(begun.through, doorbells.heard.through),
      attempt,
      rungAtMs: Math.round(begun.atMs + hubAheadMs),
      endedAtMs: Math.round(this.#world.clock.nowMs() + hubAheadMs),
      way,
    });
  }

  #doorbell(attempt: number): Doorbell {
    const { persona, project } = this.#world;
    const { view, rings } = this.#state.watch.doorbells;
    const frame = { ring: rings, attempt, persona, project };
    if (view !== null) return doorbellOf(view, frame);
    return { ...frame, open: 0, urgent: 0, senders: [], othersOpen: 0, oldestAtMs: null };
  }

  #answer(effect: {
    readonly asks: readonly number[];
    readonly result: RingResult;
    readonly why: string;
  }): void {
    for (const ask of effect.asks) {
      this.#asks.get(ask)?.(ringAnswerOf(effect.result, effect.why));
      this.#asks.delete(ask);
    }
  }

  #countDoorbell(outcome: keyof PersonaMetrics["doorbells"]): void {
    const { metrics, chronicle, log } = this.#world;
    metrics.doorbells[outcome]++;
    if (outcome !== "rung") return;
    const path = this.#settledPath;
    chronicle.rung(path);
    log("info", "doorbellRung", { ring: this.#state.watch.doorbells.rings, way: path ?? "" });
  }

  #countError(failure: ErrorReport): void {
    const { metrics, chronicle, log } = this.#world;
    metrics.countError(failure.code);
    const fields = { code: failure.code, reason: failure.message, hint: failure.hint ?? null };
    if (failure.code === "surface_failed") {
      chronicle.ringFailed(failure.message);
      log("warn", "doorbellFailed", fields);
      return;
    }
    const told = `${failure.code} ${failure.message}`;
    log(told === this.#toldFailure ? "debug" : "warn", "hubLost", fields);
    this.#toldFailure = told;
  }
}

function ringAnswerOf(result: RingResult, why: string): RingAnswer {
  switch (result) {
    case "rung":
      return { kind: "taken", path: why };
    case "failed":
      return { kind: "failed", reason: why };
    case "suppressed":
      return { kind: "moot", reason: why };
  }
}
