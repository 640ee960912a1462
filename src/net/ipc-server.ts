/**
 * The daemon's end of the local control plane: listens on a Unix socket or a named pipe that only this user
 * can reach, and answers what `ipc.ts` names. Knows nothing of the lifecycle: the handlers are handed in. Who
 * calls it holds the daemon's lock already, so a socket file that nobody answers on is a dead daemon's.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { printable } from "../domain/address.ts";
import type { Doorbell } from "../domain/doorbell.ts";
import { PrismError, reportOf } from "../domain/errors.ts";
import { errorText, notificationText } from "../domain/rpc.ts";
import { errnoOf, fsErrorOf } from "../host/fs-error.ts";
import { ensurePrivateDir } from "../host/home.ts";
import type { AttachedClient, DaemonHappening } from "../ipc.ts";
import { IPC_SERVER_LIMITS, type IpcServerLimits } from "./ipc-limits.ts";
import { IpcPeer, type IpcPeerHost } from "./ipc-peer.ts";
import { socketAnswers } from "./ipc-probe.ts";

export interface IpcServerOptions extends Omit<IpcPeerHost, "limits"> {
  /** From `ipcPathOf`. */
  readonly path: string;
  /** Somebody attached or left. */
  readonly attachedChanged?: (attached: readonly AttachedClient[]) => void;
  readonly limits?: Partial<IpcServerLimits>;
}

export interface RunningIpcServer {
  readonly path: string;
  attached(): readonly AttachedClient[];
  /**
   * Tells everyone who is attached. A client that is slow to read gets the newest alone.
   *
   * @returns how many are attached
   */
  broadcast(bell: Doorbell): number;
  /**
   * Hands words to every attached channel.
   *
   * @returns how many were told
   */
  tellChannels(words: string): number;
  /** Tells everyone who watches; costs nothing while nobody does. The oldest are dropped for one that reads slowly. */
  inform(happening: DaemonHappening): void;
  /**
   * Stops listening, removes the socket, lets answers under way reach their callers for a moment, and drops the
   * rest. Safe to call again. A `shutdown` handler must not wait for it: its own answer is under way.
   */
  close(): Promise<void>;
}

/**
 * @throws PrismError `already_running` (another process answers on the path), `permission_denied`,
 *   `storage_full`, `not_found`
 */
export async function openIpcServer(options: IpcServerOptions): Promise<RunningIpcServer> {
  const { path, log } = options;
  const limits: IpcServerLimits = { ...IPC_SERVER_LIMITS, ...options.limits };
  const peers = new Set<IpcPeer>();
  const attached = () => [...peers].flatMap((peer) => peer.attached ?? []);
  const watching = () => [...peers].filter((peer) => peer.watches);
  /** Most of the time none. */
  let watchers = 0;
  let closing: Promise<void> | undefined;
  /** Once for as long as all places are taken: a client in a loop must not fill the log. */
  let toldFull = false;

  // Half-open: who asks and closes its writing side still gets the answers.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (closing !== undefined || peers.size >= limits.clientsMax) {
      refuse(socket, limits);
      log(toldFull ? "debug" : "warn", "ipcClientRefused", { code: "overloaded", clients: peers.size });
      toldFull = true;
      return;
    }
    const peer = new IpcPeer(
      socket,
      { ...options, limits },
      {
        mayAttach: () => attached().length < limits.attachedMax,
        mayWatch: () => watchers < limits.watchersMax,
        watchedChanged: () => {
          watchers = watching().length;
        },
        attachedChanged: () => options.attachedChanged?.(attached()),
        closed: () => {
          peers.delete(peer);
          toldFull = false;
          watchers = watching().length;
          if (peer.attached !== null) options.attachedChanged?.(attached());
        },
      },
    );
    peers.add(peer);
  });
  await listen(server, path);
  server.on("error", (error) =>
    log("error", "ipcServerFailed", { code: "internal", reason: errnoOf(error) }),
  );

  return {
    path,
    attached,
    broadcast(bell) {
      const line = `${notificationText("doorbell", bell)}\n`;
      let told = 0;
      for (const peer of peers) if (peer.ring(line)) told++;
      return told;
    },
    inform(happening) {
      if (watchers === 0) return;
      const line = `${notificationText("happening", happening)}\n`;
      for (const peer of peers) peer.inform(line);
    },
    tellChannels(words) {
      const line = `${notificationText("channel", { words })}\n`;
      return [...peers].filter((peer) => peer.tell(line)).length;
    },
    close() {
      closing ??= shut(server, peers, limits.closeMsMax);
      return closing;
    },
  };
}

async function shut(server: Server, peers: ReadonlySet<IpcPeer>, closeMsMax: number): Promise<void> {
  // Node removes the socket's file as it stops listening. The daemon still holds its lock, so no other
  // daemon's file can lie there by now.
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const peer of [...peers]) peer.finish();
  const timer = setTimeout(() => {
    for (const peer of [...peers]) peer.destroy();
  }, closeMsMax);
  await closed;
  clearTimeout(timer);
}

function refuse(socket: Socket, limits: IpcServerLimits): void {
  const error = new PrismError("overloaded", `the daemon has ${limits.clientsMax} clients already`, {
    hint: "close some, or try again",
  });
  socket.on("error", () => {});
  socket.setTimeout(1000, () => socket.destroy());
  socket.resume();
  socket.end(`${errorText(null, reportOf(error))}\n`);
}

async function listen(server: Server, path: string): Promise<void> {
  const onWindows = process.platform === "win32";
  if (!onWindows) ensurePrivateDir(dirname(path));
  try {
    await bind(server, path);
  } catch (error) {
    if (errnoOf(error) !== "EADDRINUSE") throw fsErrorOf("listen on the socket", path, error);
    // A pipe's name ends with its process: one that is taken is alive.
    if (onWindows || (await socketAnswers(path))) throw taken(path);
    removeStale(path);
    await bind(server, path).catch((again: unknown) => {
      throw errnoOf(again) === "EADDRINUSE" ? taken(path) : fsErrorOf("listen on the socket", path, again);
    });
  }
  if (!onWindows) chmodSync(path, 0o600);
}

/** The folder keeps others out already; the mask closes the instant between bind and chmod all the same. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const before = maskOthers();
    // Node binds before `listen` returns.
    try {
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      if (before !== undefined) process.umask(before);
    }
  });
}

/** Absent in worker threads, which must not change what the whole process does. */
function maskOthers(): number | undefined {
  try {
    return process.umask(0o177);
  } catch {
    return undefined;
  }
}

function removeStale(path: string): void {
  try {
    if (!lstatSync(path).isSocket()) {
      throw new PrismError("permission_denied", `"${printable(path, 200)}" is in the way and is no socket`, {
        hint: "move away what is there",
      });
    }
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw fsErrorOf("remove the stale socket", path, error);
  }
}

function taken(path: string): PrismError {
  return new PrismError("already_running", `another process answers on "${printable(path, 200)}"`, {
    hint: "ask it with prism status",
  });
}
