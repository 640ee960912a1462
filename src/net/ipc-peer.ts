/**
 * One client of a daemon: its handshake, its requests and its answers, within bounds. A peer that breaks a bound
 * or keeps sending what nobody can read is told why and dropped; the daemon's work is never touched by it.
 */
import type { Socket } from "node:net";
import type { Doorbell } from "../domain/doorbell.ts";
import { PrismError, reportOf } from "../domain/errors.ts";
import { limits as wireLimits } from "../domain/limits.ts";
import type { Log } from "../domain/log.ts";
import { errorText, parseRpc, type RpcId, type RpcMessage, resultText } from "../domain/rpc.ts";
import { readShape } from "../domain/shape.ts";
import {
  type AttachedClient,
  type AttachParams,
  agreeProtocol,
  createLineReader,
  type DaemonIdentity,
  type HelloAnswer,
  type HelloParams,
  IPC_METHODS,
  type IpcAnswers,
  type IpcHandlers,
  type IpcMethod,
  ipcMethodOf,
  type LineEvent,
} from "../ipc.ts";
import type { IpcServerLimits } from "./ipc-limits.ts";

export interface IpcPeer {
  /** Who it is, once it has attached. */
  attached(): AttachedClient | null;
  /**
   * @param line a doorbell, ready to be written
   * @returns false if it is not attached
   */
  ring(line: string): boolean;
  /** Ends once the answers under way are written. */
  finish(): void;
  destroy(): void;
}

export interface IpcPeerEvents {
  attachedChanged(): void;
  closed(): void;
}

/** The daemon, as far as one of its clients sees it. */
export interface IpcPeerHost {
  readonly identity: DaemonIdentity;
  readonly handlers: IpcHandlers;
  /** The doorbell that stands unanswered, for who attaches now. */
  readonly standing: () => Doorbell | null;
  readonly log: Log;
  readonly limits: IpcServerLimits;
}

export function openIpcPeer(socket: Socket, daemon: IpcPeerHost, events: IpcPeerEvents): IpcPeer {
  const { limits, log } = daemon;
  const lines = createLineReader(limits.requestBytesMax);
  let role: string | undefined;
  let attached: AttachedClient | null = null;
  let outstanding = 0;
  let faults = 0;
  let finishing = false;
  /** Messages that wait until the client has read its answers: at most one chunk of them. */
  const unread: LineEvent[] = [];
  /** The newest doorbell, while the one before it is still unread. */
  let waitingBell: string | undefined;

  function send(line: string): void {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(line);
    if (socket.writableLength > limits.unreadBytesMax) drop("it does not read its answers");
  }

  function drop(reason: string): void {
    log("warn", "ipcClientDropped", { role: role ?? "", reason });
    socket.destroy();
  }

  /** Answers a bad message; one that goes on with them is dropped. */
  function fault(id: RpcId, error: unknown): void {
    send(`${errorText(id, reportOf(error))}\n`);
    if (++faults >= limits.faultsMax) drop(`${faults} bad messages`);
  }

  function take(event: LineEvent): void {
    if (event.kind === "fault") {
      fault(null, event.error);
      if (event.error.code !== "too_large") return;
      // What follows an overlong line is most likely no message either, and costs as much to skip.
      unread.length = 0;
      finish();
      return;
    }
    let message: RpcMessage;
    try {
      message = parseRpc(event.text);
    } catch (error) {
      fault(null, error);
      return;
    }
    if (message.kind === "request") request(message.id, message.method, message.params);
    // The specification leaves a notification without an answer, whatever is wrong with it; none is for us.
    else if (++faults >= limits.faultsMax) drop(`${faults} messages that a daemon does not take`);
  }

  function request(id: RpcId, name: string, params: unknown): void {
    if (typeof id === "string" && id.length > wireLimits.keyBytesMax) {
      fault(null, new PrismError("too_large", `the id is longer than ${wireLimits.keyBytesMax} bytes`));
      return;
    }
    if (outstanding >= limits.outstandingMax) {
      const error = new PrismError(
        "overloaded",
        `${outstanding} requests of this client wait for their answers`,
        {
          hint: "wait for answers before asking more",
        },
      );
      fault(id, error);
      return;
    }
    try {
      const method = ipcMethodOf(name);
      if (role === undefined && method !== "hello") throw tooEarly(method);
      const answer = answerOf(method, params);
      if (answer instanceof Promise) later(id, method, answer);
      else send(`${resultText(id, answer)}\n`);
    } catch (error) {
      failed(id, name, error);
    }
  }

  function later(id: RpcId, method: IpcMethod, answer: Promise<unknown>): void {
    outstanding++;
    answer
      .then((value) => send(`${resultText(id, value)}\n`))
      .catch((error: unknown) => failed(id, method, error))
      .finally(() => {
        outstanding--;
        if (finishing) finish();
      });
  }

  /** Ends our side once nothing is owed; a client that does not close its own is not waited for. */
  function finish(): void {
    finishing = true;
    if (outstanding > 0 || unread.length > 0) return;
    socket.end();
    socket.setTimeout(limits.closeMsMax);
  }

  function failed(id: RpcId, method: string, error: unknown): void {
    if (error instanceof PrismError) {
      // A surface that could not be rung is no fault of who asked.
      const callersFault = BAD_REQUESTS.has(error.code);
      if (callersFault) fault(id, error);
      else send(`${errorText(id, reportOf(error))}\n`);
      return;
    }
    log("error", "ipcHandlerFailed", { method, reason: String(error) });
    send(`${errorText(id, reportOf(error))}\n`);
  }

  function answerOf(
    method: IpcMethod,
    params: unknown,
  ): IpcAnswers[IpcMethod] | Promise<IpcAnswers[IpcMethod]> {
    const given = params === undefined ? {} : params;
    switch (method) {
      case "hello":
        return greet(readShape(IPC_METHODS.hello.params, given, "params"));
      case "attach":
        return attach(readShape(IPC_METHODS.attach.params, given, "params"));
      case "detach":
        readShape(IPC_METHODS.detach.params, given, "params");
        return detach();
      case "shutdown":
        return daemon.handlers.shutdown(readShape(IPC_METHODS.shutdown.params, given, "params"));
      case "status":
      case "notify_surface":
      case "resume_surface":
        return daemon.handlers[method](readShape(IPC_METHODS[method].params, given, "params"));
    }
  }

  function greet(hello: HelloParams): HelloAnswer {
    if (role !== undefined)
      throw new PrismError("invalid_argument", "hello was said before on this connection");
    const protocol = agreeProtocol(hello);
    role = hello.role;
    socket.setTimeout(limits.idleMsMax);
    log("debug", "ipcClientGreeted", { role, version: hello.version });
    return { protocol, ...daemon.identity };
  }

  function attach(who: AttachParams): IpcAnswers["attach"] {
    attached = {
      name: who.name,
      role: role ?? "",
      pid: who.pid,
      session: who.session ?? null,
      sinceMs: Date.now(),
    };
    // Who listens for doorbells may be silent for days.
    socket.setTimeout(0);
    log("info", "ipcClientAttached", { name: who.name, pid: who.pid });
    events.attachedChanged();
    return { standing: daemon.standing() };
  }

  function detach(): IpcAnswers["detach"] {
    const left = attached;
    attached = null;
    waitingBell = undefined;
    socket.setTimeout(limits.idleMsMax);
    if (left !== null) {
      log("info", "ipcClientDetached", { name: left.name, pid: left.pid });
      events.attachedChanged();
    }
    return {};
  }

  /** Takes messages while their answers are read; the rest waits, and so, unread, does the client. */
  function pump(): void {
    while (!socket.writableNeedDrain && !socket.destroyed && !socket.writableEnded) {
      const event = unread.shift();
      if (event === undefined) break;
      take(event);
    }
    if (unread.length > 0) {
      socket.pause();
      return;
    }
    if (socket.isPaused()) socket.resume();
    if (finishing) finish();
  }

  socket.setTimeout(limits.helloMsMax);
  socket.on("timeout", () => {
    if (!finishing) send(`${errorText(null, reportOf(silence(role, limits)))}\n`);
    socket.destroySoon();
  });
  socket.on("data", (chunk: Buffer) => {
    unread.push(...lines.push(chunk));
    pump();
  });
  socket.on("end", () => {
    unread.push(...lines.end());
    finishing = true;
    pump();
  });
  socket.on("drain", () => {
    const bell = waitingBell;
    waitingBell = undefined;
    if (bell !== undefined) send(bell);
    pump();
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => events.closed());

  return {
    attached: () => attached,
    ring(line) {
      if (attached === null) return false;
      if (socket.writableNeedDrain) waitingBell = line;
      else send(line);
      return true;
    },
    finish,
    destroy: () => socket.destroy(),
  };
}

const BAD_REQUESTS: ReadonlySet<string> = new Set([
  "malformed",
  "unknown_verb",
  "unknown_key",
  "invalid_argument",
  "too_large",
  "protocol_mismatch",
]);

function silence(role: string | undefined, limits: IpcServerLimits): PrismError {
  return role === undefined
    ? new PrismError("protocol_mismatch", `no hello came within ${limits.helloMsMax} ms`)
    : new PrismError("interrupted", `the connection lay idle for ${limits.idleMsMax} ms`);
}

function tooEarly(method: IpcMethod): PrismError {
  return new PrismError("protocol_mismatch", `"${method}" came before hello`, {
    hint: 'begin with hello {"protocol": 1, "version": "...", "role": "..."}',
  });
}
