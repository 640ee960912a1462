/** An app-server of Codex's that a test plays: answers by method, notices when it says. */
import type { Answer, AppServer, Notice } from "../../src/surfaces/codex/app-server.ts";

type Params = { readonly [name: string]: unknown };

export class ScriptedAppServer implements AppServer {
  version = "0.169.0";
  /** What was asked, oldest first. */
  readonly asked: { readonly method: string; readonly params: Params }[] = [];
  readonly #answers: { readonly [method: string]: (params: Params) => unknown };
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #gone = new AbortController();

  /** @param answers results; an Error is a refusal by its words, and what is not named is unknown */
  constructor(answers: { readonly [method: string]: (params: Params) => unknown }) {
    this.#answers = answers;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  async ask(method: string, params: object, cancelled?: AbortSignal): Promise<Answer> {
    if (this.gone.aborted) return { ok: false, code: null, reason: "it is gone" };
    if (cancelled?.aborted === true) return { ok: false, code: null, reason: "it was called off" };
    this.asked.push({ method, params: params as Params });
    const answer = this.#answers[method];
    const result = answer?.(params as Params);
    if (answer !== undefined && !(result instanceof Error)) return { ok: true, result };
    const reason =
      result instanceof Error ? result.message : `Invalid request: unknown variant \`${method}\``;
    return { ok: false, code: -32600, reason };
  }

  hear(told: (notice: Notice) => void, until: AbortSignal): void {
    this.#listeners.add(told);
    until.addEventListener("abort", () => this.#listeners.delete(told), { once: true });
  }

  tell(method: string, params: object): void {
    for (const told of [...this.#listeners]) told({ method, params });
  }

  answer(): void {}

  refuse(): void {}

  close(): void {
    this.#gone.abort();
  }
}
