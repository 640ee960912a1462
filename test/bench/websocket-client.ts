/**
 * One client of the WebSocket bench, in a process of its own: sends texts of 256 bytes, keeps a fixed number in
 * flight, and answers each echo with the next text. Prints one JSON line.
 *
 * `node websocket-client.ts KIND WS_PORT BARE_PORT MESSAGES IN_FLIGHT`
 */
import { connect } from "node:net";
import { connectSocket } from "../../src/net/websocket.ts";
import { WebSocket as OurWebSocket } from "../../src/net/w3c-websocket.ts";

export interface EchoFigures {
  readonly echoesPerSecond: number;
  /** User and system time of the whole process. */
  readonly cpuUsPerMessage: number;
  /** Only with one in flight. */
  readonly roundTripMs: { readonly p50: number; readonly p99: number } | null;
}

const [, , kind = "", wsPort = "", barePort = "", messages = "0", inFlight = "1"] = process.argv;
const URL_OF_SERVER = `ws://127.0.0.1:${wsPort}/`;
const TEXT = JSON.stringify({ id: 1, text: "signal ".repeat(40) }).slice(0, 256);
const WARM_UP = Math.min(20_000, Number(messages));

class Run {
  readonly #send: () => void;
  readonly #end: () => void;
  readonly #roundTripsMs: number[] = [];
  #received = -WARM_UP;
  #sent = -WARM_UP;
  #startedAtMs = 0;
  #sentAtMs = 0;
  #cpu = process.cpuUsage();

  constructor(send: () => void, end: () => void) {
    this.#send = send;
    this.#end = end;
  }

  start(): void {
    for (let index = 0; index < Number(inFlight); index += 1) this.#next();
  }

  #next(): void {
    this.#sent += 1;
    if (inFlight === "1") this.#sentAtMs = performance.now();
    this.#send();
  }

  received(): void {
    this.#received += 1;
    if (inFlight === "1" && this.#received > 0) this.#roundTripsMs.push(performance.now() - this.#sentAtMs);
    if (this.#received === 0) {
      this.#startedAtMs = performance.now();
      this.#cpu = process.cpuUsage();
    }
    if (this.#sent < Number(messages)) this.#next();
    else if (this.#received === Number(messages)) this.#finish();
  }

  #finish(): void {
    const tookMs = performance.now() - this.#startedAtMs;
    const cpu = process.cpuUsage(this.#cpu);
    const sorted = this.#roundTripsMs.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const figures: EchoFigures = {
      echoesPerSecond: (Number(messages) / tookMs) * 1000,
      cpuUsPerMessage: (cpu.user + cpu.system) / Number(messages),
      roundTripMs: sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99) },
    };
    console.log(JSON.stringify(figures));
    this.#end();
  }
}

interface W3cSocket {
  send(text: string): void;
  close(): void;
  onopen: unknown;
  onmessage: unknown;
}

function runW3c(socket: W3cSocket): void {
  const run = new Run(
    () => socket.send(TEXT),
    () => socket.close(),
  );
  socket.onopen = () => run.start();
  socket.onmessage = () => run.received();
}

function runBare(): void {
  const frame = Buffer.alloc(260);
  frame.writeUInt32BE(256);
  frame.write(TEXT, 4);
  const socket = connect({ host: "127.0.0.1", port: Number(barePort), noDelay: true });
  let unparsed = 0;
  const run = new Run(
    () => socket.write(frame),
    () => socket.end(),
  );
  socket.on("connect", () => run.start());
  socket.on("data", (bytes) => {
    socket.cork();
    for (unparsed += bytes.length; unparsed >= frame.length; unparsed -= frame.length) run.received();
    socket.uncork();
  });
}

async function main(): Promise<void> {
  switch (kind) {
    case "prism": {
      const socket = connectSocket(
        { url: URL_OF_SERVER, env: {} },
        {
          opened: () => run.start(),
          text: () => run.received(),
          binary: () => run.received(),
          closed: () => {},
        },
      );
      const run: Run = new Run(
        () => socket.sendText(TEXT),
        () => socket.close(),
      );
      return;
    }
    case "prism, W3C class":
      runW3c(new OurWebSocket(URL_OF_SERVER, [], { deflate: false }));
      return;
    case "ws": {
      const { WebSocket } = await import("ws");
      const socket = new WebSocket(URL_OF_SERVER, { perMessageDeflate: false });
      const run = new Run(
        () => socket.send(TEXT),
        () => socket.close(),
      );
      socket.on("open", () => run.start());
      socket.on("message", () => run.received());
      return;
    }
    case "undici": {
      const { WebSocket } = await import("undici");
      runW3c(new WebSocket(URL_OF_SERVER) as unknown as W3cSocket);
      return;
    }
    case "built-in":
      runW3c(new globalThis.WebSocket(URL_OF_SERVER) as unknown as W3cSocket);
      return;
    case "bare":
      runBare();
      return;
    default:
      throw new Error(`client "${kind}" is unknown`);
  }
}

await main();
