/**
 * Which open signals a drain takes, and which it leaves: a signal to one session is kept for that session as long as it
 * lives. Only chooses; what becomes of them is the mailroom's.
 */
import type { OpenSignal } from "./mailbox.ts";
import { isAlive, type Registered } from "./registry.ts";

export interface Taken {
  readonly signals: OpenSignal[];
  readonly remaining: number;
  readonly elsewhere: number;
  /** Every open signal up to here was handed over or is told of as remaining. */
  readonly told: number;
}

/** Chooses, oldest first, what this reader may have within the bounds; at least one if any is for it. */
export function take(
  at: Registered,
  reader: string | null,
  bound: { readonly limit: number; readonly bytesMax: number },
  nowMs: number,
): Taken {
  const { mailbox } = at;
  const signals: OpenSignal[] = [];
  let bytes = 0;
  let keptForOthers = 0;
  let told = mailbox.through;
  let full = bound.limit === 0;
  for (let signal = mailbox.oldest; signal !== null; signal = signal.after) {
    // Without signals to single sessions there is nothing to be found behind the last one taken.
    if (full && mailbox.forSessions === 0) break;
    if (isKeptForAnother(at, signal, reader, nowMs)) {
      if (keptForOthers++ === 0) told = signal.head.position - 1;
      continue;
    }
    if (full) continue;
    bytes += signal.head.textBytes;
    full = signals.length > 0 && bytes > bound.bytesMax;
    if (full) continue;
    signals.push(signal);
    full = signals.length === bound.limit;
  }
  const remaining = mailbox.open - keptForOthers - signals.length;
  return { signals, remaining, elsewhere: keptForOthers, told };
}

/** A signal to one session is that session's, as long as it lives; then it is for whoever comes. */
function isKeptForAnother(at: Registered, signal: OpenSignal, reader: string | null, nowMs: number): boolean {
  const id = signal.head.session;
  if (id === null || id === reader) return false;
  const owner = at.sessions.find((session) => session.id === id);
  return owner !== undefined && isAlive(owner, nowMs);
}
