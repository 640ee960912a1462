import { describe, expect, it } from "vitest";
import type { LogFields, LogLevel, LogOwner } from "../../../src/domain/log.ts";
import type { LevelOf, LogEventName } from "../../../src/domain/log-events.ts";
import { createLog, jsonLine, type LogEntry } from "../../../src/host/log.ts";
import { messageText, PLAIN_INK, textLine, whoText } from "../../../src/host/log-text.ts";

const AT_MS = Date.UTC(2026, 10, 21, 9, 15, 24, 7);
const OWNER = { tenant: "local", persona: "reviewer", project: "shop" };

interface Wish {
  readonly fields?: LogFields;
  readonly level?: LogLevel;
  readonly owner?: LogOwner;
}

/** Fields that no event has, as bad peers and bugs might bring them. */
type AnyLog = (level: LogLevel, event: string, fields: LogFields) => void;

function entries({ fields = {}, level = "info", owner }: Wish): readonly LogEntry[] {
  const taken: LogEntry[] = [];
  const log = createLog({
    ...{ component: "daemon", owner, level: "info", now: () => AT_MS },
    take: (entry) => taken.push(entry),
  }) as AnyLog;
  log(level, "hubLost", fields);
  return taken;
}

function logged(form: "json" | "text" | "message", wish: Wish = {}): string {
  const [entry] = entries(wish);
  if (entry === undefined) return "";
  if (form === "message") return messageText(entry);
  return form === "json" ? jsonLine(entry) : textLine(entry, { ink: PLAIN_INK });
}

describe("as JSON", () => {
  it("is one object a line, whose it is before what it says", () => {
    expect(logged("json", { fields: { url: "http://h", attempt: 2, again: true, nothing: null } })).toBe(
      '{"time":"2026-11-21T09:15:24.007Z","level":"info","component":"daemon","event":"hubLost","url":"http://h","attempt":2,"again":true,"nothing":null}',
    );
    expect(JSON.parse(logged("json", { owner: OWNER }))).toMatchObject({ ...OWNER, component: "daemon" });
  });

  it("puts the class beside every error's code", () => {
    expect(JSON.parse(logged("json", { fields: { code: "storage_full" } }))).toMatchObject({
      code: "storage_full",
      error_class: "storage",
    });
    expect(JSON.parse(logged("json", { fields: { code: "of a later version" } }))).toMatchObject({
      error_class: "unclassified",
    });
  });

  it("keeps a field off the head's own names", () => {
    const fields = { level: "x", time: "y", persona: "z" };
    expect(JSON.parse(logged("json", { fields, owner: OWNER }))).toMatchObject({
      ...{ level: "info", level_: "x", time_: "y" },
      ...{ persona: "reviewer", persona_: "z" },
    });
  });

  it("writes a number that JSON has no word for as null", () => {
    expect(JSON.parse(logged("json", { fields: { ratio: Number.NaN } }))).toMatchObject({ ratio: null });
  });
});

describe("as text", () => {
  it("is for a person's eyes: columns, this host's time, nothing that is nothing", () => {
    const at = new Date(AT_MS);
    const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) =>
      String(part).padStart(2, "0"),
    );
    const fields = { url: "http://h", why: "it is gone", attempt: 2, hint: null };
    expect(logged("text", { fields, owner: OWNER })).toBe(
      `${time.join(":")}.007 info  reviewer@shop    hubLost            url=http://h why="it is gone" attempt=2`,
    );
  });

  it("has the day where it is asked for, and colours where there are any", () => {
    const [entry] = entries({ level: "error", fields: { why: "x" } }) as [LogEntry];
    const ink = { ...PLAIN_INK, red: (text: string) => `<${text}>`, dim: (text: string) => `(${text})` };
    expect(textLine(entry, { ink, dated: true })).toMatch(/^\(11-2\d .{12}\) <error> daemon .* \(why=\)x$/);
  });

  it("names a daemon by its address, and a shim as what it is", () => {
    expect(whoText({ component: "daemon", owner: OWNER })).toBe("reviewer@shop");
    expect(whoText({ component: "mcp", owner: OWNER })).toBe("reviewer@shop mcp");
    expect(whoText({ component: "hub", owner: undefined })).toBe("hub");
  });

  it("quotes what would read as another field", () => {
    const fields = { why: "a=b", said: 'x"y', empty: "" };
    expect(logged("text", { fields })).toContain(`why="a=b" said="x'y" empty=""`);
    expect(logged("message", { fields })).toBe(`hubLost why="a=b" said="x'y" empty=""`);
  });
});

describe.each(["json", "text", "message"] as const)("as %s", (form) => {
  it("lets no control character, line separator or change of direction through", () => {
    for (let unit = 0; unit < 0x3000; unit++) {
      const said = `a${String.fromCharCode(unit)}b`;
      expect(logged(form, { fields: { said } })).not.toMatch(
        /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
      );
    }
  });

  it("bounds a field and a line", () => {
    expect(logged(form, { fields: { said: "x".repeat(1e6) } }).length).toBeLessThan(1300);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, "y".repeat(50)]));
    expect(logged(form, { fields: many }).length).toBeLessThan(9000);
    if (form === "json")
      expect(JSON.parse(logged(form, { fields: many }))).toMatchObject({ truncated: true });
    const wild = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`field${i}`, "\u0001".repeat(1000)]),
    );
    expect(logged(form, { fields: wild }).length).toBeLessThan(50_000);
  });

  it("never cuts a pair of surrogates apart", () => {
    const said = "x".repeat(999) + "\u{1f514}".repeat(9);
    expect(logged(form, { fields: { said } }).isWellFormed()).toBe(true);
  });
});

it("leaves out what is below its level", () => {
  expect(entries({ level: "debug" })).toEqual([]);
  expect(entries({ level: "error" })).toHaveLength(1);
});

it("goes on when it can't be written", () => {
  const log = createLog({
    ...{ component: "daemon", level: "info" },
    take: () => {
      throw new Error("ENOSPC");
    },
  });
  expect(() => log("info", "hubClosed", {})).not.toThrow();
});

it("takes no event that is not in the catalogue, no level that it has not, and lacks no field", () => {
  const log = createLog({ component: "daemon", level: "error", take: () => {} });
  // @ts-expect-error there is no such event
  log("info", "hubOpend", {});
  // @ts-expect-error it is never an error
  log("error", "hubClosed", {});
  // @ts-expect-error a failure has a code
  log("error", "commitFailed", { reason: "it is full" });
  // @ts-expect-error it has no such field
  log("info", "hubClosed", { text: "what a signal said" });
  const level: LevelOf<"hubLost"> = "warn";
  const event: LogEventName = "hubLost";
  log(level, event, { code: "hub_timeout", reason: "x", hint: null });
});
