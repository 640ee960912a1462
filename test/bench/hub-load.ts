/**
 * The leanest client of the hub's socket that can be written, so that a load made with it measures the hub:
 * a raw socket, frames masked with zeros (which leave the text as it is), one write for all that is said in a
 * turn of the event loop. It trusts its peer, keeps no ping and serves nothing but the bench.
 */
import { connect, type Socket } from "node:net";

export interface LeanSocket {
  /** Queues one message; `flush` sends all that are queued. */
  send(text: string): void;
  flush(): void;
  close(): void;
}

export interface LeanSocketOptions {
  readonly port: number;
  readonly token: string;
  /** One whole text message. */
  readonly message: (text: string) => void;
}

export function openLeanSocket({ port, token, message }: LeanSocketOptions): Promise<LeanSocket> {
  return new Promise((settle, fail) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const queue: Buffer[] = [];
    const read = frameReader(message);
    let opened = false;
    let head = Buffer.alloc(0);
    socket.on("error", fail);
    socket.on("connect", () => socket.write(upgradeRequest(port, token)));
    socket.on("data", (chunk: Buffer) => {
      if (opened) return read(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      const status = head.toString("latin1", 0, head.indexOf("\r\n"));
      if (!status.includes(" 101 ")) return fail(new Error(`the hub refused the socket: ${status}`));
      opened = true;
      settle({
        send: (text) => queue.push(frame(text)),
        flush: () => flush(socket, queue),
        close: () => socket.destroy(),
      });
      if (head.length > end + 4) read(head.subarray(end + 4));
    });
  });
}

function flush(socket: Socket, queue: Buffer[]): void {
  if (queue.length === 0) return;
  socket.write(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue));
  queue.length = 0;
}

function upgradeRequest(port: number, token: string): string {
  return [
    "GET /v1/socket HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: prism.v1",
    `Authorization: Bearer ${token}`,
    "",
    "",
  ].join("\r\n");
}

/** Text is ASCII here, so that its length is known before it is written. */
function frame(text: string): Buffer {
  const { length } = text;
  const headBytes = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const bytes = Buffer.allocUnsafe(headBytes + length);
  bytes[0] = 0x81;
  if (headBytes === 6) bytes[1] = 0x80 | length;
  else if (headBytes === 8) {
    bytes[1] = 0x80 | 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 0x80 | 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.fill(0, headBytes - 4, headBytes);
  bytes.write(text, headBytes, "latin1");
  return bytes;
}

const TEXT = 0x81;

function frameReader(message: (text: string) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = (bytes[at + 1] as number) & 0x7f;
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < headBytes) break;
      const length =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2));
      const end = at + headBytes + length;
      if (bytes.length < end) break;
      // Pings and other frames are left unanswered: no measurement is longer than the hub's patience.
      if (bytes[at] === TEXT) message(bytes.toString("utf8", at + headBytes, end));
      at = end;
    }
    rest = bytes.subarray(at);
  };
}

/** One JSON-RPC caller over a lean socket: answers by id, notifications to `pushed`. */
export interface LeanCaller {
  call(method: string, params: string, answered: (answer: RpcAnswer) => void): void;
  /** The answer as a promise, sent at once; for what is not under measurement. */
  ask(method: string, params: unknown): Promise<unknown>;
  notify(method: string, params: string): void;
  flush(): void;
  close(): void;
}

export interface RpcAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export async function openLeanCaller(
  options: Omit<LeanSocketOptions, "message">,
  pushed: (method: string, params: unknown) => void = () => {},
): Promise<LeanCaller> {
  const waiting = new Map<number, (answer: RpcAnswer) => void>();
  let lastId = 0;
  const socket = await openLeanSocket({
    ...options,
    message(text) {
      const parsed = JSON.parse(text) as RpcAnswer & { method?: string; params?: unknown };
      if (parsed.method !== undefined) return pushed(parsed.method, parsed.params);
      const answered = waiting.get(parsed.id);
      waiting.delete(parsed.id);
      if (parsed.error !== undefined) throw new Error(`the hub answered: ${parsed.error.message}`);
      answered?.(parsed);
    },
  });
  const call: LeanCaller["call"] = (method, params, answered) => {
    lastId++;
    waiting.set(lastId, answered);
    socket.send(`{"jsonrpc":"2.0","id":${lastId},"method":"${method}","params":${params}}`);
  };
  return {
    call,
    ask: (method, params) =>
      new Promise((settle) => {
        call(method, JSON.stringify(params), (answer) => settle(answer.result));
        socket.flush();
      }),
    notify: (method, params) => socket.send(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`),
    flush: socket.flush,
    close: socket.close,
  };
}

const toFlush = new Set<{ flush(): void }>();

/** All that one chunk of answers sets off goes out in one write. */
export function flushSoon(client: { flush(): void }): void {
  if (toFlush.size === 0) {
    setImmediate(() => {
      for (const waiting of toFlush) waiting.flush();
      toFlush.clear();
    });
  }
  toFlush.add(client);
}
