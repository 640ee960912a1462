/**
 * What surface `codex` does with a Codex, the real one or the fake: idle threads are woken, busy ones waited for, dead
 * ones resumed, and what is stale is called back. Receipts of hooks play no part here, so that all of it holds where
 * hooks are not trusted.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CodexConfig } from "../../src/surfaces/codex/config.ts";
import type { AppServerClient } from "../support/app-server-client.ts";
import { type CodexStage, codexStage } from "../support/codex-stage.ts";
import { sessionOf } from "../support/fake-agent-side.ts";
import { bellOf } from "../support/ipc-stage.ts";
import { until } from "../support/until.ts";

const never = new AbortController().signal;
/** A thread that no Codex has ever heard of. */
const LOST = "01a1fdfe-4a3d-75e0-bec1-e33e0516ffff";
/** A command that asks for more than the sandbox allows. */
const ESCALATED = {
  call: "exec_command",
  args: { cmd: "true", sandbox_permissions: "require_escalated", justification: "it is needed" },
} as const;

export function codexSurfaceContract(name: string, command: () => readonly string[]): void {
  const stageOf = (): Promise<CodexStage> => codexStage({ command: command() });

  /** Behind the control socket, with a thread that hooks made known, and a client of the test's own. */
  async function served(): Promise<CodexStage & { readonly client: AppServerClient; readonly id: string }> {
    const stage = await stageOf();
    await stage.house.serve();
    const client = await stage.house.client();
    const id = await stage.thread(client);
    stage.agent.become(sessionOf(id, { client: "codex" }));
    return { ...stage, client, id };
  }

  async function turnOver(client: AppServerClient, after = 0): Promise<void> {
    await client.note(({ method }) => method === "turn/completed", after);
  }

  async function talkedWith(): Promise<Awaited<ReturnType<typeof served>>> {
    const stage = await served();
    const { client, id } = stage;
    await client.ask("turn/start", { threadId: id, input: [{ type: "text", text: "hello" }] });
    await turnOver(client);
    return stage;
  }

  describe(`${name}: an idle thread`, () => {
    test("is woken by its queue, the first time and again", async () => {
      const { surface, client, ...stage } = await served().then((one) => ({
        ...one,
        surface: one.surface(),
      }));
      expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "queue" });
      await turnOver(client);
      const after = client.notes.length;
      expect(await surface.ring(bellOf(2, { attempt: 2 }), never)).toEqual({ kind: "taken", path: "queue" });
      await turnOver(client, after);
      expect(stage.rung()).toEqual([
        expect.stringMatching(/^Prism: 1 signal waits for reviewer@shop, from planner@shop\. /),
        expect.stringContaining("This is ring 2."),
      ]);
      expect(surface.report?.().paths.find((path) => path.name === "queue")).toMatchObject({
        state: "works",
      });
    });

    test("is found by the project's folder where no hook was heard", async () => {
      const stage = await served();
      stage.agent.become();
      expect(await stage.surface().ring(bellOf(1), never)).toEqual({ kind: "taken", path: "queue" });
    });

    test("is not guessed at where there are two of them", async () => {
      const stage = await served();
      stage.agent.become();
      await stage.thread(stage.client);
      expect(await stage.surface().ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: "Codex has 2 threads open in the project's folder, and no hook has told which is the agent's",
      });
      expect(stage.rung()).toEqual([]);
    });

    test("is woken by a turn where a person's interrupt has left its queue standing", async () => {
      const stage = await talkedWith();
      const { client, id } = stage;
      const goOn = stage.busyWith("think long");
      const input = [{ type: "text", text: "think long" }];
      const { turn } = await client.ask("turn/start", { threadId: id, input });
      await until(() => stage.model.requests.some(({ news }) => news.includes("think long")));
      await client.ask("turn/interrupt", { threadId: id, turnId: turn.id });
      await until(() => statusIn(client) === "idle");
      goOn();
      const surface = stage.surface({}, { limits: { beginMsMax: 700 } });
      expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "app-server" });
      expect((await client.ask("thread/queue/list", { threadId: id })).data).toEqual([]);
      expect(surface.report?.().paths.find((path) => path.name === "queue")).toMatchObject({
        state: "fails",
        reason: "Codex keeps its queue standing, as it does after an interrupted turn",
      });
    });
  });

  describe(`${name}: a busy thread`, () => {
    test("is waited for, and woken when its turn is over", async () => {
      const stage = await talkedWith();
      const { client, id } = stage;
      const goOn = stage.busyWith("think long");
      await client.ask("turn/start", { threadId: id, input: [{ type: "text", text: "think long" }] });
      await until(() => statusIn(client) === "active");
      const surface = stage.surface({}, { limits: { lookAgainMs: 100 } });
      const ringing = surface.ring(bellOf(1), never);
      await until(() => surface.report?.().paths[0]?.state === "unready");
      expect((await client.ask("thread/queue/list", { threadId: id })).data).toEqual([]);
      goOn();
      expect(await ringing).toEqual({ kind: "taken", path: "queue" });
      await until(() => stage.rung().length === 1);
    });

    test("gets nothing of a doorbell that became moot meanwhile", async () => {
      const stage = await talkedWith();
      const { client, id } = stage;
      const goOn = stage.busyWith("think long");
      await client.ask("turn/start", { threadId: id, input: [{ type: "text", text: "think long" }] });
      await until(() => statusIn(client) === "active");
      const surface = stage.surface({}, { limits: { lookAgainMs: 100 } });
      const cancel = new AbortController();
      const ringing = surface.ring(bellOf(1), cancel.signal);
      await until(() => surface.report?.().paths[0]?.state === "unready");
      cancel.abort();
      expect(await ringing).toMatchObject({ kind: "failed", reason: expect.stringContaining("moot") });
      goOn();
      await turnOver(client, client.notes.length);
      expect((await client.ask("thread/queue/list", { threadId: id })).data).toEqual([]);
      expect(stage.rung()).toEqual([]);
    });

    test("is told of as at work where it stays so for too long", async () => {
      const stage = await talkedWith();
      const { client, id } = stage;
      stage.busyWith("think long");
      await client.ask("turn/start", { threadId: id, input: [{ type: "text", text: "think long" }] });
      await until(() => statusIn(client) === "active");
      const surface = stage.surface({}, { limits: { lookAgainMs: 50, busyMsMax: 300 } });
      expect(await surface.ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: expect.stringMatching(
          /^Codex is at work, and is told once its turn is over: Codex knows no hook/,
        ),
      });
    });

    test("that waits for a person's approval is told of as such, and its question left to the person", async () => {
      const stage = await served();
      const { client } = stage;
      stage.answers.set("make it", [ESCALATED]);
      const how = { cwd: stage.house.project, approvalPolicy: "on-request", sandbox: "read-only" };
      const { thread } = await client.ask("thread/start", { ...how, threadSource: "user" });
      stage.agent.become(sessionOf(thread.id, { client: "codex" }));
      await client.ask("turn/start", { threadId: thread.id, input: [{ type: "text", text: "make it" }] });
      await client.note(({ method }) => method === "item/commandExecution/requestApproval");
      const surface = stage.surface({}, { limits: { lookAgainMs: 50, busyMsMax: 300 } });
      expect(await surface.ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: "Codex waits for a person's approval",
      });
      await surface.close();
      const { thread: still } = await client.ask("thread/read", { threadId: thread.id });
      expect(still.status).toEqual({ type: "active", activeFlags: ["waitingOnApproval"] });
    });
  });

  describe(`${name}: nobody there`, () => {
    /** A thread that was worked in, and is open nowhere. */
    async function left(config: CodexConfig, lost?: string) {
      const stage = await stageOf();
      const ran = await stage.house.run(["exec", "--json", "hello"]);
      const id: string = JSON.parse(ran.out.split("\n")[0] ?? "").thread_id;
      stage.memory.save({ thread: lost ?? id });
      const program = join(stage.house.home, "..", "b", "codex");
      return { ...stage, id, surface: stage.surface({ program, ...config }) };
    }

    test("is told as such where no resume is allowed", async () => {
      const { surface, rung } = await left({});
      expect(await surface.ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: "no app-server of Codex runs for this user",
      });
      expect(surface.resume).toBeUndefined();
      expect(rung()).toEqual([]);
    });

    test.each(["exec", "app-server"] as const)("is resumed by %s, in its own thread", async (resume) => {
      const { surface, agent, rung, model } = await left({
        ...{ resume, approvalPolicy: "never", sandbox: "workspace-write" },
      });
      expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: `${resume} resume` });
      await until(() => rung().length === 1);
      const asked = model.requests.find(({ news }) => news.includes("Prism: "));
      expect(JSON.stringify(asked?.body.input)).toContain("hello");
      agent.receive({ by: "drain" });
      await until(() => surface.report?.().resume?.attempts === 0);
    });

    test("is resumed in a new thread where its own is lost", async () => {
      const { surface, memory, rung } = await left({ resume: "app-server" }, LOST);
      expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: "app-server resume" });
      await until(() => rung().length === 1);
      expect(memory.load()).toMatchObject({ thread: expect.not.stringMatching(LOST) });
    });

    test("is resumed by exec in a new thread the next time, once its own is known to be lost", async () => {
      const { surface, rung } = await left({ resume: "exec" }, LOST);
      expect(await surface.ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: expect.stringMatching(/^Codex ended with status 1: .*no rollout found/),
      });
      expect(rung()).toEqual([]);
      expect(await surface.resume?.(bellOf(2), never)).toEqual({ kind: "taken", path: "exec resume" });
      await until(() => rung().length === 1);
    });

    test("is resumed with what it asks to be allowed declined, where nobody could allow it", async () => {
      const { surface, answers, rung, model } = await left({
        ...{ resume: "app-server", approvalPolicy: "on-request", sandbox: "read-only" },
      });
      answers.set("Prism: ", [ESCALATED]);
      expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
      await until(() => rung().length === 1);
      await until(() => surface.report?.().resume?.lastReason !== null);
      // The turn went on to its end with what the model was told of it.
      expect(model.requests.at(-1)?.news).not.toContain("Prism: ");
      expect(surface.report?.().resume?.lastReason).toMatch(/ended its turn without draining$/);
    });

    test("is not resumed where its thread is open in a Codex that can't be rung", async () => {
      const stage = await left({ resume: "exec" });
      const goOn = stage.busyWith("think long");
      const other = stage.house.run(["exec", "resume", "--json", stage.id, "think long"]);
      await until(() => stage.model.requests.some(({ news }) => news.includes("think long")));
      expect(await stage.surface.ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: "the agent's thread is open in another Codex, which could not be rung",
      });
      goOn();
      expect((await other).status).toBe(0);
    });

    test("is ended with the surface while it works headless", async () => {
      const { surface, busyWith, model } = await left({ resume: "exec" });
      busyWith("Prism: ");
      expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
      await until(() => model.requests.some(({ news }) => news.includes("Prism: ")));
      await surface.close();
      expect(surface.report?.().resume).toMatchObject({
        attempts: 1,
        lastReason: "the resumed agent was ended with the daemon",
      });
    });

    test("is left alone after too many starts that came to nothing", async () => {
      const { surface, rung } = await left({ resume: "exec" });
      expect(await surface.ring(bellOf(1), never)).toMatchObject({ kind: "taken" });
      await until(() => rung().length === 1);
      // Its turn ended without a drain.
      await until(() => surface.report?.().resume?.lastReason !== null);
      expect(surface.report?.().resume).toMatchObject({
        attempts: 1,
        lastReason: "the agent was resumed, and ended its turn without draining",
      });
      expect(await surface.ring(bellOf(2), never)).toMatchObject({
        kind: "failed",
        reason: expect.stringMatching(/^cooling off after a failed start/),
      });
      expect(await surface.resume?.(bellOf(3), never)).toMatchObject({ kind: "taken" });
    });
  });
}

function statusIn(client: AppServerClient): string {
  const last = client.notes.findLast(({ method }) => method === "thread/status/changed");
  return String((last?.params["status"] as { type?: string } | undefined)?.type);
}
