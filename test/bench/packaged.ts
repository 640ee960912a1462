/**
 * What packaging costs and gives: the executable against the same bundle, part for part and flag for flag, run by
 * the very Node that is inside the executable. `node bundle` compiles at each start, as `node main.js` does anywhere;
 * beside it the same with Node's own cache of compiled code, warm, since the executable carries such code. Round by
 * round, each round in another order; Linux only.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../scripts/build/bundle.ts";
import { FIRST_PART } from "../../scripts/build/loader.ts";
import { bakedFlags } from "../../scripts/build/package.ts";
import { hostTarget } from "../../scripts/build/targets.ts";
import { connectedAtMs } from "./daemon-watch.ts";
import { type Memory, memoryOf, settleDisk } from "./memory.ts";
import { EXECUTABLE, makeFolder, type Program, type Run, startDaemon, startHub } from "./programs.ts";
import { type BenchRow, median, peerOf, quantile } from "./row.ts";

const ROOT = join(import.meta.dirname, "../..");
const STARTS = 30;
/** The first ones read files from the disk, and fill the cache. */
const STARTS_BEFORE = 3;
const DAEMONS = 50;
const ROUNDS = 2;
/** Some seconds after it is CONNECTED a daemon gives back what it needed for that. */
const SETTLE_MS = 20_000;

const NAMES = ["packaged", "node bundle", "node bundle, warm compile cache"] as const;
type Name = (typeof NAMES)[number];
type Series = { readonly [name in Name]: number[] };

export async function measurePackaged(): Promise<readonly BenchRow[]> {
  const home = makeFolder();
  const runs = await runsOf();
  const hub = await startHub(home);
  const starts = emptySeries();
  for (let round = 0; round < STARTS_BEFORE + STARTS; round++) {
    for (const name of inTurn(round)) {
      const tookMs = await startMs(home, hub.url, runs[name]);
      if (round >= STARTS_BEFORE) starts[name].push(tookMs);
    }
  }
  const pss = emptySeries();
  const own = emptySeries();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of inTurn(round)) {
      const memory = await memoryOfMany(home, hub.url, runs[name]);
      pss[name].push(median(memory.map(({ pssMb }) => pssMb)));
      own[name].push(median(memory.map(({ privateMb }) => privateMb)));
    }
  }
  await hub.stop();
  const slowest = NAMES.map((name) => `${name} ${Math.round(quantile(starts[name], 1))}`).join(", ");
  const owns = NAMES.map((name) => `${name} ${median(own[name]).toFixed(1)}`).join(", ");
  return [
    {
      ...rowOf(`start to CONNECTED, median of ${STARTS}`, "ms", starts),
      note: `from before its process to CONNECTED by its own clock; slowest: ${slowest} ms`,
    },
    {
      ...rowOf(`PSS of each of ${DAEMONS} daemons, median of ${ROUNDS} rounds`, "MB", pss),
      note: `each kind alone, so that its shared pages are shared by ${DAEMONS}; private memory: ${owns} MB`,
    },
  ];
}

async function runsOf(): Promise<{ readonly [name in Name]: Run }> {
  const outDir = join(makeFolder(), "bundle");
  mkdirSync(outDir);
  writeFileSync(join(outDir, "package.json"), '{"type":"commonjs"}');
  await bundle({ root: ROOT, entry: join(ROOT, "src/main.ts"), outDir, version: "0.0.0-bench" });
  const args = [...bakedFlags(hostTarget()), join(outDir, FIRST_PART)];
  const command = process.execPath;
  return {
    packaged: { command: EXECUTABLE, args: [], env: {} },
    "node bundle": { command, args, env: {} },
    "node bundle, warm compile cache": { command, args, env: { NODE_COMPILE_CACHE: join(outDir, "cache") } },
  };
}

async function startMs(home: string, hubUrl: string, run: Run): Promise<number> {
  const startedAtMs = Date.now();
  const daemon = startDaemon({ home, persona: "starter", hubUrl, run });
  const atMs = await connectedAtMs(home, "starter", startedAtMs);
  await daemon.stop();
  return atMs - startedAtMs;
}

async function memoryOfMany(home: string, hubUrl: string, run: Run): Promise<readonly Memory[]> {
  const daemons: Program[] = [];
  for (let index = 0; index < DAEMONS; index++) {
    const startedAtMs = Date.now();
    daemons.push(startDaemon({ home, persona: `p${index}`, hubUrl, run }));
    await connectedAtMs(home, `p${index}`, startedAtMs);
  }
  await new Promise((wake) => setTimeout(wake, SETTLE_MS));
  settleDisk();
  const memory = daemons.map(({ pid }) => memoryOf(pid));
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  return memory;
}

function emptySeries(): Series {
  return { packaged: [], "node bundle": [], "node bundle, warm compile cache": [] };
}

function inTurn(round: number): readonly Name[] {
  const first = round % NAMES.length;
  return [...NAMES.slice(first), ...NAMES.slice(0, first)];
}

function rowOf(what: string, unit: string, series: Series): BenchRow {
  const [ours, ...theirs] = NAMES;
  return {
    what: `${what}, packaged`,
    unit,
    value: median(series[ours]),
    peers: theirs.map((name) => peerOf(name, { ours: series[ours], theirs: series[name] })),
  };
}
