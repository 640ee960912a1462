/**
 * `npm run bench [-- --only NAME]`: every figure that Prism promises, measured with the packaged executable
 * and real sockets, with its peers in the same run. Prints a table and saves `dist/bench.json`.
 *
 * Exit status 0 also when a goal is missed: a shared machine's figures are for reading, not for a gate.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { EXECUTABLE } from "./programs.ts";
import type { BenchPart, BenchRow } from "./row.ts";
import { tableOf } from "./table.ts";

interface Part {
  readonly name: string;
  readonly title: string;
  /** Loaded when it runs, so that one part's libraries do not weigh on another's figures. */
  readonly load: () => Promise<BenchPart>;
}

const PARTS: readonly Part[] = [
  {
    name: "footprint",
    title: "one daemon at rest: start, memory, processor",
    load: async () => (await import("./footprint.ts")).measureFootprint,
  },
  {
    name: "packaged",
    title: "the executable against the same bundle under plain node",
    load: async () => (await import("./packaged.ts")).measurePackaged,
  },
  {
    name: "hook",
    title: "an agent's hook, from the start of its process to the end",
    load: async () => (await import("./hook.ts")).measureHook,
  },
  {
    name: "doorbell",
    title: "from a sender's write to the ring on the surface",
    load: async () => (await import("./doorbell.ts")).measureDoorbell,
  },
  {
    name: "wake",
    title: "from the hub's acceptance to a real agent's next thought",
    load: async () => (await import("./wake.ts")).measureWake,
  },
  {
    name: "throughput",
    title: "the hub under load",
    load: async () => (await import("./throughput.ts")).measureThroughput,
  },
  {
    name: "return",
    title: "50 daemons after the hub's return",
    load: async () => (await import("./return.ts")).measureReturn,
  },
  {
    name: "engine",
    title: "the hub's engine and store in one process",
    load: async () => (await import("./engine.ts")).measureEngine,
  },
  {
    name: "metrics",
    title: "1,200 series of 50 personas",
    load: async () => (await import("./metrics.ts")).measureMetrics,
  },
  {
    name: "page",
    title: "the dashboard's page over 50 daemons at work",
    load: async () => (await import("./page.ts")).measurePage,
  },
  {
    name: "websocket",
    title: "the WebSocket client against its peers",
    load: async () => (await import("./websocket.ts")).measureWebSocket,
  },
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string", multiple: true } } });
  const only = values.only ?? PARTS.map((part) => part.name);
  const unknown = only.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `part "${unknown}" is unknown; the parts are ${PARTS.map((part) => part.name).join(", ")}`,
    );
  }
  const results: Record<string, readonly BenchRow[]> = {};
  for (const part of PARTS.filter(({ name }) => only.includes(name))) {
    const startedAt = performance.now();
    const measure = await part.load();
    results[part.name] = await measure();
    console.log(tableOf(part.title, results[part.name] ?? []));
    console.log(
      `         (part "${part.name}" took ${Math.round((performance.now() - startedAt) / 1000)} s)`,
    );
  }
  save(results);
}

function save(results: Readonly<Record<string, readonly BenchRow[]>>): void {
  const file = join(dirname(EXECUTABLE), "bench.json");
  const machine = { processor: cpus()[0]?.model ?? "", processors: cpus().length, node: process.version };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`);
  console.log(`\nsaved in ${file}`);
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(1);
}
