/**
 * Signals reach Claude Code: hub, daemon, hooks and tools of the built executable, set up by `prism surface add`,
 * with a model that drains whenever a doorbell's words come before it. By each path, headless and in a pane; the
 * real client or the fake.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Program, type Ran, run, start } from "../support/prism-process.ts";
import { until } from "../support/until.ts";
import { claudeHouse, type House, type HouseOptions, type Pane, type Worker } from "./claude-code.ts";
import {
  call,
  isTurn,
  type MockModel,
  type ModelRequest,
  mockModel,
  type Script,
  say,
} from "./mock-anthropic.ts";

/** Drains when it is told that something waits, runs what stands between `run<` and `>`, and else is done. */
const agent: Script = (request) => {
  if (!isTurn(request)) return [say("A title")];
  const { news } = request;
  if (BELL.test(news)) return [call("mcp__prism__prism_drain")];
  const [, command] = /run<([^>]*)>/.exec(news) ?? [];
  if (command !== undefined) return [call("Bash", { command, description: "asked for" })];
  return [say("done")];
};

const BELL = /Prism: \d+ signals? waits?/;

interface Stage {
  readonly house: House;
  readonly model: MockModel;
  readonly daemon: () => Program;
  prism(...words: readonly string[]): Promise<Ran>;
  /** Sends a signal to the agent; its id. */
  signal(text: string): Promise<string>;
  /** Settles once the model has read this. */
  reads(text: string): Promise<ModelRequest>;
  /** Settles once the signal is in this state, or further. */
  reached(id: string, state: "delivered" | "drained"): Promise<void>;
  drained(id: string): Promise<void>;
  /** What `prism status` says of the daemon on this host. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape of `prism status` is tested elsewhere
  daemonHere(): Promise<any>;
  /** The path by which the last ring was taken, once one was. */
  rungBy(): Promise<string>;
  /** The turns in which a doorbell's words came, beside those that a drain's answer holds. */
  bells(): readonly ModelRequest[];
  startDaemon(): Promise<void>;
}

interface StageOptions extends Partial<HouseOptions> {
  /** Words of `prism surface add claude-code`. */
  readonly flags?: readonly string[];
  /** The daemon is started later, or never. */
  readonly noDaemon?: boolean;
}

/** A house with the hub, the daemon and the agent's set-up in it, gone after the test. */
export async function staged(
  binary: string,
  { flags = [], noDaemon, ...options }: StageOptions = {},
): Promise<Stage> {
  const model = await mockModel(agent);
  onTestFinished(() => model.close());
  const house = claudeHouse({
    binary,
    modelUrl: model.url,
    ...options,
    userSettings: { permissions: { allow: ["Bash"] }, ...options.userSettings },
  });
  onTestFinished(() => house.close());
  const home = join(house.home, ".prism");
  const env = { ...house.env, TMUX_TMPDIR: house.sockets };
  const who = ["--persona", "reviewer", "--project", house.project];
  const prism = (...words: readonly string[]) => run(home, words, { env });
  const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"], { env });
  onTestFinished(async () => void (await hub.kill("SIGKILL")));
  const added = await prism("surface", "add", "claude-code", ...who, "--claude-program", binary, ...flags);
  expect(added).toMatchObject({ status: 0, err: "" });
  const daemonHere = async () => JSON.parse((await prism("status", "--json")).out).here[0];
  let daemon: Program;
  const made: Stage = {
    house,
    model,
    daemon: () => daemon,
    prism,
    async signal(text) {
      const sent = await prism("signal", "reviewer@p", text, "--from", "planner@p", "--json");
      expect(sent).toMatchObject({ status: 0 });
      return JSON.parse(sent.out).id;
    },
    reads: (text) => model.request((request) => isTurn(request) && request.news.includes(text)),
    async reached(id, state) {
      await until(async () => {
        const now = JSON.parse((await prism("signal-status", id, "--json")).out).state;
        return now === "drained" || now === state;
      });
    },
    drained: (id) => made.reached(id, "drained"),
    daemonHere,
    async rungBy() {
      await until(async () => (await daemonHere()).doorbell.lastPath !== null);
      return (await daemonHere()).doorbell.lastPath;
    },
    bells: () => model.requests.filter((request) => isTurn(request) && BELL.test(request.news)),
    async startDaemon() {
      daemon = await start(home, ["daemon", ...who], { env });
      onTestFinished(async () => void (await daemon.kill("SIGKILL")));
    },
  };
  if (noDaemon !== true) await made.startDaemon();
  return made;
}

const PROMPT = /^❯\u00a0\s*$/m;

async function idlePane({ house }: Stage, args: readonly string[] = []): Promise<Pane> {
  const pane = house.pane(args);
  await pane.shows(PROMPT);
  return pane;
}

/** A person has said something, and was answered. */
export async function usedPane(on: Stage, args: readonly string[] = []): Promise<Pane> {
  const pane = await idlePane(on, args);
  await greet(on, pane);
  return pane;
}

/** At its very end a turn would still be told of a signal: what is to be rung must rest. */
async function greet(on: Stage, pane: Pane): Promise<void> {
  pane.type("hello");
  await pane.shows("● done");
  await until(() => on.house.sessions().every(({ status }) => status === "idle"));
}

/** Keeps the agent in a tool until the gate opens. */
async function busyPane(on: Stage): Promise<{ pane: Pane; openGate(): void }> {
  const pane = await usedPane(on);
  pane.type("run<touch runs; while [ ! -e gate ]; do sleep 0.05; done>");
  await until(() => existsSync(join(on.house.project, "runs")));
  return { pane, openGate: () => writeFileSync(join(on.house.project, "gate"), "") };
}

const ended = async (worker: Worker, count: number): Promise<void> =>
  until(() => worker.events.filter(({ type }) => type === "result").length >= count);

export function claudeCodeSignals(name: string, binary: () => string): void {
  const stage = (options?: StageOptions) => staged(binary(), options);

  describe(`${name} in a pane`, () => {
    it("wakes from its prompt by its inbox, drains and reads the signal", async () => {
      const on = await stage();
      const pane = await usedPane(on);
      const id = await on.signal("the build is green");
      await on.reads("the build is green");
      await on.drained(id);
      expect(await on.rungBy()).toBe("inbox");
      await pane.shows(/Message from @prism-reviewer: Prism: 1 signal waits/);
      expect(on.bells()).toHaveLength(1);
    });

    it("wakes by a hook before anybody said anything, while its permission mode is not known", async () => {
      const on = await stage();
      await idlePane(on);
      const id = await on.signal("the build is green");
      await on.reads("the build is green");
      await on.drained(id);
      expect(await on.rungBy()).toBe("wake");
    });

    it("wakes by a hook where messages are refused, and again at the next signal", async () => {
      const on = await stage({ userSettings: { crossSessionInbound: "refuse" } });
      await usedPane(on);
      for (const text of ["the first of two", "the second of two"]) {
        // Before its turn has ended it would be told at the boundary.
        await until(async () => (await on.daemonHere()).agents[0]?.state === "idle");
        const id = await on.signal(text);
        await on.reads(text);
        await on.drained(id);
      }
      expect(await on.rungBy()).toBe("wake");
    });

    it("wakes by a hook where permissions are bypassed, and no dialog stops its person", async () => {
      const on = await stage({ env: { IS_SANDBOX: "1" } });
      const pane = on.house.pane(["--permission-mode", "bypassPermissions"]);
      await pane.choose("Yes, I accept");
      await pane.shows(PROMPT);
      await greet(on, pane);
      const id = await on.signal("bypassed");
      await on.reads("bypassed");
      await on.drained(id);
      expect(await on.rungBy()).toBe("wake");
      expect(pane.screen()).not.toContain("Held");
    });

    it("is told while it is busy, at the latest when its turn ends", async () => {
      const on = await stage();
      const { pane, openGate } = await busyPane(on);
      const id = await on.signal("the build is red");
      await on.reached(id, "delivered");
      openGate();
      await on.reads("the build is red");
      await on.drained(id);
      await pane.shows(PROMPT);
      expect(on.bells()).toHaveLength(1);
    });

    it("is not rung for what was drained while it was busy", async () => {
      const on = await stage();
      const { pane, openGate } = await busyPane(on);
      const id = await on.signal("already read elsewhere");
      const who = ["--persona", "reviewer", "--project", on.house.project];
      const drain = await on.prism("drain", ...who, "--json");
      expect(JSON.parse(drain.out).signals).toMatchObject([{ id }]);
      openGate();
      await pane.shows(/● done[\s\S]*● done/);
      pane.type("and now");
      await pane.shows(/❯ and now\s[\s\S]*● done/);
      expect(on.bells()).toEqual([]);
    });

    it("is left alone while a dialog stands, and told once its person has answered", async () => {
      const on = await stage({ userSettings: { permissions: { allow: [] } } });
      const pane = await usedPane(on, ["--permission-mode", "default"]);
      pane.type("run<touch made-here>");
      await pane.shows("❯ 1. Yes");
      const id = await on.signal("after the dialog");
      await until(async () => JSON.stringify(await on.daemonHere()).includes("dialog is open"));
      expect(pane.screen()).toContain("❯ 1. Yes");
      pane.keys("Enter");
      await on.reads("after the dialog");
      await on.drained(id);
    });

    it("is rung by its input line where its hooks are switched off", async () => {
      const on = await stage({
        noDaemon: true,
        flags: ["--tmux-target", "claude-1", "--tmux-socket", "clients"],
        userSettings: { disableAllHooks: true },
      });
      const pane = await usedPane(on);
      await on.startDaemon();
      const id = await on.signal("typed for you");
      await on.reads("typed for you");
      await on.drained(id);
      // As a person's own words stand there. The path may be unsaid: a drain can be faster than the look at the pane.
      await pane.shows("❯ Prism: 1 signal waits");
    });

    it("works on unharmed when its daemon was killed, and is rung again by the next one", async () => {
      const on = await stage();
      const pane = await usedPane(on);
      await on.daemon().kill("SIGKILL");
      pane.type("run<true>");
      await pane.shows(/run<true>[\s\S]*● done/);
      expect(pane.screen()).not.toMatch(/hook (failed|problem|\[)/);
      const id = await on.signal("while nobody watched");
      await on.startDaemon();
      await on.reads("while nobody watched");
      await on.drained(id);
    });

    it("is brought back after it was killed, in a pane of its own, with what was said", async () => {
      const on = await stage({
        flags: ["--claude-resume", "tmux", "--tmux-target", "claude-9", "--tmux-socket", "clients"],
      });
      const pane = await usedPane(on);
      process.kill(pane.pid, "SIGKILL");
      const id = await on.signal("come back");
      const request = await on.reads("come back");
      await on.drained(id);
      expect(JSON.stringify(request.messages)).toContain("hello");
      expect(on.house.sessions().filter(({ tmux }) => String(tmux).startsWith("claude-9"))).toHaveLength(1);
    });
  });

  describe(`${name} headless`, () => {
    it("wakes as a worker by its inbox, also before its first message", async () => {
      const on = await stage();
      const worker = on.house.worker();
      await until(async () => on.house.sessions().length === 1);
      const id = await on.signal("the build is green");
      await on.reads("the build is green");
      await on.drained(id);
      expect(await on.rungBy()).toBe("inbox");
      await ended(worker, 1);
      const next = await on.signal("and again");
      await on.reads("and again");
      await on.drained(next);
      worker.say("hello");
      await ended(worker, 3);
      expect(await worker.end()).toBe(0);
    });

    it("is told at its turn's boundary while it works, and ends by itself", async () => {
      const on = await stage();
      const ran = on.house.run(["-p", "run<touch runs; while [ ! -e gate ]; do sleep 0.05; done>"]);
      await until(() => existsSync(join(on.house.project, "runs")));
      const id = await on.signal("before you go");
      await on.reached(id, "delivered");
      writeFileSync(join(on.house.project, "gate"), "");
      expect(await ran).toMatchObject({ status: 0, err: "" });
      await on.drained(id);
      await on.reads("before you go");
    });

    it("is resumed when it has ended, with what was said", async () => {
      const on = await stage({ flags: ["--claude-resume", "headless"] });
      expect(await on.house.run(["-p", "remember the parser"])).toMatchObject({ status: 0, out: "done\n" });
      const id = await on.signal("come back");
      const request = await on.reads("come back");
      await on.drained(id);
      expect(JSON.stringify(request.messages)).toContain("remember the parser");
      expect(await on.rungBy()).toBe("headless");
      await until(() => on.house.sessions().length === 0);
    });

    it("is started where none ever was", async () => {
      const on = await stage({ flags: ["--claude-resume", "headless"] });
      const id = await on.signal("a first word");
      await on.reads("a first word");
      await on.drained(id);
      expect(await on.rungBy()).toBe("headless");
    });

    it("works on while its daemon does not answer, and where none stands", async () => {
      const on = await stage();
      on.daemon().child.kill("SIGSTOP");
      expect(await on.house.run(["-p", "run<true>"])).toEqual({ status: 0, out: "done\n", err: "" });
      await on.daemon().kill("SIGKILL");
      expect(await on.house.run(["-p", "run<true>"])).toEqual({ status: 0, out: "done\n", err: "" });
    });
  });
}
