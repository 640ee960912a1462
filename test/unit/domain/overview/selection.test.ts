import { describe, expect, test } from "vitest";
import {
  countByStanding,
  type Selection,
  SHORT_WAIT_MS,
  selected,
  toggled,
} from "../../../../src/domain/overview/selection.ts";
import { FakeFleet } from "../../../support/fake-fleet.ts";

const NOW_MS = 1_800_000_000_000;
const personas = new FakeFleet({ nowMs: NOW_MS }).overview.personas;
const shuffled = personas.toSorted((a, b) => (a.pid ?? 0) - (b.pid ?? 0)).reverse();

function shown(change: Partial<Selection>, drainsOf: (key: string) => number = () => 0): string[] {
  return selected(
    shuffled,
    { standings: [], search: "", sort: "worst", ...change },
    { nowMs: NOW_MS, drainsOf },
  );
}

describe("without a filter", () => {
  test("all are shown, the worst first, then by name, as the server orders them", () => {
    expect(shown({})).toEqual(personas.map(({ key }) => key));
  });
});

test("who waits for a moment stays in its place; who waits longer rises", () => {
  const fleet = new FakeFleet({ nowMs: NOW_MS, personas: 3 });
  const wait = (waitMs: number) =>
    fleet.set("local/reviewer@shop", { standing: "waiting", pending: 1, oldestAtMs: NOW_MS - waitMs });
  const order = () =>
    selected(
      fleet.overview.personas,
      { standings: [], search: "", sort: "worst" },
      { nowMs: NOW_MS, drainsOf: () => 0 },
    );
  wait(SHORT_WAIT_MS - 1);
  expect(order()).toEqual(["local/builder@shop", "local/planner@shop", "local/reviewer@shop"]);
  wait(SHORT_WAIT_MS);
  expect(order()[0]).toBe("local/reviewer@shop");
});

describe("a filter", () => {
  test("by standing keeps these alone", () => {
    expect(shown({ standings: ["deaf"] })).toEqual(["local/security@billing", "local/tester@shop"]);
    expect(shown({ standings: ["off", "deaf"] })).toHaveLength(3);
  });

  test("by words finds what a row shows, all of the words, in any case", () => {
    expect(shown({ search: "TESTER  shop" })).toEqual(["local/tester@shop"]);
    expect(shown({ search: "killed" })).toEqual(["local/tester@shop"]);
    expect(shown({ search: "release@infra" })).toContain("local/tester@shop");
    expect(shown({ search: "  " })).toHaveLength(50);
    expect(shown({ search: "reviewer zebra" })).toEqual([]);
  });

  test("by both keeps who passes both", () => {
    expect(shown({ standings: ["stuck"], search: "shop" })).toEqual(["local/designer@shop"]);
  });
});

describe("an order", () => {
  test("by name", () => {
    expect(shown({ sort: "name" })).toEqual(personas.map(({ key }) => key).toSorted());
  });

  test("by what waits: the most first", () => {
    expect(shown({ sort: "pending" }).slice(0, 3)).toEqual([
      "local/planner@infra",
      "local/release@search",
      "local/designer@shop",
    ]);
  });

  test("by drains: the most first, and among equals the worst", () => {
    const busy = "local/scribe@shop";
    expect(shown({ sort: "drains" }, (key) => (key === busy ? 9 : 0)).slice(0, 2)).toEqual([
      busy,
      "local/security@billing",
    ]);
  });
});

test("each is counted once", () => {
  const counts = countByStanding(personas);
  expect(counts).toEqual({ deaf: 2, stuck: 3, waiting: 2, well: 42, off: 1 });
});

test("a standing is added in its order, and taken away", () => {
  expect(toggled(["well"], "deaf")).toEqual(["deaf", "well"]);
  expect(toggled(["deaf", "well"], "deaf")).toEqual(["well"]);
});
