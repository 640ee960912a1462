/**
 * Starts or resumes the agent where nobody is there and the configuration allows it: headless by `codex exec` or an
 * app-server of its own, or in a tmux session that a person can join. One at a time and as often as the guard lets;
 * in the project's folder, in a cleaned environment, with the autonomy that is configured and nothing more. What it
 * starts headless ends with the daemon. Knows no hub.
 */
import type { Doorbell } from "../../domain/doorbell.ts";
import { quotedForShell } from "../../domain/shell-word.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import type { PaneWay } from "../pane/way.ts";
import { MOOT } from "../path-ringer.ts";
import type { ResumeGuard } from "../resume-guard.ts";
import type { RingOutcome, SurfaceContext } from "../surface.ts";
import type { Autonomy } from "./autonomy.ts";
import type { Headless } from "./headless.ts";
import type { CodexLimits } from "./limits.ts";

export type ResumeMode = "exec" | "app-server" | "tmux";

export interface ResumeOptions {
  readonly mode: ResumeMode;
  readonly program: string;
  /** As configured, or as the daemon inherited it; absent: Codex's own default. */
  readonly codexHome: string | undefined;
  readonly autonomy: Autonomy;
  readonly guard: ResumeGuard;
  readonly context: SurfaceContext;
  readonly limits: CodexLimits;
  /** Where the mode is tmux. */
  readonly pane: PaneWay | undefined;
  /** The thread to go on with; null: a new one. */
  readonly thread: () => string | null;
  /** The thread that the agent works in now; null: the one that was asked for can't be had any more. */
  readonly threadIs: (thread: string | null) => void;
}

/** Counted, or the next life of the daemon would wait for one that can't come any more. */
const CUT_SHORT = "the resumed agent was ended with the daemon";
const UNDRAINED = "the agent was resumed, and ended its turn without draining";

export class Resumer {
  readonly #options: ResumeOptions;
  readonly #closing = new AbortController();
  #headless: Headless | undefined;
  #awaitsProof = false;

  constructor(options: ResumeOptions) {
    this.#options = options;
  }

  /** True while an agent that was started headless is in its turn. */
  get isAtWork(): boolean {
    return this.#headless !== undefined;
  }

  /** @param isForced a person asks: the guard's pause does not hold */
  async run(bell: Doorbell, called: AbortSignal, isForced: boolean): Promise<RingOutcome> {
    const { guard, context } = this.#options;
    const leave = guard.mayResume({ forced: isForced });
    if (!leave.ok) return failed(leave.reason);
    await settledOr(context.attachDone(), called);
    if (called.aborted) return failed(MOOT);
    guard.began();
    void this.#proven(context.agent.receipts);
    const outcome = await this.#start(bell, called);
    if (outcome.kind === "taken") guard.started();
    else guard.failed(called.aborted ? "the start was called off" : outcome.reason);
    return outcome;
  }

  /** Ends what runs headless; a tmux session is the person's to end. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#headless?.stop();
    await this.#headless?.ended;
  }

  async #start(bell: Doorbell, called: AbortSignal): Promise<RingOutcome> {
    const { mode, program, autonomy, context, thread, threadIs, limits } = this.#options;
    if (mode === "tmux") return this.#startInPane(bell, called);
    const headless = mode === "exec" ? await import("./resume-exec.ts") : await import("./resume-server.ts");
    if (called.aborted) return failed(MOOT);
    const started = headless.start({
      ...{ program, autonomy, bell, threadIs, context, called, limits },
      thread: thread(),
      root: context.root,
      env: this.#environment(),
    });
    this.#headless = started;
    void started.ended.then((fault) => this.#ended(fault));
    return started.begun;
  }

  #ended(fault: string | null): void {
    const { guard, context } = this.#options;
    this.#headless = undefined;
    context.log("debug", "agentEnded", { client: "codex", reason: fault });
    // Whoever has drained is known to the guard already, and then this counts for nothing.
    guard.failed(this.#closing.signal.aborted ? CUT_SHORT : (fault ?? UNDRAINED));
  }

  async #startInPane(bell: Doorbell, called: AbortSignal): Promise<RingOutcome> {
    const { pane, program, autonomy, codexHome, context, thread } = this.#options;
    if (pane === undefined) return failed("no tmux session is configured to start Codex in");
    const id = thread();
    const words = [
      ...(codexHome === undefined ? [] : ["env", `CODEX_HOME=${codexHome}`]),
      ...[program, ...(id === null ? [] : ["resume"]), ...autonomy.words, ...(id === null ? [] : [id])],
    ];
    const started = await pane.start(
      { command: `exec ${words.map(quotedForShell).join(" ")}`, env: context.attached() },
      bell,
      called,
    );
    if (started.kind === "failed") return started;
    const sent = await pane.send(bell, called);
    if (sent.kind === "taken") return { kind: "taken", path: "tmux resume" };
    const why = "reason" in sent ? sent.reason : "it did not take the words";
    return failed(`Codex was started in tmux, but ${why}`);
  }

  /** The words alone are no proof that the agent can do what they ask: a drain is. */
  async #proven(mark: number): Promise<void> {
    if (this.#awaitsProof) return;
    this.#awaitsProof = true;
    const { agent } = this.#options.context;
    for (let at = mark; ; at += 1) {
      const receipt = await agent.receiptAfter(at, this.#closing.signal);
      if (receipt === null || receipt.by === "drain") break;
    }
    this.#awaitsProof = false;
    if (!this.#closing.signal.aborted) this.#options.guard.succeeded();
  }

  #environment(): { readonly [name: string]: string } {
    const { context, codexHome } = this.#options;
    const env = childEnvironment(context.env);
    for (const [name, value] of Object.entries(context.attached())) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
    // Withheld with all that is Codex's own, and meant all the same: where its threads, its login and its hooks are.
    if (codexHome !== undefined) env["CODEX_HOME"] = codexHome;
    return env;
  }
}

/** Never rejects; early when it is called off. */
function settledOr(work: Promise<void>, called: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (called.aborted) resolve();
    called.addEventListener("abort", () => resolve(), { once: true });
    void work.then(
      () => resolve(),
      () => resolve(),
    );
  });
}

function failed(reason: string): RingOutcome & { readonly kind: "failed" } {
  return { kind: "failed", reason };
}
