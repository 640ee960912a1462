/**
 * What Prism relies on at Claude Code's edges, as observations that hold for the real client and for the fake alike:
 * the fake is worth as much as this file, and a new version of the client is taken in by running it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { claudeHouse, type House, type HouseOptions, type Worker } from "./claude-code.ts";
import { hookRecorder, type Recorder } from "./hook-recorder.ts";
import {
  call,
  isTurn,
  type MockModel,
  type ModelRequest,
  mockModel,
  type Script,
  say,
} from "./mock-anthropic.ts";
import { peerOf } from "./peer.ts";

interface Scene {
  readonly house: House;
  readonly model: MockModel;
  readonly hooks: Recorder;
  /** A folder of the test's own. */
  readonly folder: string;
  /** A file of this folder with a shell script in it, as a hook's command. */
  command(name: string, script: string): string;
  requests(): readonly ModelRequest[];
}

interface SceneOptions extends Partial<HouseOptions> {
  readonly script?: Script;
  /** Hooks beside the recorder's. */
  readonly more?: (scene: Pick<Scene, "command" | "folder">) => {
    readonly [event: string]: readonly object[];
  };
  readonly allow?: readonly string[];
}

const SOCKET = "CLAUDE_CODE_MESSAGING_SOCKET";
const TOKEN = "CLAUDE_CODE_MESSAGING_TOKEN";

/** Runs a command, if the words ask for it, else says which request this was. */
const obliging: Script = ({ news, number }) => {
  const command = /please-run: (.*)/.exec(news)?.[1];
  return command === undefined
    ? [say(`answer ${number}`)]
    : [call("Bash", { command, description: "asked" })];
};

export function claudeCodeContract(name: string, binary: () => string): void {
  async function scene(options: SceneOptions = {}): Promise<Scene> {
    const { script = obliging, more, allow = ["Bash"], settings, ...house } = options;
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "prism-co-")));
    const model = await mockModel((request) => (isTurn(request) ? script(request) : [say("a side answer")]));
    const hooks = hookRecorder(folder);
    const command = (file: string, text: string): string => {
      const path = join(folder, file);
      writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      return path;
    };
    const made = claudeHouse({
      binary: binary(),
      modelUrl: model.url,
      ...house,
      settings: { hooks: hooks.hooks(more?.({ command, folder })), permissions: { allow }, ...settings },
    });
    onTestFinished(async () => {
      await made.close();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    });
    return { house: made, model, hooks, folder, command, requests: () => model.requests.filter(isTurn) };
  }

  async function peerIn({ hooks }: Scene) {
    const start = await hooks.call("SessionStart");
    const peer = await peerOf(start);
    onTestFinished(() => peer.close());
    return { ...peer, start };
  }

  const results = (worker: Worker, count: number) =>
    worker.event(() => worker.events.filter(({ type }) => type === "result").length >= count);
  const events = (hooks: Recorder) => hooks.calls().map(({ event }) => event);

  describe(`${name}: hooks`, () => {
    test("run in order, each with its event on standard input and the session in its environment", async () => {
      const { house, hooks } = await scene();
      const ran = await house.run(["-p", "please-run: true"]);
      expect(ran).toMatchObject({ status: 0, err: "" });
      expect(events(hooks)).toEqual([
        ...["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd"],
      ]);
      const [start, prompt, , after, stop, end] = hooks.calls();
      const id = start?.input["session_id"];
      for (const { input, env, event } of hooks.calls()) {
        expect(input).toMatchObject({ session_id: id, cwd: house.project, hook_event_name: event });
        expect(input["transcript_path"]).toMatch(
          new RegExp(`^${house.home}/\\.claude/projects/.*/${id}\\.jsonl$`),
        );
        expect(env).toMatchObject({
          ...{ CLAUDECODE: "1", CLAUDE_CODE_ENTRYPOINT: "sdk-cli", CLAUDE_CODE_SESSION_ATTENDED: "0" },
          ...{ CLAUDE_CODE_SESSION_ID: id, CLAUDE_PROJECT_DIR: house.project, PWD: house.project },
        });
        expect(SOCKET in env, event).toBe(event !== "SessionEnd");
        expect(TOKEN in env, event).toBe(event !== "SessionEnd");
      }
      expect(start?.input).toMatchObject({ source: "startup" });
      expect(prompt?.input).toMatchObject({ prompt: "please-run: true", permission_mode: "default" });
      expect(after?.input).toMatchObject({
        ...{ tool_name: "Bash", tool_input: { command: "true" }, tool_response: { stdout: "", stderr: "" } },
        prompt_id: prompt?.input["prompt_id"],
      });
      expect(stop?.input).toMatchObject({ stop_hook_active: false, last_assistant_message: "answer 2" });
      expect(end?.input).toMatchObject({ reason: "other" });
    });

    test("bring words to the model by additionalContext", async () => {
      const saying = (event: string) => ({
        type: "command",
        command: `printf '{"hookSpecificOutput":{"hookEventName":"${event}","additionalContext":"from ${event}"}}'`,
      });
      const spoken = ["SessionStart", "UserPromptSubmit", "PostToolUse"];
      const { house, requests } = await scene({
        more: () => Object.fromEntries(spoken.map((event) => [event, [saying(event)]])),
      });
      await house.run(["-p", "please-run: true"]);
      const [first, second] = requests();
      expect(first?.news).toContain("SessionStart hook additional context: from SessionStart");
      expect(first?.news).toContain("UserPromptSubmit hook additional context: from UserPromptSubmit");
      expect(first?.news).not.toContain("from PostToolUse");
      expect(second?.news).toContain("PostToolUse:Bash hook additional context: from PostToolUse");
    });

    test("hold a turn's end back by a block, at most eight times in a row", async () => {
      const { house, hooks, requests } = await scene({
        more: ({ command }) => ({
          Stop: [
            { type: "command", command: command("block", `printf '{"decision":"block","reason":"go on"}'`) },
          ],
        }),
      });
      expect(await house.run(["-p", "hello"])).toMatchObject({ status: 0 });
      const stops = hooks.calls().filter(({ event }) => event === "Stop");
      expect(stops.map(({ input }) => input["stop_hook_active"])).toEqual([false, ...Array(8).fill(true)]);
      expect(requests()).toHaveLength(9);
      expect(requests()[1]?.news).toContain("Stop hook feedback:\ngo on");
      expect(events(hooks).filter((event) => event === "UserPromptSubmit")).toHaveLength(1);
    });

    test("that are missing, fail or hang past their time do no harm", async () => {
      const bad = [
        { type: "command", command: "/nowhere/prism hook" },
        { type: "command", command: "echo out; echo a-failing-hook >&2; exit 1" },
        { type: "command", command: "sleep 600", timeout: 1 },
      ];
      const { house, hooks, requests } = await scene({
        more: () => ({ SessionStart: bad, UserPromptSubmit: bad, PostToolUse: bad, Stop: bad }),
      });
      expect(await house.run(["-p", "please-run: true"])).toEqual({ status: 0, out: "answer 2\n", err: "" });
      expect(events(hooks)).toHaveLength(6);
      expect(requests()[0]?.news).not.toContain("a-failing-hook");
    });

    test("that wake keep a worker's first prompt from the model, and wake it afterwards", async () => {
      const { house, folder, hooks, requests } = await scene({ more: waiterOn("SessionStart") });
      const worker = house.worker();
      worker.say("hello");
      await hooks.call("SessionStart");
      expect(requests()).toHaveLength(0);
      writeFileSync(join(folder, "go"), "");
      const { input } = await hooks.find(({ input: { prompt } }) => String(prompt).includes("woken-by-hook"));
      expect(input["prompt"]).toContain(
        'blocking error from command "SessionStart:startup": woken-by-hook\n',
      );
    });

    test("that wake keep a single headless turn from its end, which they hold back as a block", async () => {
      const { house, folder, hooks, requests } = await scene({ more: waiterOn("Stop") });
      const ran = house.run(["-p", "hello"]);
      await hooks.call("Stop");
      writeFileSync(join(folder, "go"), "");
      await hooks.call("Stop", 2);
      expect(events(hooks)).not.toContain("SessionEnd");
      expect(requests()[1]?.news).toMatch(/^Stop hook feedback:\n\[.*waiter\]: woken-by-hook/);
      rmSync(folder, { recursive: true });
      expect(await ran).toMatchObject({ status: 0 });
    });
  });

  describe(`${name}: the inbox`, () => {
    test("wakes an idle session at once; UserPromptSubmit has the very text, and nothing is answered", async () => {
      const stage = await scene();
      const worker = stage.house.worker();
      const peer = await peerIn(stage);
      expect(await peer.leave(peer.frame("a bell"))).toBe("");
      const { input } = await stage.hooks.call("UserPromptSubmit");
      expect(input["prompt"]).toBe(peer.text("a bell"));
      await results(worker, 1);
      const [request] = stage.requests();
      expect(request?.news).toContain(`Another Claude session sent a message:\n${peer.text("a bell")}`);
      expect(events(stage.hooks)).toEqual(["SessionStart", "UserPromptSubmit", "Stop"]);
    });

    test("gives a message to a busy agent after the tool that runs, in the same turn", async () => {
      const stage = await scene();
      const worker = stage.house.worker();
      const peer = await peerIn(stage);
      worker.say(
        `please-run: touch ${stage.folder}/runs; while [ ! -e ${stage.folder}/go ]; do sleep 0.02; done`,
      );
      while (!existsSync(join(stage.folder, "runs"))) await new Promise((resolve) => setTimeout(resolve, 20));
      await peer.leave(peer.frame("a bell"));
      writeFileSync(join(stage.folder, "go"), "");
      await results(worker, 1);
      expect(events(stage.hooks)).toEqual([
        ...["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "UserPromptSubmit", "Stop"],
      ]);
      expect(stage.requests()).toHaveLength(2);
      expect(stage.requests()[1]?.news).toContain(
        `Another Claude session sent a message while you were working:\n${peer.text("a bell")}`,
      );
    });

    test("keeps a message that comes while the model speaks for a turn of its own", async () => {
      let speak = (): void => {};
      const asked = new Promise<void>((resolve) => {
        speak = resolve;
      });
      const stage = await scene({
        async script({ number, news }) {
          if (news.includes("think")) await asked;
          return [say(`answer ${number}`)];
        },
      });
      const worker = stage.house.worker();
      const peer = await peerIn(stage);
      worker.say("think");
      await stage.model.request(isTurn);
      await peer.leave(peer.frame("a bell"));
      speak();
      await results(worker, 2);
      expect(events(stage.hooks)).toEqual([
        ...["SessionStart", "UserPromptSubmit", "Stop", "UserPromptSubmit", "Stop"],
      ]);
    });

    test("drops what it does not understand and another session's mail in silence, and tells the sender of an identical repeat", async () => {
      const stage = await scene();
      const worker = stage.house.worker();
      const peer = await peerIn(stage);
      await peer.leave(
        "no json",
        { type: "wat" },
        peer.frame("for another", { session_id: crypto.randomUUID() }),
      );
      await peer.leave("no json", peer.frame("first"));
      await results(worker, 1);
      await peer.leave(peer.frame("first"));
      await peer.leave(peer.frame("second"));
      await results(worker, 2);
      const prompts = stage.hooks.calls().filter(({ event }) => event === "UserPromptSubmit");
      expect(prompts.map(({ input }) => input["prompt"])).toEqual([peer.text("first"), peer.text("second")]);
      expect(peer.heard).toMatchObject([{ status: "dropped", drop_reason: "duplicate" }]);
    });

    test("holds a message where permissions are bypassed, and says so to the sender's own socket", async () => {
      const stage = await scene({ env: { IS_SANDBOX: "1" } });
      stage.house.worker(["--permission-mode", "bypassPermissions"]);
      const peer = await peerIn(stage);
      const frame = peer.frame("a bell", { msg_id: "11111111-1111-4111-8111-111111111111" });
      await peer.leave(frame);
      while (peer.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(peer.heard[0]).toMatchObject({
        ...{ type: "control", action: "peer_message_status", status: "held" },
        ...{ orig_msg_id: "11111111-1111-4111-8111-111111111111", from: `uds:${peer.start.env[SOCKET]}` },
      });
      expect(events(stage.hooks)).toEqual(["SessionStart"]);
    });

    test("takes messages in that mode, and refuses them in every mode, where the user's settings say so", async () => {
      const taking = await scene({
        ...{ env: { IS_SANDBOX: "1" }, userSettings: { crossSessionInbound: "accept" } },
      });
      taking.house.worker(["--permission-mode", "bypassPermissions"]);
      const welcome = await peerIn(taking);
      await welcome.leave(welcome.frame("a bell"));
      await taking.hooks.call("UserPromptSubmit");
      const refusing = await scene({ userSettings: { crossSessionInbound: "refuse" } });
      refusing.house.worker();
      const unwelcome = await peerIn(refusing);
      await unwelcome.leave(unwelcome.frame("a bell"));
      while (unwelcome.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(unwelcome.heard[0]).toMatchObject({ status: "expired", status_detail: "refused" });
    });
  });

  describe(`${name}: sessions`, () => {
    test("are resumed under the same id with what was said, and not if nobody knows them", async () => {
      const { house, hooks, requests } = await scene();
      await house.run(["-p", "remember this"]);
      const id = String((await hooks.call("SessionStart")).input["session_id"]);
      const args = ["-p", "go on", "--resume", id, "--output-format", "stream-json", "--verbose"];
      const resumed = await house.run(args);
      expect(resumed.status).toBe(0);
      const lines = resumed.out.split("\n").filter(Boolean);
      const events = lines.map((line) => JSON.parse(line) as { readonly [key: string]: unknown });
      expect(events.find(({ subtype }) => subtype === "init")).toMatchObject({ session_id: id });
      expect(events.at(-1)).toMatchObject({
        type: "result",
        subtype: "success",
        result: "answer 2",
        session_id: id,
      });
      expect((await hooks.call("SessionStart", 2)).input).toMatchObject({ session_id: id, source: "resume" });
      expect(JSON.stringify(requests()[1]?.messages)).toContain("remember this");
      const unknown = await house.run(["-p", "go on", "--resume", crypto.randomUUID()]);
      expect(unknown).toMatchObject({ status: 1, out: "" });
      expect(unknown.err).toContain("No conversation found with session ID");
    });

    test("show themselves in a file each, which an orderly end removes and a kill leaves", async () => {
      const { house, hooks } = await scene();
      const worker = house.worker();
      const start = await hooks.call("SessionStart");
      const id = start.input["session_id"];
      expect(house.sessions()).toMatchObject([
        {
          ...{
            pid: worker.child.pid,
            sessionId: id,
            cwd: house.project,
            kind: "interactive",
            peerProtocol: 1,
          },
          ...{ entrypoint: "sdk-cli", messagingSocketPath: start.env[SOCKET] },
        },
      ]);
      worker.say("hello");
      await results(worker, 1);
      expect(await worker.end()).toBe(0);
      expect(house.sessions()).toEqual([]);
      const second = house.worker();
      const { env } = await hooks.call("SessionStart", 2);
      second.child.kill("SIGKILL");
      await second.end();
      expect(house.sessions()).toHaveLength(1);
      expect(existsSync(env[SOCKET] ?? "")).toBe(true);
      rmSync(env[SOCKET] ?? "");
    });

    test("use the project's MCP server, with the inbox in its environment", async () => {
      const stage = await scene({
        ...{
          allow: ["mcp__prism"],
          mcpServers: { prism: { command: process.execPath, args: ["-e", SERVER] } },
        },
        script: ({ news, number }) =>
          news.includes("drain it") ? [call("mcp__prism__prism_drain")] : [say(`answer ${number}`)],
      });
      expect(await stage.house.run(["-p", "drain it"])).toMatchObject({ status: 0, out: "answer 2\n" });
      expect(stage.requests()[1]?.news).toContain("socket true token true");
      const { input } = await stage.hooks.call("PostToolUse");
      expect(input).toMatchObject({
        ...{ tool_name: "mcp__prism__prism_drain", mcp_server: { name: "prism", source: "project" } },
        tool_response: [{ type: "text", text: "socket true token true" }],
      });
    });
  });

  describe.skipIf(!hasTmux)(`${name}: in a pane`, () => {
    test("shows an input line, takes typed words and wakes by its inbox with half a line typed", async () => {
      const stage = await scene();
      const pane = stage.house.pane();
      const peer = await peerIn(stage);
      expect(peer.start.env).toMatchObject({
        CLAUDE_CODE_ENTRYPOINT: "cli",
        CLAUDE_CODE_SESSION_ATTENDED: "1",
      });
      await pane.shows(/^❯\u00a0\s*$/m);
      pane.type("first words");
      await pane.shows("● answer 1");
      pane.type("half a line", false);
      await pane.shows("❯\u00a0half a line");
      await peer.leave(peer.frame("a bell"));
      await pane.shows(/› Message from @\S+: a bell/);
      await pane.shows("● answer 2");
      expect(pane.screen()).toContain("❯\u00a0half a line");
      const prompts = stage.hooks.calls().filter(({ event }) => event === "UserPromptSubmit");
      expect(prompts.map(({ input }) => input["prompt"])).toEqual(["first words", peer.text("a bell")]);
      expect(stage.house.sessions()).toMatchObject([{ entrypoint: "cli", kind: "interactive" }]);
    });

    test("is woken by a hook that ends with 2, also before its first turn, and arms it anew at each stop", async () => {
      const stage = await scene({
        more: waiterOn("SessionStart", "Stop"),
      });
      const pane = stage.house.pane();
      await pane.shows(/^❯\u00a0\s*$/m);
      writeFileSync(join(stage.folder, "go"), "");
      const first = await stage.hooks.call("UserPromptSubmit");
      expect(first.input["prompt"]).toMatch(
        /<task-notification>[\s\S]*Stop hook blocking error from command "SessionStart:startup": woken-by-hook\n/,
      );
      expect((await stage.hooks.call("Stop")).input).toMatchObject({ stop_hook_active: true });
      await pane.shows("● answer 1");
      expect(stage.requests()[0]?.news).toContain("[SYSTEM NOTIFICATION - NOT USER INPUT]");
      writeFileSync(join(stage.folder, "go"), "");
      const second = await stage.hooks.call("UserPromptSubmit", 2);
      expect(second.input["prompt"]).toContain(
        'Stop hook blocking error from command "Stop": woken-by-hook\n',
      );
      await pane.shows("● answer 2");
    });

    test("waits for a person's yes, says so in its file, and takes a message only after it", async () => {
      const stage = await scene({ allow: [] });
      const pane = stage.house.pane(["--permission-mode", "default"]);
      const peer = await peerIn(stage);
      await pane.shows(/^❯\u00a0\s*$/m);
      pane.type("please-run: touch made-here");
      await pane.shows("❯ 1. Yes");
      const waiting = { status: "waiting", waitingFor: "permission prompt" };
      await expect.poll(() => stage.house.sessions()).toMatchObject([waiting]);
      const listed = await stage.house.run(["agents", "--json"]);
      expect(JSON.parse(listed.out)).toMatchObject([
        { cwd: stage.house.project, kind: "interactive", ...waiting },
      ]);
      await peer.leave(peer.frame("a bell"));
      await pane.shows(/› Message from @\S+: a bell/);
      expect(events(stage.hooks)).not.toContain("PostToolUse");
      pane.keys("Enter");
      await stage.hooks.find(({ input }) => input["prompt"] === peer.text("a bell"));
      expect(events(stage.hooks).slice(-2)).toEqual(["PostToolUse", "UserPromptSubmit"]);
    });

    test("asks whether its folder is trusted before any hook runs, and ends by default", async () => {
      const stage = await scene({ untrusted: true });
      const pane = stage.house.pane();
      await pane.shows("Yes, I trust this folder");
      expect(stage.hooks.calls()).toEqual([]);
      expect(stage.house.sessions()).toEqual([]);
      await pane.choose("Yes, I trust");
      await stage.hooks.call("SessionStart");
    });

    test("ends by its own word and by a signal, orderly", async () => {
      const stage = await scene();
      const pane = stage.house.pane();
      await pane.shows(/^❯\u00a0\s*$/m);
      pane.type("/exit");
      expect((await stage.hooks.call("SessionEnd")).input).toMatchObject({ reason: "prompt_input_exit" });
      const other = stage.house.pane();
      await stage.hooks.call("SessionStart", 2);
      await other.shows(/^❯\u00a0\s*$/m);
      process.kill(other.pid, "SIGTERM");
      expect((await stage.hooks.call("SessionEnd", 2)).input).toMatchObject({ reason: "other" });
    });
  });
}

/** A hook on these events that wakes once for each file `go`, and gives up when the test's folder is gone. */
const waiterOn =
  (...on: readonly string[]): NonNullable<SceneOptions["more"]> =>
  ({ command, folder }) => {
    const waits = `while ! rm "${folder}/go" 2>/dev/null; do [ -d "${folder}" ] || exit 0; sleep 0.02; done`;
    const waiter = command("waiter", `${waits}\necho woken-by-hook >&2\nexit 2`);
    const hook = { type: "command", command: waiter, asyncRewake: true, timeout: 600 };
    return Object.fromEntries(on.map((event) => [event, [hook]]));
  };

const hasTmux = (() => {
  try {
    execFileSync("tmux", ["-V"]);
    return true;
  } catch {
    return false;
  }
})();

/** A tool server of one tool, which says whether it was given the session's inbox. */
const SERVER = `
const has = (name) => process.env[name] !== undefined;
const answers = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "prism", version: "1" } }),
  "tools/list": () => ({ tools: [{ name: "prism_drain", description: "drains", inputSchema: { type: "object", properties: {} } }] }),
  "tools/call": () => ({ content: [{ type: "text", text: "socket " + has("${SOCKET}") + " token " + has("${TOKEN}") }] }),
};
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method]?.(params);
  const error = { code: -32601, message: "unknown method" };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...(answer === undefined ? { error } : { result: answer }) }));
});`;
