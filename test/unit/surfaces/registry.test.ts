import { describe, expect, it } from "vitest";
import { listSurfaces, surfaceConfigSchema, surfaceNameOf } from "../../../src/surfaces/registry.ts";
import { contextWith, openSurface } from "../../support/surface-context.ts";
import { rejectedBy, thrownBy } from "../../support/thrown.ts";

/** What each can't be opened without. */
const needed: { readonly [name: string]: object } = {
  exec: { command: "true" },
  tmux: { target: "reviewer" },
};
const known = `known are ${listSurfaces()
  .map(({ name }) => name)
  .join(", ")}`;

describe("the registry", () => {
  it("lists every surface with a line of help and a schema, and opens each", async () => {
    expect(listSurfaces().map(({ name }) => name)).toEqual(expect.arrayContaining(["terminal", "tmux"]));
    for (const { name, about } of listSurfaces()) {
      expect(about).toMatch(/^[a-z].*[^.]$/);
      expect(await surfaceConfigSchema(name)).toMatchObject({ type: "object", additionalProperties: false });
      const surface = await openSurface(name, { ...needed[name] }, contextWith());
      expect(surface.name).toBe(name);
      await surface.close();
    }
  });

  it.each([
    ["termnal", 'did you mean "terminal"?'],
    ["exce", 'did you mean "exec"?'],
    ["tmx", 'did you mean "tmux"?'],
    ["screen", known],
    ["constructor", known],
    ["", known],
  ])("refuses %j", async (name, hint) => {
    expect(thrownBy(() => surfaceNameOf(name))).toMatchObject({ code: "invalid_argument", hint });
    expect(await rejectedBy(openSurface(name, {}, contextWith()))).toMatchObject({
      code: "invalid_argument",
    });
  });
});

describe("a surface's configuration", () => {
  it.each<[string, { [key: string]: unknown }, string, RegExp]>([
    ["terminal", { tyt: "/dev/pts/1" }, "unknown_key", /no member "tyt"/],
    ["terminal", { tty: "" }, "invalid_argument", /tty must not be empty/],
    ["terminal", { tty: 3 }, "invalid_argument", /tty must be a text, not 3/],
    ["terminal", { bell: "yes" }, "invalid_argument", /bell must be true or false/],
    ["terminal", { notify: "osc99" }, "invalid_argument", /notify must be one of none, osc9, osc777/],
    ["exec", {}, "invalid_argument", /lacks "command"/],
    ["exec", { command: "" }, "invalid_argument", /command must not be empty/],
    ["exec", { command: "x", argv: ["x"] }, "invalid_argument", /both "command" and "argv"/],
    [
      "exec",
      { command: "x", resumeCommand: "x", resumeArgv: ["x"] },
      "invalid_argument",
      /both "resumeCommand"/,
    ],
    ["exec", { argv: [] }, "invalid_argument", /"argv" of surface exec names no program/],
    ["exec", { argv: [""] }, "invalid_argument", /names no program/],
    ["exec", { argv: "ring" }, "invalid_argument", /argv must be a list/],
    ["exec", { argv: ["a", 1] }, "invalid_argument", /argv\[1\] must be a text, not 1/],
    ["exec", { argv: Array(65).fill("a") }, "too_large", /holds 65 items/],
    ["exec", { command: "a\0b" }, "invalid_argument", /holds a NUL/],
    ["exec", { argv: ["a", "\0"] }, "invalid_argument", /holds a NUL/],
    ["exec", { command: "x".repeat(5000) }, "too_large", /command is longer than 4096 bytes/],
    ["exec", { command: "x", timeoutMs: 0 }, "invalid_argument", /timeoutMs must be a whole number from 100/],
    ["exec", { comand: "x" }, "unknown_key", /no member "comand"/],
    ["tmux", {}, "invalid_argument", /lacks "target"/],
    ["tmux", { target: "" }, "invalid_argument", /target must not be empty/],
    ["tmux", { target: "a\nb" }, "invalid_argument", /holds a control character/],
    ["tmux", { target: "a", prompt: " " }, "invalid_argument", /"prompt" of surface tmux is blank/],
    ["tmux", { target: "a", socket: "/tmp/x" }, "invalid_argument", /is not a name: "\/tmp\/x"/],
    ["tmux", { target: "a:1", resumeCommand: "x" }, "invalid_argument", /can't be started as "a:1"/],
    ["tmux", { target: "a", resumeCommand: "x\0" }, "invalid_argument", /holds a control character/],
    [
      "tmux",
      { target: "a", timeoutMs: 100 },
      "invalid_argument",
      /timeoutMs must be a whole number from 200/,
    ],
    ["tmux", { target: "a", pane: "%1" }, "unknown_key", /no member "pane"/],
  ])("of %s refuses %j", async (name, config, code, message) => {
    expect(await rejectedBy(openSurface(name, config, contextWith()))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
