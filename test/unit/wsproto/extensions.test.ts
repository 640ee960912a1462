/** The grammar of Sec-WebSocket-Extensions (RFC 6455 section 9.1). */
import { expect, test } from "vitest";
import { parseExtensions } from "../../../src/wsproto/extensions.ts";

test.each([
  ["foo", [{ name: "foo", params: [] }]],
  ["foo; bar", [{ name: "foo", params: [["bar", null]] }]],
  [
    "foo;bar=1;baz",
    [
      {
        name: "foo",
        params: [
          ["bar", "1"],
          ["baz", null],
        ],
      },
    ],
  ],
  [
    'foo; bar="baz"; q="a\\b"',
    [
      {
        name: "foo",
        params: [
          ["bar", "baz"],
          ["q", "ab"],
        ],
      },
    ],
  ],
  [
    "foo ; bar = baz \t, qux",
    [
      { name: "foo", params: [["bar", "baz"]] },
      { name: "qux", params: [] },
    ],
  ],
  [
    "foo,,  , bar",
    [
      { name: "foo", params: [] },
      { name: "bar", params: [] },
    ],
  ],
  ["foo,", [{ name: "foo", params: [] }]],
  [
    "foo; a=1; a=2",
    [
      {
        name: "foo",
        params: [
          ["a", "1"],
          ["a", "2"],
        ],
      },
    ],
  ],
])("%s", (value, expected) => {
  expect(parseExtensions(value)).toEqual(expected);
});

test.each([
  "",
  " ",
  ",",
  "foo bar",
  "foo;",
  "foo; =1",
  "foo; a=",
  'foo; a="b c"',
  'foo; a=""',
  'foo; a="b',
  "foo; a=b c",
  "f(o",
])("%j is malformed", (value) => {
  expect(parseExtensions(value)).toBe(null);
});
