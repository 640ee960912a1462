/**
 * What Prism relies on in Codex, as observations that hold of the real client and of the fake alike. When one of
 * them fails for the real client alone, Codex has changed: correct the fake, then the surface.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AppServerClient, Json, Note } from "../support/app-server-client.ts";
import { until } from "../support/until.ts";
import { type CodexHouse, type CodexPane, codexHouse } from "./codex.ts";
import { type MockModel, type ModelScript, mockModel } from "./mock-openai.ts";

interface Stage {
  readonly house: CodexHouse;
  readonly model: MockModel;
  /** What each hook read on its standard input, oldest first. */
  readonly heard: () => readonly Json[];
}

interface StageOptions {
  readonly script?: ModelScript;
  /** What a hook prints, by its event; one that stands here is installed. */
  readonly hooks?: { readonly [event: string]: string };
  readonly untrustedHooks?: boolean;
  readonly untrusted?: boolean;
  /** A server of tools, called `tools`, with these words more in its configuration. */
  readonly tools?: string;
}

const TOOL_SERVER = join(import.meta.dirname, "tool-server.ts");

function toolsConfig(more: string): string {
  const args = JSON.stringify([TOOL_SERVER, "started"]);
  return `[mcp_servers.tools]\ncommand = "${process.execPath}"\nargs = ${args}\nenv = { MINE = "1" }\n${more}\n`;
}

/** Does what it is told: runs what stands between `run<` and `>`, asks first for what is between `ask<` and `>`. */
const obedient: ModelScript = ({ news }) => {
  const [, tool] = /use<(\w+)>/.exec(news) ?? [];
  if (tool !== undefined) return [{ call: tool, namespace: "mcp__tools", args: {} }];
  const [, how, command] = /(run|ask)<([^>]*)>/.exec(news) ?? [];
  if (command === undefined || news.includes("Generate a concise")) return [{ say: "done" }];
  const escalated = { sandbox_permissions: "require_escalated", justification: "it is needed" };
  return [
    {
      call: "exec_command",
      args: { cmd: command, yield_time_ms: 20_000, ...(how === "ask" ? escalated : {}) },
    },
  ];
};

const UUID = /^[\da-f-]{36}$/;

export function codexContract(name: string, command: () => readonly string[]): void {
  async function stage(options: StageOptions = {}): Promise<Stage> {
    const model = await mockModel(options.script ?? obedient);
    onTestFinished(() => model.close());
    const house = codexHouse({
      command: command(),
      modelUrl: model.url,
      // The real one looks after its shared queue every 10 s, and knows nothing of this.
      env: { FAKE_CODEX_POLL_MS: "100" },
      ...(options.untrusted === true ? { untrusted: true } : {}),
      ...(options.tools === undefined ? {} : { config: toolsConfig(options.tools) }),
    });
    onTestFinished(() => house.close());
    const log = join(house.home, "heard");
    if (options.hooks !== undefined) {
      const groups = Object.entries(options.hooks).map(([event, says]) => [
        event,
        hookOf(house, event, says),
      ]);
      writeFileSync(
        join(house.codexHome, "hooks.json"),
        JSON.stringify({ hooks: Object.fromEntries(groups) }),
      );
    }
    return { house, model, heard: () => linesOf(log) };
  }

  /** With the server behind the control socket, hooks trusted, and a client. */
  async function served(options: StageOptions = {}): Promise<Stage & { client: AppServerClient }> {
    const staged = await stage(options);
    await staged.house.serve();
    if (options.hooks !== undefined && options.untrustedHooks !== true) await staged.house.trustHooks();
    return { ...staged, client: await staged.house.client() };
  }

  /** A thread of the app-server's own, which its starter follows. */
  async function threadIn({
    client,
    house,
  }: {
    client: AppServerClient;
    house: CodexHouse;
  }): Promise<string> {
    const how = { cwd: house.project, approvalPolicy: "never", sandbox: "workspace-write" };
    return (await client.ask("thread/start", how)).thread.id;
  }

  /** The thread of a `codex` in a pane, found as anybody can. */
  async function threadOfPane({ client }: { client: AppServerClient }): Promise<string> {
    for (;;) {
      const { data } = await client.ask("thread/loaded/list", {});
      for (const threadId of data as readonly string[]) {
        const { thread } = await client.ask("thread/read", { threadId });
        if (thread.threadSource === "user" && !thread.ephemeral) return threadId;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  describe(`${name}: the control socket`, () => {
    it("takes a WebSocket without token or path, and says its version first", async () => {
      const { house, client } = await served();
      expect(client.welcome).toMatchObject({
        userAgent: expect.stringMatching(/^[^/]+\/\d+\.\d+\.\d+\S* \(/),
        codexHome: house.codexHome,
      });
      expect(statSync(realpathSync(house.socket)).isSocket()).toBe(true);
      expect(realpathSync(house.socket)).not.toBe(house.socket);
    });

    it("refuses in words that can be told apart", async () => {
      const { house, client } = await served();
      const refused = (method: string, params: Json, by = client) =>
        by.ask(method, params).catch((error) => error);
      const nobody = "01a1fdfe-4a3d-75e0-bec1-e33e0516ffff";
      const input = [{ type: "text", text: "x" }];
      const add = { threadId: nobody, clientUserMessageId: "m", input };
      const plain = await house.client({ experimental: false });
      expect(await refused("no/such", {})).toMatchObject({
        code: -32600,
        message: expect.stringContaining("unknown variant `no/such`"),
      });
      expect(await refused("initialize", { clientInfo: { name: "x", version: "1" } })).toMatchObject({
        code: -32600,
        message: "Already initialized",
      });
      expect(await refused("thread/queue/list", { threadId: nobody }, plain)).toMatchObject({
        code: -32600,
        message: "thread/queue/list requires experimentalApi capability",
      });
      expect(await refused("thread/read", {})).toMatchObject({
        message: expect.stringContaining("threadId"),
      });
      expect(await refused("thread/read", { threadId: nobody })).toMatchObject({
        code: -32600,
        message: `thread not loaded: ${nobody}`,
      });
      expect(await refused("thread/resume", { threadId: nobody })).toMatchObject({
        code: -32600,
        message: `no rollout found for thread id ${nobody}`,
      });
      expect(await refused("turn/start", { threadId: nobody, input })).toMatchObject({
        code: -32600,
        message: `thread not found: ${nobody}`,
      });
      expect(await refused("thread/queue/add", add)).toMatchObject({
        code: -32603,
        message: expect.stringContaining(`no rollout found for thread id ${nobody}`),
      });
      expect(await refused("thread/queue/add", { ...add, threadId: "odd" })).toMatchObject({
        code: -32600,
        message: expect.stringContaining("invalid thread id"),
      });
    });
  });

  describe(`${name}: waking`, () => {
    it("begins a turn for what is queued when it is idle, and shows whose words they are", async () => {
      const staged = await served({ hooks: { UserPromptSubmit: "" } });
      const { client, model, heard } = staged;
      const threadId = await threadIn(staged);
      expect((await client.ask("thread/read", { threadId })).thread.status).toEqual({ type: "idle" });
      const { queuedSubmission } = await client.ask("thread/queue/add", said(threadId, "a bell", "bell-1"));
      expect(queuedSubmission).toMatchObject({
        id: expect.stringMatching(UUID),
        clientUserMessageId: "bell-1",
      });
      await client.note(itemOf("bell-1"));
      await client.note(is("turn/completed"));
      expect(methodsOf(client.notes)).toEqual([
        "turn/started",
        "hook/started",
        "hook/completed",
        "item/started",
        "item/completed",
        "item/started",
        "item/completed",
        "turn/completed",
      ]);
      expect((await client.ask("thread/queue/list", { threadId })).data).toEqual([]);
      expect(model.requests[0]?.news).toContain("a bell");
      expect(heard()).toMatchObject([
        { hook_event_name: "UserPromptSubmit", prompt: "a bell", session_id: threadId },
      ]);
    });

    it("lets what is queued wait while it is busy, and takes it in a turn of its own", async () => {
      const staged = await served();
      const { client } = staged;
      const threadId = await threadIn(staged);
      const gate = gateIn(staged.house);
      const { turn } = await client.ask("turn/start", said(threadId, `run<${gate.command}>`));
      await client.note(runs);
      expect((await client.ask("thread/read", { threadId })).thread.status.type).toBe("active");
      await client.ask("thread/queue/add", said(threadId, "same", "bell-1"));
      await client.ask("thread/queue/add", said(threadId, "same", "bell-1"));
      const { data } = await client.ask("thread/queue/list", { threadId });
      // Nothing is the same to it, not even what says so.
      expect(data).toHaveLength(2);
      const removing = { threadId, queuedSubmissionId: data[1].id };
      expect(await client.ask("thread/queue/delete", removing)).toEqual({ deleted: true });
      expect(await client.ask("thread/queue/delete", removing)).toEqual({ deleted: false });
      gate.open();
      const completed = await client.note(is("turn/completed"));
      expect(completed.params["turn"]).toMatchObject({ id: turn.id, status: "completed" });
      const taken = await client.note(itemOf("bell-1"));
      expect(taken.params["turnId"]).not.toBe(turn.id);
      expect(client.notes.indexOf(taken)).toBeGreaterThan(client.notes.indexOf(completed));
      await client.note((note) => is("turn/completed")(note) && turnOf(note) !== turn.id);
      expect(client.notes.filter(itemOf("bell-1"))).toHaveLength(1);
    });

    it("is steered by a turn that is begun while it is busy", async () => {
      const staged = await served({ hooks: { UserPromptSubmit: "" } });
      const { client, heard } = staged;
      const threadId = await threadIn(staged);
      const steering = { ...said(threadId, "steered", "bell-2"), expectedTurnId: "other" };
      await expect(client.ask("turn/steer", steering)).rejects.toMatchObject({
        code: -32600,
        message: "no active turn to steer",
      });
      const gate = gateIn(staged.house);
      const { turn } = await client.ask("turn/start", said(threadId, `run<${gate.command}>`));
      await client.note(runs);
      await expect(client.ask("turn/steer", steering)).rejects.toMatchObject({
        code: -32600,
        message: `expected active turn id \`other\` but found \`${turn.id}\``,
      });
      const steered = await client.ask("turn/steer", { ...steering, expectedTurnId: turn.id });
      expect(steered).toMatchObject({ turnId: turn.id });
      expect((await client.ask("turn/start", said(threadId, "started", "bell-3"))).turn.id).toBe(turn.id);
      gate.open();
      for (const id of ["bell-2", "bell-3"]) {
        expect((await client.note(itemOf(id))).params["turnId"]).toBe(turn.id);
      }
      await client.note(is("turn/completed"));
      expect(heard().map(({ prompt }) => prompt)).toEqual([`run<${gate.command}>`, "steered", "started"]);
    });

    it("takes nothing from its queue after an interrupt, though it says it did, until the queue is started", async () => {
      const staged = await served();
      const { client } = staged;
      const threadId = await threadIn(staged);
      const gate = gateIn(staged.house);
      const { turn } = await client.ask("turn/start", said(threadId, `run<${gate.command}>`));
      await client.note(runs);
      await client.ask("turn/interrupt", { threadId, turnId: turn.id });
      const completed = await client.note(is("turn/completed"));
      expect(completed.params["turn"]).toMatchObject({ status: "interrupted" });
      await client.ask("thread/queue/add", said(threadId, "held", "bell-4"));
      expect((await client.ask("thread/read", { threadId })).thread.status.type).toBe("idle");
      expect((await client.ask("thread/queue/list", { threadId })).data).toHaveLength(1);
      expect(client.notes.some(itemOf("bell-4"))).toBe(false);
      expect(await client.ask("thread/queue/start", { threadId })).toHaveProperty("turn.id");
      await client.note(itemOf("bell-4"));
      await client.note(is("turn/completed"), client.notes.indexOf(completed) + 1);
      await client.ask("thread/queue/add", said(threadId, "again", "bell-5"));
      await client.note(itemOf("bell-5"));
    });
  });

  describe(`${name}: a thread that is not loaded`, () => {
    it("queues for it, and takes it when somebody loads it", async () => {
      const staged = await served();
      const { house, client } = staged;
      const threadId = threadOf((await house.run(["exec", "--json", "first"])).out);
      expect((await client.ask("thread/read", { threadId })).thread.status).toEqual({ type: "notLoaded" });
      const queued = await house.run(["queue", "--thread", threadId, "--message", "by the verb"]);
      expect(queued).toMatchObject({
        status: 0,
        out: expect.stringMatching(/^Queued message \S+ for thread /),
      });
      expect((await client.ask("thread/read", { threadId })).thread.status).toEqual({ type: "notLoaded" });
      await client.ask("thread/resume", { threadId, excludeTurns: true });
      await client.note((note) => is("item/started")(note) && textOf(note) === "by the verb");
    });

    it("resumes it headless, unless another process has it", async () => {
      const staged = await served({ hooks: { SessionStart: "", SessionEnd: "" } });
      const { house, client, model, heard } = staged;
      const threadId = threadOf((await house.run(["exec", "--json", "first words"])).out);
      const resumed = await house.run(["exec", "--json", "resume", threadId, "second words"]);
      expect(resumed.status).toBe(0);
      expect(threadOf(resumed.out)).toBe(threadId);
      expect(JSON.stringify(model.requests.at(-1)?.body.input)).toMatch(/first words.*second words/);
      expect(
        heard().map(({ hook_event_name, source, reason }) => [hook_event_name, source ?? reason]),
      ).toEqual([
        ["SessionStart", "startup"],
        ["SessionEnd", "other"],
        ["SessionStart", "resume"],
        ["SessionEnd", "other"],
      ]);
      await client.ask("thread/resume", { threadId, excludeTurns: true });
      expect(await house.run(["exec", "--json", "resume", threadId, "third"])).toMatchObject({
        status: 1,
        err: expect.stringContaining(`thread ${threadId} already has an active writer`),
      });
      const nobody = "01a1fdfe-4a3d-75e0-bec1-e33e0516ffff";
      expect(await house.run(["exec", "--json", "resume", nobody, "x"])).toMatchObject({
        status: 1,
        err: expect.stringContaining(`no rollout found for thread id ${nobody}`),
      });
      expect(await house.run(["queue", "--thread", nobody, "--message", "x"])).toMatchObject({ status: 1 });
    });
  });

  describe(`${name}: hooks`, () => {
    const all = {
      SessionStart: "",
      UserPromptSubmit: "",
      PreToolUse: "",
      PostToolUse: "",
      Stop: "",
      SessionEnd: "",
    };

    it("skips untrusted ones in silence, and says so when it is asked", async () => {
      const { house, client, heard } = await served({ hooks: all, untrustedHooks: true });
      const ran = await house.run(["exec", "--json", "hello"]);
      expect(ran.status).toBe(0);
      expect(ran.out).not.toContain("trust");
      expect(heard()).toEqual([]);
      const listed = async () =>
        (await client.ask("hooks/list", { cwds: [house.project] })).data[0].hooks as readonly Json[];
      expect(new Set((await listed()).map(({ trustStatus }) => trustStatus))).toEqual(new Set(["untrusted"]));
      const [first] = (await listed()).filter(({ eventName }) => eventName === "stop");
      const path = join(house.codexHome, "hooks.json");
      expect(first).toMatchObject({
        key: `${path}:stop:0:0`,
        sourcePath: path,
        source: "user",
        matcher: null,
      });
      await house.trustHooks();
      expect(new Set((await listed()).map(({ trustStatus }) => trustStatus))).toEqual(new Set(["trusted"]));
      await house.run(["exec", "--json", "hello again"]);
      expect(heard().map(({ hook_event_name }) => hook_event_name)).toEqual([
        "SessionStart",
        "UserPromptSubmit",
        "Stop",
        "SessionEnd",
      ]);
      writeFileSync(path, readFileSync(path, "utf8").replaceAll('"timeout":3', '"timeout":2'));
      expect(new Set((await listed()).map(({ trustStatus }) => trustStatus))).toEqual(new Set(["modified"]));
    });

    it("hands each hook what Prism reads", async () => {
      const { house, heard } = await served({ hooks: all });
      const { out } = await house.run(["exec", "--json", "run<echo hello>"]);
      const session = {
        session_id: threadOf(out),
        cwd: house.project,
        transcript_path: expect.stringMatching(/rollout-.*\.jsonl$/),
      };
      const turn = { ...session, turn_id: expect.stringMatching(UUID), model: "mock-model" };
      const tool = { tool_name: "Bash", tool_input: { command: "echo hello" } };
      const mode = { permission_mode: "bypassPermissions" };
      expect(heard()).toEqual([
        { ...session, ...mode, hook_event_name: "SessionStart", model: "mock-model", source: "startup" },
        { ...turn, ...mode, hook_event_name: "UserPromptSubmit", prompt: "run<echo hello>" },
        { ...turn, ...mode, hook_event_name: "PreToolUse", ...tool, tool_use_id: expect.any(String) },
        {
          ...turn,
          ...mode,
          hook_event_name: "PostToolUse",
          ...tool,
          tool_use_id: expect.any(String),
          tool_response: "hello\n",
        },
        {
          ...turn,
          ...mode,
          hook_event_name: "Stop",
          stop_hook_active: false,
          last_assistant_message: "done",
        },
        { ...session, hook_event_name: "SessionEnd", reason: "other" },
      ]);
    });

    it("brings what hooks add to the model, and goes on when Stop says so", async () => {
      const adds = (event: string) =>
        JSON.stringify({
          hookSpecificOutput: { hookEventName: event, additionalContext: `added at ${event}` },
        });
      const { house, model, heard } = await served({
        hooks: {
          SessionStart: adds("SessionStart"),
          UserPromptSubmit: adds("UserPromptSubmit"),
          PostToolUse: adds("PostToolUse"),
          Stop: JSON.stringify({ decision: "block", reason: "one more thing" }),
        },
        script: (request) => {
          // Codex would be held for ever: nothing bounds how often a hook may say so.
          if (request.number === 4) writeFileSync(join(house.home, "Stop.says"), "");
          return obedient(request);
        },
      });
      expect((await house.run(["exec", "--json", "run<echo hello>"])).status).toBe(0);
      const news = model.requests.map((request) => request.news);
      expect(news[0]).toMatch(/added at SessionStart\n.*run<echo hello>\n.*added at UserPromptSubmit/s);
      expect(news[1]).toMatch(/added at PostToolUse\n.*hello\n/s);
      expect(news[2]).toMatch(/^<hook_prompt hook_run_id="[^"]*">one more thing<\/hook_prompt>$/);
      expect(news).toHaveLength(4);
      const stops = heard().filter(({ hook_event_name }) => hook_event_name === "Stop");
      expect(stops.map(({ stop_hook_active }) => stop_hook_active)).toEqual([false, true, true]);
    });

    it("is not harmed by hooks that fail, except by status 2 with a reason, which swallows a prompt", async () => {
      const { house, model } = await served({ hooks: { UserPromptSubmit: "no { json" } });
      await house.run(["exec", "--json", "one"]);
      expect(model.requests).toHaveLength(1);
      writeFileSync(join(house.home, "UserPromptSubmit.status"), "1");
      await house.run(["exec", "--json", "two"]);
      expect(model.requests).toHaveLength(2);
      writeFileSync(join(house.home, "UserPromptSubmit.status"), "2");
      await house.run(["exec", "--json", "three"]);
      expect(model.requests).toHaveLength(3);
      writeFileSync(join(house.home, "UserPromptSubmit.complains"), "not this one");
      expect((await house.run(["exec", "--json", "four"])).status).toBe(0);
      expect(model.requests).toHaveLength(3);
    });
  });

  describe(`${name}: tools`, () => {
    /** What became of each tool's call, as the model was told. */
    async function used(
      tools: string,
    ): Promise<Stage & { readonly told: { readonly [tool: string]: string } }> {
      const staged = await stage({ tools });
      const told: { [tool: string]: string } = {};
      for (const tool of ["unmarked", "harmless", "reading", "destructive", "open"]) {
        await staged.house.run(["exec", "--json", `use<${tool}>`]);
        const news = staged.model.requests.at(-1)?.news ?? "";
        told[tool] = news.includes(`this is ${tool}`) ? "called" : news;
      }
      return { ...staged, told };
    }

    it("calls those that say they do no harm; without a person it refuses the others", async () => {
      const { told, model, house } = await used("");
      const refused = expect.stringContaining(
        "MCP tool call requires approval, but approval policy is never",
      );
      expect(told).toEqual({
        unmarked: refused,
        harmless: "called",
        reading: "called",
        destructive: refused,
        open: refused,
      });
      expect(model.requests[0]?.body.tools).toContainEqual(
        expect.objectContaining({ type: "namespace", name: "mcp__tools" }),
      );
      const started = JSON.parse(readFileSync(join(house.project, "started"), "utf8"));
      expect(started.cwd).toBe(house.project);
      // Nothing of the client's own environment but these.
      expect(new Set(Object.keys(started.env))).toEqual(
        new Set(["HOME", "LANG", "PATH", "SHELL", "TERM", "TMPDIR", "MINE"]),
      );
    });

    it("tells hooks of a tool by its server's name, with what it answered", async () => {
      const staged = await served({ tools: "", hooks: { PreToolUse: "", PostToolUse: "" } });
      await staged.house.run(["exec", "--json", "use<harmless>"]);
      const tool = { tool_name: "mcp__tools__harmless", tool_input: {}, tool_use_id: expect.any(String) };
      expect(staged.heard()).toMatchObject([
        { hook_event_name: "PreToolUse", ...tool },
        {
          hook_event_name: "PostToolUse",
          ...tool,
          tool_response: { content: [{ type: "text", text: "this is harmless" }] },
        },
      ]);
    });

    it("refuses a command that needs a person's leave where it may not ask", async () => {
      const { house, model } = await stage();
      expect((await house.run(["exec", "--json", "ask<echo no>"])).status).toBe(0);
      expect(model.requests.at(-1)?.news).toContain("approval policy is Never; reject command");
    });

    it("asks a person for the others", async () => {
      const staged = await served({ tools: "" });
      const pane = staged.house.pane();
      await pane.shows(/^› Ask Codex to do anything/m);
      await pane.say("use<unmarked>");
      await pane.shows('Allow the tools MCP server to run tool "unmarked"?');
      const threadId = await threadOfPane(staged);
      const { thread } = await staged.client.ask("thread/read", { threadId });
      expect(thread.status).toEqual({ type: "active", activeFlags: ["waitingOnApproval"] });
      await pane.answer("Allow the tools MCP server", "Enter");
      await staged.model.request(({ news }) => news.includes("this is unmarked"));
      await pane.shows(/^• Called tools\.unmarked/m);
    });

    it("calls all of a server's that its configuration approves", async () => {
      const { told } = await used('default_tools_approval_mode = "approve"');
      expect(new Set(Object.values(told))).toEqual(new Set(["called"]));
    });
  });

  describe(`${name}: in a pane`, () => {
    it("is found through the control socket, wakes by its queue, and shows the words", async () => {
      const staged = await served({ hooks: { SessionStart: "", UserPromptSubmit: "" } });
      const { house, client, heard } = staged;
      const pane = house.pane();
      await pane.shows(/^› Ask Codex to do anything/m);
      const threadId = await threadOfPane(staged);
      const { thread } = await client.ask("thread/read", { threadId });
      expect(thread).toMatchObject({
        status: { type: "idle" },
        cwd: house.project,
        canAcceptDirectInput: true,
      });
      // Codex tells its hooks of a session with the first turn, not when it opens.
      expect(heard()).toEqual([]);
      // Nor can anybody follow a thread that has had no turn, though it is there and takes what is queued.
      const following = { threadId, excludeTurns: true };
      await expect(client.ask("thread/resume", following)).rejects.toMatchObject({
        code: -32600,
        message: `no rollout found for thread id ${threadId}`,
      });
      await client.ask("thread/queue/add", said(threadId, "a bell for a pane", "bell-6"));
      await client.note(activeIn(threadId));
      await pane.shows(/^› a bell for a pane$/m);
      await pane.shows(/^• done$/m);
      await client.ask("thread/resume", following);
      await client.ask("thread/queue/add", said(threadId, "a second bell", "bell-7"));
      await client.note(itemOf("bell-7"));
      await pane.shows(/^› a second bell$/m);
      expect((await client.ask("thread/read", { threadId })).thread.preview).toBe("a bell for a pane");
      expect(
        heard()
          .slice(0, 2)
          .map(({ hook_event_name }) => hook_event_name),
      ).toEqual(["SessionStart", "UserPromptSubmit"]);
      // The screen's own questions run in threads of their own.
      const titled = await client.note(
        (note) => is("thread/started")(note) && threadTold(note)["threadSource"] === "thread_title",
      );
      expect(threadTold(titled)).toMatchObject({ ephemeral: true });
    });

    it("takes a paste and Enter at once, but not keys that come as fast", async () => {
      const staged = await served();
      const pane = staged.house.pane();
      await pane.shows(/^› Ask Codex to do anything/m);
      pane.tmux("set-buffer", "pasted words");
      pane.tmux("paste-buffer", "-p", "-t", pane.id, ";", "send-keys", "-t", pane.id, "Enter");
      await staged.model.request(({ news }) => news.includes("pasted words"));
      await pane.shows(/^• done$/m);
      pane.tmux("send-keys", "-t", pane.id, "-l", "typed words", ";", "send-keys", "-t", pane.id, "Enter");
      await pane.shows(/^› typed words$/m);
      expect(staged.model.requests.some(({ news }) => news.includes("typed words"))).toBe(false);
      pane.keys("Enter");
      await staged.model.request(({ news }) => news.includes("typed words"));
    });

    it("shows that it is busy, and keeps what is said meanwhile for after the tool", async () => {
      const staged = await served();
      const pane = staged.house.pane();
      await pane.shows(/^› Ask Codex to do anything/m);
      const gate = gateIn(staged.house);
      await pane.say(`run<${gate.command}>`);
      await pane.shows(/^[•◦] Working .*esc to interrupt/m);
      await pane.say("words meanwhile");
      await pane.shows("Messages to be submitted after next tool call");
      gate.open();
      await staged.model.request(({ news }) => news.includes("words meanwhile"));
      await pane.shows(/^› words meanwhile$/m);
    });

    it("says that it waits for an approval, and lets what is queued wait for it too", async () => {
      const staged = await served();
      const { client, house } = staged;
      const pane = house.pane();
      await pane.shows(/^› Ask Codex to do anything/m);
      const threadId = await threadOfPane(staged);
      await pane.say("ask<echo allowed>");
      await pane.shows("Would you like to run the following command?");
      await pane.shows(/^› 1\. Yes, proceed/m);
      const waiting = { type: "active", activeFlags: ["waitingOnApproval"] };
      expect((await client.ask("thread/read", { threadId })).thread.status).toEqual(waiting);
      await client.ask("thread/resume", { threadId, excludeTurns: true });
      // Whoever follows the thread is asked too. A bell that answered would decide for the person.
      const asked = await client.note(is("item/commandExecution/requestApproval"));
      expect(asked).toMatchObject({ id: expect.any(Number), params: { threadId, reason: "it is needed" } });
      await client.ask("thread/queue/add", said(threadId, "after the dialog", "bell-7"));
      expect((await client.ask("thread/queue/list", { threadId })).data).toHaveLength(1);
      await pane.answer("Would you like to run the following command?", "y");
      await client.note(itemOf("bell-7"));
      await pane.shows(/^› after the dialog$/m);
    });

    it("asks for trust in the folder, then in its hooks, before there is a thread", async () => {
      const staged = await served({ hooks: { UserPromptSubmit: "" }, untrustedHooks: true, untrusted: true });
      const { client, house, heard } = staged;
      const pane = house.pane();
      await pane.answer("Trust this folder?", "Enter");
      await pane.shows("Hooks need review");
      expect((await client.ask("thread/loaded/list", {})).data).toEqual([]);
      await pane.answer(/^ {2}2\. Trust all and continue/m, "2");
      pane.keys("Enter");
      await pane.shows(/^› Ask Codex to do anything/m);
      await pane.say("hello");
      await pane.shows(/^• done$/m);
      expect(heard().map(({ prompt }) => prompt)).toEqual(["hello"]);
    });

    it("without its daemon, takes what another process queued for it when it looks again", async () => {
      const staged = await stage();
      const { house, model } = staged;
      const pane = house.pane(["--no-daemon"]);
      await pane.shows(/^› Ask Codex to do anything/m);
      await pane.say("hello");
      await pane.shows(/^• done$/m);
      expect(existsSync(house.socket)).toBe(false);
      const threadId = lastThreadOf(house);
      const queued = await house.run(["queue", "--thread", threadId, "--message", "from outside"]);
      expect(queued.status).toBe(0);
      await model.request(({ news }) => news.includes("from outside"));
      await pane.shows(/^› from outside$/m);
    });

    it("starts its daemon by itself, which outlives it and still wakes its threads", async () => {
      const staged = await stage();
      const { house, model } = staged;
      const pane = house.pane();
      await pane.shows(/^› Ask Codex to do anything/m);
      await until(() => existsSync(house.socket));
      const client = await house.client();
      const threadId = await threadOfPane({ client });
      await pane.say("hello");
      await pane.shows(/^ +Worked for/m);
      await quit(pane);
      await client.ask("thread/queue/add", said(threadId, "is anybody there", "bell-8"));
      await model.request(({ news }) => news.includes("is anybody there"));
      client.close();
      expect((await house.run(["app-server", "daemon", "stop"])).status).toBe(0);
      expect(existsSync(house.socket)).toBe(false);
    });
  });
}

/** A hook that notes what it read; what it prints, complains of and ends with stands in files of its own. */
function hookOf(house: CodexHouse, event: string, says: string): unknown {
  const at = (what: string) => join(house.home, what);
  writeFileSync(at(`${event}.says`), says);
  writeFileSync(at(`${event}.status`), "0");
  writeFileSync(at(`${event}.complains`), "");
  const told = `cat '${at(`${event}.says`)}'; cat '${at(`${event}.complains`)}' >&2`;
  const note = `{ cat; echo; } >> '${at("heard")}'; ${told}`;
  const command = `${note}; exit $(cat '${at(`${event}.status`)}')`;
  return [{ hooks: [{ type: "command", command, timeout: 3 }] }];
}

/** A command that ends when the test says so. */
function gateIn(house: CodexHouse): { readonly command: string; open(): void } {
  const path = join(house.project, "gate");
  return {
    command: "until test -e gate; do sleep 0.05; done",
    open: () => writeFileSync(path, ""),
  };
}

/** Twice Ctrl-C ends it, soon after each other; the first one may still end something else. */
async function quit(pane: CodexPane): Promise<void> {
  while (pane.alive()) {
    pane.keys("C-c");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function said(threadId: string, text: string, clientUserMessageId = "test"): Json {
  return { threadId, clientUserMessageId, input: [{ type: "text", text }] };
}

const is = (method: string) => (note: Note) => note.method === method;
const threadTold = (note: Note) => note.params["thread"] as Json;
const itemIn = (note: Note) => (note.params["item"] ?? {}) as Json;
const turnOf = (note: Note) => (note.params["turn"] as Json)["id"];

/** The thread took these words as its user's. */
const itemOf = (clientId: string) => (note: Note) =>
  note.method === "item/started" &&
  itemIn(note)["type"] === "userMessage" &&
  itemIn(note)["clientId"] === clientId;

/** What every client is told, whether it follows the thread or not. */
const activeIn = (threadId: string) => (note: Note) =>
  note.method === "thread/status/changed" &&
  note.params["threadId"] === threadId &&
  (note.params["status"] as Json)["type"] === "active";

/** A command runs. */
const runs = (note: Note) => note.method === "item/started" && itemIn(note)["type"] === "commandExecution";

function textOf(note: Note): string {
  const content = itemIn(note)["content"] as readonly { readonly text: string }[] | undefined;
  return content?.map(({ text }) => text).join("\n") ?? "";
}

/** Without what comes at any time, or for other reasons than the turn. */
function methodsOf(notes: readonly Note[]): readonly string[] {
  const about = /^(turn|hook|item)\/(started|completed)$/;
  return notes.map(({ method }) => method).filter((method) => about.test(method));
}

function threadOf(out: string): string {
  return JSON.parse(out.split("\n")[0] ?? "").thread_id;
}

/** The thread that a client in this house writes, by the lock that it holds. */
function lastThreadOf(house: CodexHouse): string {
  const locks = readdirSync(join(house.codexHome, "thread-writer-locks"));
  return locks.find((name) => UUID.test(name.slice(0, 36)))?.slice(0, 36) ?? "";
}

function linesOf(path: string): readonly Json[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Json);
}
