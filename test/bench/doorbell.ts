/**
 * Doorbell latency with real processes: a sender's write -> the hub has it on disk and pushes -> the daemon
 * rings -> the line has come out of its terminal surface and been read here. The clock starts before the
 * sender's write, so the request's own way to the hub is inside the figure.
 *
 * Every signal rings: the recipient drains between one signal and the next, as an agent would.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type LeanCaller, openLeanCaller } from "./hub-load.ts";
import { type Hub, makeFolder, type Program, startDaemon, startHub, startProgram } from "./programs.ts";
import { type BenchRow, median, quantile } from "./row.ts";

const PER_SECOND = 50;
const SIGNALS = 400;
const WARM_UP = 50;
const ROUNDS = 3;
const BESIDE_PER_SECOND = 2000;
const RING_MS_MAX = 5000;

export async function measureDoorbell(): Promise<readonly BenchRow[]> {
  const home = makeFolder();
  const hub = await startHub(home);
  const daemon = startDaemon({ home, persona: "bell", hubUrl: hub.url });
  const bell = bellOf(daemon);
  const caller = await openLeanCaller(hub);
  await registered(caller, "bell@bench");

  await ringMany(caller, bell, WARM_UP);
  const alone: number[][] = [];
  const beside: number[][] = [];
  const rates: number[] = [];
  const syncs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    syncs.push(...(await syncLatenciesMs(home)));
    alone.push(await ringMany(caller, bell, SIGNALS));
    const load = await startSideLoad(hub);
    beside.push(await ringMany(caller, bell, SIGNALS));
    rates.push(await load.finish());
  }
  await daemon.stop();
  await hub.stop();
  const [p50, p99] = [quantile(syncs, 0.5).toFixed(2), quantile(syncs, 0.99).toFixed(2)];
  const note = `${ROUNDS} rounds of ${SIGNALS}; a bare write and fdatasync on this disk meanwhile: p50 ${p50} ms, p99 ${p99} ms`;
  return [
    ...rowsOf(`at ${PER_SECOND} signals/s`, alone, note),
    ...rowsOf(
      `beside ${BESIDE_PER_SECOND} signals/s`,
      beside,
      `the load beside it came to ${Math.round(median(rates))} drained signals/s`,
    ),
  ];
}

function rowsOf(what: string, rounds: readonly (readonly number[])[], note: string): BenchRow[] {
  const at = (share: number): number => median(rounds.map((round) => quantile(round, share)));
  return [
    { what: `doorbell ${what}, p50`, unit: "ms", value: at(0.5), goal: { atMost: 0.9 } },
    { what: `doorbell ${what}, p99`, unit: "ms", value: at(0.99), goal: { atMost: 2.5 }, note },
  ];
}

/** The next line that rings, as a promise. */
function bellOf(daemon: Program): () => Promise<number> {
  let rung: ((atMs: number) => void) | null = null;
  daemon.onLine((line) => {
    if (!line.includes("waits for bell@bench") && !line.includes("wait for bell@bench")) return;
    rung?.(performance.now());
    rung = null;
  });
  return () =>
    new Promise((settle, fail) => {
      const timer = setTimeout(() => fail(new Error(`no ring within ${RING_MS_MAX} ms`)), RING_MS_MAX);
      rung = (atMs) => {
        clearTimeout(timer);
        settle(atMs);
      };
    });
}

/** @returns milliseconds, one for each signal */
async function ringMany(
  caller: LeanCaller,
  nextRing: () => Promise<number>,
  count: number,
): Promise<number[]> {
  const latencies: number[] = [];
  let nextAtMs = performance.now();
  for (let sent = 0; sent < count; sent++) {
    nextAtMs += 1000 / PER_SECOND;
    await new Promise((wake) => setTimeout(wake, Math.max(0, nextAtMs - performance.now())));
    const rung = nextRing();
    const startedAtMs = performance.now();
    caller.call("signal", '{"to":"bell@bench","text":"wake up","from":"bench@bench"}', () => {});
    caller.flush();
    latencies.push((await rung) - startedAtMs);
    await caller.ask("drain", { persona: "bell", project: "bench" });
  }
  return latencies;
}

const REGISTERED_TRIES_MAX = 200;

/** Waits until the daemon of an address is connected. */
export async function registered(caller: LeanCaller, address: string): Promise<void> {
  for (let tries = 0; tries < REGISTERED_TRIES_MAX; tries++) {
    const status = (await caller.ask("status", {})) as {
      daemons: readonly { address: string; connected: boolean }[];
    };
    if (status.daemons.some((daemon) => daemon.address === address && daemon.connected)) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`the daemon of ${address} did not register`);
}

async function startSideLoad(hub: Hub): Promise<{ finish(): Promise<number> }> {
  const program = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, "side-load.ts"), String(hub.port), String(BESIDE_PER_SECOND)],
    env: { BENCH_TOKEN: hub.token },
  });
  let perSecond = 0;
  await new Promise<void>((settle) => {
    program.onLine((line) => {
      if (line === "running") settle();
      else perSecond = (JSON.parse(line) as { perSecond: number }).perSecond;
    });
  });
  return {
    async finish() {
      await program.stop();
      return perSecond;
    },
  };
}

const SYNCS = 200;

/**
 * What the disk itself takes for one durable write, at the rate of the signals: the floor under every
 * acknowledgement, and on a shared machine its worst neighbour.
 */
async function syncLatenciesMs(folder: string): Promise<number[]> {
  const file = openSync(join(folder, "sync-probe"), "w");
  const page = Buffer.alloc(4096);
  const latencies: number[] = [];
  for (let turn = 0; turn < SYNCS; turn++) {
    await new Promise((wake) => setTimeout(wake, 1000 / PER_SECOND));
    const startedAtMs = performance.now();
    writeSync(file, page, 0, page.length, turn * page.length);
    fdatasyncSync(file);
    latencies.push(performance.now() - startedAtMs);
  }
  closeSync(file);
  return latencies;
}
