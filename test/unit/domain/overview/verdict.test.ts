import { describe, expect, test } from "vitest";
import {
  headlineText,
  isHubsFault,
  titleOf,
  verdictOn,
  waitingText,
} from "../../../../src/domain/overview/verdict.ts";
import type { PersonaView } from "../../../../src/domain/overview.ts";
import { FakeFleet } from "../../../support/fake-fleet.ts";

const NOW_MS = 1_800_000_000_000;

function host(standings: readonly PersonaView["standing"][]) {
  const fleet = new FakeFleet({ nowMs: NOW_MS, personas: Math.min(9, standings.length) });
  fleet.overview.personas.forEach(({ key }, index) => {
    fleet.set(key, { standing: standings[index] ?? "well" });
  });
  return fleet;
}

function headline(standings: readonly PersonaView["standing"][], hubGone = false): string {
  const { hub, overview } = host(standings);
  return headlineText(verdictOn(overview.personas, { ...hub, answers: !hubGone }).headline);
}

describe("the headline", () => {
  test.each([
    [["well", "waiting", "off"], "Every persona is heard"],
    [["well"], "The persona here is heard"],
    [[], "Nobody lives here yet"],
    [["deaf", "well"], "1 persona is deaf"],
    [["deaf", "deaf", "stuck"], "2 personas are deaf, 1 is stuck"],
    [["stuck", "stuck"], "2 personas are stuck"],
  ] as const)("of %j is %s", (standings, text) => {
    expect(headline(standings)).toBe(text);
  });

  test("begins with the hub if that is gone", () => {
    expect(headline(["deaf"], true)).toBe("The hub does not answer: 1 persona is deaf");
    expect(headline(["well"], true)).toBe("The hub does not answer");
  });
});

describe("what waits", () => {
  test("is counted over all, with the age of the oldest", () => {
    const fleet = host(["waiting", "stuck", "well"]);
    const [one, two] = fleet.overview.personas;
    fleet.set(one?.key ?? "", { pending: 2, oldestAtMs: NOW_MS - 61_000 });
    fleet.set(two?.key ?? "", { pending: 12, oldestAtMs: NOW_MS - 1000 });
    const verdict = verdictOn(fleet.overview.personas, fleet.hub);
    expect(waitingText(verdict, NOW_MS)).toBe("14 signals wait, the oldest for 1\u202fmin");
  });

  test.each([
    [0, null, "nothing waits"],
    [1, NOW_MS - 3000, "1 signal waits, for 3\u202fs"],
    [2, null, "2 signals wait"],
  ])("%i: %s", (pending, oldestAtMs, text) => {
    expect(waitingText({ headline: [], pending, oldestAtMs }, NOW_MS)).toBe(text);
  });
});

test("a tab's title begins with the bad news", () => {
  const { personas } = host(["deaf", "stuck", "well"]).overview;
  expect(titleOf(personas, "forge-01")).toBe("1 deaf, 1 stuck \u00b7 forge-01 \u00b7 Prism");
  expect(titleOf([], "forge-01")).toBe("All heard \u00b7 forge-01 \u00b7 Prism");
});

test("only who is deaf for want of the hub is deaf by the hub's fault", () => {
  const fleet = new FakeFleet({ nowMs: NOW_MS });
  const killed = fleet.overview.personas.find(({ key }) => key === "local/tester@shop") as PersonaView;
  const cut: PersonaView = { ...killed, state: "disconnected" };
  const gone = { ...fleet.hub, answers: false };
  expect(isHubsFault(cut, gone)).toBe(true);
  expect(isHubsFault(killed, gone)).toBe(false);
  expect(isHubsFault(cut, fleet.hub)).toBe(false);
});
