/**
 * The one closed set of failures, and the one error class that carries them.
 * Knows no exit status, HTTP status or JSON-RPC number: each edge owns its own table over `ErrorCode`.
 */

/** Every failure that Prism can report. A code without a row in an edge's table does not compile. */
export const ERROR_CODES = [
  "invalid_argument", // a value is of the wrong type, form or range
  "unknown_key", // a flag, configuration key or message member that does not exist
  "unknown_verb", // a verb, method or command that does not exist
  "malformed", // bytes that are no message at all: not JSON, not UTF-8, truncated, too deep
  "too_large", // a line, frame, text or batch over its limit
  "unauthorized", // no token, or one that the hub does not know
  "permission_denied", // refused to whoever asks: a file's owner or mode, a page's origin, a token's persona
  "not_found", // a file, folder or executable that was named does not exist
  "target_unknown", // the address was never registered
  "target_wrapped", // the address was ended in order and takes no more signals
  "target_stale", // the address was not heard from within its lease
  "persona_archived", // the persona is off duty until somebody restores it: no session may start for it
  "session_unknown", // the session named does not exist
  "session_gone", // the session named has ended or is not alive now
  "signal_unknown", // the signal id named does not exist, or retention has ended
  "matter_closed", // the signal replied to was final: no answer to it is wanted
  "loop_stopped", // two addresses answered each other too often in a row
  "key_conflict", // an idempotency key was used before for something else
  "address_taken", // another daemon, elsewhere, holds this persona and project
  "already_running", // another process on this host holds the lock
  "port_taken", // the address to listen on is in use
  "mailbox_full", // too many signals wait for this address
  "overloaded", // too many clients or requests at once; try again
  "storage_full", // the disk is full: nothing was written
  "storage_failed", // the store could not be read or written
  "hub_unreachable", // no connection to the hub
  "hub_timeout", // the hub did not answer in time
  "daemon_unreachable", // no daemon answers for this persona and project
  "protocol_mismatch", // the two sides speak versions with no overlap
  "unsupported", // this surface or this build cannot do it
  "surface_failed", // the surface could not be rung or resumed
  "interrupted", // a signal from the operating system, or a shutdown, ended it
  "internal", // a bug: detail goes to the log, never to a peer
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Metric label of invariant 9. Closed: what does not fit is `unclassified`. */
export const ERROR_CLASSES = ["connection", "protocol", "surface", "storage", "unclassified"] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** What a sender may learn of a target that takes no signal (invariant 4). */
export interface TargetReport {
  readonly address: string;
  readonly state: "alive" | "unknown" | "wrapped" | "stale" | "archived";
  /** Epoch milliseconds of the last word from it, or null if never. */
  readonly lastHeardAtMs: number | null;
}

export interface PrismErrorInit {
  /** What to do next: one sentence, no full stop. */
  readonly hint?: string;
  readonly target?: TargetReport;
  readonly key?: string;
  readonly cause?: unknown;
}

/**
 * An operation failed. The message names the action and quotes the values, one sentence, no full stop;
 * it never holds a secret or a signal's text.
 */
export class PrismError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly target: TargetReport | undefined;
  /** Asking again with this key does a lost signal or drain once. */
  readonly key: string | undefined;

  constructor(code: ErrorCode, message: string, init: PrismErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "PrismError";
    this.code = code;
    this.hint = init.hint;
    this.target = init.target;
    this.key = init.key;
  }
}

/** The same failure as plain data: what crosses a wire, and what `--json` prints under `error`. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly target?: TargetReport;
  /** Of a signal or drain whose answer got lost: asked again with this key, it is done once. */
  readonly key?: string;
}

/** Anything thrown, as data that may be shown to a peer: what is not a `PrismError` becomes `internal`. */
export function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof PrismError)) {
    return {
      code: "internal",
      message: "something went wrong inside Prism",
      hint: "see the log of the process that answered",
    };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.target === undefined ? {} : { target: error.target }),
    ...(error.key === undefined ? {} : { key: error.key }),
  };
}

/** A report that came over a wire, as an error to throw on this side. Unknown codes become `internal`. */
export function errorOf(report: ErrorReport): PrismError {
  const known = (ERROR_CODES as readonly string[]).includes(report.code);
  return new PrismError(known ? report.code : "internal", report.message, {
    ...(report.hint === undefined ? {} : { hint: report.hint }),
    ...(report.target === undefined ? {} : { target: report.target }),
    ...(report.key === undefined ? {} : { key: report.key }),
  });
}
