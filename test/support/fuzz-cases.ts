/**
 * Cases for an echo client, in the order of a public conformance suite for RFC 6455 and in words of our own:
 * what a server sends, what an echo client must send back, and how the connection must end.
 */
import { constants, deflateRawSync } from "node:zlib";
import {
  BINARY,
  closePayload,
  fragments,
  frameOf,
  PING,
  PONG,
  type ServerFrame,
  TEXT,
} from "./server-frames.ts";

export interface FuzzCase {
  readonly name: string;
  /** Written one after the other. `null`: the client must have failed by here, so wait for its Close frame. */
  readonly sends: readonly Uint8Array[];
  /** What comes back before the end: opcode and payload, inflated. Control frames may overtake messages. */
  readonly echoes: readonly (readonly [opcode: number, payload: Uint8Array])[];
  /** `clean`: the server closes with 1000 after the echoes. A number: the client must close with it, unasked. */
  readonly ends: "clean" | number | "as sent";
  /** Extension answered by the server, "" for none. */
  readonly extension?: string;
  /** Cut the bytes into writes of so many. */
  readonly chop?: number;
}

type Sends = readonly (ServerFrame | Uint8Array)[];

function bytes(sends: Sends): Uint8Array[] {
  return sends.map((each) => (each instanceof Uint8Array ? each : frameOf(each)));
}

function echoed(name: string, opcode: number, payload: Uint8Array, sends: Sends, chop?: number): FuzzCase {
  const base = { name, sends: bytes(sends), echoes: [[opcode, payload]] as const, ends: "clean" as const };
  return chop === undefined ? base : { ...base, chop };
}

function failing(name: string, code: number, sends: Sends, echoes: FuzzCase["echoes"] = []): FuzzCase {
  return { name, sends: bytes(sends), echoes, ends: code };
}

const hello: ServerFrame = { opcode: TEXT, payload: "Hello, wörld!" };
const helloEcho = [TEXT, Buffer.from("Hello, wörld!")] as const;

function sized(): FuzzCase[] {
  const sizes = [0, 1, 125, 126, 127, 128, 65_535, 65_536];
  const cases = [TEXT, BINARY].flatMap((opcode) =>
    [undefined, 1, 997].flatMap((chop) =>
      sizes
        .filter((size) => chop !== 1 || size < 65_535)
        .map((size) => {
          const payload = Buffer.alloc(size, opcode === TEXT ? "*" : 0xfe);
          const kind = opcode === TEXT ? "text" : "binary";
          return echoed(
            `1 ${kind} of ${size} bytes, chop ${chop}`,
            opcode,
            payload,
            [{ opcode, payload }],
            chop,
          );
        }),
    ),
  );
  return cases;
}

function pings(): FuzzCase[] {
  const pong = (payload: Uint8Array) => [PONG, payload] as const;
  const simple = [
    "",
    "Hello",
    Buffer.of(0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff),
    Buffer.alloc(125, 0xfe),
  ].map(
    (payload, index): FuzzCase => ({
      name: `2 ping ${index}`,
      sends: [frameOf({ opcode: PING, payload })],
      echoes: [pong(Buffer.from(payload as string))],
      ends: "clean",
    }),
  );
  const ten = Array.from({ length: 10 }, (_, index) => Buffer.from(`payload-${index}`));
  const many: FuzzCase[] = [undefined, 1].map((chop) => ({
    name: `2 ten pings, chop ${chop}`,
    sends: ten.map((payload) => frameOf({ opcode: PING, payload })),
    echoes: ten.map(pong),
    ends: "clean",
    ...(chop === undefined ? {} : { chop }),
  }));
  return [
    ...simple,
    ...many,
    failing("2 ping of 126 bytes", 1002, [{ opcode: PING, payload: Buffer.alloc(126) }]),
    {
      name: "2 unasked pongs",
      sends: bytes([{ opcode: PONG }, { opcode: PONG, payload: "x" }, { opcode: PING, payload: "y" }]),
      echoes: [pong(Buffer.from("y"))],
      ends: "clean",
    },
  ];
}

function reserved(): FuzzCase[] {
  const bits = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70];
  return [
    ...bits.map((reserved) =>
      failing(
        `3 reserved bits ${reserved} between texts`,
        1002,
        [hello, { ...hello, reserved }, { opcode: PING }],
        [helloEcho],
      ),
    ),
    ...bits.map((reserved) =>
      failing(`3 reserved bits ${reserved} on a close`, 1002, [{ opcode: 8, reserved }]),
    ),
    ...bits.map((reserved) =>
      failing(`3 reserved bits ${reserved} on a ping`, 1002, [{ opcode: PING, reserved }]),
    ),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
      failing(`4 opcode ${opcode} alone`, 1002, [{ opcode }]),
      failing(`4 opcode ${opcode} with payload`, 1002, [{ opcode, payload: "reserved" }]),
      failing(
        `4 opcode ${opcode} after a text`,
        1002,
        [hello, { opcode, payload: "reserved" }, { opcode: PING }],
        [helloEcho],
      ),
    ]),
  ];
}

function fragmented(): FuzzCase[] {
  const [a, b] = [
    { opcode: TEXT, fin: false, payload: "fragment1" },
    { opcode: 0, payload: "fragment2" },
  ];
  const whole = Buffer.from("fragment1fragment2");
  const pong = [PONG, Buffer.from("ping")] as const;
  const pinged: ServerFrame = { opcode: PING, payload: "ping" };
  const text = [TEXT, whole] as const;
  const five = fragments(TEXT, ["fragment1", "fragment2", "fragment3", "fragment4", "fragment5"]);
  const unfinished: ServerFrame = { opcode: 0, fin: false, payload: "x" };
  return [
    failing("5 fragmented ping", 1002, [
      { opcode: PING, fin: false, payload: "a" },
      { opcode: 0, payload: "b" },
    ]),
    failing("5 fragmented pong", 1002, [
      { opcode: PONG, fin: false, payload: "a" },
      { opcode: 0, payload: "b" },
    ]),
    echoed("5 two fragments", TEXT, whole, [a, b]),
    echoed("5 two fragments, byte by byte", TEXT, whole, [a, b], 1),
    { name: "5 a ping between", sends: bytes([a, pinged, b]), echoes: [pong, text], ends: "clean" },
    {
      name: "5 a ping between, byte by byte",
      sends: bytes([a, pinged, b]),
      echoes: [pong, text],
      ends: "clean",
      chop: 1,
    },
    ...[true, false].flatMap((fin) => [
      failing(`5 continuation of nothing, fin ${fin}`, 1002, [{ opcode: 0, fin, payload: "x" }, hello]),
      failing(
        `5 continuation after a text, fin ${fin}`,
        1002,
        [hello, { opcode: 0, fin, payload: "x" }, hello],
        [helloEcho],
      ),
    ]),
    ...[1, 2].map((count) =>
      failing(`5 unfinished continuations of nothing ${count}`, 1002, [
        ...Array.from({ length: count }, () => unfinished),
        { opcode: 0 },
      ]),
    ),
    failing("5 a text inside a message", 1002, [a, hello, b]),
    failing("5 a new beginning inside a message", 1002, [a, a, b, b]),
    {
      name: "5 five fragments, pings between",
      sends: [five[0], five[1], frameOf(pinged), five[2], five[3], frameOf(pinged), five[4]].filter(
        (each) => each !== undefined,
      ),
      echoes: [pong, pong, [TEXT, Buffer.from("fragment1fragment2fragment3fragment4fragment5")]],
      ends: "clean",
    },
    failing(
      "5 a continuation after five fragments",
      1002,
      [...five, unfinished],
      [[TEXT, Buffer.from("fragment1fragment2fragment3fragment4fragment5")]],
    ),
  ];
}

function utf8(): FuzzCase[] {
  const right = [
    "",
    "Hello-µ@ßöäüàá-UTF-8!!",
    "κόσμε",
    "\0",
    "\u0080",
    "\u0800",
    "\u{10000}",
    "\x7f",
    "\u07ff",
    "\uffff",
    "\u{10ffff}",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\ufdd0",
    "\ufffe",
    "\u{1fffe}",
    "\u{ffffe}",
  ];
  const wrong = [
    "cebae1bdb9cf83cebcceb5eda080656469746564",
    "cebae1bdb9cf83cebcceb5f4908080656469746564",
    "80",
    "bf",
    "80bf80bf80",
    "c020c120df20",
    "e020e120ef20",
    "f020f720",
    "f8883020",
    "c0",
    "e080",
    "f08080",
    "fe",
    "ff",
    "c0af",
    "e080af",
    "f08080af",
    "f8808080af",
    "c1bf",
    "e09fbf",
    "f08fbfbf",
    "c080",
    "eda080",
    "edadbf",
    "edb080",
    "edbfbf",
    "eda080edb080",
    "edafbfedbfbf",
    "ce",
    "cebae1",
    "f4908080",
    "f7bfbfbf",
  ];
  const valid = Buffer.from("κόσμε valid");
  const bad = Buffer.from("f4908080", "hex");
  return [
    ...right.flatMap((content) => {
      const payload = Buffer.from(content);
      const single = [...payload].map((byte) => Buffer.of(byte));
      return [
        echoed(`6 text ${JSON.stringify(content)}`, TEXT, payload, [{ opcode: TEXT, payload }]),
        echoed(
          `6 text ${JSON.stringify(content)} in fragments of a byte`,
          TEXT,
          payload,
          fragments(TEXT, single.length === 0 ? ["", ""] : single),
        ),
        echoed(
          `6 text ${JSON.stringify(content)}, byte by byte`,
          TEXT,
          payload,
          [{ opcode: TEXT, payload }],
          1,
        ),
      ];
    }),
    ...wrong.flatMap((hex) => {
      const payload = Buffer.from(hex, "hex");
      return [
        failing(`6 wrong text ${hex}`, 1007, [{ opcode: TEXT, payload }]),
        failing(
          `6 wrong text ${hex} in fragments of a byte`,
          1007,
          fragments(
            TEXT,
            [...payload].map((byte) => Buffer.of(byte)),
          ),
        ),
      ];
    }),
    // Failing fast: what would end the fragment, the frame or the message is never sent.
    failing("6 fails at the bad fragment", 1007, [
      { opcode: TEXT, fin: false, payload: valid },
      { opcode: 0, fin: false, payload: bad },
    ]),
    failing("6 fails at the bad byte of a fragment", 1007, [
      { opcode: TEXT, fin: false, payload: valid },
      frameOf({ opcode: 0, payload: Buffer.concat([bad, valid]) }).subarray(0, 2 + 2),
    ]),
    failing("6 fails inside a frame", 1007, [
      frameOf({ opcode: TEXT, payload: Buffer.concat([valid, bad, valid]) }).subarray(
        0,
        2 + valid.length + 2,
      ),
    ]),
  ];
}

function closing(): FuzzCase[] {
  const answered = (name: string, payload: Uint8Array): FuzzCase => ({
    name: `7 close ${name}`,
    sends: [frameOf({ opcode: 8, payload })],
    echoes: [],
    ends: "as sent",
  });
  const codes = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ];
  const wrong = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
  return [
    {
      name: "7 a text, then a close",
      sends: bytes([hello, { opcode: 8, payload: closePayload(1000) }]),
      echoes: [helloEcho],
      ends: "as sent",
    },
    {
      name: "7 what follows a close is ignored",
      sends: bytes([{ opcode: 8, payload: closePayload(1000) }, hello, { opcode: PING }, { opcode: 3 }]),
      echoes: [],
      ends: "as sent",
    },
    {
      name: "7 a close inside a message",
      sends: bytes([{ ...hello, fin: false }, { opcode: 8, payload: closePayload(1000) }, { opcode: 0 }]),
      echoes: [],
      ends: "as sent",
    },
    answered("without payload", Buffer.alloc(0)),
    answered("with a reason", closePayload(1000, "Hello Wörld!")),
    answered("with the longest reason", closePayload(1000, "*".repeat(123))),
    ...codes.map((code) => answered(`with ${code}`, closePayload(code))),
    ...codes.map((code) => answered(`with ${code} and a reason`, closePayload(code, "reason"))),
    ...wrong.flatMap((code) => [
      failing(`7 close with ${code}`, 1002, [{ opcode: 8, payload: closePayload(code) }]),
      failing(`7 close with ${code} and a reason`, 1002, [
        { opcode: 8, payload: closePayload(code, "reason") },
      ]),
    ]),
    failing("7 close with half a code", 1002, [{ opcode: 8, payload: Buffer.of(3) }]),
    failing("7 close with 126 bytes", 1002, [{ opcode: 8, payload: closePayload(1000, "*".repeat(124)) }]),
    failing("7 close with a reason that is no UTF-8", 1007, [
      { opcode: 8, payload: closePayload(1000, Buffer.from("cebae1bdb9eda080", "hex")) },
    ]),
  ];
}

function large(): FuzzCase[] {
  const text = Buffer.from("BAsd7&jh23–".repeat(90_000));
  const binary = Buffer.alloc(1 << 20, 0xfe);
  const pieces = (payload: Buffer, size: number) =>
    Array.from({ length: Math.ceil(payload.length / size) }, (_, index) =>
      payload.subarray(index * size, (index + 1) * size),
    );
  return [TEXT, BINARY].flatMap((opcode) => {
    const payload = opcode === TEXT ? text : binary;
    return [
      echoed(`9 a message of 1 MB, opcode ${opcode}`, opcode, payload, [{ opcode, payload }]),
      ...[64, 256, 4096, 65_536].map((size) =>
        echoed(
          `9 in fragments of ${size}, opcode ${opcode}`,
          opcode,
          payload,
          fragments(opcode, pieces(payload, size)),
        ),
      ),
      ...[128, 2048, 10_000].map((chop) =>
        echoed(`9 in writes of ${chop}, opcode ${opcode}`, opcode, payload, [{ opcode, payload }], chop),
      ),
      ...[0, 16, 64, 256].map((size): FuzzCase => {
        const each = Buffer.alloc(size, "*");
        return {
          name: `9 a thousand messages of ${size}, opcode ${opcode}`,
          sends: [Buffer.concat(Array.from({ length: 1000 }, () => frameOf({ opcode, payload: each })))],
          echoes: Array.from({ length: 1000 }, () => [opcode, each] as const),
          ends: "clean",
        };
      }),
    ];
  });
}

/** A sender of its own: one DEFLATE stream a connection, its window carried by dictionaries. */
function compressed(): FuzzCase[] {
  const extensions = [
    "permessage-deflate",
    "permessage-deflate; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits=8; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
  ];
  return extensions.flatMap((extension) =>
    [16, 256, 4096, 65_536].flatMap((size) =>
      [undefined, 256, 4096].map((fragment): FuzzCase => {
        const messages = Array.from({ length: 30 }, (_, index) => Buffer.from(prose(index, size)));
        return {
          name: `12 thirty texts of ${size}, fragments of ${fragment}, ${extension}`,
          sends: [Buffer.concat(deflatedFrames(messages, extension, fragment))],
          echoes: messages.map((payload) => [TEXT, payload] as const),
          ends: "clean",
          extension,
        };
      }),
    ),
  );
}

function prose(seed: number, size: number): string {
  let state = seed + 1;
  let text = "";
  while (text.length < size) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += ["signal", "doorbell", "drain", "surface", "persona", "hub"][(state >>> 16) % 6] ?? "";
    text += (state >>> 20) % 10 === 0 ? `${state} ` : " ";
  }
  return text.slice(0, size);
}

function deflatedFrames(
  messages: readonly Buffer[],
  extension: string,
  fragment: number | undefined,
): Buffer[] {
  const windowBits = extension.includes("server_max_window_bits=9") ? 9 : 15;
  const forgets = extension.includes("server_no_context_takeover");
  let window = Buffer.alloc(0);
  return messages.flatMap((message) => {
    const dictionary = window.length === 0 || forgets ? {} : { dictionary: window };
    const payload = deflateRawSync(message, {
      windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...dictionary,
    }).subarray(0, -4);
    window = Buffer.concat([window, message]).subarray(-(2 ** windowBits));
    const size = fragment ?? payload.length;
    const pieces = Array.from({ length: Math.ceil(payload.length / size) }, (_, index) =>
      payload.subarray(index * size, (index + 1) * size),
    );
    return fragments(TEXT, pieces, 0x40);
  });
}

export function fuzzCases(): readonly FuzzCase[] {
  return [
    ...sized(),
    ...pings(),
    ...reserved(),
    ...fragmented(),
    ...utf8(),
    ...closing(),
    ...large(),
    echoed(
      "10 a text of 65,536 bytes in fragments of 1,300",
      TEXT,
      Buffer.alloc(65_536, "*"),
      fragments(
        TEXT,
        Array.from({ length: 51 }, (_, index) => Buffer.alloc(index === 50 ? 536 : 1300, "*")),
      ),
    ),
    ...compressed(),
  ];
}
