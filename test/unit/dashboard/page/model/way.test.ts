import { describe, expect, test } from "vitest";
import { ticksOf, type WayMark, wayOf } from "../../../../../src/dashboard/page/model/way.ts";
import type { SignalTrace, TraceStepName } from "../../../../../src/domain/overview.ts";

const SIGNAL: SignalTrace["signal"] = {
  ...{ id: "s1", to: "a@b", from: null, urgency: "normal", state: "drained" },
  ...{ acceptedAtMs: 1000, expiresAtMs: 9000, deliveredAtMs: null, drainedAtMs: null },
  ...{ expiredAtMs: null, replyTo: null, final: false },
};

function trace(
  steps: readonly (readonly [TraceStepName, number])[],
  state: SignalTrace["signal"]["state"] = "drained",
): SignalTrace {
  const told = steps.map(([name, atMs]) => ({ name, atMs, host: null, detail: "" }));
  return { signal: { ...SIGNAL, state }, steps: told, traceparent: null };
}

function read(mark: WayMark): string {
  if (mark.kind !== "known") return `${mark.name} ${mark.kind}`;
  return mark.gapMs === null ? mark.step.name : `${mark.step.name} +${mark.gapMs}`;
}

const WHOLE = [
  ["accepted", 1000],
  ["pushed", 1001],
  ["acknowledged", 1003],
  ["rung", 1010],
  ["receipt", 1100],
  ["drained", 5000],
] as const;

describe("a way", () => {
  test("that is known whole has every step with its gap, from 0 to 1", () => {
    const way = wayOf(trace(WHOLE));
    expect(way.marks.map(read)).toEqual([
      ...["accepted", "pushed +1", "acknowledged +2", "rung +7", "receipt +90", "drained +3900"],
    ]);
    expect(way.totalMs).toBe(4000);
    expect(way.isOver).toBe(true);
    const positions = way.marks.flatMap((mark) => (mark.kind === "known" ? [mark.position] : []));
    expect(positions[0]).toBe(0);
    expect(positions.at(-1)).toBe(1);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  test("with holes names what must have been, and claims nothing behind the last", () => {
    const holes = wayOf(trace([WHOLE[0], WHOLE[2], WHOLE[5]]));
    expect(holes.marks.map(read)).toEqual(["accepted", "pushed unknown", "acknowledged +3", "drained +3997"]);
  });

  test("that goes on has steps ahead", () => {
    const open = wayOf(trace([WHOLE[0], WHOLE[1]], "pending"));
    expect(open.isOver).toBe(false);
    expect(open.marks.map(read)).toEqual([
      ...["accepted", "pushed +1", "acknowledged ahead", "rung ahead", "receipt ahead", "drained ahead"],
    ]);
  });

  test("that ended untold says that it did", () => {
    expect(wayOf(trace([WHOLE[0]])).marks.map(read)).toEqual(["accepted", "drained unknown"]);
  });

  test("of two clocks that disagree keeps the sign of the gap", () => {
    const way = wayOf(trace([WHOLE[0], ["pushed", 998], WHOLE[5]]));
    expect(way.marks.slice(0, 2).map(read)).toEqual(["accepted", "pushed +-2"]);
    expect(way.marks[1]).toMatchObject({ position: 0 });
  });
});

test("the ruler has the units that lie within it", () => {
  expect(ticksOf(0)).toEqual([]);
  expect(ticksOf(4000).map(({ atMs }) => atMs)).toEqual([1, 10, 100, 1000]);
});
