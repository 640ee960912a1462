import { describe, expect, it } from "vitest";
import { actionFor } from "../../../../src/cli/top/keys.ts";
import {
  after,
  cursorOf,
  initialState,
  momentOf,
  offsetOf,
  rowsOf,
  shownOf,
  type TopState,
} from "../../../../src/cli/top/model.ts";
import type { Overview } from "../../../../src/domain/overview.ts";
import { FakeFleet } from "../../../support/fake-fleet.ts";
import { overviewOf } from "../../../support/overview-samples.ts";

const NOW = 1_795_000_000_000;
const ROOM = { nowMs: NOW, rows: 10, lines: 40 };
const { overview } = new FakeFleet({ nowMs: NOW });

function begun(of: Overview = overview): TopState {
  return initialState({ overview: of, hours: new Map(), happenings: [] });
}

function typed(keys: readonly string[], from: TopState = begun()): TopState {
  return keys.reduce((state, key) => {
    const action = actionFor(key, state.isTyping);
    return action === null ? state : after(state, action, ROOM);
  }, from);
}

function chosen(state: TopState): number {
  return cursorOf(state, rowsOf(state, NOW));
}

describe("prism top's keys", () => {
  it("move the cursor, within the rows", () => {
    expect(chosen(typed(["j", "ArrowDown", "k"]))).toBe(1);
    expect(chosen(typed(["k"]))).toBe(0);
    expect(chosen(typed(["PageDown"]))).toBe(9);
    expect(chosen(typed(["End", "j"]))).toBe(49);
    expect(chosen(typed(["G", "PageUp"]))).toBe(40);
    expect(chosen(typed(["G", "g"]))).toBe(0);
  });

  it("scroll no further than the cursor needs", () => {
    const down = typed(Array.from({ length: 12 }, () => "j"));
    expect(offsetOf(down, rowsOf(down, NOW), 10)).toBe(3);
    const up = typed(["k", "k", "k"], down);
    expect(offsetOf(up, rowsOf(up, NOW), 10)).toBe(3);
    // A taller screen leaves no row empty.
    const last = typed(["G"]);
    expect(offsetOf(last, rowsOf(last, NOW), 100)).toBe(0);
  });

  it("show only some standings, or those with the words", () => {
    const bad = rowsOf(typed(["1", "2"]), NOW);
    expect(new Set(bad.map(({ standing }) => standing))).toEqual(new Set(["deaf", "stuck"]));
    expect(rowsOf(typed(["1", "2", "0"]), NOW)).toHaveLength(50);
    const found = typed(["/", ..."review", "Enter"]);
    expect(found.isTyping).toBe(false);
    expect(rowsOf(found, NOW).every(({ key }) => key.includes("review"))).toBe(true);
    expect(typed(["/", "a", "b", "Backspace"]).selection.search).toBe("a");
    // q is a letter while one types, and the way out otherwise.
    expect(typed(["/", "q"]).selection.search).toBe("q");
    expect(actionFor("q", false)).toEqual({ do: "quit" });
    expect(actionFor("Ctrl-C", true)).toEqual({ do: "quit" });
    expect(rowsOf(typed(["Escape"], found), NOW)).toHaveLength(50);
  });

  it("sort by one column after the other, and the other way round", () => {
    const byName = typed(["s"]);
    const keys = rowsOf(byName, NOW).map(({ key }) => key);
    expect(keys).toEqual(keys.toSorted());
    expect(rowsOf(typed(["S"], byName), NOW).map(({ key }) => key)).toEqual(keys.toReversed());
    expect(typed(["s", "s", "s", "s", "s", "s"]).selection.sort).toBe("worst");
  });

  it("inspect one, its neighbours, and come back", () => {
    const open = typed(["j", "Enter"]);
    expect(open).toMatchObject({ view: "inspect", chosen: rowsOf(begun(), NOW)[1]?.key });
    expect(typed(["ArrowRight"], open).chosen).toBe(rowsOf(begun(), NOW)[2]?.key);
    expect(typed(["j", "j"], open).scroll).toBe(2);
    expect(typed(["End"], open).scroll).toBe(30);
    expect(typed(["Escape"], open).view).toBe("list");
    expect(typed(["Enter"], begun(overviewOf([]))).view).toBe("list");
  });

  it("hold everything still, and go on", () => {
    const held = typed(["p"]);
    const later = { ...held, known: { ...held.known, overview: overviewOf() } };
    expect(shownOf(later).overview).toBe(overview);
    expect(momentOf(later, NOW + 60_000)).toBe(NOW);
    expect(shownOf(typed(["p"], later)).overview.personas).toHaveLength(1);
  });
});

describe("the cursor", () => {
  it("stays on its persona while others come and go, and near it when it is gone", () => {
    const state = typed(["j", "j", "j"]);
    const [first, ...others] = overview.personas;
    const fewer = { ...state, known: { ...state.known, overview: { ...overview, personas: others } } };
    expect(rowsOf(fewer, NOW)[cursorOf(fewer, rowsOf(fewer, NOW))]?.key).toBe(state.chosen);
    expect(first?.key).not.toBe(state.chosen);
    const gone = { ...state, known: { ...state.known, overview: overviewOf() } };
    expect(cursorOf(gone, rowsOf(gone, NOW))).toBe(0);
  });

  it("stands on whoever is first until it is moved", () => {
    expect(chosen(begun())).toBe(0);
    expect(begun().chosen).toBeNull();
  });
});
