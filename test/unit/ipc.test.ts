import { describe, expect, it } from "vitest";
import { readShape } from "../../src/domain/shape.ts";
import {
  agreeProtocol,
  createLineReader,
  IPC_METHODS,
  IPC_PROTOCOL,
  type IpcMethod,
  ipcMethodOf,
  readDoorbell,
  readHelloAnswer,
} from "../../src/ipc.ts";
import { thrownBy } from "../support/thrown.ts";

const bell = {
  ring: 3,
  attempt: 1,
  persona: "reviewer",
  project: "shop",
  open: 2,
  urgent: 1,
  senders: [{ from: "planner@shop", count: 2 }],
  othersOpen: 0,
  oldestAtMs: 1,
};

describe("ipcMethodOf", () => {
  it.each(Object.keys(IPC_METHODS))("knows %s", (name) => {
    expect(ipcMethodOf(name)).toBe(name);
  });

  it.each([
    ["statsu", 'did you mean "status"?'],
    ["notify_surfcae", 'did you mean "notify_surface"?'],
    ["frobnicate", "known are hello, status,"],
    ["constructor", "known are"],
    ["", "known are"],
  ])("refuses %j", (name, hint) => {
    expect(thrownBy(() => ipcMethodOf(name))).toMatchObject({
      code: "unknown_verb",
      hint: expect.stringContaining(hint),
    });
  });
});

describe("params", () => {
  const hello = { protocol: 1, version: "0.1.0", role: "cli" };
  const attach = { name: "claude-code", pid: 4711 };

  it.each<[IpcMethod, unknown]>([
    ["hello", hello],
    ["hello", { ...hello, protocolMin: 1 }],
    ["attach", attach],
    ["attach", { ...attach, session: "s-1" }],
    ["shutdown", {}],
    ["shutdown", { reason: "update" }],
    ["status", {}],
  ])("%s takes %j", (method, params) => {
    expect(readShape<unknown>(IPC_METHODS[method].params, params, "params")).toEqual(params);
  });

  it.each<[IpcMethod, unknown, string, string]>([
    [
      "hello",
      { ...hello, protocol: "1" },
      "invalid_argument",
      'params.protocol must be a whole number from 1 to 1000, not "1"',
    ],
    ["hello", { ...hello, protocol: 0 }, "invalid_argument", "params.protocol"],
    ["hello", { protocol: 1, version: "1" }, "invalid_argument", 'params lacks "role"'],
    ["hello", { ...hello, role: "x".repeat(33) }, "too_large", "params.role is longer than 32 bytes"],
    ["hello", { ...hello, vresion: "1" }, "unknown_key", 'params has no member "vresion"'],
    ["hello", null, "invalid_argument", "params must be an object, not null"],
    ["hello", [1], "invalid_argument", "params must be an object, not a list"],
    ["attach", { ...attach, pid: 1.5 }, "invalid_argument", "params.pid"],
    ["attach", { ...attach, pid: -1 }, "invalid_argument", "params.pid"],
    ["attach", { ...attach, name: "\ud800" }, "invalid_argument", "params.name is not well-formed"],
    ["attach", { ...attach, session: null }, "invalid_argument", "params.session must be a text, not null"],
    ["attach", { ...attach, session: "s".repeat(129) }, "too_large", "params.session"],
    ["status", { verbose: true }, "unknown_key", 'params has no member "verbose"'],
    ["notify_surface", { text: "hi" }, "unknown_key", 'params has no member "text"'],
    ["shutdown", { reason: "x".repeat(201) }, "too_large", "params.reason"],
    ["detach", 7, "invalid_argument", "params must be an object, not 7"],
  ])("%s refuses %j", (method, params, code, message) => {
    const error = thrownBy(() => readShape<unknown>(IPC_METHODS[method].params, params, "params"));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe("agreeProtocol", () => {
  it.each([
    [{ protocol: IPC_PROTOCOL }],
    [{ protocol: IPC_PROTOCOL, protocolMin: 1 }],
    [{ protocol: 9, protocolMin: 1 }],
  ])("agrees with %j", (theirs) => {
    expect(agreeProtocol({ ...theirs, version: "9.0.0" }, "1.0.0")).toBe(IPC_PROTOCOL);
  });

  it("names both sides where they have nothing in common, and who is the older one", () => {
    const theirs = { protocol: 9, protocolMin: 8, version: "9.0.0" };
    expect(thrownBy(() => agreeProtocol(theirs, "1.0.0"))).toMatchObject({
      code: "protocol_mismatch",
      message:
        "the daemon (prism 1.0.0) speaks version 1 of the local protocol, and the caller (prism 9.0.0) speaks versions 8 to 9",
      hint: "start the daemon anew on the newer prism: prism upgrade FILE does",
    });
  });
});

describe("readHelloAnswer", () => {
  const answer = { protocol: 1, version: "1", tenant: "local", persona: "reviewer", project: "shop" };

  it("takes a greeting, and what a newer daemon adds", () => {
    expect(readHelloAnswer({ ...answer, more: true })).toEqual(answer);
  });

  it.each([[null], ["hi"], [{}], [{ ...answer, protocol: 2 }], [{ ...answer, persona: 1 }]])(
    "refuses %j",
    (value) => {
      expect(thrownBy(() => readHelloAnswer(value)).code).toBe("protocol_mismatch");
    },
  );
});

describe("readDoorbell", () => {
  it("takes a doorbell, and what a newer daemon adds, but passes nothing on that is no doorbell's", () => {
    expect(
      readDoorbell({ ...bell, text: "hello", senders: [{ from: "planner@shop", count: 2, text: "x" }] }),
    ).toEqual(bell);
    expect(readDoorbell({ ...bell, oldestAtMs: null })).toEqual({ ...bell, oldestAtMs: null });
  });

  it.each([
    [null],
    [{}],
    [{ ...bell, open: -1 }],
    [{ ...bell, open: "2" }],
    [{ ...bell, persona: 1 }],
    [{ ...bell, senders: {} }],
    [{ ...bell, senders: [null] }],
    [{ ...bell, senders: [{ from: 1, count: 1 }] }],
    [{ ...bell, senders: Array(9).fill({ from: "a@b", count: 1 }) }],
    [{ ...bell, oldestAtMs: "now" }],
  ])("refuses %j", (value) => {
    expect(readDoorbell(value)).toBeNull();
  });
});

describe("createLineReader", () => {
  const read = (...chunks: (string | Uint8Array)[]) => {
    const reader = createLineReader(8);
    const events = chunks.flatMap((chunk) => reader.push(Buffer.from(chunk as string)));
    return [...events, ...reader.end()].map((event) =>
      event.kind === "line" ? event.text : event.error.message,
    );
  };

  it("reads lines, and leaves blank ones out", () => {
    expect(read("one\n\n \r\ntw", "o\n")).toEqual(["one", "two"]);
  });

  it("takes a line of the largest size, in one piece and in two", () => {
    expect(read("12345678\n", "1234", "5678\n")).toEqual(["12345678", "12345678"]);
  });

  it("gives one fault for a line that is too long, and reads on after it", () => {
    expect(read("123456789\nok\n")).toEqual(["a line is longer than 8 bytes", "ok"]);
    expect(read("12345678", "9", "012", "3\nok\n")).toEqual(["a line is longer than 8 bytes", "ok"]);
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong form", [0xc0, 0xaf]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
    ["a code point beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["a cut character", [0xe2, 0x82]],
  ])("gives a fault for %s", (_what, bytes) => {
    expect(read(Uint8Array.from([...bytes, 0x0a]), "ok\n")).toEqual(["a line is not UTF-8", "ok"]);
  });

  it("keeps a byte order mark, for JSON to refuse", () => {
    expect(read("\ufeff1\n")).toEqual(["\ufeff1"]);
  });

  it("tells of a line that never ended", () => {
    expect(read("one\ntw")).toEqual(["one", "the connection ended in the middle of a line"]);
  });
});
