import { describe, expect, it } from "vitest";
import { glyphsFor, sparkText } from "../../../../src/cli/screen/glyphs.ts";
import { painted } from "../../../../src/cli/screen/line.ts";
import { frameOf } from "../../../../src/cli/top/frame.ts";
import { initialState, type Known, type TopState } from "../../../../src/cli/top/model.ts";
import { hubViewOf, overviewOf, viewOf } from "../../../support/overview-samples.ts";

const NOW = 1_795_000_000_000;
const GLYPHS = glyphsFor({ LANG: "C.UTF-8" }, "linux");
const DEAF = viewOf({
  ...{ key: "local/builder@billing", persona: "builder", project: "billing", standing: "deaf" },
  ...{
    state: "silent",
    stateSinceMs: NOW - 12_000,
    reason: "its daemon, process 7, runs and does not answer",
  },
  remedy: "start it: prism daemon --persona builder --project /work/billing",
});
const WAITING = viewOf({
  ...{ standing: "waiting", pending: 3, urgent: 1, oldestAtMs: NOW - 61_000, stateSinceMs: NOW - 7_200_000 },
  ...{ senders: [{ from: "planner@shop", count: 2 }], lastRingAtMs: NOW - 5000, lastOutcome: "taken" },
  ...{ attempts: 2, nextRingAtMs: NOW + 20_000, lastLatencyMs: 12.4 },
  surface: { name: "claude-code", path: "inbox", agent: "busy" },
});

function stateOf(known: Partial<Known> = {}, more: Partial<TopState> = {}): TopState {
  const overview = overviewOf([DEAF, WAITING], hubViewOf({ startedAtMs: NOW - 3_600_000 }));
  return { ...initialState({ overview, hours: new Map(), happenings: [], ...known }), ...more };
}

function text(state: TopState, columns: number, rows: number): string[] {
  return frameOf(state, { nowMs: NOW, columns, rows, glyphs: GLYPHS }).lines.map(({ line }) =>
    painted(line, { isColoured: false }).trimEnd(),
  );
}

describe("the screen of prism top", () => {
  it("has the worst first, each column with room, and what helps the one at the cursor", () => {
    const hours = new Map([["local/reviewer@shop", [null, 0, 1, 4]]]);
    const lines = text(stateOf({ hours }), 150, 13);
    expect(lines.slice(1)).toEqual([
      "1 persona is deaf. 3 signals wait, the oldest for 1 min",
      "1 ⊘ Deaf 1  2 ▲ Stuck 0  3 ◐ Waiting 1  4 ● Well 0  5 – Off 0",
      "",
      expect.stringMatching(
        /^ {2}Standing↑ +Persona +Daemon +Surface +Waits +From +Last ring +Next +Latency +Last hour$/,
      ),
      expect.stringMatching(/^› ⊘ Deaf +builder@billing +no answer 12 s +terminal +0 +never$/),
      expect.stringMatching(
        /^ {2}◐ Waiting +reviewer@shop +connected 2 h +claude-code busy .*3 !1 1 min +planner +✓ 5 s +2× in 20 s +12 ms +▁▃█$/,
      ),
      ...["", "", ""],
      "⊘ builder@billing: its daemon, process 7, runs and does not answer",
      "→ start it: prism daemon --persona builder --project /work/billing",
      "? keys  q quit  Enter inspect  / find  1-5 only  s sort: worst  e happenings  p pause",
    ]);
    expect(lines[0]).toMatch(/^laptop {2}hub ● answers 1 ms {2}0 agents {2}1 daemons .*\d\d:\d\d:\d\d$/);
  });

  it("keeps who, how and how many on the narrowest one", () => {
    const lines = text(stateOf(), 40, 12);
    expect(lines.find((line) => line.includes("builder"))).toMatch(
      /^› ⊘ Deaf builder@billing {2}no answer 0$/,
    );
  });

  it.each([1, 2, 3, 5])("shows the cursor's row on a screen of %i rows", (rows) => {
    expect(text(stateOf(), 80, rows).join("\n")).toContain("builder@billing");
  });

  it("says that the hub is gone, since when and what to do", () => {
    const hub = hubViewOf({
      ...{ answers: false, sinceMs: NOW - 90_000, reason: "nobody listens at 127.0.0.1:7747" },
      remedy: "start it: prism hub",
    });
    const shown = text(stateOf({ overview: overviewOf([WAITING], hub) }), 100, 20).join("\n");
    expect(shown).toContain("hub ⊘ no answer for 1 min");
    expect(shown).toContain("The hub does not answer. 3 signals wait");
    expect(shown).toContain("nobody listens at 127.0.0.1:7747\nstart it: prism hub\n");
  });

  it("inspects one: why, a command to copy, whose signals wait, counters, what happened", () => {
    const happenings = [{ atMs: NOW, key: DEAF.key, name: "silent" as const, detail: "", count: null }];
    const state = stateOf({ happenings }, { view: "inspect", chosen: DEAF.key });
    const shown = text(state, 80, 40).join("\n");
    expect(shown).toContain("builder@billing  ⊘ Deaf  local on laptop");
    expect(shown).toContain("\nstart it:\n  prism daemon --persona builder --project /work/billing\n");
    expect(shown).toMatch(/Process +4711/);
    expect(shown).toMatch(/\d\d:\d\d:\d\d {2}daemon does not answer/);
    const waiting = text(stateOf({}, { view: "inspect", chosen: WAITING.key }), 80, 40).join("\n");
    expect(waiting).toContain(
      "  3, 1 urgent, the oldest for 1 min\n       2  planner@shop\n       1  others\n",
    );
  });

  it("tells what happens in a pane of its own, where there is room", () => {
    const happenings = [
      { atMs: NOW, key: "local/reviewer@shop", name: "waits" as const, detail: "", count: 2 },
      {
        atMs: NOW,
        key: "local/builder@billing",
        name: "ringFailed" as const,
        detail: "no agent",
        count: null,
      },
    ];
    const shown = text(stateOf({ happenings }, { hasHappenings: true }), 80, 24).join("\n");
    expect(shown).toMatch(/reviewer@shop {4}2 signals wait\n\S+ {2}builder@billing {2}ring failed: no agent/);
  });

  it("says what to do where nobody lives, and where nobody passes", () => {
    expect(text(stateOf({ overview: overviewOf([]) }), 80, 12).join("\n")).toContain(
      "Nobody lives here yet.",
    );
    const none = { standings: [], search: "zzz", sort: "worst" as const };
    expect(text(stateOf({}, { selection: none }), 80, 12).join("\n")).toContain("Esc shows all again");
  });
});

describe("signs", () => {
  it("are plain letters where the terminal knows no others", () => {
    expect(glyphsFor({ LANG: "C" }, "linux").standings.deaf).toBe("X");
    expect(glyphsFor({ TERM: "linux", LANG: "C.UTF-8" }, "linux").bars).toContain("#");
    expect(glyphsFor({}, "linux").standings.deaf).toBe("⊘");
  });

  it("draw values against the highest, with gaps where nothing is known", () => {
    expect(sparkText([0, null, 5, 10], GLYPHS)).toBe("▁ ▅█");
    expect(sparkText([1, 0], GLYPHS, 4)).toBe("▃▁");
  });
});
