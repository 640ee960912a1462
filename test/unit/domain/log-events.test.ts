import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faultText } from "../../../src/domain/log.ts";
import { LOG_EVENTS, LOG_FIELDS } from "../../../src/domain/log-events.ts";
import { eventTable, fieldTable } from "../../support/log-tables.ts";

const events = Object.entries(LOG_EVENTS).map(([name, { levels, about, fields }]) => ({
  name,
  about,
  levels: levels as readonly string[],
  fields: fields as readonly string[],
}));

test("every failure has its code; where the same event also tells of success, it may have none", () => {
  for (const { name, levels, fields } of events) {
    const failures = levels.filter((level) => level === "warn" || level === "error");
    if (failures.length === 0) continue;
    const isAlways = failures.length === levels.length;
    expect([name, fields.includes("code") || (!isAlways && fields.includes("code?"))]).toEqual([name, true]);
  }
});

test("names are in camelCase and say what happened; no meaning is left out", () => {
  for (const { name, about } of events) {
    expect(name).toMatch(/^[a-z]+([A-Z][a-z]*)+$/);
    expect(about).toMatch(/[^.]$/);
  }
  for (const { about } of Object.values(LOG_FIELDS)) expect(about).not.toBe("");
});

test("no field is there for nothing, and none holds a text, a token or a key", () => {
  const used = new Set(events.flatMap(({ fields }) => fields.map((field) => field.replace("?", ""))));
  expect(Object.keys(LOG_FIELDS).filter((name) => !used.has(name))).toEqual([]);
  for (const name of used) expect(name).not.toMatch(/^(text|token|key|secret|body|arguments|env)$/i);
});

test.each([
  ["events", eventTable],
  ["fields", fieldTable],
] as const)("docs/logs.md has the table of %s", (what, table) => {
  const docs = readFileSync(join(import.meta.dirname, "../../../docs/logs.md"), "utf8");
  const shown = docs.split(`<!-- ${what}:begin -->\n`)[1]?.split(`\n<!-- ${what}:end -->`)[0];
  expect(shown).toBe(table());
});

test("a fault is told with its place, and without what a parser was given", () => {
  const found = faultText(new TypeError("x is not a function"));
  expect(found).toMatch(/^TypeError: x is not a function < at .*log-events\.test/);
  const fault = parseFault('{"text": "a signal\'s words"!');
  expect(faultText(fault)).toMatch(/^SyntaxError < at /);
  expect(faultText(fault)).not.toContain("words");
  expect([faultText("said"), faultText(undefined)]).toEqual(["said", "a thrown undefined"]);
});

function parseFault(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
