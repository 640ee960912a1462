/**
 * Asks the hub once, for a verb that ends with the answer. What goes wrong on the way is told in a person's
 * terms: which hub, which token, what to start.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import type { VerbAnswers, VerbName, VerbParams } from "../domain/verbs.ts";
import { errnoOf } from "../host/fs-error.ts";
import { callHub } from "../net/hub-client.ts";
import { type HubFlags, hubTarget, tokenSource } from "./hub-target.ts";
import { isPersonaToken } from "./persona-token.ts";
import type { Runtime } from "./runtime.ts";

export interface HubQuestion<V extends VerbName> {
  readonly verb: V;
  readonly params: VerbParams<V>;
  /**
   * For a verb with a key: what asking again with it does. A call whose answer got lost may have been done or
   * not; asked again with its key it is done once, so whoever has to give up is told the key.
   */
  readonly again?: { readonly key: string; readonly does: string };
  readonly timeoutMs?: number;
}

/** @throws PrismError */
export async function askHub<V extends VerbName>(
  flags: HubFlags,
  runtime: Runtime,
  question: HubQuestion<V>,
): Promise<VerbAnswers[V]> {
  const target = hubTarget(flags, runtime);
  try {
    return await callHub(
      { ...target, ...(question.timeoutMs === undefined ? {} : { timeoutMs: question.timeoutMs }) },
      question.verb,
      question.params,
    );
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    const shown = printable(target.url, 200);
    if (error.code === "unauthorized") {
      const source = tokenSource(flags, runtime);
      const isOwn = flags.tokenFile !== undefined && isPersonaToken(flags.tokenFile, runtime.home);
      throw unknownToken(shown, { source, isOwn }, error);
    }
    const lost = goingDown(error) ?? error;
    if (lost.code === "hub_unreachable" || lost.code === "hub_timeout") {
      throw withoutAnswer(lost, { shown, isLocal: flags.hub === undefined, again: question.again });
    }
    throw error;
  }
}

/** A hub on its way down says `interrupted` of itself; here nobody was: the caller finds no hub. */
function goingDown(error: PrismError): PrismError | undefined {
  if (error.code !== "interrupted") return undefined;
  return new PrismError("hub_unreachable", error.message, {
    hint: "try again once it is back",
    cause: error,
  });
}

function unknownToken(
  hub: string,
  { source, isOwn }: { readonly source: string; readonly isOwn: boolean },
  cause: PrismError,
): PrismError {
  if (isOwn && source !== "PRISM_TOKEN") {
    return new PrismError(
      "unauthorized",
      `the hub at ${hub} does not know the persona's token in ${source}`,
      {
        hint: "create the persona again, which makes it known: see prism help persona create",
        cause,
      },
    );
  }
  return new PrismError("unauthorized", `the hub at ${hub} does not know the token in ${source}`, {
    hint:
      source === "PRISM_TOKEN"
        ? "copy the token from the hub's host into PRISM_TOKEN, or unset that: it wins over every file"
        : "copy the token from the hub's host, and name its file with PRISM_TOKEN_FILE",
    cause,
  });
}

interface Circumstances {
  readonly shown: string;
  /** Nobody named a hub: it is this host's own that is missing. */
  readonly isLocal: boolean;
  readonly again: HubQuestion<VerbName>["again"];
}

function withoutAnswer(error: PrismError, { shown, isLocal, again }: Circumstances): PrismError {
  const named = error.message.includes(shown)
    ? error.message
    : `the hub at ${shown} does not answer: ${error.message}`;
  // A certificate that is not trusted is shown by a hub that runs: starting another one would not help.
  const remedy = isLocal && isNobodyThere(error) ? 'start it with "prism hub"' : (error.hint ?? "try again");
  const repeat = again === undefined ? "" : `; then repeat with --key ${again.key}, so that ${again.does}`;
  return new PrismError(error.code, named, {
    hint: `${remedy}${repeat}`,
    ...(again === undefined ? {} : { key: again.key }),
    cause: error,
  });
}

/** The system found nobody at that port. */
function isNobodyThere(error: PrismError): boolean {
  return error.code === "hub_unreachable" && errnoOf(error.cause) === "ECONNREFUSED";
}
