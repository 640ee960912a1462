/**
 * One client of the WebSocket bench, in a process of its own: sends texts of 256 bytes, keeps a fixed number in
 * flight, and answers each echo with the next text. Prints its figures as one JSON line.
 *
 * `node websocket-client.ts CLIENT PORT MESSAGES IN_FLIGHT`
 */
import { connect } from "node:net";
import { WebSocket as W3cWebSocket } from "../../src/net/w3c-websocket.ts";
import { connectSocket } from "../../src/net/websocket.ts";
import { quantile } from "./row.ts";

export const CLIENTS = ["driver", "W3C class", "ws", "undici", "Node's built-in", "bare socket"] as const;
export type ClientName = (typeof CLIENTS)[number];

export interface EchoFigures {
  readonly echoesPerSecond: number;
  /** User and system time of the whole process. */
  readonly cpuUsPerMessage: number;
  /** Empty unless one is in flight at a time. */
  readonly roundTripMs: { readonly p50: number; readonly p99: number };
}

const TEXT = JSON.stringify({ id: 1, text: "signal ".repeat(40) }).slice(0, 256);
const WARM_UP_MESSAGES_MAX = 20_000;

/** What is sent and what has come back, and the figures at the end. Counts from below zero while it warms up. */
class Run {
  readonly #messages: number;
  readonly #inFlight: number;
  readonly #send: () => void;
  readonly #end: () => void;
  readonly #roundTripsMs: number[] = [];
  #received: number;
  #sent: number;
  #startedAtMs = 0;
  #sentAtMs = 0;
  #cpu = process.cpuUsage();

  constructor(
    size: { readonly messages: number; readonly inFlight: number },
    send: () => void,
    end: () => void,
  ) {
    this.#messages = size.messages;
    this.#inFlight = size.inFlight;
    this.#received = -Math.min(WARM_UP_MESSAGES_MAX, size.messages);
    this.#sent = this.#received;
    this.#send = send;
    this.#end = end;
  }

  start(): void {
    for (let index = 0; index < this.#inFlight; index += 1) this.#next();
  }

  #next(): void {
    this.#sent += 1;
    if (this.#inFlight === 1) this.#sentAtMs = performance.now();
    this.#send();
  }

  received(): void {
    this.#received += 1;
    if (this.#received === 0) {
      this.#startedAtMs = performance.now();
      this.#cpu = process.cpuUsage();
    }
    if (this.#inFlight === 1 && this.#received > 0)
      this.#roundTripsMs.push(performance.now() - this.#sentAtMs);
    if (this.#sent < this.#messages) this.#next();
    else if (this.#received === this.#messages) this.#finish();
  }

  #finish(): void {
    const tookMs = performance.now() - this.#startedAtMs;
    const cpu = process.cpuUsage(this.#cpu);
    const figures: EchoFigures = {
      echoesPerSecond: (this.#messages / tookMs) * 1000,
      cpuUsPerMessage: (cpu.user + cpu.system) / this.#messages,
      roundTripMs: { p50: quantile(this.#roundTripsMs, 0.5), p99: quantile(this.#roundTripsMs, 0.99) },
    };
    console.log(JSON.stringify(figures));
    this.#end();
  }
}

type Size = ConstructorParameters<typeof Run>[0];

function runDriver(url: string, size: Size): void {
  const run: Run = new Run(
    size,
    () => socket.sendText(TEXT),
    () => socket.close(),
  );
  const received = () => run.received();
  const socket = connectSocket(
    { url, env: {} },
    { opened: () => run.start(), text: received, binary: received, closed: () => {} },
  );
}

interface W3cSocket {
  send(text: string): void;
  close(): void;
  onopen: unknown;
  onmessage: unknown;
}

function runW3c(socket: W3cSocket, size: Size): void {
  const run = new Run(
    size,
    () => socket.send(TEXT),
    () => socket.close(),
  );
  socket.onopen = () => run.start();
  socket.onmessage = () => run.received();
}

async function runWs(url: string, size: Size): Promise<void> {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const run = new Run(
    size,
    () => socket.send(TEXT),
    () => socket.close(),
  );
  socket.on("open", () => run.start());
  socket.on("message", () => run.received());
}

function runBare(port: number, size: Size): void {
  const frame = Buffer.alloc(4 + TEXT.length);
  frame.writeUInt32BE(TEXT.length);
  frame.write(TEXT, 4);
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const run = new Run(
    size,
    () => socket.write(frame),
    () => socket.end(),
  );
  let unread = 0;
  socket.on("connect", () => run.start());
  socket.on("data", (bytes) => {
    socket.cork();
    for (unread += bytes.length; unread >= frame.length; unread -= frame.length) run.received();
    socket.uncork();
  });
}

async function main(client: ClientName, port: number, size: Size): Promise<void> {
  const url = `ws://127.0.0.1:${port}/`;
  switch (client) {
    case "driver":
      return runDriver(url, size);
    case "W3C class":
      return runW3c(new W3cWebSocket(url, [], { deflate: false }), size);
    case "ws":
      return runWs(url, size);
    case "undici": {
      const { WebSocket } = await import("undici");
      return runW3c(new WebSocket(url) as unknown as W3cSocket, size);
    }
    case "Node's built-in":
      return runW3c(new globalThis.WebSocket(url) as unknown as W3cSocket, size);
    case "bare socket":
      return runBare(port, size);
    default:
      client satisfies never;
  }
}

const [, , client, port, messages, inFlight] = process.argv;
await main(client as ClientName, Number(port), { messages: Number(messages), inFlight: Number(inFlight) });
