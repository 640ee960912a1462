/**
 * The one way from an edge to the hub's verbs: find the verb, check the parameters, call. HTTP, MCP and the
 * socket differ only in what stands around it. Knows no wire.
 */
import { printable } from "../../domain/address.ts";
import { type ErrorReport, PrismError, reportOf } from "../../domain/errors.ts";
import { faultText, type Log } from "../../domain/log.ts";
import { nearest, readShape } from "../../domain/shape.ts";
import { type DaemonVerb, isDaemonVerb, VERBS, type VerbAnswers, type VerbName } from "../../domain/verbs.ts";
import type { Answered, Caller, HubService, PushSink } from "../service.ts";

/** Verbs that stand on every edge: all but a daemon's words on its socket. */
export const OPEN_VERBS = Object.keys(VERBS).filter((verb) => !isDaemonVerb(verb)) as Exclude<
  VerbName,
  DaemonVerb
>[];

export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERBS, name);
}

/** @returns the failure for a verb that does not exist, with the nearest that does */
export function unknownVerb(name: string, known: readonly string[]): PrismError {
  const near = nearest(name, known);
  return new PrismError("unknown_verb", `there is no verb "${printable(name, 40)}"`, {
    hint: near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`,
  });
}

export interface VerbCall {
  readonly caller: Caller;
  readonly verb: VerbName;
  /** As it came: checked here. */
  readonly params: unknown;
  /** For `start` only: where the session's pushes go, or null if it will hear none. */
  readonly sink: PushSink | null;
}

/**
 * Checks and calls. Never throws: a wrong parameter, and a bug in the engine, come as an answer too.
 *
 * @param answered at most once; synchronously only when the parameters are wrong
 */
export function callVerb(
  service: HubService,
  call: VerbCall,
  log: Log,
  answered: Answered<VerbAnswers[VerbName]>,
): void {
  try {
    const { caller, verb } = call;
    if (verb === "start") {
      service.start(caller, readShape(VERBS.start.params, call.params, "params"), call.sink, answered);
      return;
    }
    const params = readShape<unknown>(VERBS[verb].params, call.params, "params");
    service.call(caller, verb, params as never, answered);
  } catch (error) {
    answered({ error: failureOf(error, log, call.verb) });
  }
}

/** What a peer may know of a failure; what it may not know goes to the log. */
export function failureOf(error: unknown, log: Log, during: string): ErrorReport {
  if (!(error instanceof PrismError)) {
    log("error", "edgeFailed", { code: "internal", during, fault: faultText(error) });
  }
  return reportOf(error);
}
