import { describe, expect, it } from "vitest";
import { sameRing, stepsOf } from "../../../../src/hub/core/way.ts";
import type { RingRecord, StoredSignal, StoredWay } from "../../../../src/hub/store/store.ts";
import { signalOf } from "../../../support/store-script.ts";

const ring: RingRecord = {
  ...{ address: 1, through: 5, rungAtMs: 130, takenAtMs: 150, way: "inbox", attempt: 1, host: "laptop" },
};
const facts = { hubHost: "hub-1", pushedAtMs: null, daemonHost: "elsewhere" };

function kept(more: Partial<StoredSignal>): StoredSignal {
  const { head, text } = signalOf({ position: 5, from: "builder@shop", acceptedAtMs: 100 });
  const standing = { state: "drained", pushedAtMs: 110, deliveredAtMs: 120, endedAtMs: 200 } as const;
  return { ...head, text, ...standing, ...more };
}

function told(
  signal: Partial<StoredSignal>,
  way: Partial<StoredWay>,
  more: Partial<typeof facts> = {},
): string[] {
  const steps = stepsOf(kept(signal), { rings: [], reader: null, ...way }, { ...facts, ...more });
  return steps.map(({ name, atMs, host, detail }) => `${atMs} ${name} ${host ?? "-"} ${detail}`.trim());
}

describe("a signal's way", () => {
  it("has every step with its time, host and way", () => {
    const reader = { session: "s-1", surface: "codex", host: "laptop" };
    expect(told({}, { rings: [ring], reader })).toEqual([
      "100 accepted hub-1 from builder@shop",
      "110 pushed hub-1",
      "120 acknowledged laptop",
      "130 rung laptop",
      "150 receipt laptop by inbox",
      "200 drained laptop by session s-1 (codex)",
    ]);
  });

  it("leaves out what is not known, and tells the push that only the running hub has seen", () => {
    const open = { state: "pending", pushedAtMs: null, deliveredAtMs: null, endedAtMs: null } as const;
    expect(told(open, {})).toEqual(["100 accepted hub-1 from builder@shop"]);
    expect(told({ ...open, from: null }, {}, { pushedAtMs: 111 } as unknown as typeof facts)).toEqual([
      "100 accepted hub-1",
      "111 pushed hub-1",
    ]);
  });

  it("ends in an expiry at the hub", () => {
    expect(told({ state: "expired" }, {}).at(-1)).toBe("200 expired hub-1");
  });

  it("takes the first ring for the bell and the first that was taken for the receipt", () => {
    const failed = { ...ring, takenAtMs: null, way: null, attempt: 3 };
    const later = { ...ring, through: 9, rungAtMs: 160, takenAtMs: 170 };
    expect(told({}, { rings: [failed, later] }).slice(3, 5)).toEqual([
      "130 rung laptop 3 times, not taken",
      "170 receipt laptop by inbox, at a later ring",
    ]);
  });

  it("leaves out rings that ended before it came, or began after its end", () => {
    const before = { ...ring, rungAtMs: 80, takenAtMs: 90 };
    const after = { ...ring, through: 8, rungAtMs: 250, takenAtMs: 260 };
    expect(told({}, { rings: [before, after] }).join()).not.toMatch(/rung|receipt/);
  });

  it("puts a ring that was under way when it came behind what it must have followed", () => {
    expect(told({}, { rings: [{ ...ring, rungAtMs: 90 }] }).slice(2)).toEqual([
      "120 acknowledged laptop",
      "120 rung laptop joined a ring under way",
      "150 receipt laptop by inbox",
      "200 drained -",
    ]);
  });

  it("has a ring that began before the hub heard of the acknowledgement behind it, and says nothing of it", () => {
    expect(told({}, { rings: [{ ...ring, rungAtMs: 119 }] })[3]).toBe("120 rung laptop");
  });

  it("has a drain that did not wait for the bell before the receipt", () => {
    const steps = told({}, { rings: [{ ...ring, takenAtMs: 230 }] });
    expect(steps.map((step) => step.split(" ")[1])).toEqual([
      ...["accepted", "pushed", "acknowledged", "rung", "drained", "receipt"],
    ]);
  });
});

it("makes one ring of two for the same: the first, its first receipt, the last number", () => {
  const failed = { ...ring, takenAtMs: null, way: null };
  const second = { ...ring, rungAtMs: 140, takenAtMs: 160, way: "tty", attempt: 2 };
  expect(sameRing(failed, second)).toEqual({ ...ring, takenAtMs: 160, way: "tty", attempt: 2 });
  expect(sameRing(ring, second)).toEqual({ ...ring, attempt: 2 });
});
