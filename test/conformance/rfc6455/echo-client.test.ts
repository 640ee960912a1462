/**
 * An echo client on the W3C class against a server that plays every case: sizes, pings, reserved bits, opcodes,
 * fragmentation, UTF-8, closing, large messages, compression. What counts is what the server sees on the wire.
 */
import { inflateRawSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "../../../src/net/w3c-websocket.ts";
import { type FuzzCase, fuzzCases } from "../../support/fuzz-cases.ts";
import { type ScriptedPeer, scriptedServer } from "../../support/scripted-server.ts";
import { answerTo, CLOSE_OPCODE, type ClientFrame, close } from "../../support/server-frames.ts";

function echoClient(url: string): Promise<{ readonly code: number; readonly wasClean: boolean }> {
  const socket = new WebSocket(url);
  socket.onmessage = (event) => socket.send(event.data as string | ArrayBuffer);
  const ended = new Promise<{ code: number; wasClean: boolean }>((settle) => {
    socket.onclose = ({ code, wasClean }) => settle({ code, wasClean });
  });
  onTestFinished(() => socket.close());
  return ended;
}

/** Undoes the client's compression: it carries its window unless it agreed to forget it. */
function inflater(extension = ""): (frame: ClientFrame) => Buffer {
  const bits = Number(/client_max_window_bits=([0-9]+)/.exec(extension)?.[1] ?? 15);
  const forgets = extension.includes("client_no_context_takeover");
  let window = Buffer.alloc(0);
  return ({ reserved, payload }) => {
    if (reserved === 0) return payload;
    expect(reserved).toBe(0x40);
    const dictionary = window.length === 0 || forgets ? {} : { dictionary: window };
    const message = inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 0xff, 0xff, 3, 0)]), {
      windowBits: bits,
      ...dictionary,
    });
    window = Buffer.concat([window, message]).subarray(-(2 ** bits));
    return message;
  };
}

async function write(peer: ScriptedPeer, { sends, chop }: FuzzCase): Promise<void> {
  const bytes = Buffer.concat(sends);
  const size = chop ?? bytes.length;
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise<void>((written) => peer.socket.write(bytes.subarray(at, at + size), () => written()));
  }
}

async function play(fuzz: FuzzCase): Promise<void> {
  const { extension = "" } = fuzz;
  const server = await scriptedServer({
    answer: (request) => answerTo(request, extension === "" ? {} : { "Sec-WebSocket-Extensions": extension }),
  });
  const ended = echoClient(server.url);
  const peer = await server.peer();
  const written = write(peer, fuzz);
  const inflate = inflater(extension);
  for (const [opcode, payload] of fuzz.echoes) {
    const frame = await peer.next();
    expect(frame).toMatchObject({ opcode, fin: true, maskKey: expect.any(Buffer) });
    if (frame !== null) expect(inflate(frame).equals(payload)).toBe(true);
  }
  if (fuzz.ends === "clean") peer.send(close(1000));
  const frame = await peer.next();
  expect(frame).toMatchObject({ opcode: CLOSE_OPCODE, fin: true, reserved: 0 });
  const sent = fuzz.ends === "as sent" ? closeSentIn(fuzz) : null;
  expect(codeOf(frame)).toBe(fuzz.ends === "clean" ? 1000 : fuzz.ends === "as sent" ? sent : fuzz.ends);
  await written;
  peer.socket.end();
  expect(await peer.next()).toBe(null);
  const failed = typeof fuzz.ends === "number";
  expect(await ended).toEqual({
    code: failed ? 1006 : fuzz.ends === "clean" ? 1000 : (sent ?? 1005),
    wasClean: !failed,
  });
}

function codeOf(frame: ClientFrame | null): number | null {
  return frame === null || frame.payload.length === 0 ? null : frame.payload.readUInt16BE();
}

function closeSentIn({ sends }: FuzzCase): number | null {
  const frame = sends.find((bytes) => bytes[0] === 0x88);
  return frame === undefined || frame.length === 2 ? null : Buffer.from(frame).readUInt16BE(2);
}

const cases = fuzzCases();
const sections = Map.groupBy(cases, ({ name }) => name.split(" ")[0] ?? "");

describe.each([...sections])("section %s", (_, members) => {
  test.each(members.map((fuzz) => [fuzz.name, fuzz] as const))("%s", (_name, fuzz) => play(fuzz));
});
