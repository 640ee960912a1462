/**
 * A session of Claude Code within this process, at the edges that the surface meets: its file, its inbox socket, its
 * hooks as `prism hook` reports them, and turns. What the fake program does in processes of its own, this does in
 * microseconds, a thousand times. The model's part is a function of the test's.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportOf } from "../../src/cli/hook/report.ts";
import { AgentDesk } from "../../src/daemon/agent-desk.ts";
import type { Doorbell } from "../../src/domain/doorbell.ts";
import { HOOK_SILENT, type HookAnswer, type HookEvent, type HookParams } from "../../src/ipc/hook.ts";
import { Inbox, type PeerMessage } from "./fakes/claude-code/inbox.ts";
import { bellOf } from "./ipc-stage.ts";

type Hear = (params: HookParams, gone: AbortSignal) => HookAnswer | Promise<HookAnswer>;

/** What becomes of what comes in at the inbox, or of a hook that ends to wake the session. */
export type Fate =
  | "take"
  /** Nothing, ever. */
  | "drop"
  /** It is taken after a while. */
  | "late"
  /** The process dies of it. */
  | "crash"
  /** Only at the inbox: it is kept from the model, and the sender is told. */
  | "hold";

export interface ClaudeSessionOptions {
  /** As HOME. */
  readonly home: string;
  /** The project's folder. */
  readonly project: string;
  readonly hear: Hear;
  readonly id: string;
  /** Permission mode; told by hooks from the first prompt on. */
  readonly mode?: string;
  /** A version without an inbox gives its hooks none. */
  readonly hasInbox?: boolean;
  /** False: none of its hooks waits to wake it. */
  readonly waits?: boolean;
  readonly fate?: (where: "inbox" | "wake", text: string) => Fate;
  /** How late `late` is. */
  readonly lateMs?: number;
  /** One turn of the model's, with all that it was handed: prompt and hooks' words. */
  readonly turn?: (texts: readonly string[]) => void | Promise<void>;
}

const address = { persona: "reviewer", project: "shop" };

export class ClaudeSession {
  /** Every prompt that began or joined a turn, oldest first. */
  readonly prompts: string[] = [];
  /** Everything that came in at the inbox, whatever became of it. */
  readonly arrived: string[] = [];
  readonly inboxPath: string;
  readonly #options: ClaudeSessionOptions;
  readonly #file: string;
  readonly #inbox: Inbox;
  readonly #ending = new AbortController();
  #waiting = new AbortController();
  #queue: string[] = [];
  #running: Promise<void> | undefined;

  constructor(options: ClaudeSessionOptions) {
    this.#options = options;
    const config = join(options.home, ".claude");
    mkdirSync(join(config, "sessions"), { recursive: true });
    this.#file = join(config, "sessions", `${process.pid}.json`);
    this.inboxPath = join(options.home, "s", `${options.id.slice(-8)}.sock`);
    this.#inbox = new Inbox(
      this.inboxPath,
      () => options.id,
      (message) => this.#come(message),
    );
  }

  get ended(): boolean {
    return this.#ending.signal.aborted;
  }

  async begin(): Promise<void> {
    await this.#inbox.open();
    this.show("idle");
    await this.#hook("session-start", { source: "startup" });
    this.#arm();
  }

  /** A person types. */
  type(text: string): void {
    this.#take(text);
  }

  /** Writes what the client says of itself. @param waitingFor what a dialog asks */
  show(status: string, waitingFor?: string, more: object = {}): void {
    if (this.ended) return;
    const { id, project, hasInbox } = this.#options;
    const file = {
      ...{ pid: process.pid, sessionId: id, cwd: project, version: "2.1.329", peerProtocol: 1 },
      ...{ kind: "interactive", status, statusUpdatedAt: Date.now() },
      ...(waitingFor === undefined ? {} : { waitingFor }),
      ...(hasInbox === false ? {} : { messagingSocketPath: this.inboxPath }),
      ...more,
    };
    writeFileSync(this.#file, JSON.stringify(file));
  }

  /** Settles once no turn runs and nothing waits for one. */
  async rests(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** @param orderly false: it is gone without a word, as by a crash */
  async end(orderly = true): Promise<void> {
    if (this.ended) return;
    this.#ending.abort();
    this.#waiting.abort();
    this.#inbox.close();
    rmSync(this.#file, { force: true });
    if (orderly) await this.#hook("session-end", { reason: "prompt_input_exit" });
  }

  #come(message: PeerMessage): void {
    this.arrived.push(message.text);
    const fate = this.#options.fate?.("inbox", message.text) ?? "take";
    if (fate === "hold") this.#inbox.tell(message, "held", "held for the recipient's approval");
    this.#befall(fate, message.text);
  }

  #befall(fate: Fate, text: string): void {
    if (fate === "take") this.#take(text);
    if (fate === "crash") void this.end(false);
    if (fate === "late") setTimeout(() => this.#take(text), this.#options.lateMs ?? 50).unref();
  }

  #take(text: string): void {
    if (this.ended) return;
    this.#queue.push(text);
    this.#running ??= this.#turns().finally(() => {
      this.#running = undefined;
    });
  }

  async #turns(): Promise<void> {
    while (this.#queue.length > 0 && !this.ended) {
      this.show("busy");
      const heard: string[] = [];
      while (this.#queue.length > 0) {
        const prompt = this.#queue.shift() ?? "";
        this.prompts.push(prompt);
        const { say } = await this.#hook("user-prompt-submit", { prompt });
        heard.push(prompt, ...(say === null ? [] : [say]));
      }
      await this.#model(heard);
      await this.#stops();
      this.show("idle");
    }
  }

  async #stops(): Promise<void> {
    for (let active = false; !this.ended; active = true) {
      const { say, hold } = await this.#hook("stop", { stop_hook_active: active });
      this.#arm();
      if (!hold || say === null) return;
      await this.#model([say]);
    }
  }

  async #model(texts: readonly string[]): Promise<void> {
    if (!this.ended) await this.#options.turn?.(texts);
  }

  /** Each stop arms one more; the daemon lets the older one go. */
  #arm(): void {
    if (this.#options.waits === false || this.ended) return;
    this.#waiting = new AbortController();
    void this.#hook("wait", {}, this.#waiting.signal).then(({ say, hold }) => {
      if (say === null || !hold || this.ended) return;
      const prompt = `<task-notification>\n<summary>Stop hook feedback</summary>\n</task-notification>\n<system-reminder>\nStop hook blocking error from command "Stop": ${say}\n\n</system-reminder>`;
      this.#befall(this.#options.fate?.("wake", say) ?? "take", prompt);
    });
  }

  async #hook(event: HookEvent, more: object, gone = this.#ending.signal): Promise<HookAnswer> {
    const { id, home, project, mode, hasInbox, hear } = this.#options;
    const stdin = {
      ...{ session_id: id, transcript_path: join(home, ".claude/projects/p", `${id}.jsonl`), cwd: project },
      // What starts a session does not know its mode yet.
      ...(event === "session-start" ? {} : { permission_mode: mode ?? "default" }),
      ...(event === "wait" ? { hook_event_name: "Stop" } : {}),
      ...more,
    };
    const env = {
      ...{ CLAUDE_PID: String(process.pid), AI_AGENT: "claude-code_2-1-329_harness" },
      ...{ CLAUDE_CODE_ENTRYPOINT: "cli", CLAUDE_CODE_SESSION_ATTENDED: "1" },
      ...(hasInbox === false
        ? {}
        : { CLAUDE_CODE_MESSAGING_SOCKET: this.inboxPath, CLAUDE_CODE_MESSAGING_TOKEN: "t0ken" }),
    };
    const world = { address, client: "claude-code", event, env, parent: null };
    const params = reportOf(JSON.stringify(stdin), world);
    return params === null ? HOOK_SILENT : hear(params, gone);
  }
}

/** A desk for hooks to report to, with nothing waiting unless a test says so. */
export function openDesk(waiting = { bell: bellOf(1, { open: 0 }) as Doorbell, through: 0 }): AgentDesk {
  return new AgentDesk({
    address,
    nowMs: Date.now,
    bootedAtMs: () => 0,
    alarm: () => () => {},
    load: () => null,
    save() {},
    waiting: () => waiting,
    listeners: () => 0,
    tellChannels: () => 0,
    came() {},
    flag: { show() {}, takeAway() {} },
    log() {},
  });
}
