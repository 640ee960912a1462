/**
 * Whether a thread takes words that were sent to it: seen by the item that Codex makes of them when a turn takes
 * them, which carries the id that they were sent with. That is the agent's own side, and needs no hook; a hook's
 * receipt, where hooks run, is as good.
 *
 * A thread that never had a turn can't be followed yet. Of that one everybody is told when it begins; then it can be
 * followed, and what it begins with becomes its preview.
 */
import type { Log } from "../../domain/log.ts";
import type { AgentSide } from "../agent-side.ts";
import { type AppServer, memberAt, type Notice, textAt } from "./app-server.ts";
import type { CodexLimits } from "./limits.ts";

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

/** It may be cut short; that much of a doorbell nobody else says. */
const PREVIEW_CHARS = 32;

export type Following =
  /** `isFresh`: it never had a turn, and is followed once it has. */
  { readonly ok: true; readonly isFresh: boolean } | { readonly ok: false; readonly reason: string };

/**
 * Asks to be told of a thread's turns. It changes nothing of a thread that is loaded; requests for approval that come
 * with it are left to the person they are for.
 */
export async function follow(server: AppServer, thread: string, cancelled: AbortSignal): Promise<Following> {
  const answer = await server.ask("thread/resume", { threadId: thread, excludeTurns: true }, cancelled);
  if (answer.ok) return { ok: true, isFresh: false };
  if (/no rollout found/.test(answer.reason)) return { ok: true, isFresh: true };
  return { ok: false, reason: answer.reason };
}

/** Who hears of receipts, and for how long. */
export interface Listening {
  readonly agent: AgentSide;
  readonly limits: CodexLimits;
  readonly log: Log;
}

/**
 * Begun before the words are sent, on a connection that is told of the thread's turns. Never rejects.
 *
 * @param words as they are sent: the thread, and an id of their own
 */
export function followed(
  server: AppServer,
  words: { readonly thread: string; readonly id: string; readonly text: string },
  { agent, limits, isFresh }: Omit<Listening, "log"> & { readonly isFresh: boolean },
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
    let timer = setTimeout(() => end("nothing"), limits.beginMsMax);
    until.addEventListener("abort", () => end(server.gone.aborted ? "lost" : "nothing"), { once: true });
    if (until.aborted) return end("nothing");
    server.hear((notice) => {
      const sign = signIn(notice, words.thread, words.id);
      if (sign === "taken") end("taken");
      else if (sign === "ended" && hasBegun) end("refused");
      else if (sign === "begun" && !hasBegun) {
        hasBegun = true;
        clearTimeout(timer);
        timer = setTimeout(() => end("pending"), limits.takeMsMax);
        if (isFresh) void beganWith(server, words, until).then((did) => did && end("taken"));
      }
    }, until);
    void agent.receiptAfter(agent.receipts, until).then((receipt) => {
      if (receipt === null) return;
      end(receipt.by === "prompt" && receipt.session === words.thread ? "taken" : "elsewhere");
    });
  });
}

/** Whether these words began a thread that could not be followed before: it is from here on. */
async function beganWith(
  server: AppServer,
  { thread, text }: { readonly thread: string; readonly text: string },
  until: AbortSignal,
): Promise<boolean> {
  await follow(server, thread, until);
  const read = await server.ask("thread/read", { threadId: thread }, until);
  const preview = read.ok ? (textAt(read.result, "thread", "preview") ?? "") : "";
  return preview !== "" && text.startsWith(preview.slice(0, PREVIEW_CHARS));
}

function signIn({ method, params }: Notice, thread: string, id: string): "taken" | "begun" | "ended" | null {
  if (textAt(params, "threadId") !== thread) return null;
  switch (method) {
    case "item/started":
    case "item/completed": {
      const item = memberAt(params, "item");
      return textAt(item, "type") === "userMessage" && textAt(item, "clientId") === id ? "taken" : null;
    }
    case "thread/status/changed":
      return textAt(params, "status", "type") === "active" ? "begun" : null;
    case "turn/started":
      return "begun";
    case "turn/completed":
      return "ended";
    default:
      return null;
  }
}
