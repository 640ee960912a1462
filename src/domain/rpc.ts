/**
 * JSON-RPC 2.0, as spoken on the IPC socket (one message a line) and on the hub's socket (one message a
 * frame). Parsing and printing only: no socket, no dispatch. Batches are refused: nobody here sends them.
 * Source: JSON-RPC 2.0 specification, sections 4 and 5.
 */
import { type ErrorCode, type ErrorReport, PrismError } from "./errors.ts";
import { limits } from "./limits.ts";

export type RpcId = string | number | null;

export type RpcMessage =
  | { readonly kind: "request"; readonly id: RpcId; readonly method: string; readonly params: unknown }
  | { readonly kind: "notification"; readonly method: string; readonly params: unknown }
  | { readonly kind: "result"; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: "error"; readonly id: RpcId; readonly error: ErrorReport };

/** JSON-RPC's own numbers where they fit; the rest in the range that the specification leaves to servers. */
export const RPC_ERROR_NUMBERS = {
  malformed: -32700,
  unknown_verb: -32601,
  invalid_argument: -32602,
  unknown_key: -32602,
  internal: -32603,
  too_large: -32001,
  unauthorized: -32002,
  permission_denied: -32003,
  not_found: -32004,
  target_unknown: -32010,
  target_wrapped: -32011,
  target_stale: -32012,
  session_unknown: -32013,
  session_gone: -32014,
  signal_unknown: -32015,
  key_conflict: -32016,
  address_taken: -32017,
  already_running: -32018,
  port_taken: -32019,
  mailbox_full: -32020,
  overloaded: -32021,
  storage_full: -32022,
  storage_failed: -32023,
  matter_closed: -32024,
  loop_stopped: -32025,
  persona_archived: -32026,
  hub_unreachable: -32030,
  hub_timeout: -32031,
  daemon_unreachable: -32032,
  protocol_mismatch: -32033,
  unsupported: -32034,
  surface_failed: -32035,
  interrupted: -32036,
} as const satisfies Record<ErrorCode, number>;

/**
 * @param json one message, without its line end; at most `limits.messageBytesMax`
 * @throws PrismError `malformed` (not JSON, too deep, no JSON-RPC message) or `too_large`
 */
export function parseRpc(json: string): RpcMessage {
  if (json.length > limits.messageBytesMax) {
    throw new PrismError("too_large", `the message is longer than ${limits.messageBytesMax} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new PrismError("malformed", "the message is not JSON", { hint: "send one JSON-RPC 2.0 object" });
  }
  return readRpc(value);
}

function readRpc(value: unknown): RpcMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PrismError("malformed", "the message is not a JSON-RPC 2.0 object", {
      hint: "send one object, no batch",
    });
  }
  const message = value as { [key: string]: unknown };
  if (message["jsonrpc"] !== "2.0") {
    throw new PrismError("malformed", 'the message lacks "jsonrpc": "2.0"');
  }
  if (
    !fitsDepth(message["params"], limits.messageDepthMax) ||
    !fitsDepth(message["result"], limits.messageDepthMax)
  ) {
    throw new PrismError("malformed", `the message is nested deeper than ${limits.messageDepthMax}`);
  }
  const id = message["id"];
  const method = message["method"];
  if (id !== undefined && id !== null && typeof id !== "string" && typeof id !== "number") {
    throw new PrismError("malformed", "the message's id is neither a text nor a number");
  }
  if (typeof method === "string") {
    const params = message["params"];
    return id === undefined
      ? { kind: "notification", method, params }
      : { kind: "request", id, method, params };
  }
  if (method === undefined && id !== undefined && "result" in message)
    return { kind: "result", id, result: message["result"] };
  if (method === undefined && id !== undefined && "error" in message)
    return { kind: "error", id, error: errorIn(message["error"]) };
  throw new PrismError("malformed", "the message is neither a request nor an answer");
}

function errorIn(value: unknown): ErrorReport {
  const error = (typeof value === "object" && value !== null ? value : {}) as { [key: string]: unknown };
  const data = (
    typeof error["data"] === "object" && error["data"] !== null ? error["data"] : {}
  ) as ErrorReport;
  const message =
    typeof error["message"] === "string" ? error["message"] : "the other side failed without a message";
  return { ...data, code: data.code ?? "internal", message };
}

function fitsDepth(value: unknown, depthLeft: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depthLeft === 0) return false;
  for (const key in value) {
    if (!fitsDepth((value as { [key: string]: unknown })[key], depthLeft - 1)) return false;
  }
  return true;
}

export function requestText(id: RpcId, method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

export function notificationText(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}

export function resultText(id: RpcId, result: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

export function errorText(id: RpcId, report: ErrorReport): string {
  const { message, ...data } = report;
  return JSON.stringify({
    jsonrpc: "2.0",
    id,
    error: { code: RPC_ERROR_NUMBERS[report.code], message, data },
  });
}
