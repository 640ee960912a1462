/**
 * One loaded thread: its turns, what is steered into them, its queue, and the hooks around all of it. Whoever
 * watches is told in Codex's own notifications; what the model does comes from the provider in config.toml.
 */
import { type Approval, runCall } from "./calls.ts";
import type { CodexHome, Json, Queued, SavedThread, UserText } from "./home.ts";
import { newId } from "./home.ts";
import { type HookEvent, type HookSaying, runHooks } from "./hooks.ts";
import { type McpTools, startMcp } from "./mcp.ts";
import { askModel, type ModelItem } from "./model.ts";

/** Something said to the thread by a person or a program. */
export interface Submission {
  readonly input: readonly UserText[];
  readonly clientUserMessageId: string | null;
}

/** What a thread needs of the server it is loaded in. */
export interface ThreadHost {
  readonly home: CodexHome;
  readonly bypassHookTrust: boolean;
  /** Everyone connected hears it, or only who follows this thread. */
  tell(audience: "all" | "followers", method: string, params: Json): void;
  /** Asks whoever follows this thread; the first answer counts. */
  approve(method: string, params: Json): Promise<Approval>;
}

export interface ThreadStart {
  readonly host: ThreadHost;
  readonly saved: SavedThread;
  readonly approvalPolicy: string;
  /** What hooks read as `source` of SessionStart. */
  readonly how: "startup" | "resume";
}

type ThreadStatus =
  | { readonly type: "idle" }
  | { readonly type: "active"; readonly activeFlags: readonly string[] }
  | { readonly type: "notLoaded" };

interface Turn {
  readonly id: string;
  readonly startedAt: number;
  readonly interrupted: AbortController;
  readonly steers: Submission[];
  said: Json[];
}

export class Thread {
  readonly id: string;
  readonly cwd: string;
  status: ThreadStatus = { type: "idle" };
  preview = "";
  readonly #host: ThreadHost;
  readonly #how: "startup" | "resume";
  readonly #policy: string;
  #saved: SavedThread;
  #turn: Turn | undefined;
  #sessionStarted = false;
  #paused = false;
  #mcp: Promise<McpTools> | undefined;
  #unloaded = false;

  constructor({ host, saved, approvalPolicy, how }: ThreadStart) {
    this.#host = host;
    this.#saved = saved;
    this.#how = how;
    this.#policy = approvalPolicy;
    this.id = saved.id;
    this.cwd = saved.cwd;
    this.preview = previewOf(saved);
  }

  get turnId(): string | undefined {
    return this.#turn?.id;
  }

  /** A thread that the client uses for its own questions: no hooks, no tools, never saved. */
  get auxiliary(): boolean {
    return this.#saved.threadSource === "thread_title";
  }

  get saved(): SavedThread {
    return this.#saved;
  }

  /** Codex saves a thread with its first turn; until then nobody else can follow it. */
  get hasTurns(): boolean {
    return this.#sessionStarted || this.#how === "resume";
  }

  get approvalPolicy(): string {
    return this.#policy;
  }

  /** Begins a turn, or steers the one that runs. */
  submit(submission: Submission): Json {
    if (this.#turn === undefined) this.#begin(submission);
    else this.#turn.steers.push(submission);
    return this.turn();
  }

  steer(submission: Submission): void {
    this.#turn?.steers.push(submission);
  }

  /** What waits begins as soon as the thread is idle, unless an interrupt paused the queue. */
  enqueue(queued: Queued): void {
    const { home } = this.#host;
    home.setQueue(this.id, [...home.queue(this.id), queued]);
    this.#tellQueue();
    this.lookAtQueue();
  }

  withdraw(queuedId: string): boolean {
    const { home } = this.#host;
    const queue = home.queue(this.id);
    const left = queue.filter(({ id }) => id !== queuedId);
    if (left.length === queue.length) return false;
    home.setQueue(this.id, left);
    this.#tellQueue();
    return true;
  }

  /** Begins the next of the queue although an interrupt paused it. */
  startQueue(): void {
    this.#paused = false;
    this.lookAtQueue();
  }

  /** As a person's interrupt leaves it: what is queued from now on stays there. */
  pause(): void {
    this.#paused = true;
  }

  lookAtQueue(): void {
    if (this.#turn !== undefined || this.#paused || this.#unloaded) return;
    const { home } = this.#host;
    const [next, ...left] = home.queue(this.id);
    if (next === undefined) return;
    home.setQueue(this.id, left);
    this.#tellQueue();
    this.#begin(next);
  }

  interrupt(): void {
    if (this.#turn === undefined) return;
    this.pause();
    this.#turn.interrupted.abort();
  }

  /** Ends the session in order: hooks hear of it, and another process may load the thread. */
  async unload(): Promise<void> {
    if (this.#unloaded) return;
    this.#unloaded = true;
    this.interrupt();
    if (this.#sessionStarted) await this.#hooks("SessionEnd", { reason: "other" });
    (await this.#mcp)?.close();
    this.status = { type: "notLoaded" };
    this.#host.home.unlock(this.id);
  }

  turn(): Json {
    const id = this.#turn?.id ?? "";
    const rest = { status: "inProgress", error: null, startedAt: null, completedAt: null, durationMs: null };
    return { id, rootTurnId: id, items: [], itemsView: "notLoaded", ...rest };
  }

  /** The words of `thread/read`. */
  describe(): Json {
    return describeThread(this.#host.home, this.#saved, { status: this.status, preview: this.preview });
  }

  #begin(first: Submission): void {
    const turn: Turn = {
      id: newId(),
      startedAt: Date.now(),
      interrupted: new AbortController(),
      steers: [],
      said: [],
    };
    this.#turn = turn;
    this.#paused = false;
    // After the answer to whoever began it, as in Codex.
    setImmediate(() => {
      this.#setStatus({ type: "active", activeFlags: [] });
      this.#tell("turn/started", { turn: { ...this.turn(), startedAt: seconds(turn.startedAt) } });
      void this.#run(turn, first);
    });
  }

  async #run(turn: Turn, first: Submission): Promise<void> {
    let status = "completed";
    let error: Json | null = null;
    try {
      await this.#converse(turn, first);
    } catch (caught) {
      if (!turn.interrupted.signal.aborted) {
        status = "failed";
        error = { message: String(caught) };
      }
    }
    if (turn.interrupted.signal.aborted) status = "interrupted";
    if (!this.auxiliary) this.#host.home.save(this.#saved);
    this.#turn = undefined;
    this.#setStatus({ type: "idle" });
    const endedAt = Date.now();
    const times = { startedAt: seconds(turn.startedAt), completedAt: seconds(endedAt) };
    const durationMs = endedAt - turn.startedAt;
    const told = { id: turn.id, rootTurnId: turn.id, items: turn.said.slice(-1), itemsView: "summary" };
    this.#tell("turn/completed", { turn: { ...told, status, error, ...times, durationMs } });
    this.lookAtQueue();
  }

  /** Asks the model until it neither calls a tool nor is steered, and no hook holds the turn. */
  async #converse(turn: Turn, first: Submission): Promise<void> {
    if (!this.#sessionStarted && !this.auxiliary) {
      this.#sessionStarted = true;
      const { model, permission_mode } = this.#session();
      const said = await this.#hooks("SessionStart", { model, permission_mode, source: this.#how });
      this.#addContext(said);
    }
    if (!(await this.#take(turn, first))) return;
    let stopHookActive = false;
    for (;;) {
      turn.interrupted.signal.throwIfAborted();
      const said = await this.#ask(turn);
      const calls = said.filter(({ type }) => type === "function_call");
      for (const call of calls) await this.#call(turn, call);
      turn.interrupted.signal.throwIfAborted();
      const steers = turn.steers.splice(0);
      for (const steer of steers) await this.#take(turn, steer);
      if (calls.length > 0 || steers.length > 0) continue;
      const text = said.flatMap(({ content }) => content ?? []).map(({ text }) => text);
      const stop = await this.#hooks("Stop", {
        ...this.#inTurn(turn),
        stop_hook_active: stopHookActive,
        last_assistant_message: text.join("\n"),
      });
      if (stop.block === null) return;
      stopHookActive = true;
      const hook = stop.ran[0];
      const id = `stop:${hook?.displayOrder ?? 0}:${hook?.sourcePath ?? ""}`;
      this.#add(message("user", `<hook_prompt hook_run_id="${id}">${stop.block}</hook_prompt>`));
    }
  }

  /** @returns whether the prompt passed its hooks */
  async #take(turn: Turn, { input, clientUserMessageId }: Submission): Promise<boolean> {
    const prompt = input.map(({ text }) => text).join("\n");
    const said = await this.#hooks("UserPromptSubmit", { ...this.#inTurn(turn), prompt });
    if (said.block !== null) return false;
    this.preview ||= prompt;
    const content = input.map((part) => ({ ...part, text_elements: [] }));
    const item = { type: "userMessage", id: newId(), clientId: clientUserMessageId, content };
    this.#item(turn, item);
    this.#add(message("user", prompt));
    this.#addContext(said);
    if (!this.auxiliary) this.#host.home.save(this.#saved);
    return true;
  }

  async #ask(turn: Turn): Promise<readonly ModelItem[]> {
    const { home } = this.#host;
    const tools = this.auxiliary ? [] : [...TOOLS, ...(await this.#tools()).offered];
    const said = await askModel({
      home,
      items: this.#saved.items,
      tools,
      cancelled: turn.interrupted.signal,
    });
    for (const item of said) {
      this.#add(item);
      if (item.type !== "message") continue;
      const text = (item.content ?? []).map((part) => part.text).join("");
      const shown = { type: "agentMessage", id: item.id, text };
      turn.said.push(shown);
      this.#item(turn, shown);
    }
    return said;
  }

  async #call(turn: Turn, call: ModelItem): Promise<void> {
    const { home } = this.#host;
    const { output, context } = await runCall(call, {
      home,
      cwd: this.cwd,
      approvalPolicy: this.#policy,
      cancelled: turn.interrupted.signal,
      mcp: await this.#tools(),
      hooks: (event, more) => this.#hooks(event, { ...this.#inTurn(turn), ...more }),
      tell: (method, params) => this.#tell(method, { ...params, turnId: turn.id }),
      leave: (method, asked) => this.#leave(turn, method, asked),
    });
    if (output === null) {
      turn.interrupted.abort();
      return;
    }
    for (const text of context) this.#add(message("developer", text));
    this.#add({ type: "function_call_output", id: newId(), call_id: call.call_id, output });
  }

  async #leave(turn: Turn, method: string, asked: Json): Promise<Approval> {
    this.#setStatus({ type: "active", activeFlags: ["waitingOnApproval"] });
    const approval = await this.#host.approve(method, { threadId: this.id, turnId: turn.id, ...asked });
    this.#setStatus({ type: "active", activeFlags: [] });
    return approval;
  }

  /** Its servers, started with the first word that is said to it. */
  #tools(): Promise<McpTools> {
    this.#mcp ??= startMcp(this.#host.home, this.cwd);
    return this.#mcp;
  }

  #hooks(event: HookEvent, more: Json): Promise<HookSaying> {
    if (this.auxiliary) return Promise.resolve({ ran: [], context: [], block: null });
    const { home, bypassHookTrust: bypassTrust } = this.#host;
    const session = { session_id: this.id, transcript_path: home.transcript(this.#saved), cwd: this.cwd };
    const turn_id = this.#turn?.id;
    const inTurn = "turn_id" in more && turn_id !== undefined ? { turn_id } : {};
    const { turn_id: _, ...rest } = more;
    const input = { ...session, ...inTurn, hook_event_name: event, ...rest };
    return runHooks({
      home,
      event,
      input: input as typeof input & { readonly cwd: string },
      bypassTrust,
      told: (phase, { eventName, sourcePath, source, displayOrder }) =>
        this.#tell(phase, {
          turnId: turn_id ?? null,
          run: { id: `${event}:${displayOrder}:${sourcePath}`, eventName, sourcePath, source, displayOrder },
        }),
    });
  }

  #session() {
    const model = String(this.#host.home.config()["model"] ?? "");
    const permission_mode = this.#policy === "never" ? "bypassPermissions" : "default";
    return { model, permission_mode };
  }

  #inTurn(turn: Turn): Json {
    return { turn_id: turn.id, ...this.#session() };
  }

  #item(turn: Turn, item: Json): void {
    for (const phase of ["item/started", "item/completed"]) this.#tell(phase, { item, turnId: turn.id });
  }

  #addContext({ context }: HookSaying): void {
    for (const text of context) this.#add(message("developer", text));
  }

  #add(item: Json): void {
    this.#saved = { ...this.#saved, items: [...this.#saved.items, item] };
  }

  #setStatus(status: ThreadStatus): void {
    this.status = status;
    this.#host.tell("all", "thread/status/changed", { threadId: this.id, status });
  }

  #tellQueue(): void {
    this.#tell("thread/queue/changed", {});
  }

  #tell(method: string, params: Json): void {
    this.#host.tell("followers", method, { threadId: this.id, ...params });
  }
}

const TOOLS = [{ type: "function", name: "exec_command" }];

export function describeThread(
  home: CodexHome,
  saved: SavedThread,
  now: { readonly status: ThreadStatus; readonly preview?: string },
): Json {
  const { id, cwd, originator, source, threadSource, createdAt } = saved;
  const ephemeral = threadSource === "thread_title";
  const loaded = now.status.type !== "notLoaded";
  return {
    id,
    sessionId: id,
    preview: now.preview ?? previewOf(saved),
    ephemeral,
    modelProvider: home.config()["model_provider"] ?? null,
    createdAt,
    updatedAt: createdAt,
    status: now.status,
    path: ephemeral ? null : home.transcript(saved),
    cwd,
    cliVersion: home.env["FAKE_CODEX_VERSION"] ?? "0.169.0",
    originator,
    source,
    canAcceptDirectInput: loaded ? true : null,
    threadSource,
    name: null,
    turns: [],
  };
}

function previewOf({ items }: SavedThread): string {
  const first = items.find((item) => item["role"] === "user");
  return (first?.["content"] as readonly UserText[] | undefined)?.map(({ text }) => text).join("\n") ?? "";
}

function message(role: "user" | "developer", text: string): Json {
  return { type: "message", id: newId(), role, content: [{ type: "input_text", text }] };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
