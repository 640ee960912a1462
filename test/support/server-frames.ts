/**
 * The server's side of RFC 6455 for tests, written apart from the client's code: frames as a server sends them,
 * also wrong ones, and a reader for what a client sends.
 */
import { createHash } from "node:crypto";

export interface ServerFrame {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly fin?: boolean;
  /** Reserved bits as in the first byte: 0x40, 0x20, 0x10. */
  readonly reserved?: number;
  /** Makes the frame wrong for a server. */
  readonly maskKey?: Uint8Array;
  /** The length field's form; the shortest unless given. */
  readonly lengthForm?: 7 | 16 | 64;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE_OPCODE = 8;
export const PING = 9;
export const PONG = 10;

export function frameOf(frame: ServerFrame): Buffer {
  const payload = bytesOf(frame.payload ?? "");
  const { length } = payload;
  const form = frame.lengthForm ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  const first = (frame.fin === false ? 0 : 0x80) | (frame.reserved ?? 0) | frame.opcode;
  const mask = frame.maskKey === undefined ? 0 : 0x80;
  const head = Buffer.alloc(form === 7 ? 2 : form === 16 ? 4 : 10);
  head[0] = first;
  head[1] = mask | (form === 7 ? length : form === 16 ? 126 : 127);
  if (form === 16) head.writeUInt16BE(length, 2);
  if (form === 64) head.writeBigUInt64BE(BigInt(length), 2);
  return frame.maskKey === undefined
    ? Buffer.concat([head, payload])
    : Buffer.concat([head, frame.maskKey, masked(payload, frame.maskKey)]);
}

export function bytesOf(content: Uint8Array | string): Buffer {
  return typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
}

export function text(content: string): Buffer {
  return frameOf({ opcode: TEXT, payload: content });
}

export function binary(content: Uint8Array): Buffer {
  return frameOf({ opcode: BINARY, payload: content });
}

export function ping(content: Uint8Array | string = ""): Buffer {
  return frameOf({ opcode: PING, payload: content });
}

/** @param code none: an empty payload */
export function close(code?: number, reason: Uint8Array | string = ""): Buffer {
  return frameOf({ opcode: CLOSE_OPCODE, payload: closePayload(code, reason) });
}

export function closePayload(code?: number, reason: Uint8Array | string = ""): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), bytesOf(reason)]);
}

/** A message cut into frames at the given places. */
export function fragments(opcode: number, pieces: readonly (Uint8Array | string)[], reserved = 0): Buffer[] {
  return pieces.map((payload, index) =>
    frameOf({
      opcode: index === 0 ? opcode : 0,
      payload,
      fin: index === pieces.length - 1,
      reserved: index === 0 ? reserved : 0,
    }),
  );
}

function masked(payload: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ (key[index % 4] ?? 0)));
}

export interface ClientFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly reserved: number;
  /** Null: the client broke section 5.3. */
  readonly maskKey: Buffer | null;
  readonly payload: Buffer;
  /** The length field was in the shortest form. */
  readonly shortest: boolean;
}

/** Reads what a client sends, in any split. */
export class ClientFrameReader {
  #bytes = Buffer.alloc(0);

  feed(chunk: Uint8Array): ClientFrame[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const frames: ClientFrame[] = [];
    for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): ClientFrame | null {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;
    const [first = 0, second = 0] = bytes;
    const short = second & 0x7f;
    const lengthEnd = short < 126 ? 2 : short === 126 ? 4 : 10;
    const bodyAt = lengthEnd + ((second & 0x80) === 0 ? 0 : 4);
    if (bytes.length < bodyAt) return null;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < bodyAt + length) return null;
    const maskKey = bodyAt === lengthEnd ? null : bytes.subarray(lengthEnd, bodyAt);
    const body = bytes.subarray(bodyAt, bodyAt + length);
    this.#bytes = bytes.subarray(bodyAt + length);
    return {
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      reserved: first & 0x70,
      maskKey,
      payload: maskKey === null ? body : masked(body, maskKey),
      shortest: lengthEnd === (length < 126 ? 2 : length < 65536 ? 4 : 10),
    };
  }
}

/** A right answer to the request, with the given fields added; a field set to null is left out. */
export function answerTo(request: string, fields: Readonly<Record<string, string | null>> = {}): string {
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const all = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": accept, ...fields };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`;
}
