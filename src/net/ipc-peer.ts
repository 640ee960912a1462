/**
 * One client of a daemon: its handshake, its requests and its answers, within bounds. A peer that breaks a bound
 * or keeps sending what nobody can read is told why and dropped; the daemon's work is never touched by it.
 */
import type { Socket } from "node:net";
import type { Doorbell } from "../domain/doorbell.ts";
import { PrismError, reportOf } from "../domain/errors.ts";
import { limits as wireLimits } from "../domain/limits.ts";
import { faultText, type Log } from "../domain/log.ts";
import { errorText, parseRpc, type RpcId, type RpcMessage, resultText } from "../domain/rpc.ts";
import { readShape } from "../domain/shape.ts";
import { HOOK_SILENT, type HookAnswer, type HookParams } from "../ipc/hook.ts";
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

export interface IpcPeerEvents {
  /** False: as many have attached as may. */
  mayAttach(): boolean;
  /** False: as many watch as may. */
  mayWatch(): boolean;
  attachedChanged(): void;
  watchedChanged(): void;
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

export class IpcPeer {
  readonly #socket: Socket;
  readonly #daemon: IpcPeerHost;
  readonly #events: IpcPeerEvents;
  /** Messages that wait until the client has read its answers: at most one chunk of them. */
  readonly #unread: LineEvent[] = [];
  #role: string | undefined;
  /** Something came that was no HTTP. */
  #begun = false;
  #attached: AttachedClient | null = null;
  #watches = false;
  /** Happenings that it has not been told because it reads slowly, oldest first. */
  readonly #untold: string[] = [];
  #outstanding = 0;
  #faults = 0;
  #finishing = false;
  /** Of the hello, then of the end: on the clock, since a client that keeps sending is never silent. */
  #deadline: NodeJS.Timeout | undefined;
  /** The newest doorbell, while the one before it is still unread. */
  #waitingBell: string | undefined;
  /** Fires when the client reads no more: for a hook, to which nothing can be said then. */
  #gone: AbortController | undefined;

  constructor(socket: Socket, daemon: IpcPeerHost, events: IpcPeerEvents) {
    this.#socket = socket;
    this.#daemon = daemon;
    this.#events = events;
    this.#listen();
  }

  /** Who it is, once it has attached. */
  get attached(): AttachedClient | null {
    return this.#attached;
  }

  /**
   * @param line a doorbell, ready to be written
   * @returns false if it is not attached
   */
  ring(line: string): boolean {
    if (this.#attached === null) return false;
    if (this.#socket.writableNeedDrain) this.#waitingBell = line;
    else this.#send(line);
    return true;
  }

  /**
   * @param line words for the agent's session, ready to be written
   * @returns false if it is no channel, or does not read
   */
  tell(line: string): boolean {
    if (this.#attached?.isChannel !== true || this.#socket.writableNeedDrain) return false;
    this.#send(line);
    return true;
  }

  get watches(): boolean {
    return this.#watches;
  }

  /** @param line a happening, ready to be written; one that does not watch is told nothing */
  inform(line: string): void {
    if (!this.#watches) return;
    if (!this.#socket.writableNeedDrain && this.#untold.length === 0) {
      this.#send(line);
      return;
    }
    this.#untold.push(line);
    if (this.#untold.length > this.#daemon.limits.untoldMax) this.#untold.shift();
  }

  /** Ends our side once nothing is owed; a client that does not close its own is not waited for. */
  finish(): void {
    this.#finishing = true;
    if (this.#outstanding > 0 || this.#unread.length > 0 || this.#socket.writableEnded) return;
    this.#socket.end();
    this.#setDeadline(this.#daemon.limits.closeMsMax, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    const lines = createLineReader(this.#daemon.limits.requestBytesMax);
    this.#setDeadline(this.#daemon.limits.helloMsMax, () => this.#fallenSilent());
    socket.on("timeout", () => this.#fallenSilent());
    socket.on("data", (chunk: Buffer) => {
      if (!this.#begun && isHttp(chunk)) {
        this.#becomeHttp(chunk);
        return;
      }
      this.#begun = true;
      this.#unread.push(...lines.push(chunk));
      this.#pump();
    });
    socket.on("end", () => {
      this.#unread.push(...lines.end());
      this.#finishing = true;
      this.#gone?.abort();
      this.#pump();
    });
    socket.on("drain", () => this.#drained());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(this.#deadline);
      this.#gone?.abort();
      this.#events.closed();
    });
  }

  /**
   * A scraper came to the same door: no message of ours begins with a capital letter, and every request of HTTP does.
   * From here on the connection is the responder's; it keeps its place among the clients until it is closed.
   */
  #becomeHttp(first: Buffer): void {
    const socket = this.#socket;
    clearTimeout(this.#deadline);
    for (const event of ["data", "end", "drain", "timeout"]) socket.removeAllListeners(event);
    socket.pause();
    socket.unshift(first);
    // Loaded when somebody scrapes: a daemon that nobody does holds none of it.
    void import("./daemon-pages.ts").then(({ daemonPages, respond }) =>
      respond(socket, daemonPages(this.#daemon.handlers.metrics)),
    );
  }

  #setDeadline(delayMs: number, due: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(due, delayMs);
  }

  /** Takes messages while their answers are read; the rest waits, and so, unread, does the client. */
  #pump(): void {
    const socket = this.#socket;
    while (!socket.writableNeedDrain && !socket.destroyed && !socket.writableEnded) {
      const event = this.#unread.shift();
      if (event === undefined) break;
      this.#take(event);
    }
    if (this.#unread.length > 0) {
      socket.pause();
      return;
    }
    if (socket.isPaused()) socket.resume();
    if (this.#finishing) this.finish();
  }

  #drained(): void {
    const bell = this.#waitingBell;
    this.#waitingBell = undefined;
    if (bell !== undefined) this.#send(bell);
    for (const line of this.#untold.splice(0)) this.#send(line);
    this.#pump();
  }

  #fallenSilent(): void {
    const { limits } = this.#daemon;
    const error =
      this.#role === undefined
        ? new PrismError("protocol_mismatch", `no hello came within ${limits.helloMsMax} ms`)
        : new PrismError("interrupted", `the connection lay idle for ${limits.idleMsMax} ms`);
    if (!this.#finishing) this.#send(`${errorText(null, reportOf(error))}\n`);
    this.#socket.destroySoon();
  }

  #send(line: string): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(line);
    if (socket.writableLength > this.#daemon.limits.unreadBytesMax)
      this.#drop("it does not read its answers");
  }

  #drop(reason: string): void {
    this.#daemon.log("warn", "ipcClientDropped", { code: "malformed", role: this.#role ?? "", reason });
    this.#socket.destroy();
  }

  /** Answers a bad message; a client that goes on with them is dropped. */
  #fault(id: RpcId, error: unknown): void {
    this.#send(`${errorText(id, reportOf(error))}\n`);
    this.#countFault();
  }

  #countFault(): void {
    if (++this.#faults >= this.#daemon.limits.faultsMax) this.#drop(`${this.#faults} bad messages`);
  }

  #take(event: LineEvent): void {
    if (event.kind === "fault") {
      this.#fault(null, event.error);
      if (event.error.code !== "too_large") return;
      // What follows an overlong line is most likely no message either, and costs as much to skip.
      this.#unread.length = 0;
      this.finish();
      return;
    }
    let message: RpcMessage;
    try {
      message = parseRpc(event.text);
    } catch (error) {
      this.#fault(null, error);
      return;
    }
    if (message.kind === "request") this.#request(message.id, message.method, message.params);
    // The specification leaves a notification without an answer, whatever is wrong with it; none is for us.
    else this.#countFault();
  }

  #request(id: RpcId, name: string, params: unknown): void {
    if (typeof id === "string" && id.length > wireLimits.keyBytesMax) {
      this.#fault(null, new PrismError("too_large", `the id is longer than ${wireLimits.keyBytesMax} bytes`));
      return;
    }
    try {
      if (this.#outstanding >= this.#daemon.limits.outstandingMax) throw overloaded(this.#outstanding);
      const method = ipcMethodOf(name);
      if (this.#role === undefined && method !== "hello") throw tooEarly(method);
      const answer = this.#answer(method, params === undefined ? {} : params);
      if (answer instanceof Promise) this.#answerLater(id, method, answer);
      else this.#send(`${resultText(id, answer)}\n`);
    } catch (error) {
      this.#failed(id, name, error);
    }
  }

  #answerLater(id: RpcId, method: IpcMethod, answer: Promise<unknown>): void {
    this.#outstanding++;
    answer
      .then((value) => this.#send(`${resultText(id, value)}\n`))
      .catch((error: unknown) => this.#failed(id, method, error))
      .finally(() => {
        this.#outstanding--;
        if (this.#finishing) this.finish();
      });
  }

  #failed(id: RpcId, method: string, error: unknown): void {
    if (!(error instanceof PrismError)) {
      this.#daemon.log("error", "ipcHandlerFailed", { code: "internal", method, fault: faultText(error) });
    }
    // A surface that could not be rung is no fault of who asked.
    if (error instanceof PrismError && BAD_REQUESTS.has(error.code)) this.#fault(id, error);
    else this.#send(`${errorText(id, reportOf(error))}\n`);
  }

  #answer(method: IpcMethod, params: unknown): IpcAnswers[IpcMethod] | Promise<IpcAnswers[IpcMethod]> {
    const { handlers } = this.#daemon;
    switch (method) {
      case "hello":
        return this.#greet(readShape(IPC_METHODS.hello.params, params, "params"));
      case "attach":
        return this.#attach(readShape(IPC_METHODS.attach.params, params, "params"));
      case "detach":
        readShape(IPC_METHODS.detach.params, params, "params");
        return this.#detach();
      case "watch":
        readShape(IPC_METHODS.watch.params, params, "params");
        return this.#watch();
      case "shutdown":
        return handlers.shutdown(readShape(IPC_METHODS.shutdown.params, params, "params"));
      case "hook":
        return this.#hook(readShape(IPC_METHODS.hook.params, params, "params"));
      case "status":
        return handlers.status(readShape(IPC_METHODS.status.params, params, "params"));
      case "metrics":
        return handlers.metrics(readShape(IPC_METHODS.metrics.params, params, "params"));
      case "notify_surface":
      case "resume_surface":
        return handlers[method](readShape(IPC_METHODS[method].params, params, "params"));
    }
  }

  async #hook(params: HookParams): Promise<HookAnswer> {
    const { handlers, limits } = this.#daemon;
    this.#gone ??= new AbortController();
    const gone = this.#gone;
    if (this.#finishing) gone.abort();
    // A daemon that was held up may read the words of a hook that has lost patience since. Its end stands behind them,
    // and is read in the loop's next turn: else the agent would count as told of what nobody handed to it.
    for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
    if (params.event !== "wait") return handlers.hook(params, gone.signal);
    if (!this.#events.mayAttach()) return HOOK_SILENT;
    // It blocks for an hour or more, and nothing is said meanwhile.
    this.#socket.setTimeout(0);
    const answer = Promise.resolve(handlers.hook(params, gone.signal));
    return answer.finally(() => this.#socket.setTimeout(limits.idleMsMax));
  }

  #greet(hello: HelloParams): HelloAnswer {
    if (this.#role !== undefined) {
      throw new PrismError("invalid_argument", "hello was said before on this connection");
    }
    const protocol = agreeProtocol(hello, this.#daemon.identity.version);
    this.#role = hello.role;
    clearTimeout(this.#deadline);
    this.#socket.setTimeout(this.#daemon.limits.idleMsMax);
    this.#daemon.log("debug", "ipcClientGreeted", { role: hello.role, version: hello.version });
    return { protocol, ...this.#daemon.identity };
  }

  #attach(who: AttachParams): IpcAnswers["attach"] {
    if (this.#attached === null && !this.#events.mayAttach()) {
      throw new PrismError("overloaded", "as many clients as may have attached to this daemon already", {
        hint: "end agents that are no longer used, or try again",
      });
    }
    this.#attached = {
      name: who.name,
      role: this.#role ?? "",
      pid: who.pid,
      session: who.session ?? null,
      ...(who.isChannel === true ? { isChannel: true } : {}),
      sinceMs: Date.now(),
    };
    // Who listens for doorbells may be silent for days.
    this.#socket.setTimeout(0);
    this.#daemon.log("info", "ipcClientAttached", { name: who.name, pid: who.pid });
    this.#events.attachedChanged();
    return { standing: this.#daemon.standing() };
  }

  #watch(): IpcAnswers["watch"] {
    if (!this.#watches && !this.#events.mayWatch()) {
      throw new PrismError("overloaded", "as many watch this daemon as may already", {
        hint: "close a dashboard that is no longer used, or try again",
      });
    }
    this.#watches = true;
    // Nothing may happen for days.
    this.#socket.setTimeout(0);
    this.#events.watchedChanged();
    return {};
  }

  #detach(): IpcAnswers["detach"] {
    const left = this.#attached;
    this.#attached = null;
    this.#waitingBell = undefined;
    if (!this.#watches) this.#socket.setTimeout(this.#daemon.limits.idleMsMax);
    if (left !== null) {
      this.#daemon.log("info", "ipcClientDetached", { name: left.name, pid: left.pid });
      this.#events.attachedChanged();
    }
    return {};
  }
}

function isHttp([first = 0]: Uint8Array): boolean {
  return first >= 0x41 && first <= 0x5a;
}

/** Failures that the caller's own message brought about. */
const BAD_REQUESTS: ReadonlySet<string> = new Set([
  "malformed",
  "unknown_verb",
  "unknown_key",
  "invalid_argument",
  "too_large",
  "protocol_mismatch",
  "overloaded",
]);

function overloaded(outstanding: number): PrismError {
  return new PrismError("overloaded", `${outstanding} requests of this client wait for their answers`, {
    hint: "wait for answers before asking more",
  });
}

function tooEarly(method: IpcMethod): PrismError {
  return new PrismError("protocol_mismatch", `"${method}" came before hello`, {
    hint: 'begin with hello {"protocol": 1, "version": "...", "role": "..."}',
  });
}
