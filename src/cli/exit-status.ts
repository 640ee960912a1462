/**
 * The exit status of every failure: the command line's own table over `ErrorCode`. A code without a row
 * does not compile. The numbers are those of BSD's sysexits.h, so that a script or a service manager can
 * tell "you typed it wrong" from "try again later" without reading a message.
 * Source: sysexits(3).
 */
import { type ErrorCode, PrismError } from "../domain/errors.ts";

export const EXIT = {
  ok: 0,
  wake: 2, // no failure: a hook that blocked wakes its agent's session by it
  usage: 64, // the command was typed wrong
  data: 65, // what was given to read is broken
  noInput: 66, // what was named does not exist
  noUser: 67, // the addressee is not known, or takes no more
  unavailable: 69, // a part that is needed is not there
  software: 70, // a bug in Prism
  osError: 71, // the system refused something that is not a file
  cantCreate: 73, // what would be made is held by somebody else
  ioError: 74, // the disk
  tempFail: 75, // try again later
  protocol: 76, // the two sides do not speak one version
  noPermission: 77, // a token or the operating system says no
  config: 78, // a configuration file or a PRISM_ variable is wrong, or its persona is archived
  interrupted: 130, // 128 + SIGINT, as shells have it
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Started again, a program that ended so would only say the same: service managers leave it. */
export const FINAL_STATUSES: readonly ExitStatus[] = [EXIT.usage, EXIT.config];

export const EXIT_STATUSES = {
  invalid_argument: EXIT.usage,
  unknown_key: EXIT.usage,
  unknown_verb: EXIT.usage,
  malformed: EXIT.data,
  too_large: EXIT.data,
  key_conflict: EXIT.data,
  matter_closed: EXIT.data,
  not_found: EXIT.noInput,
  signal_unknown: EXIT.noInput,
  target_unknown: EXIT.noUser,
  target_wrapped: EXIT.noUser,
  session_unknown: EXIT.noUser,
  session_gone: EXIT.noUser,
  target_stale: EXIT.tempFail,
  mailbox_full: EXIT.tempFail,
  loop_stopped: EXIT.tempFail,
  overloaded: EXIT.tempFail,
  hub_timeout: EXIT.tempFail,
  hub_unreachable: EXIT.unavailable,
  daemon_unreachable: EXIT.unavailable,
  address_taken: EXIT.unavailable,
  unsupported: EXIT.unavailable,
  surface_failed: EXIT.unavailable,
  internal: EXIT.software,
  port_taken: EXIT.osError,
  already_running: EXIT.cantCreate,
  storage_full: EXIT.ioError,
  storage_failed: EXIT.ioError,
  protocol_mismatch: EXIT.protocol,
  // A daemon that ends so must not be started again until somebody restores its persona: see FINAL_STATUSES.
  persona_archived: EXIT.config,
  unauthorized: EXIT.noPermission,
  permission_denied: EXIT.noPermission,
  interrupted: EXIT.interrupted,
} as const satisfies Record<ErrorCode, ExitStatus>;

/**
 * A configuration file or a `PRISM_` variable is at fault, whatever its code says: the same wrong duration
 * is a usage error on the command line and a configuration error in a file. The code alone can't tell.
 */
export class ConfigError extends PrismError {
  constructor(fault: PrismError) {
    super(fault.code, fault.message, {
      cause: fault,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    });
  }
}

/** @param error anything thrown; what is no `PrismError` is a bug */
export function exitStatusOf(error: unknown): ExitStatus {
  if (error instanceof ConfigError) return EXIT.config;
  return error instanceof PrismError ? EXIT_STATUSES[error.code] : EXIT.software;
}
