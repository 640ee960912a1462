/** One verb as a promise, for edges where one more does not matter: HTTP and MCP. */
import { errorOf, PrismError } from "../../domain/errors.ts";
import type { VerbAnswers, VerbName } from "../../domain/verbs.ts";
import type { Bearer } from "../service.ts";
import type { Edge } from "./edge.ts";
import { callVerb } from "./verb-call.ts";

/**
 * @throws PrismError what the engine says, or `hub_timeout`
 */
export function answerOf<V extends VerbName>(
  edge: Edge,
  bearer: Bearer,
  verb: V,
  params: unknown,
): Promise<VerbAnswers[V]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new PrismError(
          "hub_timeout",
          `the hub could not answer ${verb} within ${edge.bounds.answerTimeoutMs} ms`,
          {
            hint: "ask again with the same key",
          },
        ),
      );
    }, edge.bounds.answerTimeoutMs);
    const caller = { ...bearer, session: null };
    callVerb(edge.service, { caller, verb, params, sink: null }, edge.log, (outcome) => {
      clearTimeout(timer);
      if ("ok" in outcome) resolve(outcome.ok as VerbAnswers[V]);
      else reject(errorOf(outcome.error));
    });
  });
}
