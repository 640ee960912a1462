/**
 * A running Codex, as far as a ring reaches it: finds the agent's thread, rings it by its queue or by a turn, and asks
 * what becomes of hooks. Loaded at the first ring.
 */
import type { Log } from "../../domain/log.ts";
import { monotonicMs } from "../../host/monotonic.ts";
import type { AgentSide } from "../agent-side.ts";
import type { Sent } from "../path-ringer.ts";
import { type AppServer, textAt } from "./app-server.ts";
import { ControlSocket } from "./control-socket.ts";
import { hookFault } from "./hook-trust.ts";
import type { CodexLimits } from "./limits.ts";
import { findThread, type Thread } from "./threads.ts";
import { queueFault } from "./version.ts";
import { byQueue, byTurn, type Words, withdraw, wordsFor } from "./ways.ts";

export interface ReachOptions {
  readonly codexHome: string;
  readonly persona: string;
  /** The project's folder, by each of its names. */
  readonly folders: readonly string[];
  /** The beginning of the id of every message of this persona's. */
  readonly mark: string;
  readonly agent: AgentSide;
  readonly limits: CodexLimits;
  readonly log: Log;
}

export type Found =
  /** `version` is that of the Codex that has it loaded, or "". */
  | { readonly kind: "thread"; readonly thread: Thread; readonly version: string }
  /** `isCertain`: Codex itself has said so. */
  | { readonly kind: "none"; readonly reason: string; readonly isCertain: boolean };

export class Reach {
  readonly #options: ReachOptions;
  readonly #control: ControlSocket;
  #hookFault: string | null = null;
  #hooksAskedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReachOptions) {
    this.#options = options;
    this.#control = new ControlSocket(options.codexHome, options.limits.answerMsMax);
  }

  /** Why Codex does not run Prism's hooks, as it has said; null if it runs them, or was not asked yet. */
  get hookFault(): string | null {
    return this.#hookFault;
  }

  /** @param known threads that hooks made known, the one heard from last first */
  async find(known: readonly string[], called: AbortSignal): Promise<Found> {
    const used = await this.#control.use(called, async (server): Promise<Found> => {
      const finding = await findThread(server, known, this.#options.folders, called);
      await this.#askOfHooks(server, called);
      if (finding.kind === "none") return { ...finding, isCertain: !server.gone.aborted };
      return { ...finding, version: server.version };
    });
    return used.ok ? used.value : { kind: "none", reason: used.reason, isCertain: false };
  }

  /** Settles when the thread may have ended its turn, when the server is gone, or when `until` fires. */
  async turnEnd(thread: string, until: AbortSignal): Promise<void> {
    await this.#control.use(until, async (server) => {
      const over = AbortSignal.any([until, server.gone]);
      await new Promise<void>((resolve) => {
        over.addEventListener("abort", () => resolve(), { once: true });
        if (over.aborted) resolve();
        server.hear(({ method, params }) => {
          if (method !== "thread/status/changed" || textAt(params, "threadId") !== thread) return;
          if (textAt(params, "status", "type") !== "active") resolve();
        }, over);
      });
    });
  }

  async byQueue(thread: string, text: string, called: AbortSignal): Promise<Sent> {
    const words = wordsFor(thread, text, this.#options.mark);
    const used = await this.#control.use(called, async (server) => {
      const fault = queueFault(server.version);
      if (fault !== null) return { sent: { kind: "unready", reason: fault } as const, isLost: false };
      const sent = await byQueue(server, words, this.#options, called);
      return { sent, isLost: server.gone.aborted };
    });
    if (!used.ok) return { kind: "unready", reason: used.reason };
    // It may stand in a queue that outlives the connection, and would ring whenever the thread is opened.
    if (used.value.isLost) await this.#withdrawAnew(words);
    return used.value.sent;
  }

  async byTurn(thread: string, text: string, called: AbortSignal): Promise<Sent> {
    const words = wordsFor(thread, text, this.#options.mark);
    const used = await this.#control.use(called, (server) => byTurn(server, words, this.#options, called));
    return used.ok ? used.value : { kind: "unready", reason: used.reason };
  }

  close(): void {
    this.#control.close();
  }

  async #withdrawAnew(words: Words): Promise<void> {
    const soon = AbortSignal.timeout(1000);
    await this.#control.use(soon, (server) => withdraw(server, words));
  }

  async #askOfHooks(server: AppServer, called: AbortSignal): Promise<void> {
    const { persona, folders } = this.#options;
    const [root = ""] = folders;
    const nowMs = monotonicMs();
    if (nowMs - this.#hooksAskedAtMs < this.#options.limits.hooksKnownMs) return;
    const fault = await hookFault(server, { persona, root }, called);
    if (fault === undefined) return;
    this.#hookFault = fault;
    this.#hooksAskedAtMs = nowMs;
  }
}
