/** What is read off two views of one persona. */
import { expect, test } from "vitest";
import type { PersonaView } from "../../../src/domain/overview.ts";
import { happeningsBetween } from "../../../src/overview/changes.ts";
import { viewOf } from "../../support/overview-samples.ts";

const NAMES = (before: Partial<PersonaView>, after: Partial<PersonaView>, tells = false) =>
  happeningsBetween(viewOf(before), viewOf(after), { tells, atMs: 7 }).map(({ name, detail, count }) =>
    [name, detail, count].filter((part) => part !== "" && part !== null).join(" "),
  );

const counted = (more: Partial<PersonaView["counters"]>) => ({ counters: { ...viewOf().counters, ...more } });

test.each([
  ["nothing", {}, { lastRungAtMs: 3 }, []],
  ["an end", {}, { state: "down" }, ["down"]],
  ["a return", { state: "down" }, { pending: 3 }, ["up"]],
  ["silence", {}, { state: "silent", pending: 4 }, ["silent"]],
  ["a killed one found", { state: "silent" }, { state: "down" }, ["down"]],
  ["a state", {}, { state: "disconnected" }, ["state disconnected"]],
  ["signals", { pending: 1 }, { pending: 3 }, ["waits 3"]],
  ["a drain", { pending: 3 }, { pending: 0 }, ["drained 0"]],
  [
    "a ring",
    {},
    { ...counted({ rung: 1 }), surface: { name: "exec", path: "hook", agent: null } },
    ["rung hook"],
  ],
  ["a failed ring", {}, { ...counted({ failed: 1 }), reason: "no pane" }, ["ringFailed no pane"]],
  ["a daemon started anew", { ...counted({ rung: 9 }) }, { ...counted({ rung: 10 }), startedAtMs: 99 }, []],
  ["a turn", {}, { surface: { name: "codex", path: null, agent: "busy" } }, ["agent busy"]],
] as const)("%s", (_what, before, after, expected) => {
  expect(NAMES(before, after)).toEqual(expected);
});

test("of one that tells by itself only its coming and going", () => {
  expect(NAMES({ pending: 1 }, { pending: 3, state: "disconnected" }, true)).toEqual([]);
  expect(NAMES({}, { state: "down" }, true)).toEqual(["down"]);
});

test("each with its persona and the moment of the look", () => {
  expect(happeningsBetween(viewOf(), viewOf({ state: "down" }), { tells: true, atMs: 7 })).toEqual([
    { atMs: 7, key: "local/reviewer@shop", name: "down", detail: "", count: null },
  ]);
});
