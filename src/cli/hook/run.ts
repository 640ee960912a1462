/**
 * A hook, from its words to its end. It must never break or slow an agent: whatever goes wrong, it ends soon, with
 * status 0, and leaves a line in the log. The one other status is 2, by which a hook that blocks wakes its agent.
 * Loads as little as it can, since a process is started for each event. Knows no argument parser: see `input.ts`.
 */
import { readSync, writeSync } from "node:fs";
import { type Address, formatAddress } from "../../domain/address.ts";
import { ensurePrivateDir, type Home, ipcPathOf } from "../../host/home.ts";
import { createLog, jsonLine } from "../../host/log.ts";
import { logFileOf, openLogFile } from "../../host/log-file.ts";
import { procStatOf } from "../../host/proc-stat.ts";
import { birthOf, isProcessAlive } from "../../host/process-alive.ts";
import type { HookAnswer, HookEvent, HookParams } from "../../ipc/hook.ts";
import { IPC_PROTOCOL, IPC_PROTOCOL_MIN } from "../../ipc.ts";
import { askDaemon } from "./exchange.ts";
import { outputOf, reportOf } from "./report.ts";

export interface Hook {
  readonly event: HookEvent;
  readonly client: string;
  readonly address: Address;
  readonly tenant: string;
  readonly home: Home;
}

export interface HookProcess {
  readonly env: { readonly [name: string]: string | undefined };
  readonly version: string;
  readonly parent: number;
}

/** By which a client is told to wake its session. Source: hooks of claude-code 2.1.329, `asyncRewake`. */
const WAKE_STATUS = 2;
/** A daemon answers within a millisecond; one that is swapped out is not worth an agent's time. */
const ANSWER_MS_MAX = 100;
/** A tool's answer stands in it, and may be long; what is needed stands before that. */
const STDIN_BYTES_MAX = 1024 * 1024;
const CLIENT_LOOK_MS = 15_000;

/** @returns the exit status. Never rejects. */
export async function runHook(hook: Hook, world: HookProcess): Promise<number> {
  try {
    return await answered(hook, world);
  } catch (error) {
    note(hook, "hookFailed", error instanceof Error ? error.message : String(error));
    return 0;
  }
}

async function answered(hook: Hook, world: HookProcess): Promise<number> {
  const { event, client, address, tenant, home } = hook;
  const params = reportOf(readStdin(), {
    ...{ event, client, address },
    env: world.env,
    parent: clientAbove(world),
  });
  if (params === null) return 0;
  const path = ipcPathOf(home, tenant, address);
  const { version } = world;
  const hello = { protocol: IPC_PROTOCOL, protocolMin: IPC_PROTOCOL_MIN, version, role: "hook" };
  const patience = event === "wait" ? { until: endOfClient(params) } : { answerMsMax: ANSWER_MS_MAX };
  const exchange = await askDaemon(path, hello, params, patience);
  if (exchange.kind === "answered") return handOver(event, exchange.answer);
  if (exchange.kind === "failed") note(hook, "hookFailed", exchange.reason);
  else note(hook, "hookWithoutDaemon", `no daemon stands watch for ${formatAddress(address)}`);
  return 0;
}

function handOver(event: HookEvent, answer: HookAnswer): number {
  if (event === "wait") {
    if (answer.say === null || !answer.hold) return 0;
    writeSync(2, `${answer.say}\n`);
    return WAKE_STATUS;
  }
  const output = outputOf(event, answer);
  if (output !== null) writeSync(1, `${output}\n`);
  return 0;
}

/** A client that died leaves its blocked hooks behind: they look after it, and end as well. */
function endOfClient({ pid }: HookParams): AbortSignal {
  const end = new AbortController();
  if (pid === undefined) return end.signal;
  const birth = birthOf(pid);
  setInterval(() => {
    if (!isProcessAlive(pid) || birthOf(pid) !== birth) end.abort();
  }, CLIENT_LOOK_MS).unref();
  return end.signal;
}

/** Clients write one object and close. What is beyond the bound is read too, or the client's write would fail. */
function readStdin(): string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const chunk = Buffer.allocUnsafe(64 * 1024);
  for (;;) {
    const read = readSome(chunk);
    if (read === 0) break;
    if (bytes < STDIN_BYTES_MAX) chunks.push(Buffer.from(chunk.subarray(0, read)));
    bytes += read;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readSome(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk, 0, chunk.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF" || code === "EISDIR" || code === "EBADF") return 0;
      if (code !== "EAGAIN") throw error;
      // Somebody made the pipe non-blocking: there is no event loop to wait in yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/**
 * The client's own process, or null if that can't be told: clients run hooks through a shell, which may stand
 * between, and is gone with the hook.
 */
function clientAbove({ parent }: HookProcess): number | null {
  const stat = procStatOf(parent);
  if (stat === null) return null;
  const above = SHELL.test(stat.name) ? stat.parent : parent;
  const name = procStatOf(above)?.name ?? "";
  // Left by its client, a hook's parent is whoever takes in orphans.
  return above > 1 && name !== "" && name !== "systemd" && !SHELL.test(name) ? above : null;
}

const SHELL = /^(sh|bash|dash|zsh|ksh|fish|busybox)$/;

/** One line for who looks after hooks that do nothing; never in the way of the agent. */
function note(hook: Hook, event: "hookFailed" | "hookWithoutDaemon", reason: string): void {
  try {
    const { client, address, tenant } = hook;
    ensurePrivateDir(hook.home.logDir);
    const file = openLogFile(logFileOf(hook.home, "hook", undefined));
    const log = createLog({
      ...{ component: "hook", owner: { tenant, ...address }, level: "info" },
      take: (entry) => file.write(jsonLine(entry)),
    });
    const fields = { hook: hook.event, client, reason };
    if (event === "hookFailed") log("warn", event, { code: "internal", ...fields });
    else log("info", event, { code: "daemon_unreachable", ...fields });
    file.close();
  } catch {
    // The agent goes on, and the log has no place to say so.
  }
}
