/**
 * When to dial the hub again, and after which refusals not at all: one row for every failure code, and the
 * windows that a delay is drawn from. Draws no randomness and reads no clock: both are handed in.
 */
import type { ErrorCode } from "../domain/errors.ts";

export interface RetryPlan {
  /** Windows of the delay, one a failure in a row; the last one repeats. Full jitter: 0 to the window. */
  readonly soonWindowsMs: readonly number[];
  /** Where in `soonWindowsMs` a daemon begins that lost a connection, instead of failing to get one. */
  readonly lossWindow: number;
  /** Windows after a refusal that time alone does not heal. Half to the whole of it. */
  readonly slowWindowsMs: readonly number[];
  /** A connection that was settled this long has proven stable: the next loss begins anew. */
  readonly stableMs: number;
  readonly dialTimeoutMs: number;
  readonly startTimeoutMs: number;
}

/**
 * Invariant 7 in figures: 50 daemons must be CONNECTED within 5 s of the hub's return, and never dial more
 * than 20 times in 100 ms. So no window is longer than 4 s: whoever dialled just before the return is back
 * 4 s later; and none that many share is shorter than 1 s: 50 over one second are 5 in 100 ms, over 2.5 s
 * they are 2. A longer window for a longer outage would gain nothing: a dial to a closed port costs about
 * 0.3 ms of processor time, once in 2 s.
 */
export const RETRY_PLAN: RetryPlan = {
  soonWindowsMs: [1000, 2500, 4000],
  lossWindow: 1,
  slowWindowsMs: [5000, 15_000, 30_000, 60_000],
  stableMs: 10_000,
  // Two retransmissions of a lost SYN (1 s, 3 s) still count; a third would come too late for the 5 s above.
  dialTimeoutMs: 4000,
  startTimeoutMs: 10_000,
};

/**
 * `soon`: the hub or the way to it is gone and comes back by itself.
 * `slowly`: somebody has to act (replace a token, update one side, free a disk), and may do so at any time.
 *   Ending instead would have the launcher restart the daemon into the same refusal, at more cost, with its
 *   metrics and its IPC gone in between: a daemon that stays up can say in `status` what is wrong.
 * `wrapped`: the hub says that this session was ended in order: it must not come back on its own.
 * `failed`: another daemon holds the address: two watchmen would ring twice, so the second one leaves. Or its
 *   persona is archived: nobody starts for it until somebody restores it, who starts its daemon again as well.
 */
export type RetryPolicy = "soon" | "slowly" | "wrapped" | "failed";

export const RETRY_POLICIES = {
  invalid_argument: "slowly",
  unknown_key: "slowly",
  unknown_verb: "slowly",
  malformed: "slowly",
  too_large: "slowly",
  unauthorized: "slowly",
  permission_denied: "slowly",
  not_found: "slowly",
  target_unknown: "slowly",
  target_wrapped: "wrapped",
  target_stale: "slowly",
  persona_archived: "failed",
  session_unknown: "soon", // the hub forgot the session: the next start asks for a new one
  session_gone: "wrapped",
  signal_unknown: "slowly",
  key_conflict: "slowly",
  matter_closed: "slowly",
  loop_stopped: "slowly",
  address_taken: "failed",
  already_running: "failed",
  port_taken: "slowly",
  mailbox_full: "slowly",
  overloaded: "slowly",
  storage_full: "slowly",
  storage_failed: "slowly",
  hub_unreachable: "soon",
  hub_timeout: "soon",
  daemon_unreachable: "soon",
  protocol_mismatch: "slowly",
  unsupported: "slowly",
  surface_failed: "soon",
  interrupted: "soon",
  internal: "slowly",
} as const satisfies Record<ErrorCode, RetryPolicy>;

/**
 * @param failures failures in a row before this one, 0..n
 * @param random 0 (inclusive) to 1 (exclusive)
 * @returns milliseconds until the next dial
 */
export function retryDelayMs(
  plan: RetryPlan,
  failure: { readonly policy: "soon" | "slowly"; readonly failures: number; readonly random: number },
): number {
  const { policy, failures, random } = failure;
  const windows = policy === "soon" ? plan.soonWindowsMs : plan.slowWindowsMs;
  const windowMs = windows[Math.min(failures, windows.length - 1)] ?? 0;
  return Math.round(policy === "soon" ? random * windowMs : (0.5 + random / 2) * windowMs);
}
