/**
 * A turn by `codex exec`: one process, which resumes the thread, takes the words, works and ends. It says what it does
 * in lines of JSON. Loaded with the first such start: it holds node:child_process.
 * Source: observed on codex 0.169.0.
 */
import { printable } from "../../domain/address.ts";
import { bellWords } from "../../domain/bell-words.ts";
import { type Ending, startCommand } from "../../host/command.ts";
import { MOOT } from "../path-ringer.ts";
import type { RingOutcome } from "../surface.ts";
import { textAt } from "./app-server.ts";
import type { Headless, HeadlessFrame } from "./headless.ts";

const REASON_CHARS_MAX = 160;

export function start(frame: HeadlessFrame): Headless {
  const { program, autonomy, bell, thread, threadIs, root, env, context, called, limits } = frame;
  const over = new AbortController();
  const begun = Promise.withResolvers<RingOutcome>();
  let hasBegun = false;
  let fault: string | null = null;

  const begin = (): void => {
    hasBegun = true;
    begun.resolve({ kind: "taken", path: "exec resume" });
  };
  const running = startCommand(
    {
      argv: [
        program,
        ...["exec", ...(thread === null ? [] : ["resume"]), "--json", ...autonomy.words],
        ...[...(thread === null ? [] : [thread]), bellWords(bell)],
      ],
    },
    {
      ...{ cwd: root, env, timeoutMs: null },
      said(line) {
        const event = eventIn(line);
        if (event?.kind === "thread") threadIs(event.id);
        else if (event?.kind === "begun") begin();
        else if (event?.kind === "fault") fault = event.reason;
      },
    },
  );
  const until = AbortSignal.any([called, over.signal, AbortSignal.timeout(limits.startMsMax)]);
  until.addEventListener(
    "abort",
    () => {
      if (hasBegun || over.signal.aborted) return;
      running.stop();
      begun.resolve(failed(called.aborted ? MOOT : `Codex began no turn within ${limits.startMsMax} ms`));
    },
    { once: true },
  );
  void context.agent.receiptAfter(context.agent.receipts, until).then((receipt) => {
    if (receipt?.by === "prompt") begin();
  });
  const ended = running.ended.then((ending) => {
    over.abort();
    const reason = fault ?? faultOf(ending);
    if (reason !== null && /no rollout found/.test(reason)) threadIs(null);
    begun.resolve(failed(reason ?? "Codex ended without beginning a turn"));
    return reason;
  });
  return { begun: begun.promise, ended, stop: () => running.stop() };
}

type ExecEvent =
  | { readonly kind: "thread"; readonly id: string }
  | { readonly kind: "begun" }
  | { readonly kind: "fault"; readonly reason: string };

function eventIn(line: string): ExecEvent | null {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return null;
  }
  switch (textAt(event, "type")) {
    case "thread.started": {
      const id = textAt(event, "thread_id");
      return id === undefined ? null : { kind: "thread", id };
    }
    case "turn.started":
      return { kind: "begun" };
    case "turn.failed":
      return { kind: "fault", reason: saidOf(textAt(event, "error", "message")) };
    default:
      return null;
  }
}

function saidOf(message: string | undefined): string {
  return `Codex's turn failed: ${printable(message ?? "it did not say why", REASON_CHARS_MAX)}`;
}

/** Null if it ended well. */
export function faultOf(ending: Ending): string | null {
  switch (ending.kind) {
    case "exited": {
      if (ending.status === 0) return null;
      const said = ending.lastLine.replace(/^Error: /, "");
      if (/already has an active writer/.test(said)) {
        return "the agent's thread is open in another Codex, which could not be rung";
      }
      return `Codex ended with status ${ending.status}${said === "" ? "" : `: ${said}`}`;
    }
    case "killed":
      return `Codex was ended by ${ending.signal}`;
    case "notStarted":
      return ending.reason.replace("the command could not be started", "Codex could not be started");
    default:
      return "Codex was ended before its turn was over";
  }
}

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}
