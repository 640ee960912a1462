import { describe, expect, it } from "vitest";
import type { LogFields, LogLevel } from "../../../src/domain/log.ts";
import { createLog } from "../../../src/host/log.ts";

const AT_MS = Date.UTC(2026, 10, 21, 9, 15, 24, 7);

function logged(form: "json" | "text", fields?: LogFields, level: LogLevel = "info"): string {
  const lines: string[] = [];
  const log = createLog({
    component: "daemon",
    level: "info",
    form,
    write: (line) => lines.push(line),
    now: () => AT_MS,
  });
  log(level, "hubConnected", fields);
  return lines.join("");
}

describe("as JSON", () => {
  it("is one object a line", () => {
    expect(logged("json", { url: "http://h", attempt: 2, again: true, nothing: null })).toBe(
      '{"time":"2026-11-21T09:15:24.007Z","level":"info","component":"daemon","event":"hubConnected","url":"http://h","attempt":2,"again":true,"nothing":null}\n',
    );
  });

  it("keeps a field off the head's own names", () => {
    expect(JSON.parse(logged("json", { level: "x", time: "y" }))).toMatchObject({
      level: "info",
      level_: "x",
      time_: "y",
    });
  });

  it("writes a number that JSON has no word for as null", () => {
    expect(JSON.parse(logged("json", { ratio: Number.NaN }))).toMatchObject({ ratio: null });
  });
});

describe("as text", () => {
  it("is for a person's eyes", () => {
    expect(logged("text", { url: "http://h", why: "it is gone", attempt: 2 })).toBe(
      '09:15:24.007 info  daemon hubConnected url=http://h why="it is gone" attempt=2\n',
    );
  });

  it("quotes what would read as another field", () => {
    expect(logged("text", { why: "a=b", said: 'x"y', empty: "" })).toContain(`why="a=b" said="x'y" empty=""`);
  });
});

describe.each(["json", "text"] as const)("as %s", (form) => {
  it("lets no control character, line separator or change of direction through", () => {
    for (let unit = 0; unit < 0x3000; unit++) {
      const line = logged(form, { said: `a${String.fromCharCode(unit)}b` });
      expect(line.slice(0, -1)).not.toMatch(
        /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
      );
      expect(line.endsWith("\n")).toBe(true);
    }
  });

  it("bounds a field and a line", () => {
    expect(logged(form, { said: "x".repeat(1e6) }).length).toBeLessThan(1300);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, "y".repeat(50)]));
    expect(logged(form, many).length).toBeLessThan(9000);
    if (form === "json") expect(JSON.parse(logged(form, many))).toMatchObject({ truncated: true });
    const wild = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`field${i}`, "\u0001".repeat(1000)]),
    );
    expect(logged(form, wild).length).toBeLessThan(50_000);
  });

  it("never cuts a pair of surrogates apart", () => {
    expect(logged(form, { said: "x".repeat(999) + "\u{1f514}".repeat(9) }).isWellFormed()).toBe(true);
  });

  it("leaves out what is below its level", () => {
    expect(logged(form, {}, "debug")).toBe("");
    expect(logged(form, {}, "error")).not.toBe("");
  });
});

it("goes on when it can't be written", () => {
  const log = createLog({
    component: "daemon",
    level: "info",
    form: "json",
    write: () => {
      throw new Error("ENOSPC");
    },
  });
  expect(() => log("info", "anything")).not.toThrow();
});
