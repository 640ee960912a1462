/**
 * Brings an agent back that is not there: as the configuration allows, one at a time, and as often as the guard lets
 * it. Remembers which conversation was open last, so that it goes on with that one.
 */
import { bellWords } from "../../domain/bell-words.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import type { SurfaceMemory } from "../agent-side.ts";
import type { PaneWay } from "../pane/way.ts";
import { MOOT } from "../path-ringer.ts";
import { openResumeGuard, type ResumeGuard } from "../resume-guard.ts";
import type { RingOutcome, SurfaceContext, SurfaceReport } from "../surface.ts";
import type { HeadlessAgent, Launched } from "./headless.ts";
import { type Autonomy, headlessArguments, interactiveCommand } from "./launch.ts";
import { CLIENT } from "./look.ts";

/** `headless`: one turn without a window; `tmux`: a session that stays, in the pane of the configuration. */
export type ResumeMode = { readonly kind: "headless" } | { readonly kind: "tmux"; readonly pane: PaneWay };

export interface ResumeOptions {
  readonly mode: ResumeMode;
  readonly program: string;
  readonly autonomy: Autonomy;
  readonly context: SurfaceContext;
  /** A part of the surface's memory for each. */
  readonly memory: { readonly guard: SurfaceMemory; readonly session: SurfaceMemory };
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

const SESSION_ID = /^[\w-]{1,128}$/;

export class Resumer {
  readonly #options: ResumeOptions;
  readonly #guard: ResumeGuard;
  readonly #closing = new AbortController();
  #headless: HeadlessAgent | undefined;
  /** Of the headless agent: its own hooks run before it is known to be able to do anything. */
  #isProving = false;
  #last: string | null;

  constructor(options: ResumeOptions) {
    this.#options = options;
    const { memory, nowMs } = options;
    this.#guard = openResumeGuard({
      now: nowMs,
      load: () => memory.guard.load(),
      save: (record) => memory.guard.save(record),
    });
    const last = memory.session.load();
    this.#last = typeof last === "string" && SESSION_ID.test(last) ? last : null;
    void this.#watchSessions();
    void this.#watchReceipts();
  }

  /** @param forced by a person, who may ask while the guard would wait */
  async attempt(bell: Doorbell, cancelled: AbortSignal, forced: boolean): Promise<RingOutcome> {
    if (this.#headless?.isRunning() === true)
      return failed("an agent that was started headless is still at work");
    const leave = this.#guard.mayResume({ forced });
    if (!leave.ok) return failed(leave.reason);
    await this.#options.context.attachDone();
    if (cancelled.aborted) return failed(MOOT);
    this.#guard.began();
    const outcome = await this.#start(bell, cancelled);
    const { kind } = outcome;
    this.#options.context.log(kind === "taken" ? "info" : "warn", "agentResumed", {
      ...{ mode: this.#options.mode.kind, session: this.#last, outcome: kind },
      ...(kind === "taken" ? { reason: null } : { code: "surface_failed", reason: outcome.reason }),
    });
    if (kind === "taken" || this.#headless?.isRunning() === true) this.#guard.started();
    else this.#guard.failed(outcome.reason);
    if (kind === "taken") this.#guard.succeeded();
    return outcome;
  }

  report(): SurfaceReport["resume"] {
    const { attempts, untilMs, lastReason } = this.#guard.status();
    return { attempts, coolingUntilMs: untilMs, lastReason };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#headless?.close();
  }

  async #start(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const { mode } = this.#options;
    const last = this.#last;
    const launched = await this.#launch(mode, bell, last, cancelled);
    if (launched.kind !== "noSession") return launched;
    this.#remember(null);
    const anew = await this.#launch(mode, bell, null, cancelled);
    return anew.kind === "noSession" ? failed("claude could not begin a new session") : anew;
  }

  #launch(
    mode: ResumeMode,
    bell: Doorbell,
    session: string | null,
    cancelled: AbortSignal,
  ): Promise<Launched> {
    return mode.kind === "headless"
      ? this.#launchHeadless(bell, session, cancelled)
      : this.#launchInPane(mode.pane, bell, session, cancelled);
  }

  async #launchHeadless(bell: Doorbell, session: string | null, cancelled: AbortSignal): Promise<Launched> {
    const { program, autonomy, context } = this.#options;
    const { HeadlessAgent } = await import("./headless.ts");
    this.#headless ??= new HeadlessAgent({ program, root: context.root, log: context.log });
    if (this.#closing.signal.aborted || cancelled.aborted) return failed(MOOT);
    const env = Object.entries({ ...childEnvironment(context.env), ...context.attached() }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    this.#isProving = true;
    try {
      const args = headlessArguments(bellWords(bell), session, autonomy);
      return await this.#headless.start(args, Object.fromEntries(env), cancelled);
    } finally {
      this.#isProving = false;
    }
  }

  async #launchInPane(
    pane: PaneWay,
    bell: Doorbell,
    session: string | null,
    cancelled: AbortSignal,
  ): Promise<Launched> {
    const { program, autonomy, context } = this.#options;
    const command = interactiveCommand(program, session, autonomy);
    const started = await pane.start({ command, env: context.attached() }, bell, cancelled);
    if (started.kind === "failed") {
      // An unknown conversation ends it at once; what else may, a new one shows as well.
      const isOver = session !== null && /ended before/.test(started.reason);
      return isOver ? { kind: "noSession" } : started;
    }
    const sent = await pane.send(bell, cancelled);
    if (sent.kind === "taken") return { kind: "taken", path: started.path };
    return failed(sent.kind === "sent" ? "the new session did not take the ring" : sent.reason);
  }

  /** Which conversation to go on with: a session that has ended is known to nobody else. */
  async #watchSessions(): Promise<void> {
    const { agent } = this.#options.context;
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      const [newest] = agent.sessions(CLIENT);
      if (newest !== undefined && newest.id !== this.#last && SESSION_ID.test(newest.id)) {
        this.#remember(newest.id);
      }
      await agent.changed(closing);
    }
  }

  /** Whatever woke it: an agent that shows itself needs no start, and all failures are forgotten. */
  async #watchReceipts(): Promise<void> {
    const { agent } = this.#options.context;
    const closing = this.#closing.signal;
    for (;;) {
      const receipt = await agent.receiptAfter(agent.receipts, closing);
      if (closing.aborted) return;
      if (receipt !== null && (receipt.by === "drain" || !this.#isProving)) this.#guard.succeeded();
    }
  }

  #remember(session: string | null): void {
    this.#last = session;
    this.#options.memory.session.save(session);
  }
}

function failed(reason: string): RingOutcome & { readonly kind: "failed" } {
  return { kind: "failed", reason };
}
