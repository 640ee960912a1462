/**
 * A turn by an app-server of our own, spoken with over its standard input and output. Not by the one that the person's
 * Codex left running: that one has the person's environment and outlives the daemon, and what it would be asked to
 * approve nobody might ever see. Here nobody can approve anything, so what asks for approval is declined at once, and
 * the turn goes on. Loaded with the first such start: it holds node:child_process.
 * Source: observed on codex 0.169.0, and its schema.
 */
import { printable } from "../../domain/address.ts";
import { bellWords } from "../../domain/bell-words.ts";
import { startCommand } from "../../host/command.ts";
import { MOOT } from "../path-ringer.ts";
import type { RingOutcome } from "../surface.ts";
import { type AppServer, type Asked, openAppServer, textAt, type WireEvents } from "./app-server.ts";
import type { Headless, HeadlessFrame } from "./headless.ts";
import { faultOf } from "./resume-exec.ts";
import { followed, type Taking } from "./taking.ts";
import { submission, wordsFor } from "./ways.ts";

const REASON_CHARS_MAX = 160;

export function start(frame: HeadlessFrame): Headless {
  const { program, root, env, called } = frame;
  const begun = Promise.withResolvers<RingOutcome>();
  const over = new AbortController();
  let events: WireEvents | undefined;
  const running = startCommand(
    { argv: [program, "app-server"] },
    { ...{ cwd: root, env, timeoutMs: null, isAsked: true }, said: (line) => events?.said(line) },
  );
  void running.ended.then((ending) => {
    over.abort();
    events?.closed(faultOf(ending) ?? "Codex's app-server has ended");
  });
  const until = AbortSignal.any([called, over.signal, AbortSignal.timeout(frame.limits.startMsMax)]);

  async function work(): Promise<string | null> {
    const opened = await openAppServer(
      (given) => {
        events = given;
        // A pipe takes what is written before anybody reads it.
        queueMicrotask(() => given.opened());
        return { send: (text) => running.write(`${text}\n`), close: () => running.stop() };
      },
      { answerMsMax: frame.limits.answerMsMax, asked: decline },
      until,
    );
    return opened.ok ? turn(opened.server, frame, until, (outcome) => begun.resolve(outcome)) : opened.reason;
  }

  const ended = work().then(async (reason) => {
    running.stop();
    await running.ended;
    begun.resolve(failed(called.aborted ? MOOT : (reason ?? "Codex ended without beginning a turn")));
    return reason;
  });
  return { begun: begun.promise, ended, stop: () => running.stop() };
}

/** @returns null once the turn has ended well, else why not */
async function turn(
  server: AppServer,
  frame: HeadlessFrame,
  until: AbortSignal,
  settle: (outcome: RingOutcome) => void,
): Promise<string | null> {
  const thread = await threadOf(server, frame, until);
  if (!thread.ok) return thread.reason;
  const { bell, context, threadIs, limits } = frame;
  threadIs(thread.id);
  const words = wordsFor(thread.id, bellWords(bell), "prism:");
  const end = turnEnd(server, thread.id);
  const taking = followed(server, words, { agent: context.agent, limits, isFresh: false }, until);
  const started = await server.ask("turn/start", submission(words), until);
  if (!started.ok) return `Codex did not begin a turn: ${started.reason}`;
  const came = await taking;
  if (came !== "taken" && came !== "elsewhere") return UNTAKEN[came];
  settle({ kind: "taken", path: "app-server resume" });
  return end;
}

const UNTAKEN: { readonly [T in Exclude<Taking, "taken" | "elsewhere">]: string } = {
  refused: "Codex ended its turn without taking the words",
  pending: "Codex began its turn, and did not take the words in its time",
  nothing: "Codex began no turn in its time",
  lost: "Codex's app-server ended before the words were taken",
};

type ThreadFound =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly reason: string };

/** The one to go on with; a new one where there is none any more. */
async function threadOf(server: AppServer, frame: HeadlessFrame, until: AbortSignal): Promise<ThreadFound> {
  const { thread, root, autonomy } = frame;
  const { approvalPolicy, sandbox } = autonomy;
  const as = {
    cwd: root,
    ...(approvalPolicy === undefined ? {} : { approvalPolicy }),
    ...(sandbox === undefined ? {} : { sandbox }),
  };
  if (thread !== null) {
    const resumed = await server.ask("thread/resume", { ...as, threadId: thread, excludeTurns: true }, until);
    if (resumed.ok) return { ok: true, id: thread };
    if (!/no rollout found/.test(resumed.reason)) {
      const isOpen = /already has an active writer/.test(resumed.reason);
      const because = isOpen ? "it is open in another Codex, which could not be rung" : resumed.reason;
      return { ok: false, reason: `the agent's thread can't be resumed: ${because}` };
    }
  }
  const started = await server.ask("thread/start", as, until);
  const id = started.ok ? textAt(started.result, "thread", "id") : undefined;
  if (id !== undefined) return { ok: true, id };
  return { ok: false, reason: `Codex started no thread${started.ok ? "" : `: ${started.reason}`}` };
}

/** Settles with null once the thread's turn has ended well, else with why not. */
function turnEnd(server: AppServer, thread: string): Promise<string | null> {
  return new Promise((resolve) => {
    server.gone.addEventListener("abort", () => resolve("Codex's app-server ended before the turn did"), {
      once: true,
    });
    server.hear(({ method, params }) => {
      if (method !== "turn/completed" || textAt(params, "threadId") !== thread) return;
      const status = textAt(params, "turn", "status");
      const said = textAt(params, "turn", "error", "message") ?? "it did not say why";
      resolve(status === "failed" ? `Codex's turn failed: ${printable(said, REASON_CHARS_MAX)}` : null);
    }, server.gone);
  });
}

/** The agent hears that it was declined, and goes on without. */
function decline({ id, method }: Asked, server: AppServer): void {
  switch (method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      server.answer(id, { decision: "decline" });
      return;
    case "mcpServer/elicitation/request":
      server.answer(id, { action: "decline" });
      return;
    default:
      server.refuse(id);
  }
}

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}
