import { effect } from "@preact/signals";
import { describe, expect, test } from "vitest";
import type { StreamEvents, ToldHappening } from "../../../../src/dashboard/api.ts";
import { Fleet, HAPPENINGS_MAX, newsSince } from "../../../../src/dashboard/page/fleet.ts";
import { FakeFleet } from "../../../support/fake-fleet.ts";

const KEY = "local/scribe@shop";

function opened(): { fleet: Fleet; fake: FakeFleet } {
  const fake = new FakeFleet({ nowMs: 1_800_000_000_000 });
  const fleet = new Fleet();
  fleet.applyOverview(whole(fake));
  return { fleet, fake };
}

function whole(fake: FakeFleet): StreamEvents["overview"] {
  return { overview: structuredClone(fake.overview), happenings: [] };
}

function told(number: number, series = "a"): ToldHappening {
  return { atMs: number, key: KEY, name: "rung", detail: "", count: null, series, number };
}

describe("a change", () => {
  test("redraws the one that changed, and nobody else", () => {
    const { fleet, fake } = opened();
    const drawn: string[] = [];
    for (const { key } of fleet.views.value) {
      effect(() => {
        void fleet.persona(key)?.value;
        drawn.push(key);
      });
    }
    drawn.length = 0;
    const changed = fake.set(KEY, { pending: 4 });
    fleet.applyPersonas({ atMs: 1, changed: [changed], gone: [] });
    expect(drawn).toEqual([KEY]);
  });

  test("that is none redraws nothing", () => {
    const { fleet, fake } = opened();
    let draws = 0;
    effect(() => {
      void fleet.views.value;
      void fleet.hub.value;
      draws += 1;
    });
    fleet.applyOverview(whole(fake));
    expect(draws).toBe(1);
  });

  test("takes who is gone out of all lists", () => {
    const { fleet, fake } = opened();
    fleet.applyPersonas({ atMs: 1, changed: [], gone: [KEY] });
    expect(fleet.persona(KEY)).toBeNull();
    expect(fleet.views.value).toHaveLength(49);
    fake.remove("local/tester@shop");
    fleet.applyOverview(whole(fake));
    expect(fleet.persona("local/tester@shop")).toBeNull();
    expect(fleet.persona(KEY)?.value.key).toBe(KEY);
  });

  test("of a drain counter grows its sparkline", () => {
    const { fleet, fake } = opened();
    fleet.applyHistory(fake.summary());
    const before = fleet.columns(KEY).value?.drains.at(-1) ?? 0;
    const { counters } = fake.overview.personas.find(({ key }) => key === KEY) ?? { counters: undefined };
    if (counters === undefined) throw new Error("nobody");
    const changed = fake.set(KEY, { counters: { ...counters, drains: counters.drains + 3 } });
    fleet.applyPersonas({ atMs: fake.nowMs, changed: [changed], gone: [] });
    expect(fleet.columns(KEY).value?.drains.at(-1)).toBe(before + 3);
  });
});

test("who has no history begins it before our eyes", () => {
  const { fleet, fake } = opened();
  const summary = fake.summary();
  fleet.applyHistory({ ...summary, personas: summary.personas.filter(({ key }) => key !== KEY) });
  const nothing = Array.from({ length: summary.steps }, () => null);
  expect(fleet.columns(KEY).value?.drains).toEqual(nothing);
  const late = { ...fake.set(KEY, {}), key: "local/late@shop" };
  fleet.applyPersonas({ atMs: 1, changed: [late], gone: [] });
  expect(fleet.columns(late.key).value?.drains).toEqual(nothing);
});

describe("happenings", () => {
  test("stand newest first, and are told once", () => {
    const fleet = new Fleet();
    fleet.applyHappenings([told(1), told(2)]);
    fleet.applyHappenings([told(2), told(3)]);
    expect(fleet.happenings.value.map(({ number }) => number)).toEqual([3, 2, 1]);
  });

  test("that every ring has are left out; a state that nobody rang for is told", () => {
    const fleet = new Fleet();
    const state = (number: number, detail: string): ToldHappening => ({
      ...told(number),
      name: "state",
      detail,
    });
    fleet.applyHappenings([state(1, "emitting"), told(2), state(3, "connected")]);
    fleet.applyHappenings([state(3, "connected"), state(4, "disconnected"), state(5, "connected")]);
    expect(fleet.happenings.value.map(({ number }) => number)).toEqual([5, 4, 2]);
  });

  test("of another server are all news", () => {
    const fleet = new Fleet();
    fleet.applyHappenings([told(7)]);
    fleet.applyHappenings([told(1, "b")]);
    expect(fleet.happenings.value.map(({ series, number }) => `${series}${number}`)).toEqual(["b1", "a7"]);
  });

  test("are bounded", () => {
    const fleet = new Fleet();
    fleet.applyHappenings(Array.from({ length: HAPPENINGS_MAX + 50 }, (_, index) => told(index + 1)));
    expect(fleet.happenings.value).toHaveLength(HAPPENINGS_MAX);
    expect(fleet.happenings.value[0]?.number).toBe(HAPPENINGS_MAX + 50);
  });

  test("that came since are counted, also when the one before is long gone", () => {
    const told3 = [told(3), told(2), told(1)];
    expect(newsSince(told3, told(1))).toBe(2);
    expect(newsSince(told3, told(3))).toBe(0);
    expect(newsSince(told3, undefined)).toBe(3);
    expect(newsSince([told(9), told(8)], told(1))).toBe(2);
  });
});
