/**
 * One request over a connection of its own, as the CLI, a script or an agent's HTTP client makes it: connect,
 * ask, take the answer, close. What comes back is an answer, a refusal, or nothing, and who gets nothing can't
 * know whether the request was carried out.
 */
import type { ErrorReport } from "../../src/domain/errors.ts";
import { parseRpc, requestText } from "../../src/domain/rpc.ts";
import type { VerbAnswers, VerbName, VerbParams } from "../../src/domain/verbs.ts";
import type { Process } from "./host.ts";
import type { CloseCause, Network } from "./network.ts";

/** Marks a request over HTTP, in this simulation's edge: its connection carries no session. */
export const ONE_SHOT_ID = "http";

export type Outcome<A> =
  | { readonly ok: A }
  | { readonly error: ErrorReport }
  | { readonly lost: CloseCause | "answerTimeout" };

export interface Request<V extends VerbName> {
  readonly verb: V;
  readonly params: VerbParams<V>;
  readonly timeoutMs: number;
  /** The hash of the persona's token that it is asked with; absent: the home token. */
  readonly token?: string;
}

/** As a header goes with a request: this simulation has none, and a member beside it does as well. */
function withToken(text: string, token: string | undefined): string {
  return token === undefined ? text : JSON.stringify({ ...JSON.parse(text), token });
}

/** The token that goes with a request, or null for the home token. */
export function tokenIn(text: string): string | null {
  const { token } = JSON.parse(text) as { readonly token?: string };
  return token ?? null;
}

/** Calls `done` exactly once, unless `process` dies first. */
export function callOnce<V extends VerbName>(
  network: Network,
  process: Process,
  request: Request<V>,
  done: (outcome: Outcome<VerbAnswers[V]>) => void,
): void {
  let settled = false;
  const settle = (outcome: Outcome<VerbAnswers[V]>): void => {
    if (settled) return;
    settled = true;
    timeout.cancel();
    end.close();
    done(outcome);
  };
  const timeout = process.after(request.timeoutMs, () => settle({ lost: "answerTimeout" }));
  const end = network.connect(process, {
    opened: () => end.send(withToken(requestText(ONE_SHOT_ID, request.verb, request.params), request.token)),
    message(text) {
      const message = parseRpc(text);
      if (message.kind === "result") settle({ ok: message.result as VerbAnswers[V] });
      if (message.kind === "error") settle({ error: message.error });
    },
    closed: (cause) => settle({ lost: cause }),
  });
}
