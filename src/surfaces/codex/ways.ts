/**
 * The two ways to ring a thread that a running Codex has loaded: its queue, and a turn of its own.
 *
 * There is no third by `turn/steer`, not even for what is urgent: words that are steered into a running turn can't be
 * called back, and would ring after a drain that the agent makes in that very turn (invariant 6). A busy agent hears
 * at its next tool call through its hooks, which look at what waits at that moment.
 */
import { randomBytes } from "../../net/entropy.ts";
import { MOOT, type Sent } from "../path-ringer.ts";
import { type Answer, type AppServer, listAt, memberAt, textAt } from "./app-server.ts";
import { follow, followed, type Listening, type Taking } from "./taking.ts";
import { readThread } from "./threads.ts";

export interface Words {
  readonly thread: string;
  readonly text: string;
  /** The beginning of every id of this persona's: by it, what earlier rings left is told from what others queue. */
  readonly mark: string;
  /** Begins with `mark`; no two words ever have the same. */
  readonly id: string;
}

const REFUSED = "Codex ended the turn without taking the words: somebody's hook may have refused them";
const LOST = "the connection to Codex's app-server was lost before the words were taken";
const PENDING = "Codex began the turn, and has not taken the words in its time";

/** @param mark the beginning of every id of this persona's */
export function wordsFor(thread: string, text: string, mark: string): Words {
  const id = Array.from(randomBytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { thread, text, mark, id: `${mark}${id}` };
}

/** Into the thread's queue, which runs it as a turn as soon as the thread is idle. Never rejects. */
export async function byQueue(
  server: AppServer,
  words: Words,
  side: Listening,
  cancelled: AbortSignal,
): Promise<Sent> {
  const following = await follow(server, words.thread, cancelled);
  if (!following.ok) return unready(`Codex does not open its thread: ${following.reason}`);
  await withdraw(server, words);
  if (cancelled.aborted) return failed(MOOT);
  const { taking, answer: added } = await send(words, "queue", { server, side, following, cancelled });
  if (!added.ok) {
    // Without an answer it may stand there all the same.
    await withdraw(server, words);
    if (isUnserved(added)) return unready("this version of Codex has no queue");
    return failed(`Codex did not take it into its queue: ${added.reason}`);
  }
  const came = await taking;
  if (came === "taken") return { kind: "taken" };
  // Whatever happens next, it must not ring later by itself.
  const isWithdrawn = await withdraw(server, words);
  if (came === "refused") return failed(REFUSED);
  if (came === "pending") return failed(PENDING);
  if (came === "lost") return failed(LOST);
  if (came === "elsewhere" || cancelled.aborted) return { kind: "sent" };
  if (isWithdrawn) return failed("Codex keeps its queue standing, as it does after an interrupted turn");
  const thread = await readThread(server, words.thread, cancelled);
  if (thread?.state !== "busy") return failed("Codex took it into its queue, and nothing came of it");
  // Its turn began at the last moment: its receipt tells.
  return { kind: "sent" };
}

/** As a turn, now. Never rejects. */
export async function byTurn(
  server: AppServer,
  words: Words,
  side: Listening,
  cancelled: AbortSignal,
): Promise<Sent> {
  const following = await follow(server, words.thread, cancelled);
  if (!following.ok) return unready(`Codex does not open its thread: ${following.reason}`);
  // In a thread that has become busy meanwhile it would be steered into the turn.
  const thread = await readThread(server, words.thread, cancelled);
  if (thread?.state !== "idle") return unready("the thread is not idle any more");
  if (cancelled.aborted) return failed(MOOT);
  const { taking, answer: started } = await send(words, "app-server", { server, side, following, cancelled });
  if (!started.ok) return failed(`Codex did not begin a turn: ${started.reason}`);
  switch (await taking) {
    case "taken":
      return { kind: "taken" };
    case "elsewhere":
      return { kind: "sent" };
    case "refused":
      return failed(REFUSED);
    case "lost":
      return failed(LOST);
    case "pending":
      return failed(PENDING);
    case "nothing":
      return failed("Codex said that a turn begins, and none did");
  }
}

const REQUESTS = { queue: "thread/queue/add", "app-server": "turn/start" } as const;

/** Sends the words, and listens from before that on whether they are taken; no longer if they were refused. */
async function send(
  words: Words,
  way: keyof typeof REQUESTS,
  to: {
    readonly server: AppServer;
    readonly side: Listening;
    readonly following: { readonly isFresh: boolean };
    readonly cancelled: AbortSignal;
  },
): Promise<{ readonly answer: Answer; readonly taking: Promise<Taking> }> {
  const { server, side, cancelled } = to;
  const over = new AbortController();
  const until = AbortSignal.any([cancelled, over.signal]);
  const taking = followed(server, words, { ...side, ...to.following }, until);
  side.log("debug", "doorbellSent", { way });
  const answer = await server.ask(REQUESTS[way], submission(words), cancelled);
  if (!answer.ok) over.abort();
  return { answer, taking };
}

/**
 * Takes back what this persona's rings have left in the thread's queue. Never rejects.
 *
 * @returns whether there was something
 */
export async function withdraw(server: AppServer, { thread, mark }: Words): Promise<boolean> {
  const listed = await server.ask("thread/queue/list", { threadId: thread });
  let isWithdrawn = false;
  for (const item of listed.ok ? listAt(listed.result, "data") : []) {
    const queued = textAt(item, "id");
    if (queued === undefined || textAt(item, "clientUserMessageId")?.startsWith(mark) !== true) continue;
    const deleted = await server.ask("thread/queue/delete", { threadId: thread, queuedSubmissionId: queued });
    if (deleted.ok && memberAt(deleted.result, "deleted") === true) isWithdrawn = true;
  }
  return isWithdrawn;
}

export function submission({ thread, text, id }: Words): object {
  return { threadId: thread, clientUserMessageId: id, input: [{ type: "text", text }] };
}

/** JSON-RPC's own code, or what 0.169.0 says of a method that it does not know. */
function isUnserved(answer: Answer & { readonly ok: false }): boolean {
  return answer.code === -32601 || answer.reason.includes("unknown variant");
}

function unready(reason: string): Sent {
  return { kind: "unready", reason };
}

function failed(reason: string): Sent {
  return { kind: "failed", reason };
}
