/**
 * The header `traceparent` of W3C Trace Context: how a sender says which trace its signal belongs to. Read strictly, and
 * written in one form only. Knows no wire, no span and no exporter.
 * Source: W3C Trace Context, levels 1 and 2, section 3.2.
 */
import { printable } from "./address.ts";
import { PrismError } from "./errors.ts";

/** A later version may say more behind its 55 characters, which nobody here can read. */
export const TRACEPARENT_CHARS_MAX = 512;

export interface TraceContext {
  /** 32 lower-case hex digits, not all 0. */
  readonly traceId: string;
  /** The sender's span: 16 lower-case hex digits, not all 0. */
  readonly parentId: string;
  /** The sender keeps what it records of this trace. */
  readonly sampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
/** `sampled` and, of level 2, `random-trace-id`: the others are not ours to pass on. */
const FLAGS_KNOWN = 0x03;

/** @returns in the form of version 00, or null for what a receiver must ignore */
export function normalTraceparent(text: string): string | null {
  const [, version = "", traceId = "", parentId = "", flags = "", more] =
    text.length > TRACEPARENT_CHARS_MAX ? [] : (FORM.exec(text) ?? []);
  if (version === "" || version === "ff" || (version === "00" && more !== undefined)) return null;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return null;
  const known = (Number.parseInt(flags, 16) & FLAGS_KNOWN).toString(16).padStart(2, "0");
  return `00-${traceId}-${parentId}-${known}`;
}

/** @throws PrismError `invalid_argument`: for where it was given on purpose, and not with a request on its way */
export function traceparentGiven(text: string): string {
  const normal = normalTraceparent(text);
  if (normal !== null) return normal;
  throw new PrismError("invalid_argument", `"${printable(text, 80)}" is no W3C traceparent`, {
    hint: "write it as in 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, with lower-case hex digits, or leave it out",
  });
}

/**
 * The parameters of a signal with the trace that was told beside them: in the header `traceparent` of HTTP, or in
 * `_meta.traceparent` of an MCP call (MCP 2026-07-28 and SEP-414). What is malformed there is ignored, as W3C asks for;
 * what was said on purpose, as a parameter, goes before it.
 *
 * @param beside as it came, unchecked; several headers of the name come as one list, which is malformed too
 */
export function tracedBy<P>(beside: unknown, params: P): P {
  if (typeof beside !== "string" || typeof params !== "object" || params === null) return params;
  if (Array.isArray(params) || "traceparent" in params) return params;
  const traceparent = normalTraceparent(beside);
  return traceparent === null ? params : { ...params, traceparent };
}

/** @param traceparent as `normalTraceparent` gave it */
export function traceContextOf(traceparent: string): TraceContext {
  const [, traceId = "", parentId = "", flags = "00"] = traceparent.split("-");
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
