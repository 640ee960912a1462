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
import { until } from "./codex.ts";

const never = new AbortController().signal;

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

    test("that waits for a person's approval is said to", async () => {
      const stage = await talkedWith();
      const { house } = stage;
      const surface = stage.surface({}, { limits: { lookAgainMs: 50, busyMsMax: 300 } });
      const goOn = stage.busyWith("think long");
      const input = [{ type: "text", text: "think long" }];
      await stage.client.ask("turn/start", { threadId: stage.id, input });
      await until(() => statusIn(stage.client) === "active");
      expect(await surface.ring(bellOf(1), never)).toEqual({
        kind: "failed",
        reason: expect.stringMatching(
          /^Codex is at work, and is told once its turn is over: Codex knows no hook/,
        ),
      });
      goOn();
      expect(house.codexHome).not.toBe("");
    });
  });

  describe(`${name}: nobody there`, () => {
    /** A thread that was worked in, and is open nowhere. */
    async function left(config: CodexConfig) {
      const stage = await stageOf();
      const ran = await stage.house.run(["exec", "--json", "hello"]);
      const id: string = JSON.parse(ran.out.split("\n")[0] ?? "").thread_id;
      stage.memory.save({ thread: id });
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
      const { surface, agent, rung, house, model } = await left({
        ...{ resume, approvalPolicy: "never", sandbox: "workspace-write" },
      });
      expect(await surface.ring(bellOf(1), never)).toEqual({ kind: "taken", path: `${resume} resume` });
      await until(() => rung().length === 1);
      const asked = model.requests.find(({ news }) => news.includes("Prism: "));
      expect(JSON.stringify(asked?.body.input)).toContain("hello");
      agent.receive({ by: "drain" });
      await until(() => surface.report?.().resume?.attempts === 0);
      await surface.close();
      expect(house.codexHome).not.toBe("");
    });

    test("is resumed anew where its thread is lost", async () => {
      const { surface, memory, rung } = await left({ resume: "app-server" });
      await surface.close();
      memory.save({ thread: "01a1fdfe-4a3d-75e0-bec1-e33e0516ffff" });
      const stage = { surface, rung };
      expect(stage.rung()).toEqual([]);
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
