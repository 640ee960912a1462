/**
 * What a daemon costs while it has nothing to do: the packaged executable from its start to CONNECTED, and
 * fifty of them at rest, each with its hub socket, its IPC socket and its surface. Beside it the floor: the
 * same runtime with nothing loaded. Linux only: proportional memory and run times come from /proc.
 */
import { connectedAtMs } from "./daemon-watch.ts";
import { memoryOf, settleDisk } from "./memory.ts";
import { cpuTimeNs, makeFolder, type Program, startDaemon, startHub, startProgram } from "./programs.ts";
import { type BenchRow, median, quantile } from "./row.ts";

const STARTS = 20;
const DAEMONS = 50;
const SETTLE_MS = 20_000;
const REST_MS = 60_000;

export async function measureFootprint(): Promise<readonly BenchRow[]> {
  const home = makeFolder();
  const hub = await startHub(home);
  const starts: number[] = [];
  const floors: number[] = [];
  for (let turn = 0; turn < STARTS; turn++) {
    starts.push(await startMs(home, hub.url));
    floors.push(await floorStartMs());
  }
  const floorPss = await pssOfMany(() => startFloor());
  const rest = await restOfMany(home, hub.url);
  await hub.stop();
  return [
    {
      what: `start to CONNECTED, packaged, median of ${STARTS}`,
      unit: "ms",
      value: median(starts),
      goal: { atMost: 75 },
      note: `slowest ${Math.round(quantile(starts, 1))} ms; the bare runtime runs its first line after ${Math.round(median(floors))} ms`,
    },
    {
      what: `proportional memory (PSS) of each of ${DAEMONS}, median`,
      unit: "MB",
      value: rest.pssMb,
      goal: { atMost: 12 },
      note: `${DAEMONS} of the bare runtime take ${floorPss.toFixed(1)} MB each; private memory of a daemon ${rest.privateMb.toFixed(1)} MB`,
    },
    {
      what: `processor of one of ${DAEMONS} at rest over ${REST_MS / 1000} s, median`,
      unit: "%",
      value: rest.cpuPercent,
      goal: { atMost: 0.1 },
    },
  ];
}

async function startMs(home: string, hubUrl: string): Promise<number> {
  const startedAtMs = Date.now();
  const daemon = startDaemon({ home, persona: "starter", hubUrl });
  const atMs = await connectedAtMs(home, "starter", startedAtMs);
  await daemon.stop();
  return atMs - startedAtMs;
}

async function floorStartMs(): Promise<number> {
  const startedAtMs = Date.now();
  const program = startProgram({ command: process.execPath, args: ["-p", "Date.now()"], env: {} });
  const line = await new Promise<string>((settle) => program.onLine(settle));
  await program.stop();
  return Number(line) - startedAtMs;
}

function startFloor(): Promise<Program> {
  const script = "setInterval(() => {}, 1e9); console.log('up')";
  const program = startProgram({ command: process.execPath, args: ["-e", script], env: {} });
  return new Promise((settle) => program.onLine(() => settle(program)));
}

async function pssOfMany(start: () => Promise<Program>): Promise<number> {
  const programs: Program[] = [];
  for (let index = 0; index < DAEMONS; index++) programs.push(await start());
  settleDisk();
  const pss = median(programs.map(({ pid }) => memoryOf(pid).pssMb));
  await Promise.all(programs.map((program) => program.kill()));
  return pss;
}

async function restOfMany(home: string, hubUrl: string) {
  const daemons: Program[] = [];
  for (let index = 0; index < DAEMONS; index++) {
    daemons.push(startDaemon({ home, persona: `p${index}`, hubUrl }));
    await connectedAtMs(home, `p${index}`);
  }
  // A start is not over when it is CONNECTED: some seconds later a daemon gives back what it needed for it.
  await new Promise((wake) => setTimeout(wake, SETTLE_MS));
  const before = daemons.map(({ pid }) => cpuTimeNs(pid));
  const startedAtMs = performance.now();
  await new Promise((wake) => setTimeout(wake, REST_MS));
  const spentNs = (performance.now() - startedAtMs) * 1e6;
  const shares = daemons.map(({ pid }, index) => (cpuTimeNs(pid) - (before[index] ?? 0)) / spentNs);
  settleDisk();
  const memory = daemons.map(({ pid }) => memoryOf(pid));
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  return {
    pssMb: median(memory.map(({ pssMb }) => pssMb)),
    privateMb: median(memory.map(({ privateMb }) => privateMb)),
    cpuPercent: median(shares) * 100,
  };
}
