import { describe, expect, it } from "vitest";
import {
  choice,
  duration,
  durationText,
  hubUrl,
  type Kind,
  line,
  listen,
  name,
  prose,
  schedule,
  target,
  whole,
} from "../../../src/cli/kinds.ts";
import { PrismError } from "../../../src/domain/errors.ts";

const span = duration({ msMin: 1000, msMax: 7 * 86_400_000 });

const rings = schedule({ msMin: 1000, msMax: 3_600_000, countMax: 4 });

function fault(kind: Kind<unknown>, text: string): string {
  try {
    kind.read(text, "--it");
  } catch (error) {
    if (error instanceof PrismError)
      return error.hint === undefined ? error.message : `${error.message} | ${error.hint}`;
    throw error;
  }
  return `no fault in ${JSON.stringify(text)}`;
}

describe("values that are read", () => {
  it.each([
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["1.5s", 1500],
    ["5000ms", 5000],
    ["7d", 604_800_000],
  ])("duration %s", (text, ms) => expect(span.read(text, "--ttl")).toBe(ms));

  it.each([
    [604_800_000, "7d"],
    [86_400_000, "1d"],
    [90_000, "90s"],
    [1, "1ms"],
    [0, "0ms"],
  ])("%i ms is written %s", (ms, text) => expect(durationText(ms)).toBe(text));

  it.each([
    ["127.0.0.1:7747", { host: "127.0.0.1", port: 7747 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["hub.example:80", { host: "hub.example", port: 80 }],
    [":7747", { host: "127.0.0.1", port: 7747 }],
    ["7747", { host: "127.0.0.1", port: 7747 }],
  ])("listen %s", (text, value) => expect(listen.read(text, "--listen")).toEqual(value));

  it.each([
    ["127.0.0.1:7747", "http://127.0.0.1:7747"],
    ["https://hub.example:7747/", "https://hub.example:7747"],
    ["wss://hub.example", "https://hub.example"],
  ])("hub %s", (text, value) => expect(hubUrl.read(text, "--hub")).toBe(value));

  it.each([
    ["30s", [30_000]],
    ["30s,1m,1m, 1h", [30_000, 60_000, 60_000, 3_600_000]],
  ])("schedule %s", (text, delaysMs) => expect(rings.read(text, "--it")).toEqual(delaysMs));

  it("names ignore case", () => expect(name.read("Reviewer", "--persona")).toBe("reviewer"));
  it("numbers have bounds, inclusive", () => {
    expect([1, 500].map((n) => whole({ min: 1, max: 500 }).read(String(n), "--limit"))).toEqual([1, 500]);
  });
  it("a target may be a folder or a session", () => {
    expect(["a@./shop", "a@.", "session:01J"].map((text) => target.read(text, "TO"))).toEqual([
      "a@./shop",
      "a@.",
      "session:01J",
    ]);
  });
});

describe("values that are refused, each in one sentence", () => {
  it.each([
    [span, "10", '--it "10" is not a duration | add a unit, as in "10s"'],
    [
      span,
      "soon",
      '--it "soon" is not a duration | write a number and a unit: "500ms", "30s", "10m", "2h", "7d"',
    ],
    [span, "8d", '--it must be from 1s to 7d, not "8d"'],
    [
      span,
      "-1h",
      '--it "-1h" is not a duration | write a number and a unit: "500ms", "30s", "10m", "2h", "7d"',
    ],
    [rings, "", "--it must not be empty"],
    [
      rings,
      "30s,,1m",
      '--it, duration 2, "" is not a duration | write a number and a unit: "500ms", "30s", "10m", "2h", "7d"',
    ],
    [rings, "30s,60", '--it, duration 2, "60" is not a duration | add a unit, as in "60s"'],
    [rings, "30s,2h", '--it, duration 2, must be from 1s to 1h, not "2h"'],
    [rings, "1s,2s,3s,4s,5s", "--it lists 5 durations, more than 4"],
    [
      rings,
      "30s,1m,45s",
      '--it must not grow shorter: 45s follows 1m | write the shortest first, as in "30s,1m,5m"; the last one repeats',
    ],
    [whole({ min: 1, max: 500 }), "0", '--it must be a whole number from 1 to 500, not "0"'],
    [whole({ min: 1, max: 500 }), "1e2", '--it must be a whole number from 1 to 500, not "1e2"'],
    [whole({ min: 1, max: 500 }), "", '--it must be a whole number from 1 to 500, not ""'],
    [choice(["json", "text"]), "jsno", '--it must be json or text, not "jsno" | did you mean "json"?'],
    [
      listen,
      "127.0.0.1",
      '--it "127.0.0.1" is not HOST:PORT with a port from 0 to 65535 | write it as in "127.0.0.1:7747"; port 0 takes a free one',
    ],
    [
      listen,
      "h:99999",
      '--it "h:99999" is not HOST:PORT with a port from 0 to 65535 | write it as in "127.0.0.1:7747"; port 0 takes a free one',
    ],
    [
      target,
      "reviewer",
      '--it "reviewer" is not of the form PERSONA@PROJECT | write it as in "reviewer@shop", or "reviewer@." for the project of this folder',
    ],
    [target, "@shop", '--it "@shop" is not of the form PERSONA@PROJECT'],
    [line("X"), "a\nb", '--it "a\\u000ab" holds control characters'],
    [line("X", 3), "abcd", "--it is longer than 3 characters"],
    [line("X"), "", "--it must not be empty"],
    [prose(4), "äää", "--it is longer than 4 bytes | shorten it, or put it in a file and name the file"],
  ] as const)("%#: %s", (kind, text, message) => expect(fault(kind as Kind<unknown>, text)).toBe(message));

  it("a password in an address is not repeated", () => {
    expect(fault(hubUrl, "https://me:hunter2@hub")).not.toContain("hunter2");
    expect(fault(hubUrl, "https://me:hunter2@hub")).toContain(
      "--it: the hub's address holds a user name or password",
    );
  });
});
