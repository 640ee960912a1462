/**
 * Codex's app-server without a wire: connections ask methods and are told notifications. Whoever carries the
 * messages (a socket, standard input, a terminal of the same process) hands them in and takes them out.
 */

import type { Approval } from "./calls.ts";
import { type CodexHome, type Json, newId, type Queued, type UserText } from "./home.ts";
import { hooksOf } from "./hooks.ts";
import { describeThread, Thread, type ThreadHost, type ThreadStart } from "./thread.ts";

export interface Message extends Json {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
}

/** Something that goes wrong, once, with the next thing that is said to a thread. */
export type Fault =
  /** The answer is as always, and nothing comes of it. */
  | { readonly kind: "lost" }
  /** The same, until so many milliseconds later. */
  | { readonly kind: "late"; readonly ms: number }
  /** It stays in the queue, as if a person had interrupted the agent; `thread/queue/start` begins it. */
  | { readonly kind: "held" }
  /** Refused: overloaded, try again. */
  | { readonly kind: "overloaded" }
  /** No answer at all. */
  | { readonly kind: "mute" }
  /** The server is gone, before it answered or right after. */
  | { readonly kind: "crash"; readonly when: "before" | "after" };

export interface Connection {
  /** Takes one message of the client's. */
  hear(message: Message): void;
  close(): void;
}

export interface ServerOptions {
  readonly home: CodexHome;
  readonly bypassHookTrust?: boolean;
  /** Looks after queues that other processes wrote to. */
  readonly pollMs?: number;
}

interface Client {
  send(message: Json): void;
  name: string | undefined;
  version: string;
  experimental: boolean;
  readonly following: Set<string>;
}

class Refusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const REFUSED = -32600;
const NO_ANSWER = Symbol("no answer");

/** An old client's app-server did not know these. */
const SINCE_146 = new Set([
  "thread/queue/add",
  "thread/queue/list",
  "thread/queue/delete",
  "thread/queue/start",
]);
/** The methods that say something to a thread, which is where faults strike. */
const SAYING = new Set(["thread/queue/add", "turn/start", "turn/steer"]);

export class AppServer {
  readonly home: CodexHome;
  readonly #threads = new Map<string, Thread>();
  readonly #clients = new Set<Client>();
  readonly #faults: Fault[] = [];
  /** What waits for somebody's answer, by its id. */
  readonly #asked = new Map<number, { method: string; params: Json; settle(answer: Approval): void }>();
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  readonly #host: ThreadHost;
  readonly #unloadMs: number;
  readonly #poll: NodeJS.Timeout;
  #originator: string | undefined;
  #lastAsked = -1;

  constructor({ home, bypassHookTrust = false, pollMs }: ServerOptions) {
    this.home = home;
    this.#host = {
      home,
      bypassHookTrust,
      tell: (audience, method, params) => {
        for (const client of this.#clients) {
          const follows = client.following.has(String(params["threadId"]));
          if (audience === "all" || follows) this.#notify(client, method, params);
        }
      },
      approve: (method, params) => this.#ask(method, params),
    };
    this.#unloadMs = Number(home.env["FAKE_CODEX_UNLOAD_MS"] ?? 60_000);
    const everyMs = pollMs ?? Number(home.env["FAKE_CODEX_POLL_MS"] ?? 10_000);
    this.#poll = setInterval(() => {
      for (const thread of this.#threads.values()) thread.lookAtQueue();
    }, everyMs);
  }

  get version(): string {
    return this.home.env["FAKE_CODEX_VERSION"] ?? "0.169.0";
  }

  connect(send: (message: Json) => void): Connection {
    const client: Client = { send, name: undefined, version: "", experimental: false, following: new Set() };
    this.#clients.add(client);
    return {
      hear: (message) => this.#hear(client, message),
      close: () => {
        this.#clients.delete(client);
        for (const id of client.following) this.#left(id);
      },
    };
  }

  /** Ends every thread in order. */
  async close(): Promise<void> {
    clearInterval(this.#poll);
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#threads.values()].map((thread) => thread.unload()));
  }

  #hear(client: Client, { id, method, params, result }: Message): void {
    if (method === undefined) {
      if (typeof id === "number") this.#answered(id, result);
      return;
    }
    if (id === undefined) return;
    this.#answer(client, method, params).then(
      (answer) => {
        if (answer !== NO_ANSWER) client.send({ id, result: answer });
      },
      (error: unknown) => {
        const code = error instanceof Refusal ? error.code : -32603;
        client.send({ error: { code, message: error instanceof Error ? error.message : String(error) }, id });
      },
    );
  }

  async #answer(client: Client, method: string, params: Json | undefined): Promise<Json | typeof NO_ANSWER> {
    const answer = this.#methods[method];
    const unknown = answer === undefined || (SINCE_146.has(method) && isBefore(this.version, 146));
    if (unknown)
      throw invalid(`unknown variant \`${method}\`, expected one of \`initialize\`, \`thread/start\``);
    if (params === undefined) throw invalid("missing field `params`");
    if (method === "initialize") {
      if (client.name !== undefined) throw new Refusal(REFUSED, "Already initialized");
    } else if (client.name === undefined) throw new Refusal(REFUSED, "Not initialized");
    if (method.startsWith("thread/queue/") && !client.experimental) {
      throw new Refusal(REFUSED, `${method} requires experimentalApi capability`);
    }
    if (!SAYING.has(method)) return await answer(params, client);
    return await this.#saying(() => answer(params, client), { method, params });
  }

  /** Lets the next fault strike what is said to a thread. */
  async #saying(
    answer: () => Json | Promise<Json>,
    { method, params }: { readonly method: string; readonly params: Json },
  ): Promise<Json | typeof NO_ANSWER> {
    const fault = this.#faults.shift();
    if (fault === undefined) return await answer();
    switch (fault.kind) {
      case "overloaded":
        throw new Refusal(-32001, "Server overloaded; retry later.");
      case "mute":
        return NO_ANSWER;
      case "crash":
        if (fault.when === "before") process.kill(process.pid, "SIGKILL");
        setImmediate(() => setImmediate(() => process.kill(process.pid, "SIGKILL")));
        return accepted(method, params);
      case "late":
        setTimeout(answer, fault.ms);
        return accepted(method, params);
      case "lost":
        return accepted(method, params);
      case "held":
        this.#threads.get(threadId(params))?.pause();
        return await answer();
      default:
        throw fault satisfies never;
    }
  }

  readonly #methods: {
    readonly [method: string]: (params: Json, client: Client) => Json | Promise<Json>;
  } = {
    initialize: (params, client) => {
      const info = (params["clientInfo"] ?? {}) as Json;
      client.name = String(info["name"]);
      client.version = String(info["version"]);
      client.experimental = (params["capabilities"] as Json | undefined)?.["experimentalApi"] === true;
      this.#originator ??= client.name;
      const agent = `${this.#originator}/${this.version} (Debian 12.0.0; x86_64) xterm-256color`;
      setImmediate(() => this.#notify(client, "remoteControl/status/changed", { status: "disabled" }));
      return {
        userAgent: `${agent} (${client.name}; ${client.version})`,
        codexHome: this.home.root,
        platformFamily: "unix",
        platformOs: "linux",
      };
    },
    "thread/loaded/list": () => ({ data: [...this.#threads.keys()], nextCursor: null }),
    "thread/read": (params) => {
      const id = threadId(params);
      const thread = this.#threads.get(id);
      if (thread !== undefined) return { thread: thread.describe(), readState: null };
      const saved = this.home.thread(id);
      if (saved === undefined) throw new Refusal(REFUSED, `thread not loaded: ${id}`);
      return { thread: describeThread(this.home, saved, { status: { type: "notLoaded" } }), readState: null };
    },
    "thread/start": (params, client) => {
      const source = params["threadSource"];
      const saved = {
        id: newId(),
        cwd: String(params["cwd"]),
        originator: this.#originator ?? "",
        source: client.name === "codex_exec" ? "exec" : "vscode",
        threadSource: typeof source === "string" ? source : null,
        createdAt: Math.floor(Date.now() / 1000),
        items: [],
      };
      const thread = this.#load({ saved, approvalPolicy: policyOf(params), how: "startup" });
      client.following.add(thread.id);
      setImmediate(() => this.#tellAll("thread/started", { thread: thread.describe() }));
      return this.#opened(thread);
    },
    "thread/resume": (params, client) => {
      const id = threadId(params);
      const thread = this.#threads.get(id) ?? this.#resume(id, policyOf(params));
      if (!thread.hasTurns) throw new Refusal(REFUSED, `no rollout found for thread id ${id}`);
      client.following.add(id);
      clearTimeout(this.#leaving.get(id));
      setImmediate(() => {
        for (const [asked, { method, params }] of this.#asked) {
          if (params["threadId"] === id) client.send({ method, id: asked, params });
        }
        thread.lookAtQueue();
      });
      return this.#opened(thread);
    },
    "thread/unsubscribe": (params, client) => {
      const id = threadId(params);
      if (!this.#threads.has(id)) return { status: "notLoaded" };
      const followed = client.following.delete(id);
      if (followed) this.#left(id);
      return { status: followed ? "unsubscribed" : "notSubscribed" };
    },
    "thread/queue/add": (params) => {
      const queued = queuedOf(params);
      const id = this.#known(params);
      const thread = this.#threads.get(id);
      if (thread === undefined) this.home.setQueue(id, [...this.home.queue(id), queued]);
      // After the answer: the turn begins when its maker knows what it made.
      else setImmediate(() => thread.enqueue(queued));
      return { queuedSubmission: queued };
    },
    "thread/queue/list": (params) => ({ data: [...this.home.queue(this.#known(params))], nextCursor: null }),
    "thread/queue/delete": (params) => {
      const id = this.#known(params);
      const queued = String(params["queuedSubmissionId"]);
      const thread = this.#threads.get(id);
      if (thread !== undefined) return { deleted: thread.withdraw(queued) };
      const queue = this.home.queue(id);
      const left = queue.filter((one) => one.id !== queued);
      this.home.setQueue(id, left);
      return { deleted: left.length < queue.length };
    },
    "thread/queue/start": (params) => {
      const thread = this.#loaded(this.#known(params));
      thread.startQueue();
      return { turn: thread.turn() };
    },
    "turn/start": (params) => {
      const thread = this.#loaded(threadId(params));
      return { turn: thread.submit({ input: inputOf(params), clientUserMessageId: clientIdOf(params) }) };
    },
    "turn/steer": (params) => {
      const expected = params["expectedTurnId"];
      if (typeof expected !== "string") throw invalid("missing field `expectedTurnId`");
      const thread = this.#loaded(threadId(params));
      const { turnId } = thread;
      if (turnId === undefined) throw new Refusal(REFUSED, "no active turn to steer");
      if (turnId !== expected) {
        throw new Refusal(REFUSED, `expected active turn id \`${expected}\` but found \`${turnId}\``);
      }
      thread.steer({ input: inputOf(params), clientUserMessageId: clientIdOf(params) });
      return { turnId };
    },
    "turn/interrupt": (params) => {
      this.#loaded(threadId(params)).interrupt();
      return {};
    },
    "hooks/list": (params) => {
      const cwds = (params["cwds"] as readonly string[] | undefined) ?? [process.cwd()];
      const data = cwds.map((cwd) => ({ cwd, hooks: hooksOf(this.home, cwd), warnings: [], errors: [] }));
      return { data };
    },
    /** For tests alone: what goes wrong next, in order. */
    "fake/faults": (params) => {
      this.#faults.push(...(params["faults"] as readonly Fault[]));
      return {};
    },
  };

  #resume(id: string, approvalPolicy: string): Thread {
    const saved = this.home.thread(id);
    if (saved === undefined) throw new Refusal(REFUSED, `no rollout found for thread id ${id}`);
    if (!this.home.lock(id)) throw new Refusal(REFUSED, `thread ${id} already has an active writer`);
    return this.#load({ saved, approvalPolicy, how: "resume" });
  }

  #load(start: Omit<ThreadStart, "host">): Thread {
    const thread = new Thread({ ...start, host: this.#host });
    this.home.lock(thread.id);
    this.#threads.set(thread.id, thread);
    return thread;
  }

  /** Asks whoever follows the thread; the first answer counts. */
  #ask(method: string, params: Json): Promise<Approval> {
    const id = ++this.#lastAsked;
    for (const client of this.#clients) {
      if (client.following.has(String(params["threadId"]))) client.send({ method, id, params });
    }
    return new Promise((settle) => this.#asked.set(id, { method, params, settle }));
  }

  #opened(thread: Thread): Json {
    const { cwd, approvalPolicy } = thread;
    return { thread: thread.describe(), model: this.home.config()["model"] ?? null, cwd, approvalPolicy };
  }

  #answered(id: number, result: Json | undefined): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    const { threadId } = asked.params;
    this.#host.tell("followers", "serverRequest/resolved", { threadId, requestId: id });
    const decision = result?.["decision"] ?? result?.["action"];
    asked.settle(decision === "accept" || decision === "decline" ? decision : "cancel");
  }

  /** Nobody follows it any more: it stays loaded for a while. */
  #left(id: string): void {
    if ([...this.#clients].some(({ following }) => following.has(id))) return;
    clearTimeout(this.#leaving.get(id));
    const timer = setTimeout(async () => {
      const thread = this.#threads.get(id);
      if (thread === undefined) return;
      if (thread.status.type === "active") return this.#left(id);
      this.#threads.delete(id);
      await thread.unload();
      this.#tellAll("thread/status/changed", { threadId: id, status: thread.status });
      this.#tellAll("thread/closed", { threadId: id });
    }, this.#unloadMs);
    this.#leaving.set(id, timer);
  }

  #known(params: Json): string {
    const id = threadId(params);
    if (!this.#threads.has(id) && this.home.thread(id) === undefined) {
      const why = `invalid thread-store request: no rollout found for thread id ${id}`;
      throw new Refusal(-32603, `failed to read thread: ${why}`);
    }
    return id;
  }

  #loaded(id: string): Thread {
    const thread = this.#threads.get(id);
    if (thread === undefined) throw new Refusal(REFUSED, `thread not found: ${id}`);
    return thread;
  }

  #tellAll(method: string, params: Json): void {
    for (const client of this.#clients) this.#notify(client, method, params);
  }

  #notify(client: Client, method: string, params: Json): void {
    if (client.name !== undefined) client.send({ method, params, emittedAtMs: Date.now() });
  }
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

function threadId(params: Json): string {
  const id = params["threadId"];
  if (typeof id !== "string") throw invalid("missing field `threadId`");
  if (!UUID.test(id)) throw new Refusal(REFUSED, "invalid thread id: invalid character");
  return id;
}

function inputOf(params: Json): readonly UserText[] {
  if (!Array.isArray(params["input"])) throw invalid("missing field `input`");
  return params["input"] as readonly UserText[];
}

function policyOf(params: Json): string {
  return String(params["approvalPolicy"] ?? "on-request");
}

function clientIdOf(params: Json): string | null {
  const id = params["clientUserMessageId"];
  return typeof id === "string" ? id : null;
}

function queuedOf(params: Json): Queued {
  const input = inputOf(params).map((part) => ({ ...part, text_elements: [] }));
  const clientUserMessageId = clientIdOf(params);
  if (clientUserMessageId === null) throw invalid("missing field `clientUserMessageId`");
  return { id: newId(), input, clientUserMessageId, responsesapiClientMetadata: null };
}

/** The answer to something that nothing comes of. */
function accepted(method: string, params: Json): Json {
  if (method === "thread/queue/add") return { queuedSubmission: queuedOf(params) };
  if (method === "turn/steer") return { turnId: params["expectedTurnId"] };
  const id = newId();
  return {
    turn: { id, rootTurnId: id, items: [], itemsView: "notLoaded", status: "inProgress", error: null },
  };
}

function invalid(why: string): Refusal {
  return new Refusal(REFUSED, `Invalid request: ${why}`);
}

function isBefore(version: string, minor: number): boolean {
  return Number(version.split(".")[1]) < minor;
}
