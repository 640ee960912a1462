/** Cases after the examples and rules of W3C Trace Context, level 2, section 3.2. */
import { describe, expect, it } from "vitest";
import {
  normalTraceparent,
  traceContextOf,
  tracedBy,
  traceparentGiven,
} from "../../../src/domain/traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const GOOD = `00-${TRACE}-${PARENT}-01`;

describe("a traceparent", () => {
  it.each([
    ["as it is", GOOD, GOOD],
    ["not sampled", `00-${TRACE}-${PARENT}-00`, `00-${TRACE}-${PARENT}-00`],
    ["with the random flag of level 2", `00-${TRACE}-${PARENT}-03`, `00-${TRACE}-${PARENT}-03`],
    [
      "with flags that nobody knows yet: they are not passed on",
      `00-${TRACE}-${PARENT}-ff`,
      `00-${TRACE}-${PARENT}-03`,
    ],
    ["of a later version, as one of version 00", `cc-${TRACE}-${PARENT}-01`, GOOD],
    ["of a later version that says more", `cc-${TRACE}-${PARENT}-01-what-the-future-holds`, GOOD],
  ])("is taken %s", (_, text, normal) => {
    expect(normalTraceparent(text)).toBe(normal);
    expect(traceparentGiven(text)).toBe(normal);
  });

  it.each([
    ["empty", ""],
    ["of version ff", `ff-${TRACE}-${PARENT}-01`],
    ["of version 00 with more behind it", `${GOOD}-more`],
    ["of a later version with more, but no dash", `cc-${TRACE}-${PARENT}-01.more`],
    ["in capitals", GOOD.toUpperCase()],
    ["of a trace of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["of a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["too short", GOOD.slice(0, -1)],
    ["with a blank", ` ${GOOD}`],
    ["of two headers", `${GOOD}, ${GOOD}`],
    ["longer than anybody reads", `cc-${TRACE}-${PARENT}-01-${"x".repeat(600)}`],
    ["with a line feed", `cc-${TRACE}-${PARENT}-01-\n`],
  ])("is refused %s", (_, text) => {
    expect(normalTraceparent(text)).toBeNull();
    expect(() => traceparentGiven(text)).toThrowError(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("is read into its parts", () => {
    expect(traceContextOf(GOOD)).toEqual({ traceId: TRACE, parentId: PARENT, sampled: true });
    expect(traceContextOf(`00-${TRACE}-${PARENT}-02`)).toMatchObject({ sampled: false });
  });
});

describe("a trace told beside the parameters", () => {
  it("is added, and ignored where it is malformed or no text", () => {
    expect(tracedBy(GOOD, { to: "a@b" })).toEqual({ to: "a@b", traceparent: GOOD });
    for (const beside of ["00-nonsense", 7, undefined, [GOOD], { GOOD }])
      expect(tracedBy(beside, { to: "a@b" })).toEqual({ to: "a@b" });
  });

  it("goes behind a parameter of that name, and never into what is no object", () => {
    expect(tracedBy(GOOD, { traceparent: "mine" })).toEqual({ traceparent: "mine" });
    for (const params of ["text", null, [1]]) expect(tracedBy(GOOD, params)).toBe(params);
  });
});
