/**
 * One session and its turns. Whatever comes in, typed words, a peer's message or a hook that wakes, waits in one
 * line; a turn takes what stands there when it begins, and between two requests of a turn with tools it takes
 * what came from others meanwhile. Each is shown to the UserPromptSubmit hooks before the model sees it.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { faultsNow } from "./faults.ts";
import { type HookEnd, HookRunner, meaning } from "./hooks.ts";
import { Inbox, type PeerMessage } from "./inbox.ts";
import { McpServers } from "./mcp.ts";
import { askModel, type Part, type ToolInput, type Turn, text } from "./model.ts";
import { removeSession, type SessionRecord, type Status, writeSession } from "./session-file.ts";
import { answersFor, type CommandHook, isAllowed, readSettings, type Settings } from "./settings.ts";

export const VERSION = "2.1.329";

/** A Stop hook may hold a turn's end back so often in a row. */
const STOP_BLOCKS_MAX = 8;
const TOOLS = ["Bash", "Edit", "Read", "Write"];

export interface Input {
  readonly text: string;
  readonly origin: "typed" | "peer" | "rewake";
}

export interface Opening {
  readonly interactive: boolean;
  /** More turns may come: in a terminal, or from a program that sends messages. */
  readonly lasts: boolean;
  readonly mode: string;
  readonly resume: string | undefined;
  /** What the command line allows. */
  readonly allowed: readonly string[];
}

/** Who shows the session to a person or a program. All of it happened already. */
export interface Viewer {
  hookRan?(event: string, name: string, end: HookEnd): void;
  hookFailed?(event: string, end: HookEnd): void;
  turnBegan?(inputs: readonly Input[]): void;
  /** A message that came while a turn runs, when it came. */
  messageCame?(input: Input): void;
  /** One answer of the model; its words are empty if it only calls tools. */
  said?(words: string): void;
  toolRan?(name: string): void;
  turnEnded?(answer: string): void;
  held?(message: PeerMessage): void;
  /** Whether a person lets the tool run; without a person it may not. */
  permits?(tool: string, input: ToolInput): Promise<boolean>;
  /** Whether a person lets a held message in; without a person it stays held. */
  admits?(message: PeerMessage): Promise<boolean>;
}

export class Session {
  readonly id: string;
  readonly project = process.cwd();
  readonly home = process.env["HOME"] ?? "";
  readonly interactive: boolean;
  readonly mode: string;
  readonly trusted: boolean;
  readonly inbox: Inbox;
  viewer: Viewer = {};
  readonly #lasts: boolean;
  readonly #source: "startup" | "resume";
  readonly #allowed: readonly string[];
  readonly #approvedServers: readonly string[];
  readonly #token = randomBytes(16).toString("hex");
  readonly #hooks: HookRunner;
  readonly #servers = new McpServers();
  readonly #record: SessionRecord;
  readonly #line: Input[] = [];
  readonly #idlers: (() => void)[] = [];
  /** What hooks want the model to know with its next request. */
  #contexts: string[] = [];
  #turns: Turn[] = [];
  #promptId = "";
  #started = false;
  #running = false;
  #ended = false;

  static open(opening: Opening): Session | null {
    const session = new Session(opening);
    return opening.resume === undefined || session.#recall() ? session : null;
  }

  private constructor({ interactive, lasts, mode, resume, allowed }: Opening) {
    this.id = resume ?? randomUUID();
    this.interactive = interactive;
    this.#lasts = lasts;
    this.mode = mode;
    this.#source = resume === undefined ? "startup" : "resume";
    this.#allowed = allowed;
    const { trusted, servers } = answersFor(this.home, this.project);
    this.trusted = trusted;
    this.#approvedServers = servers;
    this.inbox = new Inbox(
      join(this.home, ".claude", "socks", `${process.pid}.sock`),
      () => this.id,
      (message) => this.#messageCame(message),
    );
    this.#record = {
      pid: process.pid,
      sessionId: this.id,
      cwd: this.project,
      startedAt: Date.now(),
      version: VERSION,
      kind: "interactive",
      entrypoint: interactive ? "cli" : "sdk-cli",
      messagingSocketPath: this.inbox.path,
      name: `${basename(this.project)}-${randomBytes(1).toString("hex")}`,
      ...paneHere(interactive),
    };
    this.#hooks = new HookRunner(this.project, () => this.environment());
  }

  get tools(): readonly string[] {
    return [...TOOLS, ...this.#servers.tools];
  }

  /** Opens the inbox, shows the session on disk, starts the servers and runs the SessionStart hooks. */
  async start(): Promise<void> {
    await this.inbox.open();
    writeSession(this.home, this.#record, null);
    // `-p` asks nobody: what a project's file names is started.
    const servers = [...this.#approvedServers, ...this.#settings().servers];
    const approved = (name: string) => !this.interactive || servers.includes(name);
    await this.#servers.start(this.project, approved, this.environment());
    const env = {
      CLAUDE_ENV_FILE: join(this.home, ".claude", "session-env", this.id, "sessionstart-hook-0.sh"),
    };
    const resumed = { seconds_since_last_response: 1, context_tokens: 20 };
    const more = this.#source === "resume" ? resumed : this.interactive ? { model: "claude-opus-5-5" } : {};
    await this.#runHooks("SessionStart", this.#source, { source: this.#source, ...more }, env);
    this.#status("idle");
    this.#started = true;
    void this.#work();
  }

  /** What hooks, tools and servers find in their environment. */
  environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      AI_AGENT: `claude-code_${VERSION.replaceAll(".", "-")}_harness`,
      CLAUDECODE: "1",
      CLAUDE_CODE_CHILD_SESSION: "1",
      CLAUDE_CODE_ENTRYPOINT: this.#record.entrypoint,
      CLAUDE_CODE_SESSION_ATTENDED: this.interactive ? "1" : "0",
      CLAUDE_CODE_SESSION_ID: this.id,
      CLAUDE_PID: String(process.pid),
      CLAUDE_PROJECT_DIR: this.project,
      ...(this.#ended
        ? {}
        : {
            CLAUDE_CODE_MESSAGING_SOCKET: this.inbox.path,
            CLAUDE_CODE_MESSAGING_TOKEN: this.#token,
          }),
    };
  }

  submit(words: string): void {
    this.#takeIn({ text: words, origin: "typed" });
  }

  /** Settles as soon as nothing runs and nothing waits. */
  idle(): Promise<void> {
    if (!this.#running && this.#line.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.push(resolve));
  }

  async end(reason: string): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.inbox.close();
    removeSession(this.home, process.pid);
    this.#hooks.endAll();
    await this.#runHooks("SessionEnd", reason, { reason, ...this.#prompt() });
    this.#servers.end();
  }

  #settings(): Settings {
    return readSettings(this.home, this.project, this.trusted);
  }

  #status(status: Status, waitingFor?: string): void {
    if (!this.#ended) writeSession(this.home, this.#record, status, waitingFor);
  }

  // --- what comes in

  #messageCame(message: PeerMessage): void {
    const { inbox = "take", delayMs = 0 } = faultsNow(this.home);
    if (inbox === "drop") return;
    if (inbox === "crash") process.kill(process.pid, "SIGKILL");
    const policy = this.#settings().crossSessionInbound;
    const bypasses = this.mode === "bypassPermissions" && policy !== "accept";
    if (policy === "refuse") {
      const reason = "The recipient session is not accepting cross-session messages.";
      this.inbox.tell(message, "expired", reason, { status_detail: "refused" });
    } else if (inbox === "hold" || policy === "hold" || bypasses) void this.#hold(message, bypasses);
    else if (inbox === "late") setTimeout(() => this.#admit(message), delayMs);
    else this.#admit(message);
  }

  #admit({ text: words }: PeerMessage): void {
    this.#takeIn({ text: words, origin: "peer" });
  }

  /** Only a session that bypasses permissions asks; one that is set to hold says so and waits for the setting. */
  async #hold(message: PeerMessage, asks: boolean): Promise<void> {
    this.inbox.tell(message, "held", "Held until the recipient's user approves it (permission-mode parity).");
    this.viewer.held?.(message);
    if (!asks || this.viewer.admits === undefined) return;
    this.#status("waiting", "permission prompt");
    const admitted = await this.viewer.admits(message);
    this.#status(this.#running ? "busy" : "idle");
    if (admitted) this.#admit(message);
    else this.inbox.tell(message, "denied", "The recipient's user declined it; it was not delivered.");
  }

  #wake(hook: string, { status, err }: HookEnd): void {
    if (status !== 2 || this.#ended) return;
    const { rewake = "take", delayMs = 0 } = faultsNow(this.home);
    if (rewake === "drop") return;
    if (rewake === "crash") process.kill(process.pid, "SIGKILL");
    const words = [
      "<task-notification>\n<summary>Stop hook feedback</summary>\n</task-notification>",
      `<system-reminder>\nStop hook blocking error from command "${hook}": ${err}\n</system-reminder>`,
    ].join("\n");
    setTimeout(() => this.#takeIn({ text: words, origin: "rewake" }), rewake === "late" ? delayMs : 0);
  }

  #takeIn(input: Input): void {
    this.#line.push(input);
    if (this.#running) this.viewer.messageCame?.(input);
    void this.#work();
  }

  // --- turns

  async #work(): Promise<void> {
    if (this.#running || !this.#started) return;
    this.#running = true;
    for (;;) {
      const [first, ...rest] = this.#line;
      if (first === undefined || this.#ended) break;
      // What others sent is taken together; what a person typed is a turn of its own.
      const batch =
        first.origin === "typed" ? [first] : [first, ...until(rest, ({ origin }) => origin === "typed")];
      this.#line.splice(0, batch.length);
      await this.#turn(batch);
    }
    this.#running = false;
    for (const settle of this.#idlers.splice(0)) settle();
  }

  async #turn(inputs: readonly Input[]): Promise<void> {
    this.#promptId = randomUUID();
    this.#status("busy");
    this.viewer.turnBegan?.(inputs);
    const parts = await this.#admitted(inputs, "");
    let answer = "";
    let stopActive = inputs.every(({ origin }) => origin === "rewake");
    let next: readonly Part[] = parts;
    for (let blocks = 0; next.length > 0 && !this.#ended; ) {
      answer = await this.#exchange(next);
      const reason = await this.#stop(answer, stopActive);
      if (reason === null || blocks === STOP_BLOCKS_MAX) break;
      blocks += 1;
      stopActive = true;
      next = [text(`Stop hook feedback:\n${reason}`)];
    }
    this.viewer.turnEnded?.(answer);
    this.#status("idle");
  }

  /** Asks, runs the tools that the model calls, and asks again, until it calls none. */
  async #exchange(first: readonly Part[]): Promise<string> {
    let content = first;
    for (;;) {
      this.#say("user", [...content, ...this.#contexts.splice(0).map(text)]);
      const { parts } = await askModel(this.#turns, this.tools);
      this.#say("assistant", parts);
      const words = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
      this.viewer.said?.(words);
      const results: Part[] = [];
      for (const part of parts) if (part.type === "tool_use") results.push(await this.#tool(part));
      if (results.length === 0 || this.#ended) return words;
      const others = this.#line.filter(({ origin }) => origin !== "typed");
      const typed = this.#line.filter(({ origin }) => origin === "typed");
      this.#line.splice(0, this.#line.length, ...typed);
      content = [...results, ...(await this.#admitted(others, " while you were working"))];
    }
  }

  /** Shows each input to the hooks; gives those that none of them blocked as the model sees them. */
  async #admitted(inputs: readonly Input[], when: string): Promise<readonly Part[]> {
    const parts: Part[] = [];
    for (const input of inputs) {
      const says = await this.#runHooks("UserPromptSubmit", "", { ...this.#prompt(), prompt: input.text });
      if (says.every(({ block }) => block === null)) parts.push(text(asSeen(input, when)));
    }
    return parts;
  }

  async #stop(answer: string, active: boolean): Promise<string | null> {
    const event = {
      ...{ ...this.#prompt(), effort: { level: "medium" }, stop_hook_active: active },
      ...{ last_assistant_message: answer, background_tasks: [], session_crons: [] },
    };
    const says = await this.#runHooks("Stop", "", event);
    const blocks = says.flatMap(({ block }) => (block === null ? [] : [block]));
    return blocks.length === 0 ? null : blocks.join("\n");
  }

  async #tool({ id, name, input }: Part & { readonly type: "tool_use" }): Promise<Part> {
    const result = (content: string): Part => ({ type: "tool_result", tool_use_id: id, content });
    const server = /^mcp__(.+?)__/.exec(name)?.[1];
    const about = {
      ...{
        ...this.#prompt(),
        effort: { level: "medium" },
        tool_name: name,
        tool_input: input,
        tool_use_id: id,
      },
      ...(server === undefined ? {} : { mcp_server: { name: server, source: "project" } }),
    };
    const before = await this.#runHooks("PreToolUse", name, about);
    const blocked = before.find(({ block }) => block !== null);
    if (blocked !== undefined) return result(blocked.block ?? "");
    if (!(await this.#permitted(name, input, about)))
      return result("This needs approval, which was not given.");
    const startedAtMs = performance.now();
    const output =
      server === undefined ? await this.#shell(input.command ?? "") : await this.#servers.call(name, input);
    this.viewer.toolRan?.(name);
    await this.#runHooks("PostToolUse", name, {
      ...about,
      tool_response:
        server === undefined
          ? { stdout: output, stderr: "", interrupted: false, isImage: false, noOutputExpected: false }
          : [{ type: "text", text: output }],
      duration_ms: Math.round(performance.now() - startedAtMs),
    });
    return result(output === "" ? `(${name} completed with no output)` : output);
  }

  async #permitted(name: string, input: ToolInput, about: object): Promise<boolean> {
    if (this.mode === "bypassPermissions" || this.mode === "auto") return true;
    if (isAllowed([...this.#allowed, ...this.#settings().allow], name, input)) return true;
    if (this.viewer.permits === undefined) return false;
    await this.#runHooks("PermissionRequest", name, about);
    this.#status("waiting", "permission prompt");
    const permitted = await this.viewer.permits(name, input);
    this.#status("busy");
    return permitted;
  }

  #shell(command: string): Promise<string> {
    const child = spawn("/bin/bash", ["-c", command], { cwd: this.project, env: this.environment() });
    let out = "";
    child.stdin.end();
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (words: string) => {
        out += words;
      });
    }
    return new Promise((resolve) => child.once("close", () => resolve(out.trimEnd())));
  }

  // --- hooks

  #prompt() {
    return this.#promptId === "" ? {} : { prompt_id: this.#promptId, permission_mode: this.mode };
  }

  /** Runs the event's hooks at once; those that wake later are not waited for. */
  async #runHooks(event: string, matched: string, about: object, env: { [name: string]: string } = {}) {
    const transcript = { session_id: this.id, transcript_path: this.#transcript(), cwd: this.project };
    const stdin = { ...transcript, hook_event_name: event, ...about };
    const hooks = this.#settings().hooks(event, matched);
    const name = matched === "" ? event : `${event}:${matched}`;
    const run = (hook: CommandHook) => this.#hooks.run(hook, stdin, env);
    const wakes = ({ asyncRewake }: CommandHook) => asyncRewake === true && this.#lasts;
    const waking = hooks.filter(wakes).map((hook) => run(hook).then((end) => this.#wake(name, end)));
    const ends = await Promise.all(hooks.filter((hook) => !wakes(hook)).map(run));
    // Nobody attends: the first prompt waits also for those that wake.
    if (!this.interactive && event === "SessionStart") await Promise.all(waking);
    for (const end of ends) {
      this.viewer.hookRan?.(event, name, end);
      if (end.status !== 0 && end.status !== 2) this.viewer.hookFailed?.(event, end);
    }
    const says = ends.map((end) => meaning(event === "PostToolUse" ? name : event, end));
    this.#contexts.push(...says.flatMap(({ context }) => (context === null ? [] : [context])));
    return says;
  }

  // --- the transcript

  #transcript(): string {
    const slug = this.project.replace(/[^a-zA-Z0-9]/g, "-");
    return join(this.home, ".claude", "projects", slug, `${this.id}.jsonl`);
  }

  #say(role: Turn["role"], content: readonly Part[]): void {
    const turn = { role, content };
    this.#turns.push(turn);
    mkdirSync(join(this.#transcript(), ".."), { recursive: true });
    appendFileSync(this.#transcript(), `${JSON.stringify(turn)}\n`);
  }

  #recall(): boolean {
    try {
      const lines = readFileSync(this.#transcript(), "utf8").split("\n").filter(Boolean);
      this.#turns = lines.map((line) => JSON.parse(line) as Turn);
      return true;
    } catch {
      return false;
    }
  }
}

function paneHere(interactive: boolean): { readonly tmux?: string } {
  const pane = process.env["TMUX_PANE"];
  if (!interactive || pane === undefined) return {};
  const format = "#{session_name}:#{window_id}.#{pane_id}";
  const args = ["display-message", "-p", "-t", pane, format];
  return { tmux: execFileSync("tmux", args, { encoding: "utf8" }).trim() };
}

/** The words around an input that tell the model who speaks. */
function asSeen({ text: words, origin }: Input, when: string): string {
  if (origin === "typed") return words;
  if (origin === "rewake") {
    const quoted = words.replace(/<\/system-reminder>$/, "&lt;/system-reminder&gt;");
    return `<system-reminder>\n[SYSTEM NOTIFICATION - NOT USER INPUT]\n\n${quoted}\n</system-reminder>`;
  }
  return `Another Claude session sent a message${when}:\n${words}\n\nThis came from another Claude session.`;
}

function until<T>(items: readonly T[], ends: (item: T) => boolean): readonly T[] {
  const end = items.findIndex(ends);
  return end === -1 ? items : items.slice(0, end);
}
