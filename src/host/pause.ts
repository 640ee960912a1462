/** A wait that can be called off. */
import { setTimeout as after } from "node:timers/promises";

/** Settles after `ms`, or as soon as it is called off. Never rejects. */
export async function pause(ms: number, cancelled?: AbortSignal): Promise<void> {
  await after(ms, undefined, cancelled === undefined ? {} : { signal: cancelled }).catch(() => {});
}
