/**
 * A client's end of the local control plane: finds a daemon by its path, greets it, calls its methods and hears
 * its doorbells. Knows no schedule: who wants to stay connected connects again after `closed`.
 */
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import { type Address, formatAddress, printable } from "../domain/address.ts";
import { errorOf, PrismError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { parseRpc, type RpcMessage, requestText } from "../domain/rpc.ts";
import { errnoOf, fsErrorOf } from "../host/fs-error.ts";
import { verifyPrivateDir } from "../host/home.ts";
import {
  createLineReader,
  type HelloAnswer,
  IPC_PROTOCOL,
  IPC_PROTOCOL_MIN,
  type IpcAnswers,
  type IpcMethod,
  type IpcParams,
  type IpcPushes,
  type LineEvent,
  readChannelWords,
  readDoorbell,
  readHappening,
  readHelloAnswer,
} from "../ipc.ts";
import { IPC_CLIENT_LIMITS } from "./ipc-limits.ts";

export interface IpcCaller {
  readonly version: string;
  /** What the caller is: `cli`, `shim`. */
  readonly role: string;
  /** Whose daemon is meant: another's answer is refused, and messages name it. */
  readonly address?: Address;
  /** To connect and to greet. */
  readonly openTimeoutMs?: number;
}

export interface IpcClientEvents {
  doorbell(bell: IpcPushes["doorbell"]): void;
  /** Only who attached as a channel is told. */
  channel?(words: string): void;
  /** Only who watches is told. */
  happening?(happening: IpcPushes["happening"]): void;
  /** Exactly once, always last, however the connection ended; `close()` included. */
  closed(error: PrismError): void;
}

/** Methods that a client calls: the handshake is the connection's own. */
export type IpcCall = Exclude<IpcMethod, "hello">;

export interface IpcConnection {
  readonly daemon: HelloAnswer;
  /**
   * Rejects with the daemon's own failure, or `daemon_unreachable` if the connection ends or the answer does not
   * come in time.
   */
  call<M extends IpcCall>(method: M, params: IpcParams<M>, timeoutMs?: number): Promise<IpcAnswers[M]>;
  close(): void;
}

interface Waiting {
  readonly settle: (outcome: { readonly result: unknown } | PrismError) => void;
}

/**
 * @param path from `ipcPathOf`
 * @throws PrismError `daemon_unreachable` (nobody listens, or it does not answer in time), `permission_denied`
 *   (others can enter the socket's folder), `protocol_mismatch` (too old, too new, or no daemon)
 */
export async function connectIpc(
  path: string,
  caller: IpcCaller,
  events: IpcClientEvents,
): Promise<IpcConnection> {
  const openTimeoutMs = caller.openTimeoutMs ?? IPC_CLIENT_LIMITS.openMsMax;
  const socket = await reach(path, caller, openTimeoutMs);
  const line = new Line(socket, caller, events);
  try {
    const greeting = await line.request(
      "hello",
      { protocol: IPC_PROTOCOL, protocolMin: IPC_PROTOCOL_MIN, version: caller.version, role: caller.role },
      openTimeoutMs,
    );
    const daemon = readHelloAnswer(greeting);
    refuseOther(daemon, caller.address);
    line.opened();
    return {
      daemon,
      call: (method, params, timeoutMs = IPC_CLIENT_LIMITS.answerMsMax) =>
        line.request(method, params, timeoutMs) as Promise<never>,
      close: () => line.close(),
    };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** One call over a connection of its own. @throws PrismError as `connectIpc` and `call` */
export async function callIpc<M extends IpcCall>(
  path: string,
  caller: IpcCaller,
  method: M,
  params: IpcParams<M>,
  timeoutMs?: number,
): Promise<IpcAnswers[M]> {
  const connection = await connectIpc(path, caller, { doorbell() {}, closed() {} });
  try {
    return await connection.call(method, params, timeoutMs);
  } finally {
    connection.close();
  }
}

function reach(path: string, caller: IpcCaller, timeoutMs: number): Promise<Socket> {
  verifyFolder(path, caller);
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(unreachable(caller, `did not take the connection within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", refused);
      resolve(socket);
    });
    const refused = (error: Error) => {
      clearTimeout(timer);
      const absent = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ECONNRESET", "EPIPE"].includes(errnoOf(error));
      reject(
        absent ? unreachable(caller, "is not running") : fsErrorOf("connect to the socket", path, error),
      );
    };
    socket.once("error", refused);
  });
}

/** Before anything is sent: in a folder that others can enter, anybody may be listening. */
function verifyFolder(path: string, caller: IpcCaller): void {
  if (process.platform === "win32") return;
  try {
    verifyPrivateDir(dirname(path));
  } catch (error) {
    if (error instanceof PrismError && error.code === "not_found")
      throw unreachable(caller, "is not running");
    throw error;
  }
}

/** One connection's messages: requests matched with answers, notifications passed on. */
class Line {
  readonly #socket: Socket;
  readonly #caller: IpcCaller;
  readonly #events: IpcClientEvents;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #greeted = false;
  #ended: PrismError | undefined;

  constructor(socket: Socket, caller: IpcCaller, events: IpcClientEvents) {
    this.#socket = socket;
    this.#caller = caller;
    this.#events = events;
    const lines = createLineReader(limits.messageBytesMax);
    socket.on("data", (chunk: Buffer) => {
      for (const event of lines.push(chunk)) if (this.#ended === undefined) this.#read(event);
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#end(unreachable(caller, "closed the connection")));
  }

  /** From here on the end of the connection is told; one that came on the heels of the greeting is thrown. */
  opened(): void {
    if (this.#ended !== undefined) throw this.#ended;
    this.#greeted = true;
  }

  close(): void {
    this.#end(new PrismError("interrupted", "this side closed the connection to the daemon"));
  }

  request(method: IpcMethod, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= IPC_CLIENT_LIMITS.outstandingMax) {
      const message = `${this.#waiting.size} calls to the daemon wait for their answers`;
      return Promise.reject(new PrismError("overloaded", message, { hint: "wait for one of them" }));
    }
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      const settle: Waiting["settle"] = (outcome) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (outcome instanceof PrismError) reject(outcome);
        else resolve(outcome.result);
      };
      const timer = setTimeout(
        () => settle(unreachable(this.#caller, `did not answer "${method}" within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#waiting.set(id, { settle });
      this.#socket.write(`${requestText(id, method, params)}\n`);
    });
  }

  #read(event: LineEvent): void {
    let message: RpcMessage;
    try {
      if (event.kind === "fault") throw event.error;
      message = parseRpc(event.text);
    } catch {
      this.#end(unreachable(this.#caller, "sent what could not be read"));
      return;
    }
    this.#take(message);
  }

  #take(message: RpcMessage): void {
    if (message.kind === "notification") {
      const bell = message.method === "doorbell" ? readDoorbell(message.params) : null;
      // A newer daemon may say more than this build knows.
      if (bell !== null) this.#events.doorbell(bell);
      const words = message.method === "channel" ? readChannelWords(message.params) : null;
      if (words !== null) this.#events.channel?.(words);
      const happening = message.method === "happening" ? readHappening(message.params) : null;
      if (happening !== null) this.#events.happening?.(happening);
    } else if (message.kind === "result") {
      this.#waitingFor(message.id)?.settle({ result: message.result });
    } else if (message.kind === "error") {
      // Without an id it is about the connection: the daemon is about to end it.
      if (message.id === null) this.#end(errorOf(message.error));
      else this.#waitingFor(message.id)?.settle(errorOf(message.error));
    }
  }

  #waitingFor(id: unknown): Waiting | undefined {
    return typeof id === "number" ? this.#waiting.get(id) : undefined;
  }

  #end(error: PrismError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#socket.destroy();
    for (const { settle } of [...this.#waiting.values()]) settle(error);
    if (this.#greeted) this.#events.closed(error);
  }
}

function refuseOther(daemon: HelloAnswer, meant: Address | undefined): void {
  if (meant === undefined || formatAddress(daemon) === formatAddress(meant)) return;
  throw new PrismError(
    "daemon_unreachable",
    `the daemon of ${printable(formatAddress(daemon))} answers in the place of ${formatAddress(meant)}`,
    { hint: "start the daemon anew" },
  );
}

function unreachable(caller: IpcCaller, what: string): PrismError {
  const { address } = caller;
  const persona = address?.persona ?? "PERSONA";
  const whose = address === undefined ? "the daemon" : `the daemon of ${formatAddress(address)}`;
  return new PrismError("daemon_unreachable", `${whose} ${what}`, {
    hint: `start it: prism daemon --persona ${persona} --project DIR`,
  });
}
