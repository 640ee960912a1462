/** The fake Codex, held to what was observed of the real one: `test/clients/codex-contract.test.ts` asks that one. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { codexContract } from "../clients/codex.contract.ts";
import { codexHouse } from "../clients/codex.ts";
import { mockModel } from "../clients/mock-openai.ts";
import type { Json, Note } from "../support/app-server-client.ts";
import type { Fault } from "../support/fakes/codex/server.ts";

const COMMAND = [process.execPath, join(import.meta.dirname, "../support/fakes/codex.ts")];

codexContract("the fake Codex", () => COMMAND);

describe("the fake Codex: what a test can make go wrong", () => {
  async function stage(env: { readonly [name: string]: string } = {}) {
    const model = await mockModel();
    onTestFinished(() => model.close());
    const house = codexHouse({ command: COMMAND, modelUrl: model.url, env });
    onTestFinished(() => house.close());
    await house.serve();
    const client = await house.client();
    const { thread } = await client.ask("thread/start", { cwd: house.project, approvalPolicy: "never" });
    const threadId: string = thread.id;
    const goesWrong = (...faults: readonly Fault[]) => client.ask("fake/faults", { faults });
    const rings = (id: string) => client.ask("thread/queue/add", said(threadId, id));
    return { model, house, client, threadId, goesWrong, rings };
  }

  it("loses what it said it took, and takes what comes next", async () => {
    const { client, threadId, goesWrong, rings } = await stage();
    await goesWrong({ kind: "lost" });
    expect(await rings("first")).toHaveProperty("queuedSubmission.id");
    expect((await client.ask("thread/queue/list", { threadId })).data).toEqual([]);
    await rings("second");
    await client.note(taken("second"));
    expect(client.notes.some(taken("first"))).toBe(false);
  });

  it("takes it later than what comes after it", async () => {
    const { client, goesWrong, rings } = await stage();
    await goesWrong({ kind: "late", ms: 200 });
    await rings("first");
    await rings("second");
    await client.note(taken("first"));
    expect(client.notes.some(taken("second"))).toBe(true);
  });

  it("holds it as after an interrupt", async () => {
    const { client, threadId, goesWrong, rings } = await stage();
    await goesWrong({ kind: "held" });
    await rings("first");
    expect((await client.ask("thread/queue/list", { threadId })).data).toHaveLength(1);
    await client.ask("thread/queue/start", { threadId });
    await client.note(taken("first"));
  });

  it("is overloaded, once", async () => {
    const { client, goesWrong, rings } = await stage();
    await goesWrong({ kind: "overloaded" });
    await expect(rings("first")).rejects.toMatchObject({ code: -32001 });
    await rings("second");
    await client.note(taken("second"));
  });

  it("gives no answer, and goes on answering others", async () => {
    const { client, threadId, goesWrong, rings } = await stage();
    await goesWrong({ kind: "mute" });
    void rings("first").catch(() => {});
    await rings("second");
    await client.note(taken("second"));
    expect((await client.ask("thread/read", { threadId })).thread.preview).toBe("second");
  });

  it.each(["before", "after"] as const)(
    "dies %s it answers, and a new one knows the thread",
    async (when) => {
      const { house, client, threadId, goesWrong, rings } = await stage();
      await rings("first");
      await client.note(({ method }) => method === "turn/completed");
      await goesWrong({ kind: "crash", when });
      const answer = rings("second").then(
        () => "answered",
        () => "gone",
      );
      await client.closed;
      expect(await answer).toBe(when === "before" ? "gone" : "answered");
      await house.serve();
      const again = await house.client();
      const { thread } = await again.ask("thread/resume", { threadId });
      expect(thread).toMatchObject({ preview: "first", status: { type: "idle" } });
    },
  );

  it("plays an older one, which has no queue", async () => {
    const { client, rings } = await stage({ FAKE_CODEX_VERSION: "0.140.0" });
    expect(client.welcome["userAgent"]).toContain("/0.140.0 ");
    await expect(rings("first")).rejects.toMatchObject({
      code: -32600,
      message: expect.stringContaining("unknown variant `thread/queue/add`"),
    });
  });

  it("lets go of a thread that nobody follows", async () => {
    const { house, client, threadId, rings } = await stage({ FAKE_CODEX_UNLOAD_MS: "50" });
    await rings("first");
    await client.note(({ method }) => method === "turn/completed");
    const other = await house.client();
    expect(await client.ask("thread/unsubscribe", { threadId })).toEqual({ status: "unsubscribed" });
    await other.note(({ method, params }) => method === "thread/closed" && params["threadId"] === threadId);
    expect((await other.ask("thread/read", { threadId })).thread.status).toEqual({ type: "notLoaded" });
  });
});

function said(threadId: string, text: string): Json {
  return { threadId, clientUserMessageId: text, input: [{ type: "text", text }] };
}

const taken = (id: string) => (note: Note) =>
  note.method === "item/started" && (note.params["item"] as Json)["clientId"] === id;
