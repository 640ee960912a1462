/**
 * How soon a real agent wakes: from the hub's acceptance of a signal to the first request that the woken client
 * sends to its model, which is played here. Each way to ring is measured alone, with real clients idle at their
 * prompts, beside the same words typed into the same pane by plain `tmux send-keys`.
 *
 * The clients are no part of the project: without them in the cache (`npm run e2e:clients` puts them there) this
 * part says so and measures nothing.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { homeAt, ipcPathOf } from "../../src/host/home.ts";
import { callIpc } from "../../src/net/ipc-client.ts";
import { claudeHouse } from "../clients/claude-code.ts";
import { codexHouse } from "../clients/codex.ts";
import { cached } from "../clients/install.ts";
import { mockModel as anthropic, call, say } from "../clients/mock-anthropic.ts";
import { mockModel as openai } from "../clients/mock-openai.ts";
import { type LeanCaller, openLeanCaller } from "./hub-load.ts";
import { EXECUTABLE, type Hub, makeFolder, startHub, startProgram } from "./programs.ts";
import { type BenchRow, median, quantile } from "./row.ts";

const WAKES = 25;
const WARM_UP = 3;
const POLL_MS = 10;
/** Codex takes an Enter that comes sooner after text for a part of a paste, and sends nothing. */
const ENTER_DELAY_MS = 100;
/** An Enter that was taken for a part of a paste all the same is sent again after this, and counted. */
const ENTER_AGAIN_MS = 3000;
const WAKE_MS_MAX = 30_000;
const PROJECT = "wake";

/** A client at its prompt, in a pane. */
interface Client {
  readonly name: "claude-code" | "codex";
  readonly env: { readonly [name: string]: string };
  readonly project: string;
  /** How its private tmux server is found, and the session in it. */
  readonly tmux: { readonly folder: string; readonly target: string };
  /** Requests to its model so far, as times by `performance.now()`, side questions left out. */
  readonly requests: () => readonly number[];
  /** What the tools' permission is to be asked for, once they are set up: before the client starts. */
  ready(): Promise<void>;
  /** Starts the client and waits for its prompt. */
  begin(): Promise<void>;
  close(): Promise<void>;
}

interface Way {
  readonly client: Client["name"];
  readonly way: string;
}

const WAYS: readonly Way[] = [
  { client: "claude-code", way: "inbox" },
  { client: "claude-code", way: "wake" },
  { client: "claude-code", way: "tmux" },
  { client: "codex", way: "queue" },
  { client: "codex", way: "app-server" },
  { client: "codex", way: "tmux" },
];

export async function measureWake(): Promise<readonly BenchRow[]> {
  if (cached("claude-code") === null || cached("codex") === null) {
    const note = "the clients are not in the cache: run npm run e2e:clients once";
    return [{ what: "wake of a real client (not measured)", unit: "ms", value: Number.NaN, note }];
  }
  const rows: BenchRow[] = [];
  for (const way of WAYS) rows.push(...(await measureWay(way)));
  return rows;
}

async function measureWay({ client: name, way }: Way): Promise<readonly BenchRow[]> {
  const home = makeFolder();
  const hub: Hub = await startHub(home);
  const client = await (name === "claude-code" ? openClaude(home) : openCodex(home));
  try {
    writeFileSync(join(client.project, "prism.json"), JSON.stringify({ project: PROJECT }));
    const who = ["--persona", "agent", "--project", client.project];
    const env = { ...client.env, PRISM_HOME: home };
    prism(["surface", "add", name, ...who], env);
    await client.ready();
    const pane = ["--tmux-target", client.tmux.target, "--tmux-socket", "clients"];
    const daemon = startProgram({
      command: EXECUTABLE,
      args: ["daemon", ...who, "--ring-by", way, ...(way === "tmux" ? pane : []), "--log-level", "warn"],
      env: { ...env, TMUX_TMPDIR: client.tmux.folder },
    });
    const caller = await openLeanCaller(hub);
    await client.begin();
    // A first turn by hand: a client tells some of what a ring needs only then.
    await typed(client, "hello");
    const rung: number[] = [];
    const byHand: number[] = [];
    let lost = 0;
    for (let i = 0; i < WARM_UP + WAKES; i++) {
      const ring = await signalled({ home, caller, client });
      const hand = await typed(client, `Prism: 1 signal waits for agent@${PROJECT}, by hand ${i}`);
      if (i < WARM_UP) continue;
      rung.push(ring);
      if (hand === null) lost += 1;
      else byHand.push(hand);
    }
    await daemon.stop();
    return rowsOf(`${name} by ${way}`, rung, { byHand, lost });
  } finally {
    await client.close();
    await hub.stop();
  }
}

function rowsOf(
  what: string,
  ours: readonly number[],
  { byHand, lost }: { readonly byHand: readonly number[]; readonly lost: number },
): BenchRow[] {
  const theirs = `typed by hand p99 ${quantile(byHand, 0.99).toFixed(0)} ms, ${ENTER_DELAY_MS} of them between line and Enter`;
  const lostOnes = lost === 0 ? "" : `; Enters of theirs that did nothing: ${lost}`;
  return [
    {
      what: `${what}: accepted to the model's first request, p50`,
      unit: "ms",
      value: median(ours),
      peers: [
        {
          name: "typed by tmux send-keys",
          value: median(byHand),
          ratio: median(ours) / median(byHand),
        },
      ],
    },
    {
      what: `${what}, p99`,
      unit: "ms",
      value: quantile(ours, 0.99),
      note: `${ours.length} wakes each; ${theirs}${lostOnes}`,
    },
  ];
}

/** From the hub's acceptance, in whole milliseconds of this host's clock, to the request. */
async function signalled(world: {
  readonly home: string;
  readonly caller: LeanCaller;
  readonly client: Client;
}): Promise<number> {
  const { home, caller, client } = world;
  await atRest(home);
  const before = client.requests().length;
  const text = "Look at the build";
  const accepted = await caller.ask("signal", { to: `agent@${PROJECT}`, text, from: `bench@${PROJECT}` });
  const { acceptedAtMs } = accepted as { readonly acceptedAtMs: number };
  const atMs = await nextRequest(client, before);
  await atRest(home);
  return atMs + performance.timeOrigin - acceptedAtMs;
}

/**
 * Typed into the pane as people's scripts do: the line, a moment that clients need, Enter; nothing verified.
 *
 * @returns null if that Enter did nothing; another one has then sent the line
 */
async function typed(client: Client, line: string): Promise<number | null> {
  await quiet(client);
  const before = client.requests().length;
  const from = performance.now();
  tmux(client, "send-keys", "-t", client.tmux.target, "-l", "--", line);
  await new Promise((resolve) => setTimeout(resolve, ENTER_DELAY_MS));
  const enter = () => tmux(client, "send-keys", "-t", client.tmux.target, "Enter");
  enter();
  const atMs = await nextRequest(client, before, ENTER_AGAIN_MS).catch(() => null);
  if (atMs !== null) return atMs - from;
  enter();
  await nextRequest(client, before);
  return null;
}

function tmux({ env, tmux: { folder } }: Client, ...args: readonly string[]): string {
  const ran = spawnSync("tmux", ["-L", "clients", ...args], {
    env: { ...env, TMUX_TMPDIR: folder },
    encoding: "utf8",
  });
  if (ran.status !== 0) throw new Error(`tmux ${args[0]} failed: ${ran.stderr}`);
  return ran.stdout;
}

async function nextRequest(client: Client, before: number, msMax = WAKE_MS_MAX): Promise<number> {
  const deadline = performance.now() + msMax;
  for (;;) {
    const atMs = client.requests()[before];
    if (atMs !== undefined) return atMs;
    if (performance.now() > deadline) throw new Error(`${client.name} did not wake in ${msMax} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The turn is over, as the agent's hooks tell its daemon, and nothing waits. */
async function atRest(home: string): Promise<void> {
  const address = { persona: "agent", project: PROJECT };
  const path = ipcPathOf(homeAt(home), "local", address);
  const deadline = performance.now() + WAKE_MS_MAX;
  for (;;) {
    const status = await callIpc(path, { version: "0.0.0", role: "bench" }, "status", {});
    const isIdle = status.agents.length === 0 || status.agents.every(({ state }) => state === "idle");
    if (isIdle && status.position.open === 0 && !status.doorbell.standing) return;
    if (performance.now() > deadline) throw new Error(`no rest: ${JSON.stringify(status.doorbell)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A client that was typed to shows no daemon when it is done: no request for a while is as good. */
async function quiet(client: Client): Promise<void> {
  for (let seen = -1; seen !== client.requests().length; ) {
    seen = client.requests().length;
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
}

function prism(args: readonly string[], env: { readonly [name: string]: string }): void {
  const ran = spawnSync(EXECUTABLE, args, { env, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`prism ${args.join(" ")} failed: ${ran.stderr}`);
}

const IS_BELL = /Prism: \d+ signals? waits?(?!.*by hand)/;

async function openClaude(prismHome: string): Promise<Client> {
  const model = await anthropic(({ news, tools }) =>
    tools.length > 0 && IS_BELL.test(news) ? [call("mcp__prism__prism_drain")] : [say("ok")],
  );
  const client = cached("claude-code");
  if (client === null) throw new Error("Claude Code is not in the cache");
  const house = claudeHouse({
    binary: client.binary,
    modelUrl: model.url,
    env: { PRISM_HOME: prismHome },
  });
  return {
    name: "claude-code",
    env: house.env,
    project: house.project,
    tmux: { folder: house.sockets, target: "claude-1" },
    requests: () => model.requests.filter(({ tools }) => tools.length > 0).map(({ atMs }) => atMs),
    async ready() {},
    async begin() {
      await house.pane().shows(/❯/);
    },
    async close() {
      await house.close();
      await model.close();
    },
  };
}

async function openCodex(prismHome: string): Promise<Client> {
  const model = await openai(({ news, tools }) =>
    tools.length > 0 && IS_BELL.test(news)
      ? [{ call: "prism_drain", namespace: "mcp__prism", args: {} }]
      : [{ say: "ok" }],
  );
  const client = cached("codex");
  if (client === null) throw new Error("Codex is not in the cache");
  const house = codexHouse({
    command: [client.binary],
    modelUrl: model.url,
    env: { PRISM_HOME: prismHome },
  });
  return {
    name: "codex",
    env: house.env,
    project: house.project,
    tmux: { folder: house.env["TMPDIR"] ?? "", target: "codex-1" },
    requests: () => model.requests.filter(({ tools }) => tools.length > 0).map(({ atMs }) => atMs),
    async ready() {
      await house.serve();
      await house.trustHooks();
    },
    async begin() {
      await house.pane().shows("Ask Codex");
    },
    async close() {
      await house.close();
      await model.close();
    },
  };
}
