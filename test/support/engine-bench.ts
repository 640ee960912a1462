/** An engine over a memory store, with everything that decides its timing in the test's hand. */
import type { MailboxView, VerbAnswers, VerbName, VerbParams } from "../../src/domain/verbs.ts";
import { openEngine } from "../../src/hub/engine.ts";
import type { Bearer, Caller, HubService, PushSink } from "../../src/hub/service.ts";
import type { Changes, Done, Found, Snapshot, Store, Upkeep, Want } from "../../src/hub/store/store.ts";
import { ManualScheduler } from "./manual-scheduler.ts";
import { MemoryDisk, MemoryStore } from "./memory-store.ts";

export const TENANT = "local";
export const HOME: Bearer = { tenant: TENANT, scope: "home" };
export const NOBODY: Caller = { ...HOME, session: null };

/** A memory store that can hold its commits back, and counts what it was asked. */
export class HeldStore implements Store {
  readonly #inner: MemoryStore;
  #held: (() => void)[] = [];
  holding = false;
  commits: Changes[] = [];
  reads = 0;
  maintained: Upkeep[] = [];
  closed = false;

  constructor(disk: MemoryDisk) {
    this.#inner = new MemoryStore(disk);
  }

  load(done: Done<Snapshot | null>): void {
    this.#inner.load(done);
  }

  commit(changes: Changes, done: Done<void>): void {
    this.commits.push(changes);
    const commit = (): void => this.#inner.commit(changes, done);
    if (this.holding) this.#held.push(commit);
    else commit();
  }

  /** Lets the oldest commit that is held back become durable. */
  release(): void {
    this.#held.shift()?.();
  }

  read(wants: readonly Want[], done: Done<readonly Found[]>): void {
    this.reads++;
    this.#inner.read(wants, done);
  }

  maintain(upkeep: Upkeep, done: Done<boolean>): void {
    this.maintained.push(upkeep);
    this.#inner.maintain(upkeep, done);
  }

  check(done: Done<void>): void {
    this.#inner.check(done);
  }

  close(done: Done<void>): void {
    this.closed = true;
    this.#inner.close(done);
  }
}

export class EngineBench {
  readonly disk = new MemoryDisk();
  readonly scheduler = new ManualScheduler();
  readonly store = new HeldStore(this.disk);
  /** Everything that was told, in order: `answer NAME ...`, `push SESSION ...`. */
  readonly told: string[] = [];
  readonly logged: string[] = [];
  readonly hub: HubService;
  #ids = 0;

  constructor() {
    this.hub = openEngine({
      store: this.store,
      now: () => this.scheduler.nowMs,
      newId: () => `n${++this.#ids}`,
      retentionMs: 3_600_000,
      version: "1.0.0",
      log: (_level, event) => void this.logged.push(event),
      scheduler: this.scheduler,
    });
  }

  /** Asks; the answer is told as `NAME ok` or `NAME CODE`, and is kept in the box. */
  ask<V extends Exclude<VerbName, "start">>(
    name: string,
    verb: V,
    params: VerbParams<V>,
    caller: Caller = NOBODY,
  ): { answer: VerbAnswers[V] | undefined } {
    const box: { answer: VerbAnswers[V] | undefined } = { answer: undefined };
    this.hub.call(caller, verb, params, (outcome) => {
      this.told.push(`${name} ${"ok" in outcome ? "ok" : outcome.error.code}`);
      if ("ok" in outcome) box.answer = outcome.ok;
    });
    return box;
  }

  signal(name: string, text = "hello", to = "reviewer@shop"): { answer: VerbAnswers["signal"] | undefined } {
    return this.ask(name, "signal", { to, text });
  }

  sink(name: string): PushSink {
    return {
      push: (kind, value) => {
        const open = kind === "mailbox" ? ` open=${(value as MailboxView).open}` : "";
        this.told.push(`${name} hears ${kind}${open}`);
      },
      displaced: () => void this.told.push(`${name} is displaced`),
    };
  }

  start(name: string, sink: PushSink | null, instance = "i"): { answer: VerbAnswers["start"] | undefined } {
    const box: { answer: VerbAnswers["start"] | undefined } = { answer: undefined };
    const params = {
      kind: "daemon",
      persona: "reviewer",
      project: "shop",
      instance,
      protocol: 1,
      version: "1",
    } as const;
    this.hub.start(HOME, params, sink, (outcome) => {
      this.told.push(`${name} ${"ok" in outcome ? "ok" : outcome.error.code}`);
      if ("ok" in outcome) box.answer = outcome.ok;
    });
    return box;
  }

  /** A daemon that listens as `daemon`; what was told until then is forgotten. @returns its session */
  startDaemon(): { readonly session: string; readonly sink: PushSink } {
    const sink = this.sink("daemon");
    const { answer } = this.settled(() => this.start("start", sink));
    this.told.length = 0;
    this.store.commits.length = 0;
    return { session: answer?.session ?? "", sink };
  }

  settled<T>(ask: () => T): T {
    const result = ask();
    this.scheduler.settle();
    return result;
  }
}
