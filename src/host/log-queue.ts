/**
 * Log lines on their way to something that takes time: one batch at a time, in order, a bounded number of them. What
 * is too much is dropped and counted, so that neither a storm of lines nor a sink that hangs holds up the work. Knows
 * no sink.
 */
import type { LogEntry } from "./log.ts";

/** A daemon's chattiest hour is under way in a minute. */
const WAITING_MAX = 256;

export interface LogQueue {
  /** @returns false if there is no room for it */
  add(entry: LogEntry): boolean;
  /** Settles when all has gone its way, or after that time. */
  close(withinMs: number): Promise<void>;
}

/**
 * @param send takes all that waits, at most `batchMax`, oldest first. Never rejects: what it can't send it hands on
 *   or gives up by itself
 */
export function openLogQueue(
  send: (batch: readonly LogEntry[]) => Promise<void>,
  { batchMax, waitingMax = WAITING_MAX }: { readonly batchMax: number; readonly waitingMax?: number },
): LogQueue {
  const waiting: LogEntry[] = [];
  let sending: Promise<void> | undefined;

  async function run(): Promise<void> {
    // Once per turn of the loop: what is logged together goes together.
    await null;
    while (waiting.length > 0) await send(waiting.splice(0, batchMax));
    sending = undefined;
  }

  return {
    add(entry) {
      if (waiting.length >= waitingMax) return false;
      waiting.push(entry);
      sending ??= run();
      return true;
    },
    async close(withinMs) {
      if (sending === undefined) return;
      let timer: NodeJS.Timeout | undefined;
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      await Promise.race([sending, timeUp]);
      clearTimeout(timer);
    },
  };
}
