/**
 * Which of the few classes of trouble a failure is of: the label `error_class` of metrics, and the field of that name
 * in the log. Knows neither.
 */
import type { ErrorClass, ErrorCode } from "./errors.ts";

/** Invariant 9: every failure has a class, and what fits none is `unclassified`. */
export const ERROR_CLASS_OF = {
  invalid_argument: "protocol",
  unknown_key: "protocol",
  unknown_verb: "protocol",
  malformed: "protocol",
  too_large: "protocol",
  unauthorized: "connection",
  permission_denied: "storage",
  not_found: "storage",
  target_unknown: "protocol",
  target_wrapped: "protocol",
  target_stale: "protocol",
  persona_archived: "protocol",
  session_unknown: "protocol",
  session_gone: "protocol",
  signal_unknown: "protocol",
  key_conflict: "protocol",
  matter_closed: "protocol",
  loop_stopped: "protocol",
  address_taken: "protocol",
  already_running: "unclassified",
  port_taken: "connection",
  mailbox_full: "protocol",
  overloaded: "connection",
  storage_full: "storage",
  storage_failed: "storage",
  hub_unreachable: "connection",
  hub_timeout: "connection",
  daemon_unreachable: "connection",
  protocol_mismatch: "protocol",
  unsupported: "surface",
  surface_failed: "surface",
  interrupted: "connection",
  internal: "unclassified",
} as const satisfies Record<ErrorCode, ErrorClass>;
