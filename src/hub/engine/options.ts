/** What an engine is made of. */
import type { Log } from "../../domain/log.ts";
import type { LoopBounds } from "../core/loops.ts";
import type { TakenSignal } from "../core/reply.ts";
import type { Store } from "../store/store.ts";
import type { EngineScheduler } from "./scheduler.ts";

export interface EngineOptions {
  readonly store: Store;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** New, unguessable ids of at most `limits.keyBytesMax` bytes. */
  readonly newId: () => string;
  /** How long drained and expired signals are kept. */
  readonly retentionMs: number;
  readonly loops?: Partial<LoopBounds>;
  /** The name of the hub's own host, for signals' traces. */
  readonly host?: string;
  /** Told of what was drained, once that is durable. Must not throw. */
  readonly drained?: (signals: readonly TakenSignal[]) => void;
  readonly version: string;
  readonly log: Log;
  readonly scheduler?: EngineScheduler;
}
