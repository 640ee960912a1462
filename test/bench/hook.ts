/**
 * What an agent waits for at each of its hooks: a process from its start to its end, with a daemon to ask and
 * without one. Beside it the floor, the same runtime with nothing to do, and the same executable with next to
 * nothing. One of each in every round, each round in another order, so that a busy moment hits all alike.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connectedAtMs } from "./daemon-watch.ts";
import { EXECUTABLE, makeFolder, startDaemon, startHub } from "./programs.ts";
import { type BenchRow, median, peerOf, quantile } from "./row.ts";

const ROUNDS = 200;
/** The first starts read the executable from the disk. */
const ROUNDS_BEFORE = 5;
const PERSONA = "hooked";

/** What a client writes to a hook's standard input. */
const EVENT = JSON.stringify({
  session_id: "0c7a1f1e-8a52-4a55-9d1e-3f1f9a6f9b11",
  transcript_path: "/tmp/transcript.jsonl",
  cwd: "/tmp",
  hook_event_name: "UserPromptSubmit",
  prompt: "please look at the build",
});

const NAMES = ["node", "version", "present", "absent"] as const;
type Name = (typeof NAMES)[number];

interface OneShot {
  readonly command: string;
  readonly args: readonly string[];
  readonly home: string;
}

export async function measureHook(): Promise<readonly BenchRow[]> {
  const watched = makeFolder();
  const unwatched = makeFolder();
  const hub = await startHub(watched);
  const daemon = startDaemon({ home: watched, persona: PERSONA, hubUrl: hub.url });
  await connectedAtMs(watched, PERSONA);
  const place = ["--persona", PERSONA, "--project", join(watched, "bench")];
  const hook = ["hook", "user-prompt-submit", "--client", "claude-code", ...place];
  const shots: { readonly [name in Name]: OneShot } = {
    node: { command: process.execPath, args: ["-e", "0"], home: unwatched },
    version: { command: EXECUTABLE, args: ["--version"], home: unwatched },
    present: { command: EXECUTABLE, args: hook, home: watched },
    absent: { command: EXECUTABLE, args: hook, home: unwatched },
  };
  const took: { readonly [name in Name]: number[] } = { node: [], version: [], present: [], absent: [] };
  for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
    for (let turn = 0; turn < NAMES.length; turn++) {
      const name = NAMES[(round + turn) % NAMES.length] as Name;
      const ms = runMs(shots[name]);
      if (round >= ROUNDS_BEFORE) took[name].push(ms);
    }
  }
  await daemon.stop();
  await hub.stop();
  // A hook that went wrong ends well too, and says so in its log alone.
  if (existsSync(join(watched, "log", "hook.log"))) throw new Error("the daemon did not answer the hooks");
  return [
    rowOf("hook user-prompt-submit, its daemon present", took.present, took.node, { atMost: 45 }),
    rowOf("hook user-prompt-submit, no daemon", took.absent, took.node, { atMost: 45 }),
    rowOf("prism --version", took.version, took.node),
  ];
}

function runMs({ command, args, home }: OneShot): number {
  const startedAt = performance.now();
  const { status, error } = spawnSync(command, args, { input: EVENT, env: { PRISM_HOME: home } });
  const tookMs = performance.now() - startedAt;
  if (status !== 0) throw error ?? new Error(`${command} ${args[0]} ended with ${status}`);
  return tookMs;
}

function rowOf(
  what: string,
  ours: readonly number[],
  node: readonly number[],
  goal?: { readonly atMost: number },
): BenchRow {
  return {
    what: `${what}, median of ${ROUNDS}`,
    unit: "ms",
    value: median(ours),
    ...(goal === undefined ? {} : { goal }),
    peers: [peerOf("node -e 0 of the same runtime", { ours, theirs: node }, { ratioAtMost: 1.3 })],
    note: `p99 ${quantile(ours, 0.99).toFixed(0)} ms; of node -e 0 ${quantile(node, 0.99).toFixed(0)} ms`,
  };
}
