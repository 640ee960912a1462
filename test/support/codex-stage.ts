/**
 * Surface `codex` before a Codex, the real one or the fake, whose model notes which doorbells reach it. Receipts of
 * hooks are the test's own to give; what Codex itself shows is Codex's.
 */

import { join } from "node:path";
import { execPath } from "node:process";
import { onTestFinished } from "vitest";
import { CodexAgent } from "../../src/surfaces/codex/agent.ts";
import { surfaceOver } from "../../src/surfaces/codex/codex.ts";
import type { CodexConfig } from "../../src/surfaces/codex/config.ts";
import { CODEX_LIMITS, type CodexLimits } from "../../src/surfaces/codex/limits.ts";
import { openPaneWay } from "../../src/surfaces/pane/way.ts";
import type { Surface, SurfaceContext } from "../../src/surfaces/surface.ts";
import { type CodexHouse, type CodexHouseOptions, codexHouse } from "../clients/codex.ts";
import { type MockModel, type ModelMove, mockModel } from "../clients/mock-openai.ts";
import type { AppServerClient } from "./app-server-client.ts";
import { FakeAgentSide, keptMemory } from "./fake-agent-side.ts";
import { contextWith } from "./surface-context.ts";

export const FAKE_CODEX: readonly string[] = [execPath, join(import.meta.dirname, "fakes/codex.ts")];

export interface CodexStage {
  readonly house: CodexHouse;
  readonly model: MockModel;
  readonly agent: FakeAgentSide;
  readonly memory: SurfaceContext["memory"];
  /** Texts that the model was shown and had not been shown before, doorbells alone, oldest first. */
  readonly rung: () => readonly string[];
  /** Keeps the model from answering a prompt that holds this; returns what lets it go on. */
  readonly busyWith: (text: string) => () => void;
  /** What the model answers to a prompt that holds this. */
  readonly answers: Map<string, readonly ModelMove[]>;
  surface(
    config?: CodexConfig,
    more?: { readonly limits?: Partial<CodexLimits>; readonly context?: Partial<SurfaceContext> },
  ): Surface;
  /** A thread with a person before it, as a `codex` in a terminal has one, without the terminal. */
  thread(client: AppServerClient): Promise<string>;
}

export async function codexStage(
  options: Partial<CodexHouseOptions> & { readonly model?: MockModel } = {},
): Promise<CodexStage> {
  const holds = new Map<string, Promise<void>>();
  const answers = new Map<string, readonly ModelMove[]>();
  const model = await mockModel(async ({ news }): Promise<readonly ModelMove[]> => {
    for (const [text, held] of holds) if (news.includes(text)) await held;
    for (const [text, moves] of answers) if (news.includes(text)) return moves;
    return [{ say: "done" }];
  });
  onTestFinished(() => model.close());
  const house = codexHouse({ command: FAKE_CODEX, modelUrl: model.url, ...options });
  onTestFinished(() => house.close());
  const agent = new FakeAgentSide();
  const memory = keptMemory();
  return {
    ...{ house, model, agent, memory, answers },
    rung: () => model.requests.flatMap(({ news, tools }) => (tools.length === 0 ? [] : bellsIn(news))),
    busyWith(text) {
      const { promise, resolve } = Promise.withResolvers<void>();
      holds.set(text, promise);
      onTestFinished(() => resolve());
      return resolve;
    },
    surface(config = {}, { limits = {}, context = {} } = {}) {
      const made = contextWith({
        ...{ root: house.project, env: house.env, agent, memory },
        ...context,
      });
      const pane = openPaneWay(config, "codex", made);
      const surface = surfaceOver(new CodexAgent(config, pane, made, { ...CODEX_LIMITS, ...limits }));
      onTestFinished(() => surface.close());
      return surface;
    },
    async thread(client) {
      const how = { cwd: house.project, approvalPolicy: "never", sandbox: "workspace-write" };
      return (await client.ask("thread/start", { ...how, threadSource: "user" })).thread.id;
    },
  };
}

function bellsIn(news: string): readonly string[] {
  return news.split("\n").filter((line) => line.startsWith("Prism: "));
}
