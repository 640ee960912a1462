/**
 * Signals reach a Codex, the real one or the fake: hub, daemon, hooks and tools of the built executable, set up by `prism surface add`,
 * with a model that drains whenever a doorbell's words come before it. By each path, headless and in a pane.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AppServerClient } from "../support/app-server-client.ts";
import { type Program, run, start } from "../support/prism-process.ts";
import { hasTmux } from "../support/tmux-stage.ts";
import { until } from "../support/until.ts";
import { type CodexHouse, type CodexPane, codexHouse } from "./codex.ts";
import { type MockModel, type ModelRequest, type ModelScript, mockModel } from "./mock-openai.ts";

/** Drains when it is told that something waits, runs what stands between `run<` and `>`, and else is done. */
const agent: ModelScript = ({ news, tools }) => {
  if (tools.length === 0) return [{ say: "A title" }];
  if (news.includes("Prism: ")) return [{ call: "prism_drain", namespace: "mcp__prism", args: {} }];
  const [, command] = /run<([^>]*)>/.exec(news) ?? [];
  if (command !== undefined) return [{ call: "exec_command", args: { cmd: command, yield_time_ms: 25_000 } }];
  return [{ say: "done" }];
};

interface Stage {
  readonly house: CodexHouse;
  readonly model: MockModel;
  readonly hub: Program;
  readonly daemon: () => Program;
  prism(...words: readonly string[]): Promise<{ status: number | null; out: string; err: string }>;
  /** Sends a signal to the agent; its id. */
  signal(text: string): Promise<string>;
  /** Settles once the model has read this. */
  reads(text: string): Promise<ModelRequest>;
  drained(id: string): Promise<void>;
  /** What `prism status` says of the daemon on this host. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape of `prism status` is tested elsewhere
  daemonHere(): Promise<any>;
  /** The path by which the last ring was taken. */
  rungBy(): Promise<string | null>;
  startDaemon(): Promise<void>;
}

interface StageOptions {
  /** Words of `prism surface add codex`. */
  readonly flags?: readonly string[];
  readonly untrustedHooks?: boolean;
  /** Leaves Codex's own server for others to start. */
  readonly unserved?: boolean;
  /** The daemon is started later. */
  readonly noDaemon?: boolean;
}

async function stageWith(command: readonly string[], options: StageOptions = {}): Promise<Stage> {
  const model = await mockModel(agent);
  onTestFinished(() => model.close());
  const house = codexHouse({ command, modelUrl: model.url });
  onTestFinished(() => house.close());
  const home = join(house.home, ".prism");
  const env = { ...house.env, TMUX_TMPDIR: house.env["TMPDIR"] ?? "" };
  const who = ["--persona", "reviewer", "--project", house.project];
  const prism = (...words: readonly string[]) => run(home, words, { env });
  const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"], { env });
  onTestFinished(async () => void (await hub.kill("SIGKILL")));
  const added = await prism("surface", "add", "codex", ...who, ...(options.flags ?? []));
  expect(added).toMatchObject({ status: 0, err: "" });
  if (options.untrustedHooks !== true) {
    const server = await house.serve();
    await house.trustHooks();
    if (options.unserved === true) {
      const ended = new Promise((resolve) => server.once("close", resolve));
      server.kill("SIGTERM");
      await ended;
    }
  } else if (options.unserved !== true) await house.serve();
  const daemonHere = async () => JSON.parse((await prism("status", "--json")).out).here[0];
  let daemon: Program;
  const made: Stage = {
    house,
    model,
    hub,
    daemon: () => daemon,
    prism,
    async signal(text) {
      const sent = await prism("signal", "reviewer@p", text, "--from", "planner@p", "--json");
      expect(sent).toMatchObject({ status: 0 });
      return JSON.parse(sent.out).id;
    },
    reads: (text) => model.request(({ news, tools }) => tools.length > 0 && news.includes(text)),
    async drained(id) {
      await until(async () => {
        const { out } = await prism("signal-status", id, "--json");
        return JSON.parse(out).state === "drained";
      });
    },
    daemonHere,
    rungBy: async () => (await daemonHere()).doorbell.lastPath,
    async startDaemon() {
      daemon = await start(home, ["daemon", ...who], { env });
      onTestFinished(async () => void (await daemon.kill("SIGKILL")));
    },
  };
  if (options.noDaemon !== true) await made.startDaemon();
  return made;
}

/** What the model was told of waiting signals, by whatever path. */
function bellsIn({ requests }: MockModel): readonly string[] {
  return requests
    .filter(({ tools }) => tools.length > 0)
    .flatMap(({ news }) => news.match(/Prism: .*/g) ?? []);
}

async function idlePane({ house }: Stage, args: readonly string[] = []): Promise<CodexPane> {
  const pane = house.pane(args);
  await pane.shows(/^› Ask Codex to do anything/m);
  return pane;
}

/** Keeps the agent in a tool until the gate opens. */
async function busyPane(on: Stage): Promise<{ pane: CodexPane; openGate(): void }> {
  const pane = await idlePane(on);
  await pane.say("run<until test -e gate; do sleep 0.05; done>");
  await pane.shows(/esc to interrupt/);
  // Before that the prompt's own hook may still bring in what arrives.
  await on.model.request(({ tools, news }) => tools.length > 0 && news.includes("run<"));
  return { pane, openGate: () => writeFileSync(join(on.house.project, "gate"), "") };
}

/** The thread of the agent, once it is loaded. */
async function threadOf(asking: AppServerClient): Promise<string> {
  let found: string | undefined;
  await until(async () => {
    for (const threadId of (await asking.ask("thread/loaded/list", {})).data as readonly string[]) {
      const { thread } = await asking.ask("thread/read", { threadId });
      if (!thread.ephemeral) found = threadId;
    }
    return found !== undefined;
  });
  return found ?? "";
}

/** @param command the client: its executable, and what stands before its arguments */
export function codexJourneys(name: string, command: () => readonly string[]): void {
  const stage = (options?: StageOptions) => stageWith(command(), options);

  describe.skipIf(!hasTmux)(`${name} in a pane`, () => {
    it("wakes from its prompt, drains and reads the signal", async () => {
      const on = await stage();
      const pane = await idlePane(on);
      const id = await on.signal("the build is green");
      await on.reads("the build is green");
      await on.drained(id);
      await pane.shows("1 signal waits for reviewer@p");
      await pane.shows(/^• done$/m);
      expect(await on.rungBy()).toBe("queue");
    });

    it("is told while it is busy, at the latest when its turn ends", async () => {
      const on = await stage();
      const { pane, openGate } = await busyPane(on);
      const id = await on.signal("the build is red");
      openGate();
      await on.reads("the build is red");
      await on.drained(id);
      await pane.shows(/^• done$/m);
      expect(bellsIn(on.model)).toHaveLength(1);
    });

    it("is not rung for what was drained while it was busy", async () => {
      const on = await stage();
      const { openGate } = await busyPane(on);
      const id = await on.signal("already read elsewhere");
      const drain = await on.prism("drain", "--persona", "reviewer", "--project", on.house.project, "--json");
      expect(JSON.parse(drain.out).signals).toMatchObject([{ id }]);
      // The drainer is answered a moment before the daemon hears of it.
      await until(
        async () => JSON.parse((await on.prism("status", "--json")).out).here[0].position.open === 0,
      );
      openGate();
      const [first = 0] = on.model.requests.map(({ number }) => number).slice(-1);
      await on.model.request(({ tools }) => tools.length > 0, first);
      const asking = await on.house.client();
      const threadId = await threadOf(asking);
      await until(async () => (await asking.ask("thread/read", { threadId })).thread.status.type === "idle");
      expect((await asking.ask("thread/queue/list", { threadId })).data).toEqual([]);
      expect(bellsIn(on.model)).toEqual([]);
    });

    it("is woken by a turn of its own after a person interrupted it, which holds its queue", async () => {
      const on = await stage();
      const { pane } = await busyPane(on);
      pane.keys("Escape");
      await pane.shows("Conversation interrupted");
      const id = await on.signal("go on please");
      await on.reads("go on please");
      await on.drained(id);
      expect(await on.rungBy()).toBe("app-server");
    });

    it("is rung by its input line where it runs without a server", async () => {
      const on = await stage({
        unserved: true,
        noDaemon: true,
        flags: ["--tmux-target", "codex-1", "--tmux-socket", "clients"],
      });
      const pane = await idlePane(on, ["--no-daemon"]);
      await on.startDaemon();
      const id = await on.signal("typed for you");
      await on.reads("typed for you");
      await on.drained(id);
      await pane.shows(/^• done$/m);
      expect(await on.rungBy()).toMatch(/tmux|pane/);
    });

    it("wakes although its hooks were never trusted, and status says what that costs", async () => {
      const on = await stage({ untrustedHooks: true });
      const pane = on.house.pane();
      await pane.shows("Hooks need review");
      await pane.answer(/^ {2}3\. Continue without trusting/m, "3");
      pane.keys("Enter");
      await pane.shows(/^› Ask Codex to do anything/m);
      const id = await on.signal("without hooks");
      await on.reads("without hooks");
      await on.drained(id);
      const boundary = (await on.daemonHere()).surface.report.paths[0];
      expect(boundary).toMatchObject({
        state: "unready",
        reason: expect.stringContaining("until they are trusted"),
      });
    });

    it.each(["gone", "stuck"] as const)(
      "works on as if nothing were there when daemon and hub are %s",
      async (how) => {
        const on = await stage();
        const programs = [on.daemon(), on.hub];
        for (const program of programs) {
          if (how === "gone") await program.kill("SIGKILL");
          else program.child.kill("SIGSTOP");
        }
        const pane = await idlePane(on);
        await pane.say("run<echo still here>");
        await on.reads("still here");
        await pane.shows(/^• done$/m);
        expect(pane.screen()).not.toMatch(/hook.*(fail|error|time)/i);
        // Its own words and the tool's output, and nothing that hooks would have said.
        expect(on.model.requests.filter(({ tools }) => tools.length > 0)).toHaveLength(2);
      },
    );
  });

  describe(`${name} without a terminal`, () => {
    it("wakes in its server, where nobody looks", async () => {
      const on = await stage();
      const asking = await on.house.client();
      const how = { cwd: on.house.project, approvalPolicy: "never", sandbox: "workspace-write" };
      const threadId: string = (await asking.ask("thread/start", how)).thread.id;
      await asking.ask("turn/start", { threadId, input: [{ type: "text", text: "hello" }] });
      await asking.note(({ method }) => method === "turn/completed");
      const id = await on.signal("headless wake");
      await on.reads("headless wake");
      await on.drained(id);
    });

    it.each(["exec", "app-server"])("is brought back by %s when nobody is there, once", async (how) => {
      const on = await stage({
        unserved: true,
        flags: [
          "--codex-resume",
          how,
          "--codex-approval-policy",
          "never",
          "--codex-sandbox",
          "workspace-write",
        ],
      });
      const first = await on.house.run(["exec", "--json", "run<echo first>"]);
      const thread = JSON.parse(first.out.split("\n")[0] ?? "").thread_id;
      const id = await on.signal("come back");
      const request = await on.reads("come back");
      await on.drained(id);
      // The same conversation, not a new one.
      expect(JSON.stringify(request.body.input)).toContain("run<echo first>");
      expect(thread).toMatch(/^[\da-f-]{36}$/);
      expect(bellsIn(on.model)).toHaveLength(1);
    });

    it.skipIf(!hasTmux)("is brought back in a tmux session", async () => {
      const on = await stage({
        flags: ["--codex-resume", "tmux", "--tmux-target", "reviewer", "--tmux-socket", "clients"],
      });
      const id = await on.signal("come back to your pane");
      await on.reads("come back to your pane");
      await on.drained(id);
    });
  });
}
