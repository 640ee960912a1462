/**
 * Claude Code for one turn, without a window: started with the doorbell as its prompt, followed by what it prints,
 * and ended with the surface. It counts as up when its model has answered: before that it may have started well and
 * still not be logged in. What it does after that is its own business, however long it takes.
 *
 * Source: stream-json of claude-code 2.1.329. Loads node:child_process, so it is loaded when it is needed.
 */
import { printable } from "../../domain/address.ts";
import type { Log } from "../../domain/log.ts";
import { type Ending, type RunningCommand, startCommand } from "../../host/command.ts";
import { MOOT } from "../path-ringer.ts";
import type { RingOutcome } from "../surface.ts";
import { ANSWER_MS_MAX } from "./bounds.ts";

export interface HeadlessOptions {
  readonly program: string;
  /** The project's folder. */
  readonly root: string;
  readonly log: Log;
}

/** It prints its first line within a second; hooks at its start may take their time. */
const START_MS_MAX = 60_000;
const REASON_CHARS_MAX = 200;
const NO_SESSION = /No conversation found/i;

export type Launched =
  | RingOutcome
  /** The conversation is not there any more: another must be begun. */
  | { readonly kind: "noSession" };

export class HeadlessAgent {
  readonly #options: HeadlessOptions;
  #running: RunningCommand | undefined;

  constructor(options: HeadlessOptions) {
    this.#options = options;
  }

  /** True from the start until nothing of it is left. */
  isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Settles when the model has answered, when it has ended, or when the ring is called off: a turn that has begun is
   * left to go on, since it may be the drain itself that made the doorbell moot.
   */
  start(
    args: readonly string[],
    env: { readonly [name: string]: string },
    cancelled: AbortSignal,
  ): Promise<Launched> {
    const { program, root, log } = this.#options;
    return new Promise((resolve) => {
      let fault: string | null = null;
      const settle = (launched: Launched): void => {
        clearTimeout(starting);
        clearTimeout(answering);
        cancelled.removeEventListener("abort", leave);
        resolve(launched);
      };
      const leave = (): void => settle(failed(MOOT));
      const running = startCommand(
        { argv: [program, ...args] },
        {
          ...{ cwd: root, env, timeoutMs: null },
          said: (line) => {
            clearTimeout(starting);
            const event = eventIn(line);
            if (event.kind === "answered") settle({ kind: "taken", path: "headless" });
            if (event.kind === "failed") fault = event.reason;
          },
        },
      );
      const starting = setTimeout(() => running.stop(), START_MS_MAX);
      const answering = setTimeout(() => {
        settle(failed(`claude was started, but its model said nothing within ${ANSWER_MS_MAX / 1000} s`));
      }, ANSWER_MS_MAX);
      cancelled.addEventListener("abort", leave, { once: true });
      this.#running = running;
      void running.ended.then((ending) => {
        this.#running = undefined;
        const outcome = endOf(ending, fault);
        const status = ending.kind === "exited" ? ending.status : null;
        log("info", "agentEnded", { client: "claude-code", ending: ending.kind, status, reason: fault });
        settle(outcome);
      });
      if (cancelled.aborted) leave();
    });
  }

  /** Ends it with all that it started. */
  async close(): Promise<void> {
    this.#running?.stop();
    await this.#running?.ended;
  }
}

type StreamEvent =
  | { readonly kind: "other" }
  | { readonly kind: "answered" }
  | { readonly kind: "failed"; readonly reason: string };

/** One line of its output. The client's own error messages come as an assistant's, with `error` beside them. */
export function eventIn(line: string): StreamEvent {
  let event: { readonly [key: string]: unknown };
  try {
    event = JSON.parse(line);
  } catch {
    return { kind: "other" };
  }
  const { type, subtype, error, is_error: isError, result } = event ?? {};
  if (type === "assistant") return typeof error === "string" ? failedEvent(error) : { kind: "answered" };
  if (type !== "result") return { kind: "other" };
  if (isError !== true && subtype === "success") return { kind: "answered" };
  return failedEvent(typeof result === "string" && result !== "" ? result : String(subtype));
}

function failedEvent(text: string): StreamEvent {
  const [line = ""] = text.trim().split("\n");
  return { kind: "failed", reason: printable(line, REASON_CHARS_MAX).replace(/\.+$/, "") };
}

function endOf(ending: Ending, fault: string | null): Launched {
  const said = ending.lastLine.replace(/\.+$/, "");
  if (NO_SESSION.test(said)) return { kind: "noSession" };
  const because = fault ?? said;
  const tail = because === "" ? "" : `: ${because}`;
  switch (ending.kind) {
    case "notStarted":
      return failed(ending.reason.replace("the command", "claude"));
    case "exited":
      return ending.status === 0 && fault === null
        ? failed("claude ended before its model said anything")
        : failed(`claude ended with status ${ending.status}${tail}`);
    case "killed":
      return failed(`claude was ended by ${ending.signal}${tail}`);
    case "timedOut":
    case "stopped":
      return failed(`claude was ended before it was up${tail}`);
  }
}

function failed(reason: string): RingOutcome & { readonly kind: "failed" } {
  return { kind: "failed", reason };
}
