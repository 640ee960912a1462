/**
 * The least that can drive the hub's decisions: decide, commit to a memory store, read what the answer needs.
 * Without batches or an event loop, so that a test sees each command by itself.
 */

import { loopBounds } from "../../src/hub/core/bounds.ts";
import {
  type Command,
  complete,
  completeDrain,
  HubCore,
  type Outcome,
  type Push,
  type Reply,
} from "../../src/hub/core/core.ts";
import type { Changes, Found, SignalHead, Snapshot, Want } from "../../src/hub/store/store.ts";
import { MemoryDisk, MemoryStore } from "./memory-store.ts";

export interface Told {
  readonly pushes: readonly Push[];
  readonly detached: readonly string[];
  readonly endedTokens: ReadonlySet<string>;
}

export class HubDriver {
  readonly disk = new MemoryDisk();
  readonly #newId: () => string;
  #store = new MemoryStore(this.disk);
  nowMs = 0;
  core: HubCore;

  constructor(newId: () => string) {
    this.#newId = newId;
    this.core = this.#newCore();
  }

  #newCore(): HubCore {
    return new HubCore(
      {
        snapshot: this.#load(),
        retentionMs: 7 * 86_400_000,
        version: "1.0.0",
        startedAtMs: this.nowMs,
        newId: this.#newId,
        loops: loopBounds,
        host: "hub-host",
        before: null,
      },
      this.nowMs,
    );
  }

  #load(): Snapshot {
    const loaded: { snapshot: Snapshot | null } = { snapshot: null };
    this.#store.load((_error, snapshot) => {
      loaded.snapshot = snapshot;
    });
    if (loaded.snapshot === null) throw new Error("the memory store is unreadable");
    return loaded.snapshot;
  }

  /** The process ends at once, and another one opens what was durable. */
  restart(): void {
    this.#store = new MemoryStore(this.disk);
    this.core = this.#newCore();
  }

  advance(ms: number): Told {
    this.nowMs += ms;
    this.core.tick(this.nowMs);
    return this.settle();
  }

  decide(command: Command): Told & { readonly outcome: Outcome } {
    const reply = this.core.decide(command, this.nowMs, this.#answered(command));
    const told = this.settle();
    return { outcome: this.#answer(reply), ...told };
  }

  #answered(command: Command): SignalHead | null {
    const position = this.core.answeredBy(command);
    if (position === null) return null;
    return this.#found({ kind: "signals", positions: [position] }).signals[0] ?? null;
  }

  /** Commits what gathered; what is told is true from here on. */
  settle(): Told {
    const { changes, pushes, detached, endedTokens } = this.core.take();
    if (changes !== null) this.#commit(changes);
    return { pushes, detached, endedTokens };
  }

  #commit(changes: Changes): void {
    this.#store.commit(structuredClone(changes), (error) => {
      if (error !== null) throw error;
    });
  }

  #answer(reply: Reply): Outcome {
    if (reply.kind === "done") return reply.outcome;
    const positions = reply.kind === "drained" ? reply.signals.map(({ head }) => head.position) : [];
    const want: Want = reply.kind === "wanting" ? reply.want : { kind: "signals", positions };
    const found = this.#found(want);
    if (reply.kind === "wanting") return complete(this.core.names, reply.finish, found);
    return completeDrain(
      reply,
      (position) => found.signals.find((signal) => signal.position === position)?.text,
    );
  }

  #found(want: Want): Found {
    let found: Found = { signals: [], next: null };
    this.#store.read([want], (_error, all) => {
      found = all[0] ?? found;
    });
    return found;
  }
}
