/**
 * A thousand doorbells to Codex on bad days: messages that vanish, come late, stay in the queue, find the server
 * overloaded or get no answer, servers that die; a model that sometimes does not drain. What goes wrong is drawn from
 * the seed, so the same seed is the same storm.
 */
import { CodexAgent } from "../../src/surfaces/codex/agent.ts";
import { surfaceOver } from "../../src/surfaces/codex/codex.ts";
import { CODEX_LIMITS } from "../../src/surfaces/codex/limits.ts";
import { codexHouse } from "../clients/codex.ts";
import { mockModel } from "../clients/mock-openai.ts";
import { Random } from "../simulation/random.ts";
import type { AppServerClient } from "./app-server-client.ts";
import { FAKE_CODEX } from "./codex-stage.ts";
import type { Fault } from "./fakes/codex/server.ts";
import { RingWatch } from "./ring-watch.ts";
import { contextWith } from "./surface-context.ts";

export interface CodexStormFigures {
  readonly signals: number;
  /** Signals that were never drained. */
  readonly lost: number;
  /** Doorbells that were sent, by any way, after the drain that made them moot was known. */
  readonly sentAfterDrain: number;
  /** Doorbells that came before the model. */
  readonly heard: number;
  /** Signals before whose drain the model heard more than one doorbell. */
  readonly heardTwice: number;
  /** Doorbells that came before the model when nothing waited any more. */
  readonly heardLate: number;
  /** Those that the server kept to itself beyond any patience, where nobody could take them back: no more are late. */
  readonly keptBack: number;
  readonly rings: number;
  readonly taken: number;
  readonly failed: number;
  /** Servers that were started. */
  readonly servers: number;
  readonly ways: { readonly [way: string]: number };
}

export interface CodexStormPlan {
  readonly seed: number;
  readonly signals: number;
  /** The chance that something goes wrong with what is sent for a signal. */
  readonly faulty?: number;
}

const FAULTY = 0.3;
/** The model reads the doorbell and does something else. */
const IGNORED = 0.05;
const LIMITS = { ...CODEX_LIMITS, answerMsMax: 250, beginMsMax: 250, takeMsMax: 1000, lookAgainMs: 10 };
/** Some within the time that a turn is waited for, some beyond. */
const LATE_MS_MAX = 400;
/** Less than the time for a turn to begin, which a slow host may need for itself. */
const PATIENCE_MS = LIMITS.beginMsMax / 2;
const KINDS: readonly ((chance: Random) => Fault)[] = [
  () => ({ kind: "lost" }),
  (chance) => ({ kind: "late", ms: 1 + Math.floor(chance.unit() * LATE_MS_MAX) }),
  () => ({ kind: "held" }),
  () => ({ kind: "overloaded" }),
  () => ({ kind: "mute" }),
  (chance) => ({ kind: "crash", when: chance.chance(0.5) ? "before" : "after" }),
];

export async function codexStorm({
  seed,
  signals,
  faulty = FAULTY,
}: CodexStormPlan): Promise<CodexStormFigures> {
  const chance = new Random(seed);
  const counts = {
    sentAfterDrain: 0,
    heard: 0,
    heardTwice: 0,
    heardLate: 0,
    keptBack: 0,
    drained: 0,
    servers: 0,
  };
  /** Of the signal that is waited for. */
  let now = { index: 0, heard: 0 };
  const model = await mockModel(({ news, tools }) => {
    if (tools.length > 0 && news.includes("Prism: ")) heard();
    return [{ say: "done" }];
  });
  const house = codexHouse({ command: FAKE_CODEX, modelUrl: model.url, env: { FAKE_CODEX_POLL_MS: "50" } });
  const watch = new RingWatch((agent) => {
    const context = contextWith({
      ...{ agent, root: house.project, env: house.env },
      log(_level, event) {
        // Said before each send, at the last moment at which it could still be left out.
        if (event === "doorbellSent" && watch.view.open === 0) counts.sentAfterDrain += 1;
      },
    });
    return surfaceOver(new CodexAgent({}, undefined, context, LIMITS));
  });

  function heard(): void {
    counts.heard += 1;
    now.heard += 1;
    if (watch.view.open === 0) counts.heardLate += 1;
    else if (!chance.fork(`${now.index}/${now.heard}/ignored`).chance(IGNORED))
      counts.drained += watch.drain();
  }

  /** A server with the agent's thread open in it, as a person would have one again. */
  async function served(thread: string | null): Promise<{ client: AppServerClient; thread: string }> {
    counts.servers += 1;
    await house.serve();
    const client = await connected(() => house.client());
    if (thread !== null) {
      await client.ask("thread/resume", { threadId: thread });
      return { client, thread };
    }
    const how = { cwd: house.project, approvalPolicy: "never", threadSource: "user" };
    const started = await client.ask("thread/start", how);
    const id: string = started.thread.id;
    watch.desk.hook({ event: "session-start", client: "codex", session: id }, new AbortController().signal);
    await client.ask("turn/start", { threadId: id, input: [{ type: "text", text: "hello" }] });
    await client.note(({ method }) => method === "turn/completed");
    return { client, thread: id };
  }

  let { client, thread } = await served(null);
  let isGone = false;
  const watchEnd = (): void => {
    isGone = false;
    void client.closed.then(() => {
      isGone = true;
    });
  };
  watchEnd();
  try {
    for (let index = 1; index <= signals; index += 1) {
      now = { index, heard: 0 };
      const fate = chance.fork(`${index}/fault`);
      if (chance.chance(0.1)) {
        const input = [{ type: "text", text: "do something else" }];
        await client.ask("turn/start", { threadId: thread, input }).catch(() => {});
      }
      const faults: Fault[] = [];
      while (fate.chance(faulty))
        faults.push((KINDS[Math.floor(fate.unit() * KINDS.length)] as (typeof KINDS)[0])(fate));
      counts.keptBack += faults.filter((fault) => fault.kind === "late" && fault.ms > PATIENCE_MS).length;
      if (faults.length > 0) await client.ask("fake/faults", { faults }).catch(() => {});
      watch.post();
      const drained = watch.drained().then(() => true);
      while (!(await Promise.race([drained, soon()]))) {
        if (!isGone) continue;
        ({ client, thread } = await served(thread));
        watchEnd();
      }
      // Only at rest is a doorbell that was left behind told from that of the next signal.
      await rests(client, thread);
      if (now.heard > 1) counts.heardTwice += 1;
      if (isGone) {
        ({ client, thread } = await served(thread));
        watchEnd();
      }
    }
  } finally {
    await watch.close();
    await house.close();
    await model.close();
  }
  const { sentAfterDrain, heard: all, heardTwice, heardLate, keptBack, drained, servers } = counts;
  const { rings, taken, failed } = watch;
  return {
    ...{ signals, lost: signals - drained, sentAfterDrain, heard: all, heardTwice, heardLate },
    ...{ keptBack, rings, taken, failed, servers, ways: Object.fromEntries(watch.ways) },
  };
}

/** Settles once the thread is idle and its queue has nothing that it would begin, or the server is gone. */
async function rests(client: AppServerClient, threadId: string): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    const read = await client.ask("thread/read", { threadId }).catch(() => null);
    if (read === null) return;
    quiet = read.thread.status.type === "idle" ? quiet + 1 : 0;
    await soon();
  }
}

/** The link to the socket may still be that of a server that died. */
async function connected(connect: () => Promise<AppServerClient>): Promise<AppServerClient> {
  for (;;) {
    const client = await connect().catch(() => null);
    if (client !== null) return client;
    await soon();
  }
}

const soon = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 20));
