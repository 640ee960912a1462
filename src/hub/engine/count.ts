/**
 * What one batch adds to the hub's counters, once it is durable and told: a few additions for a batch, and one for each
 * signal that was drained, because each has waited for a time of its own.
 */
import type { HubCounters } from "../../metrics/hub.ts";
import type { Batch, Reply } from "../core/core.ts";
import type { TakenSignal } from "../core/reply.ts";

export function countBatch(
  counters: HubCounters,
  { changes, pushes, deliveries, stops }: Batch,
  told: {
    readonly replies: readonly Reply[];
    /** From the first decision of the batch to now. */
    readonly tookMs: number;
    readonly nowMs: number;
    /** Somebody follows what is drained. */
    readonly drained: ((signals: readonly TakenSignal[]) => void) | undefined;
  },
): void {
  const { signals, pushSeconds, drainSeconds } = counters;
  counters.loopsStopped += stops.length;
  signals.delivered += deliveries;
  if (changes !== null) {
    signals.pending += changes.signals.length;
    for (const { state } of changes.progress) if (state !== "delivered") signals[state]++;
  }
  if (pushes.length > 0) pushSeconds.observe(told.tookMs / 1000, pushes.length);
  for (const reply of told.replies) {
    if (reply.kind !== "drained") continue;
    told.drained?.(reply.signals);
    for (const { head } of reply.signals)
      drainSeconds.observe(Math.max(0, told.nowMs - head.acceptedAtMs) / 1000);
  }
}
