/**
 * The hub's engine: runs the core's decisions against a store, in batches. Commands that arrive in one turn
 * of the event loop are decided together, made durable together (group commit) and told together, in the
 * order they came; so nobody hears of what a power cut could still undo (invariant 3), and one sync of the
 * disk serves all who wait. Knows no socket and no protocol; decides nothing about signals.
 *
 *   idle ──commands──> turn ──> commit ──> fetch ──> tell ──> idle
 *                                  └─failed─> reload ──> idle, refusing writes for a moment
 */
import { PrismError, reportOf } from "../domain/errors.ts";
import { faultText } from "../domain/log.ts";
import {
  type HubIdentity,
  isDaemonVerb,
  type StartParams,
  VERBS,
  type VerbAnswers,
  type VerbName,
  type VerbParams,
} from "../domain/verbs.ts";
import { type HubCensus, HubCounters } from "../metrics/hub.ts";
import { keyMemoryMs, loopBounds } from "./core/bounds.ts";
import {
  type Batch,
  type Before,
  type Command,
  complete,
  completeDrain,
  HubCore,
  type Outcome,
  type Reply,
} from "./core/core.ts";
import { type AnsweredSignals, answeredIn, fetchAnswered, NONE_ANSWERED } from "./engine/answered.ts";
import { engineBounds } from "./engine/bounds.ts";
import { commandOf } from "./engine/command.ts";
import { countBatch } from "./engine/count.ts";
import { Intake, type Waiting } from "./engine/intake.ts";
import type { EngineOptions } from "./engine/options.ts";
import { Alarm, type EngineScheduler, eventLoop } from "./engine/scheduler.ts";
import { type EngineFault, Sinks } from "./engine/sinks.ts";
import { TextCache } from "./engine/text-cache.ts";
import { TokenWatch } from "./engine/token-watch.ts";
import { WriteHealth } from "./engine/write-health.ts";
import type { Answered, Bearer, Caller, HubService, PushSink, TokensEnded } from "./service.ts";
import type { Found, Snapshot, Want } from "./store/store.ts";

export type { EngineOptions } from "./engine/options.ts";
export type { EngineScheduler } from "./engine/scheduler.ts";

/** @throws PrismError what the store says if it can't be read: `storage_failed` and its kin */
export function openEngine(options: EngineOptions): HubService {
  const loaded: { error: PrismError | null; snapshot: Snapshot | null } = { error: null, snapshot: null };
  options.store.load((error, snapshot) => {
    loaded.error = error;
    loaded.snapshot = snapshot;
  });
  if (loaded.error !== null) throw loaded.error;
  if (loaded.snapshot === null) throw new Error("the store did not answer its first load before it returned");
  return new Engine(options, loaded.snapshot);
}

interface Decided {
  readonly waiting: Waiting;
  readonly reply: Reply;
  /** What the reply needs of the store, once that is known. */
  want: Want | null;
}

/** After a failed commit: writers are refused; readers too, until what is durable was read again. */
interface Refusal {
  readonly error: PrismError;
  /** Monotonic: a wall clock set back must not prolong it. */
  readonly untilMs: number;
  readonly mustReload: boolean;
}

/** Something else that needs the store to itself for a moment. */
type Errand = (done: () => void) => void;

class Engine implements HubService {
  readonly identity: HubIdentity;
  readonly counters = new HubCounters();
  readonly #options: EngineOptions;
  readonly #scheduler: EngineScheduler;
  readonly #startedAtMs: number;
  readonly #intake = new Intake();
  readonly #texts = new TextCache(engineBounds.textCacheCharsMax);
  readonly #sinks = new Sinks((event, error) => this.#logFault(event, error));
  readonly #tokens = new TokenWatch();
  readonly #expiry: Alarm;
  readonly #company: Alarm;
  readonly #upkeep: Alarm;
  #core: HubCore;
  /** Monotonic: when the oldest decision of the batch was made. */
  #decidedAtMs = 0;
  /** Decided, and waiting for their batch to become durable. */
  #decided: Decided[] = [];
  #errands: Errand[] = [];
  /** True from a commit until its batch is told: nothing is decided meanwhile. */
  #busy = false;
  #turnComes = false;
  #refusal: Refusal | null = null;
  readonly #writing: WriteHealth;
  #closing: { readonly reason: string; readonly closed: () => void; saidLast: boolean } | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: EngineOptions, snapshot: Snapshot) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? eventLoop;
    this.#startedAtMs = options.now();
    this.#writing = new WriteHealth(options.store);
    this.#core = this.#coreFrom(snapshot, null);
    this.identity = this.#core.identity;
    this.#expiry = new Alarm(this.#scheduler, () => this.#wake());
    this.#company = new Alarm(this.#scheduler, () => this.#commitAlone());
    this.#upkeep = new Alarm(this.#scheduler, () => this.#run((done) => this.#maintain(done)));
    this.#setExpiry();
    this.#upkeep.within(engineBounds.upkeepIntervalMs);
  }

  #coreFrom(snapshot: Snapshot, before: Before | null): HubCore {
    const { retentionMs, version, newId, now, host = null } = this.#options;
    const startedAtMs = this.#startedAtMs;
    const loops = { ...loopBounds, ...this.#options.loops };
    return new HubCore({ snapshot, before, retentionMs, version, startedAtMs, newId, loops, host }, now());
  }

  // ---- what edges call ----

  call<V extends Exclude<VerbName, "start">>(
    caller: Caller,
    verb: V,
    params: VerbParams<V>,
    answered: Answered<VerbAnswers[V]>,
  ): void {
    this.#accept(commandOf(caller, verb, params), answered, null);
  }

  start(
    bearer: Bearer,
    params: StartParams,
    sink: PushSink | null,
    answered: Answered<VerbAnswers["start"]>,
  ): void {
    this.#accept({ verb: "start", caller: bearer, params, connected: sink !== null }, answered, sink);
  }

  bearerOf(tokenSha256: string): Bearer | undefined {
    return this.#core.bearerOf(tokenSha256);
  }

  watchTokens(ended: TokensEnded): void {
    this.#tokens.add(ended);
  }

  heard(session: string): void {
    this.#core.heard(session, this.#options.now());
    this.#seekCompany();
  }

  disconnected(session: string, sink: PushSink): void {
    if (!this.#sinks.unbind(session, sink)) return;
    this.#core.disconnected(session, this.#options.now());
    this.#seekCompany();
  }

  health(): Promise<{ readonly storeLatencyMs: number }> {
    const askedAtMs = this.#scheduler.monotonicMs();
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal;
      const refused = refusal !== null && askedAtMs < refusal.untilMs ? refusal.error : null;
      const unwell = this.#closing === null ? refused : shutDown();
      if (unwell !== null) {
        reject(unwell);
        return;
      }
      this.#run((done) => {
        const probed = (error: PrismError | null): void => {
          if (error === null) resolve({ storeLatencyMs: this.#scheduler.monotonicMs() - askedAtMs });
          else reject(error);
          done();
        };
        if (this.#refusal !== null) probed(this.#refusal.error);
        else this.#writing.probe(this.#core.position, probed);
      });
    });
  }

  census(): HubCensus {
    const isWritable = this.#writing.isWell && this.#refusal === null;
    return { ...this.#core.census(this.#options.now()), isWritable, startedAtMs: this.#startedAtMs };
  }

  close(reason: string): Promise<void> {
    this.#closed ??= new Promise((closed) => {
      this.#closing = { reason, closed, saidLast: false };
      this.#wake();
    });
    return this.#closed;
  }

  // ---- a turn ----

  #accept<A>(command: Command, answered: Answered<A>, sink: PushSink | null): void {
    const waiting = { command, answered: answered as (outcome: Outcome) => void, sink };
    const refused = this.#closing === null ? this.#intake.add(waiting) : shutDown();
    if (refused === null) this.#wake();
    else this.#scheduler.defer(() => this.#tell(waiting, { error: reportOf(refused) }));
  }

  #wake(): void {
    if (this.#turnComes || this.#busy) return;
    this.#turnComes = true;
    this.#scheduler.defer(() => {
      this.#turnComes = false;
      if (!this.#busy) this.#turn();
    });
  }

  #run(errand: Errand): void {
    this.#errands.push(errand);
    this.#wake();
  }

  #turn(): void {
    if (this.#refusal !== null && this.#scheduler.monotonicMs() >= this.#refusal.untilMs) {
      if (this.#refusal.mustReload) {
        this.#reload(null);
        return;
      }
      this.#refusal = null;
    }
    const batch = this.#intake.take();
    const positions = this.#refusal === null ? answeredIn(batch, this.#core) : [];
    if (positions.length === 0) {
      this.#decideAll(batch, NONE_ANSWERED);
      return;
    }
    this.#busy = true;
    fetchAnswered(this.#options.store, positions, (answered) => {
      this.#busy = false;
      this.#decideAll(batch, answered);
    });
  }

  #decideAll(batch: readonly Waiting[], answered: AnsweredSignals): void {
    const nowMs = this.#options.now();
    if (this.#decided.length === 0) this.#decidedAtMs = this.#scheduler.monotonicMs();
    if (this.#refusal === null) this.#core.tick(nowMs);
    for (const waiting of batch)
      this.#decided.push({ waiting, reply: this.#decide(waiting, answered, nowMs), want: null });
    if (this.#closing !== null && this.#intake.isEmpty && !this.#closing.saidLast) {
      this.#closing.saidLast = true;
      this.#core.closing(nowMs);
    }
    if (this.#mustCommit()) {
      this.#commit();
      return;
    }
    this.#next();
  }

  /** Deliveries and signs of life: nobody waits for them, so they may wait for a batch to join. */
  #seekCompany(): void {
    if (this.#closing !== null || (this.#decided.length === 0 && !this.#core.hasChanges)) return;
    this.#company.within(this.#refusal === null ? engineBounds.companyDelayMs : engineBounds.refusalMs);
  }

  /** Whoever reads may have read a delivery that is not durable yet; so all but daemons' receipts commit. */
  #mustCommit(): boolean {
    if (this.#core.isUrgent || this.#closing !== null || this.#refusal !== null) return true;
    return this.#decided.some(({ waiting: { command } }) => !isDaemonVerb(command.verb));
  }

  /** What waited for company goes alone. While the store is at work or refuses, it waits on: see `#next`. */
  #commitAlone(): void {
    if (this.#refusal !== null) this.#wake();
    else if (!this.#busy) this.#commit();
  }

  #decide({ command, sink }: Waiting, answered: AnsweredSignals, nowMs: number): Reply {
    const refused = this.#refusal;
    if (refused !== null && (refused.mustReload || !VERBS[command.verb].readOnly))
      return { kind: "done", outcome: { error: reportOf(refused.error) } };
    const position = this.#core.answeredBy(command);
    if (position !== null && answered instanceof PrismError)
      return { kind: "done", outcome: { error: reportOf(answered) } };
    const head = position === null || answered instanceof PrismError ? undefined : answered.get(position);
    const reply = this.#core.decide(command, nowMs, head ?? null);
    if (command.verb === "start" && reply.kind === "done" && "ok" in reply.outcome) {
      // From now on, not from the telling: an older socket of the session may say goodbye in between.
      this.#sinks.bind((reply.outcome.ok as VerbAnswers["start"]).session, sink);
    }
    return reply;
  }

  // ---- commit, fetch, tell ----

  #commit(): void {
    this.#company.cancel();
    this.#busy = true;
    const decided = this.#decided;
    this.#decided = [];
    // While writes are refused, what the core has to write is a few signs of life: they wait.
    const batch = this.#refusal === null ? this.#core.take() : NOTHING;
    for (const { between, answers, opensAtMs } of batch.stops)
      this.#options.log("warn", "loopStopped", {
        ...{ code: "loop_stopped", between: between.join(" "), answers, opensAtMs },
      });
    if (batch.changes === null) {
      this.#fetch(batch, decided);
      return;
    }
    const askedAtMs = this.#scheduler.monotonicMs();
    this.#options.store.commit(batch.changes, (error) => {
      this.counters.storeSeconds.observe((this.#scheduler.monotonicMs() - askedAtMs) / 1000);
      this.#writing.committed(error);
      if (error !== null) this.#failed(error, decided);
      else this.#fetch(batch, decided);
    });
  }

  /** Fetches the texts that replies need and that are not at hand. */
  #fetch(batch: Batch, decided: readonly Decided[]): void {
    for (const { head, text } of batch.changes?.signals ?? []) this.#texts.set(head.position, text);
    const wants: Want[] = [];
    for (const entry of decided) {
      entry.want = this.#wantOf(entry.reply);
      if (entry.want !== null) wants.push(entry.want);
    }
    if (wants.length === 0) this.#finish(batch, decided, []);
    else this.#options.store.read(wants, (error, found) => this.#finish(batch, decided, error ?? found));
  }

  #wantOf(reply: Reply): Want | null {
    if (reply.kind === "done") return null;
    if (reply.kind === "wanting") return reply.want;
    const positions = reply.signals.map(({ head }) => head.position);
    const isAtHand = positions.every((position) => this.#texts.get(position) !== undefined);
    return isAtHand ? null : { kind: "signals", positions };
  }

  #finish(batch: Batch, decided: readonly Decided[], found: readonly Found[] | PrismError): void {
    let next = 0;
    for (const { waiting, reply, want } of decided) {
      if (want !== null && found instanceof PrismError) this.#tell(waiting, { error: reportOf(found) });
      else this.#tell(waiting, this.#outcomeOf(reply, want === null ? null : foundAt(found, next++)));
    }
    for (const push of batch.pushes) this.#sinks.push(push);
    this.#core.pushed(batch.pushes, this.#options.now());
    countBatch(this.counters, batch, {
      replies: decided.map(({ reply }) => reply),
      tookMs: this.#scheduler.monotonicMs() - this.#decidedAtMs,
      nowMs: this.#options.now(),
      drained: this.#options.drained,
    });
    this.#sinks.detach(batch);
    this.#tokens.tell(batch.endedTokens);
    for (const { position, endedAtMs } of batch.changes?.progress ?? [])
      if (endedAtMs !== null) this.#texts.delete(position);
    this.#next();
  }

  #outcomeOf(reply: Reply, found: Found | null): Outcome {
    if (reply.kind === "done") return reply.outcome;
    if (reply.kind === "wanting") return complete(this.#core.names, reply.finish, found ?? NOT_FOUND);
    if (found === null) return completeDrain(reply, (position) => this.#texts.get(position));
    const texts = new Map(found.signals.map((signal) => [signal.position, signal.text]));
    return completeDrain(reply, (position) => texts.get(position));
  }

  #tell(waiting: Waiting, outcome: Outcome): void {
    if ("error" in outcome) this.counters.countRefusal(outcome.error.code);
    try {
      waiting.answered(outcome);
    } catch (error) {
      this.#logFault("answerFailed", error);
    }
  }

  /** A batch is through: an errand if there is one, then whatever came meanwhile. */
  #next(): void {
    this.#busy = false;
    this.#sinks.tellDisplaced();
    this.#setExpiry();
    this.#seekCompany();
    const errand = this.#errands.shift();
    if (errand !== undefined) {
      this.#busy = true;
      errand(() => this.#next());
    } else if (!this.#intake.isEmpty) this.#wake();
    else if (this.#closing !== null) this.#end();
  }

  // ---- when the store fails ----

  /** Nothing of the batch was kept: its writers hear so, its readers are served from what is kept. */
  #failed(error: PrismError, decided: readonly Decided[]): void {
    this.#options.log("error", "commitFailed", { code: error.code, reason: error.message });
    const readers: Waiting[] = [];
    for (const { waiting } of decided) {
      if (waiting.sink !== null) this.#sinks.forget(waiting.sink);
      if (VERBS[waiting.command.verb].readOnly) readers.push(waiting);
      else this.#tell(waiting, { error: reportOf(error) });
    }
    this.#intake.putBack(readers);
    this.#reload({ error, untilMs: this.#afterRefusal(), mustReload: false });
  }

  /**
   * Makes a new core from what is durable: the old one remembers what never was.
   * @param refusal what holds once that was done; if it can't be done, it is tried again after a moment
   */
  #reload(refusal: Refusal | null): void {
    this.#busy = true;
    this.#texts.clear();
    this.#options.store.load((error, snapshot) => {
      if (snapshot !== null) {
        this.#core = this.#coreFrom(snapshot, { core: this.#core, connected: this.#sinks.sessions });
        this.#refusal = refusal;
      } else {
        const unread = error ?? new PrismError("storage_failed", "the store could not be read again");
        this.#options.log("error", "reloadFailed", { code: unread.code, reason: unread.message });
        this.#refusal = { error: unread, untilMs: this.#afterRefusal(), mustReload: true };
      }
      this.#next();
    });
  }

  #afterRefusal(): number {
    return this.#scheduler.monotonicMs() + engineBounds.refusalMs;
  }

  #logFault(event: EngineFault, error: unknown): void {
    this.#options.log("error", event, { code: "internal", fault: faultText(error) });
  }

  // ---- time ----

  #setExpiry(): void {
    const dueMs = this.#core.nextWakeMs();
    if (dueMs === null || this.#closing !== null) return;
    const refusedMs = this.#refusal === null ? 0 : this.#refusal.untilMs - this.#scheduler.monotonicMs();
    const delayMs = Math.max(1, dueMs - this.#options.now(), refusedMs);
    this.#expiry.within(Math.min(delayMs, engineBounds.wakeMsMax));
  }

  #maintain(done: () => void): void {
    const { store, now, retentionMs, log } = this.#options;
    if (this.#closing !== null || this.#refusal !== null) {
      this.#upkeep.within(engineBounds.upkeepIntervalMs);
      done();
      return;
    }
    const upkeep = {
      endedBeforeMs: now() - retentionMs,
      keysBeforeMs: now() - keyMemoryMs(retentionMs),
      rowsMax: engineBounds.upkeepRowsMax,
    };
    this.#core.forget(upkeep);
    store.maintain(upkeep, (error, more) => {
      if (error !== null) log("warn", "upkeepFailed", { code: error.code, reason: error.message });
      const isBehind = error === null && more;
      this.#upkeep.within(isBehind ? engineBounds.upkeepStepMs : engineBounds.upkeepIntervalMs);
      done();
    });
  }

  // ---- the end ----

  #end(): void {
    const closing = this.#closing;
    if (closing === null) return;
    if (!closing.saidLast) {
      this.#wake();
      return;
    }
    this.#busy = true;
    for (const alarm of [this.#expiry, this.#company, this.#upkeep]) alarm.cancel();
    this.#sinks.close({ reason: closing.reason });
    this.#options.store.close((error) => {
      if (error !== null)
        this.#options.log("warn", "storeCloseFailed", { code: error.code, reason: error.message });
      closing.closed();
    });
  }
}

const NOTHING: Batch = {
  ...{ changes: null, pushes: [], detached: [], endedTokens: new Set<string>(), deliveries: 0, stops: [] },
};
const NOT_FOUND: Found = { signals: [], next: null };

function foundAt(found: readonly Found[] | PrismError, at: number): Found {
  return found instanceof PrismError ? NOT_FOUND : (found[at] ?? NOT_FOUND);
}

function shutDown(): PrismError {
  return new PrismError("interrupted", "the hub is shutting down", { hint: "ask again once it is back" });
}
