/**
 * The WebSocket client against its peers: `ws`, undici, Node's built-in, and a bare socket as the floor. The
 * server is one process, each client another, one at a time; every round runs every client once, and ratios are
 * taken round by round, because the machine drifts.
 */
import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "./programs.ts";
import { type BenchRow, median, peerOf } from "./row.ts";
import { CLIENTS, type ClientName, type EchoFigures } from "./websocket-client.ts";
import type { EchoPorts } from "./websocket-server.ts";

const ROUNDS = 5;
/** A second or two a run. */
const PIPELINED = { messages: 150_000, inFlight: 256 };
const ONE_BY_ONE = { messages: 5_000, inFlight: 1 };

type Round = ReadonlyMap<ClientName, EchoFigures>;

export async function measureWebSocket(): Promise<readonly BenchRow[]> {
  const server = program("websocket-server.ts", []);
  const ports = JSON.parse(await lineOf(server)) as EchoPorts;
  const pipelined = await rounds(ROUNDS, { ...PIPELINED, port: ports.batching, bare: ports.bare });
  const plain = await rounds(3, { ...PIPELINED, port: ports.plain, bare: ports.bare });
  const single = await rounds(3, { ...ONE_BY_ONE, port: ports.plain, bare: ports.bare });
  await server.stop();
  const goals = { ws: 1.5, undici: 1.5 };
  return [
    {
      ...rowOf(
        "echoes of 256-byte texts, 256 in flight",
        "/s",
        pipelined,
        (each) => each.echoesPerSecond,
        goals,
      ),
      note: "the ws server writes the echoes of one read at once: with a write each, it is the limit (below)",
    },
    { ...rowOf("the client's CPU a message, the same run", "us", pipelined, cpuOf), goal: { atMost: 5 } },
    {
      ...rowOf("echoes against a ws server with a write each", "/s", plain, (each) => each.echoesPerSecond),
      note: "the server is the limit: it leaves the faster client waiting, and waking for each message",
    },
    rowOf("the client's CPU a message, the same run", "us", plain, cpuOf),
    rowOf("round trip of one 256-byte text, p50", "ms", single, (each) => each.roundTripMs.p50),
    rowOf("round trip of one 256-byte text, p99", "ms", single, (each) => each.roundTripMs.p99),
  ];
}

function cpuOf(figures: EchoFigures): number {
  return figures.cpuUsPerMessage;
}

function rowOf(
  what: string,
  unit: string,
  measured: readonly Round[],
  figureOf: (figures: EchoFigures) => number,
  ratios: Partial<Record<ClientName, number>> = {},
): BenchRow {
  const seriesOf = (name: ClientName) =>
    measured.map((round) => {
      const figures = round.get(name);
      return figures === undefined ? Number.NaN : figureOf(figures);
    });
  const ours = seriesOf("driver");
  const peers = CLIENTS.filter((name) => name !== "driver").map((name) =>
    peerOf(name === "W3C class" ? "our own W3C class" : name, { ours, theirs: seriesOf(name) }, ratios[name]),
  );
  return { what, unit, value: median(ours), peers };
}

interface Course {
  readonly messages: number;
  readonly inFlight: number;
  readonly port: number;
  readonly bare: number;
}

async function rounds(count: number, course: Course): Promise<Round[]> {
  const measured: Round[] = [];
  for (let round = 0; round < count; round += 1) {
    const figures = new Map<ClientName, EchoFigures>();
    for (const name of CLIENTS) figures.set(name, await run(name, course));
    measured.push(figures);
  }
  return measured;
}

async function run(name: ClientName, { messages, inFlight, port, bare }: Course): Promise<EchoFigures> {
  const target = name === "bare socket" ? bare : port;
  const client = program("websocket-client.ts", [name, `${target}`, `${messages}`, `${inFlight}`]);
  const figures = JSON.parse(await lineOf(client)) as EchoFigures;
  await client.stop();
  return figures;
}

function program(file: string, args: readonly string[]): Program {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return startProgram({ command: process.execPath, args: ["--no-warnings", path, ...args], env: {} });
}

function lineOf(of: Program): Promise<string> {
  return new Promise((settle) => {
    of.onLine(settle);
  });
}
