/**
 * What the shim does for each tool: fills in who the agent is, asks the hub, and puts the answer into words.
 * Holds what must outlive one call: the key of a drain, and of a signal, whose answer got lost, so that asking
 * again neither loses nor doubles anything. Knows no MCP.
 */
import type { Doorbell } from "../domain/doorbell.ts";
import { PrismError } from "../domain/errors.ts";
import { answerText, waitingLine } from "../domain/tool-text.ts";
import { paramsOf, type Tool } from "../domain/tools.ts";
import { tracedBy } from "../domain/traceparent.ts";
import type {
  DrainParams,
  SignalParams,
  StatusAnswer,
  VerbAnswers,
  VerbName,
  VerbParams,
} from "../domain/verbs.ts";
import type { CallContext } from "../net/mcp-tools.ts";

/** What is needed of the line to the hub. */
export interface Hub {
  call<V extends VerbName>(verb: V, params: VerbParams<V>): Promise<VerbAnswers[V]>;
  start(): Promise<VerbAnswers["start"]>;
  wrap(): Promise<VerbAnswers["wrap"]>;
}

export interface AgentToolsOptions {
  readonly persona: string;
  readonly project: string;
  readonly hub: Hub;
  readonly newKey: () => string;
}

/** Signals whose fate is unknown; a model that gives up on more has other troubles. */
const UNSETTLED_MAX = 64;

export class AgentTools {
  readonly #options: AgentToolsOptions;
  /** Of the drain whose answer has not reached the model yet. */
  #drainKey: string | undefined;
  /** Content of a signal to the key it was sent with, while nobody knows whether the hub has it. */
  readonly #unsettled = new Map<string, string>();
  #bell: Doorbell | undefined;

  constructor(options: AgentToolsOptions) {
    this.#options = options;
  }

  /** The newest of the daemon's doorbells; it replaces the one before. */
  rang(bell: Doorbell): void {
    this.#bell = bell;
  }

  /**
   * @returns the answer's text; what waits stands first, if something does
   * @throws PrismError
   */
  async call(tool: Tool, args: unknown, { abandoned, traceparent }: CallContext): Promise<string> {
    switch (tool.verb) {
      case "drain":
        return await this.#drain(tool, args, abandoned);
      case "start":
        paramsOf(tool, args, this.#placeholders());
        return answerText("start", await this.#start());
      case "signal":
        return await this.#withWaiting(this.#signal(tool, args, traceparent));
      default:
        return await this.#withWaiting(this.#plain(tool, args));
    }
  }

  async #drain(tool: Tool, args: unknown, abandoned: AbortSignal): Promise<string> {
    const { persona, project, newKey } = this.#options;
    const key = this.#drainKey ?? newKey();
    const params = paramsOf(tool, args, { persona, project, key }) as DrainParams;
    this.#drainKey = key;
    try {
      const answer = await this.#twice("drain", params);
      // An answer that the model has stopped waiting for is as good as lost: the next drain asks for it again.
      if (!abandoned.aborted) this.#drainKey = undefined;
      if (answer.remaining === 0) this.#bell = undefined;
      return answerText("drain", answer);
    } catch (error) {
      if (!isLost(error)) this.#drainKey = undefined;
      throw error;
    }
  }

  async #signal(tool: Tool, args: unknown, traceparent: unknown): Promise<string> {
    const { persona, project, newKey } = this.#options;
    const content = JSON.stringify(args);
    const key = this.#unsettled.get(content) ?? newKey();
    const given = paramsOf(tool, args, { from: `${persona}@${project}`, key }) as SignalParams;
    const params = tracedBy(traceparent, given);
    try {
      const answer = await this.#twice("signal", params);
      this.#unsettled.delete(content);
      return answerText("signal", answer);
    } catch (error) {
      if (!isLost(error)) this.#unsettled.delete(content);
      else if (this.#unsettled.size < UNSETTLED_MAX) this.#unsettled.set(content, key);
      throw error;
    }
  }

  async #plain(tool: Tool, args: unknown): Promise<string> {
    const { persona, project, hub } = this.#options;
    switch (tool.verb) {
      case "history": {
        const params = paramsOf(tool, args, { persona, project }) as VerbParams<"history">;
        return answerText("history", await this.#twice("history", params));
      }
      case "wrap": {
        paramsOf(tool, args, {});
        return answerText("wrap", await hub.wrap());
      }
      case "signal_status": {
        const params = paramsOf(tool, args, {}) as VerbParams<"signal_status">;
        return answerText("signal_status", await this.#twice("signal_status", params));
      }
      default: {
        const params = paramsOf(tool, args, {}) as VerbParams<"status">;
        return answerText("status", await this.#twice("status", params));
      }
    }
  }

  async #start(): Promise<VerbAnswers["start"]> {
    const started = await this.#options.hub.start();
    // It may have been some time ago: what waits is asked anew.
    const bell = await this.#waiting();
    return { ...started, mailbox: { ...started.mailbox, open: bell?.open ?? 0 } };
  }

  /** Asks again once when the answer got lost on the way: what is asked here may be asked twice. */
  async #twice<V extends "signal" | "drain" | "history" | "signal_status" | "status">(
    verb: V,
    params: VerbParams<V>,
  ): Promise<VerbAnswers[V]> {
    try {
      return await this.#options.hub.call(verb, params);
    } catch (error) {
      if (!isLost(error)) throw error;
      return await this.#options.hub.call(verb, params);
    }
  }

  async #withWaiting(answer: Promise<string>): Promise<string> {
    const [text, bell] = await Promise.all([answer, this.#waiting()]);
    return bell === undefined ? text : `${waitingLine(bell)}\n\n${text}`;
  }

  /** What waits for this agent now: the hub's word, or the last bell while the hub is silent. */
  async #waiting(): Promise<Doorbell | undefined> {
    const { persona, project, hub } = this.#options;
    let status: StatusAnswer;
    try {
      status = await hub.call("status", { persona, project });
    } catch {
      return this.#bell !== undefined && this.#bell.open > 0 ? this.#bell : undefined;
    }
    const waiting = status.waiting[0];
    if (waiting === undefined) return undefined;
    const named = waiting.senders.reduce((sum, sender) => sum + sender.count, 0);
    const { open, urgent, senders, oldestAtMs } = waiting;
    return {
      ring: 0,
      attempt: 0,
      persona,
      project,
      open,
      urgent,
      senders,
      othersOpen: open - named,
      oldestAtMs,
    };
  }

  #placeholders(): { readonly [key: string]: unknown } {
    const { persona, project } = this.#options;
    return { kind: "agent", persona, project, protocol: 1, version: "1" };
  }
}

/** Nobody knows whether the hub did what was asked. */
function isLost(error: unknown): boolean {
  return error instanceof PrismError && (error.code === "hub_unreachable" || error.code === "hub_timeout");
}
