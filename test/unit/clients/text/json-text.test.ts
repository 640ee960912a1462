import { describe, expect, it } from "vitest";
import {
  insertJson,
  isPlainJson,
  type Json,
  type JsonPath,
  readJson,
  removeJson,
  replaceJson,
} from "../../../../src/clients/text/json-text.ts";
import { thrownBy } from "../../../support/thrown.ts";

const read = (text: string) => readJson(text, "the settings");
const item = (text: string, container: string[], value: Json) =>
  insertJson(read(text), { container, value }, "the settings");
const member = (text: string, container: string[], key: string, value: Json) =>
  insertJson(read(text), { container, key, value }, "the settings");
const removed = (text: string, path: JsonPath) => removeJson(read(text), path, { base: undefined });

describe("a value is put in as a person would write it there", () => {
  it.each([
    ["beside others on one line", '{\n  "allow": ["a", "b"]\n}', '{\n  "allow": ["a", "b", "c"]\n}'],
    [
      "in a list with lines",
      '{\n  "allow": [\n    "a"\n  ]\n}',
      '{\n  "allow": [\n    "a",\n    "c"\n  ]\n}',
    ],
    [
      "with tabs and Windows' line ends",
      '{\r\n\t"allow": [\r\n\t\t"a"\r\n\t]\r\n}',
      '{\r\n\t"allow": [\r\n\t\t"a",\r\n\t\t"c"\r\n\t]\r\n}',
    ],
    ["into an empty list", '{\n    "allow": []\n}\n', '{\n    "allow": [\n        "c"\n    ]\n}\n'],
    ["into a text without spaces", '{"allow":["a"]}', '{"allow":["a","c"]}'],
    [
      "behind a closing comma",
      '{\n  "allow": [\n    "a",\n  ],\n}',
      '{\n  "allow": [\n    "a",\n    "c",\n  ],\n}',
    ],
    [
      "behind the comment on the last value",
      '{"allow": [\n  "a" // mine\n]}',
      '{"allow": [\n  "a", // mine\n  "c"\n]}',
    ],
    ["where nothing is yet", "", '{\n  "allow": [\n    "c"\n  ]\n}\n'],
    ["where the list is missing", '{"model": "x"}\n', '{"model": "x", "allow": ["c"]}\n'],
    [
      "into the last of two of one name",
      '{"allow": ["a"], "allow": ["b"]}',
      '{"allow": ["a"], "allow": ["b", "c"]}',
    ],
  ])("%s", (_, before, after) => {
    expect(item(before, ["allow"], "c")).toBe(after);
  });

  it("what is long gets lines of its own, also beside what stands on one", () => {
    const long = { command: "x".repeat(60) };
    expect(item('{\n  "a": [{"b": 1}]\n}', ["a"], long)).toBe(
      `{\n  "a": [{"b": 1},\n    {\n      "command": "${"x".repeat(60)}"\n    }]\n}`,
    );
  });

  it("a member that needs quoting", () => {
    expect(member('{"a": {}}', ["a"], 'b"c', null)).toBe('{"a": {"b\\"c": null}}');
  });
});

describe("a value is taken out, and nothing else", () => {
  it.each([
    ["the last, with the comma before it", '{"a": 1, "b": 2}', ["b"], '{"a": 1}'],
    ["the first, with the comma behind it", '{"a": 1, "b": 2}', ["a"], '{"b": 2}'],
    ["one between", '["a", "b", "c"]', [1], '["a", "c"]'],
    ["the only one", '{ "a": 1 }', ["a"], "{}"],
    ["the last, a closing comma stays", "[\n  1,\n  2,\n]", [1], "[\n  1,\n]"],
    [
      "comments before and behind stay",
      '{\n  "a": 1, // one\n  // two\n  "b": 2 // three\n}',
      ["b"],
      '{\n  "a": 1 // one\n  // two // three\n}',
    ],
    [
      "what follows does not become a comment",
      '{\n  "a": 1, // one\n  "b": 2, "c": 3\n}',
      ["b"],
      '{\n  "a": 1, // one\n   "c": 3\n}',
    ],
    ["a comma behind a comment", '{"a": 1 /* x */, "b": 2}', ["a"], '{ /* x */ "b": 2}'],
    ["what is not there", '{"a": 1}', ["b"], '{"a": 1}'],
  ] as [string, string, JsonPath, string][])("%s", (_, before, path, after) => {
    expect(removed(before, path)).toBe(after);
    expect(() => read(after)).not.toThrow();
  });
});

it("a value is replaced in the manner in which it stands", () => {
  expect(replaceJson(read('{"a": {"b": 1}, "c": 2}'), ["a"], { b: [1, 2] })).toBe(
    '{"a": {"b": [1, 2]}, "c": 2}',
  );
  expect(replaceJson(read('{\n\t"a": {\n\t\t"b": 1\n\t}\n}'), ["a"], { b: 2 })).toBe(
    '{\n\t"a": {\n\t\t"b": 2\n\t}\n}',
  );
});

describe("what can't be read is named with line and column", () => {
  it.each([
    ["{", "the settings is not JSON at line 1, column 2: close brace expected"],
    ['{\n  "a": tru\n}', "the settings is not JSON at line 2, column 8: invalid symbol"],
    ['{"a": "x', "the settings is not JSON at line 1, column 7: unexpected end of string"],
    ["[".repeat(200_000), "the settings is nested too deeply to be read"],
  ])("%s", (text, message) => {
    expect(thrownBy(() => read(text))).toMatchObject({ code: "malformed", message });
  });
});

it("tells what every reader of JSON takes from what only we do", () => {
  expect(['{"a": 1}', '\ufeff{"a": 1}'].map(isPlainJson)).toEqual([true, true]);
  expect(['{"a": 1,}', "{} // x"].map(isPlainJson)).toEqual([false, false]);
});
