/** A daemon's IPC server with handlers that a test can watch, and raw clients that say what they like. */

import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import type { Doorbell } from "../../src/domain/doorbell.ts";
import { HOOK_SILENT } from "../../src/ipc/hook.ts";
import type { DaemonStatus, IpcHandlers } from "../../src/ipc.ts";
import { type IpcServerOptions, openIpcServer, type RunningIpcServer } from "../../src/net/ipc-server.ts";
import { tempDir } from "./temp-dir.ts";

export const identity = { version: "0.1.0", tenant: "local", persona: "reviewer", project: "shop" };

export function bellOf(ring: number, more: Partial<Doorbell> = {}): Doorbell {
  return {
    ring,
    attempt: 1,
    persona: "reviewer",
    project: "shop",
    open: 1,
    urgent: 0,
    senders: [{ from: "planner@shop", count: 1 }],
    othersOpen: 0,
    oldestAtMs: 1_000,
    ...more,
  };
}

export const daemonStatus: DaemonStatus = {
  ...identity,
  host: "laptop",
  root: "/work/shop",
  pid: 4711,
  startedAtMs: 1,
  lifecycle: { state: "connected", sinceMs: 2 },
  surface: { name: "terminal", resumable: false, report: null },
  attach: null,
  agents: [],
  session: "s-1",
  hub: { url: "ws://127.0.0.1:1", connected: true, lastError: null, retryAtMs: null },
  position: { through: 7, open: 0, urgent: 0 },
  doorbell: {
    standing: false,
    attempts: 0,
    underWay: false,
    lastRungAtMs: null,
    lastPath: null,
    lastOutcome: null,
    lastReason: null,
    nextRingAtMs: null,
  },
  counters: {
    reconnects: 0,
    doorbells: { rung: 0, coalesced: 0, suppressed: 0, failed: 0 },
    errors: { connection: 0, protocol: 0, surface: 0, storage: 0, unclassified: 0 },
  },
  attached: [],
};

export interface IpcStage {
  readonly path: string;
  readonly server: RunningIpcServer;
  /** Names of the log's events, oldest first. */
  readonly events: string[];
  /** Settles at the log's next event of this name, or at once if there was one. */
  logged(event: string): Promise<void>;
}

export interface StageOptions extends Partial<Omit<IpcServerOptions, "handlers">> {
  readonly handlers?: Partial<IpcHandlers>;
}

export async function ipcStage(options: StageOptions = {}): Promise<IpcStage> {
  const path = options.path ?? join(tempDir(), "run", "reviewer@shop.sock");
  const events: string[] = [];
  const waiting: { event: string; resolve: () => void }[] = [];
  const server = await openIpcServer({
    identity,
    standing: () => null,
    log(_level, event) {
      events.push(event);
      for (const one of waiting) if (one.event === event) one.resolve();
    },
    ...options,
    path,
    handlers: {
      status: () => daemonStatus,
      metrics: ({ form = "text" }) => ({ page: `${form}\n` }),
      notify_surface: () => ({ kind: "moot", reason: "nothing waits" }),
      resume_surface: () => ({ kind: "taken", path: "tmux" }),
      shutdown: () => ({ stopping: true }),
      hook: () => HOOK_SILENT,
      ...options.handlers,
    },
  });
  onTestFinished(() => server.close());
  return {
    path,
    server,
    events,
    logged: (event) =>
      events.includes(event) ? Promise.resolve() : new Promise((resolve) => waiting.push({ event, resolve })),
  };
}

export interface RawClient {
  readonly socket: Socket;
  send(...messages: (string | Uint8Array | object)[]): void;
  /** The next line, parsed; undefined once the server has ended the connection. */
  next(): Promise<{ readonly [key: string]: unknown } | undefined>;
  readonly closed: Promise<void>;
}

export const HELLO = {
  jsonrpc: "2.0",
  id: 0,
  method: "hello",
  params: { protocol: 1, version: "0", role: "test" },
};

/** Texts and bytes go out as they are, with a line feed; objects as JSON. */
export async function rawClient(path: string): Promise<RawClient> {
  const socket = connect(path);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    socket,
    send(...messages) {
      for (const message of messages) {
        const plain = typeof message === "string" || message instanceof Uint8Array;
        socket.write(plain ? message : JSON.stringify(message));
        socket.write("\n");
      }
    },
    async next() {
      const line = await lines.next();
      return line.done === true ? undefined : JSON.parse(line.value);
    },
    closed: new Promise((resolve) => socket.once("close", () => resolve())),
  };
}
