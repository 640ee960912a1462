/**
 * Whether a thread takes words that were sent to it: seen by the item that Codex makes of them when a turn takes
 * them, which carries the id that they were sent with. That is the agent's own side, and needs no hook; a hook's
 * receipt, where hooks run, is as good.
 */
import type { AgentSide } from "../agent-side.ts";
import { type AppServer, memberAt, type Notice, textAt } from "./app-server.ts";
import { BEGIN_MS_MAX, TAKE_MS_MAX } from "./limits.ts";

export type Taking =
  | "taken"
  /** The agent was told in another way meanwhile: by a hook, or it drained. */
  | "elsewhere"
  /** A turn began, and ended without them. */
  | "refused"
  /** A turn began, and has not taken them in its time. */
  | "pending"
  /** No turn began in time, or it was called off. */
  | "nothing"
  /** The connection is gone. */
  | "lost";

/**
 * Begun before the words are sent, on a connection that is told of the thread's turns. Never rejects.
 *
 * @param id the words' own
 */
export function followed(
  server: AppServer,
  thread: string,
  id: string,
  agent: AgentSide,
  cancelled: AbortSignal,
): Promise<Taking> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const until = AbortSignal.any([cancelled, server.gone, over.signal]);
    let hasBegun = false;
    const end = (taking: Taking): void => {
      clearTimeout(timer);
      resolve(taking);
      over.abort();
    };
    let timer = setTimeout(() => end("nothing"), BEGIN_MS_MAX);
    until.addEventListener("abort", () => end(server.gone.aborted ? "lost" : "nothing"), { once: true });
    if (until.aborted) return end("nothing");
    server.hear((notice) => {
      const sign = signIn(notice, thread, id);
      if (sign === "taken") end("taken");
      else if (sign === "ended" && hasBegun) end("refused");
      else if (sign === "begun" && !hasBegun) {
        hasBegun = true;
        clearTimeout(timer);
        timer = setTimeout(() => end("pending"), TAKE_MS_MAX);
      }
    }, until);
    void agent.receiptAfter(agent.receipts, until).then((receipt) => {
      if (receipt === null) return;
      end(receipt.by === "prompt" && receipt.session === thread ? "taken" : "elsewhere");
    });
  });
}

function signIn({ method, params }: Notice, thread: string, id: string): "taken" | "begun" | "ended" | null {
  if (textAt(params, "threadId") !== thread) return null;
  switch (method) {
    case "item/started":
    case "item/completed": {
      const item = memberAt(params, "item");
      return textAt(item, "type") === "userMessage" && textAt(item, "clientId") === id ? "taken" : null;
    }
    case "turn/started":
      return "begun";
    case "turn/completed":
      return "ended";
    default:
      return null;
  }
}
