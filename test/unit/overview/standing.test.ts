/** The verdict, case by case: each row one thing that an operator would want to be told, and the word for it. */
import { describe, expect, it, test } from "vitest";
import type { DaemonStatus } from "../../../src/ipc.ts";
import { CASES, HUB_GRACE_MS, type StandingFacts, standingOf } from "../../../src/overview/standing.ts";
import { daemonStatus } from "../../support/ipc-stage.ts";

const NOW = 1_000_000_000;

type Parts = {
  readonly [K in "hub" | "doorbell" | "lifecycle" | "surface"]?: Partial<DaemonStatus[K]>;
} & { readonly agents?: DaemonStatus["agents"] };

function answers(parts: Parts = {}, unconnectedSinceMs: number | null = null): StandingFacts["daemon"] {
  const status: DaemonStatus = {
    ...daemonStatus,
    agents: parts.agents ?? [],
    hub: { ...daemonStatus.hub, ...parts.hub },
    doorbell: { ...daemonStatus.doorbell, ...parts.doorbell },
    lifecycle: { ...daemonStatus.lifecycle, ...parts.lifecycle },
    surface: { ...daemonStatus.surface, ...parts.surface },
  };
  return { reach: "answers", status, unconnectedSinceMs };
}

function facts(more: Partial<StandingFacts> = {}): StandingFacts {
  return {
    ...{ nowMs: NOW, persona: "reviewer", project: "shop", root: "/work/shop", service: null, pending: 0 },
    daemon: answers(),
    hub: { archivedAtMs: null, liveness: "alive" },
    ...more,
  };
}

const unreachable = {
  code: "hub_unreachable",
  message: "nobody listens there",
  hint: "start the hub",
} as const;
const unauthorized = { code: "unauthorized", message: "the hub does not know the token" } as const;
const busy = { client: "codex", session: "s", state: "busy", stateSinceMs: NOW, heardAtMs: NOW } as const;
const standing = { standing: true, attempts: 3, lastRungAtMs: NOW - 9000, lastOutcome: "taken" } as const;
const failing = {
  ...standing,
  lastOutcome: "failed",
  lastReason: "no pane of that name",
  attempts: 1,
} as const;
const path = (name: string, state: "fails" | "unready" | "works") => ({
  ...{ name, state, reason: state === "works" ? null : `${name} is shut`, lastTakenAtMs: null },
});

const ROWS: readonly (readonly [
  what: string,
  facts: Partial<StandingFacts>,
  standing: string,
  says: RegExp | null,
])[] = [
  ["all is quiet", {}, "well", null],
  ["a signal came a moment ago", { pending: 1 }, "waiting", null],
  ["its agent is in a turn", { pending: 1, daemon: answers({ agents: [busy] }) }, "waiting", /in a turn/],
  [
    "it was rung once",
    { pending: 1, daemon: answers({ doorbell: { ...standing, attempts: 1 } }) },
    "waiting",
    null,
  ],
  ["it was rung and rung", { pending: 2, daemon: answers({ doorbell: standing }) }, "stuck", /rung 3 times/],
  [
    "it was rung and is in a turn",
    { pending: 2, daemon: answers({ doorbell: standing, agents: [busy] }) },
    "stuck",
    /rung 3 times.*in a turn/,
  ],
  [
    "a further ring is under way",
    { pending: 2, daemon: answers({ doorbell: { ...standing, underWay: true } }) },
    "waiting",
    null,
  ],
  ["what it was rung for is gone", { daemon: answers({ doorbell: standing }) }, "well", null],
  [
    "its surface refuses",
    { pending: 1, daemon: answers({ doorbell: failing }) },
    "deaf",
    /no pane of that name/,
  ],
  [
    "its surface refused and is tried again now",
    { pending: 1, daemon: answers({ doorbell: { ...failing, attempts: 2, underWay: true } }) },
    "deaf",
    /did not take/,
  ],
  [
    "it refused yesterday, and the first ring for what came now is under way",
    { pending: 1, daemon: answers({ doorbell: { ...failing, underWay: true } }) },
    "waiting",
    null,
  ],
  [
    "it refused what has gone since",
    { daemon: answers({ doorbell: { ...failing, standing: false, attempts: 0 } }) },
    "well",
    null,
  ],
  [
    "every way failed, and nothing waits",
    {
      daemon: answers({
        surface: { report: { paths: [path("a", "fails"), path("b", "fails")], resume: null } },
      }),
    },
    "deaf",
    /no way.*a is shut/,
  ],
  [
    "nobody is there, and nothing waits",
    { daemon: answers({ surface: { report: { paths: [path("a", "unready")], resume: null } } }) },
    "well",
    null,
  ],
  [
    "every way failed, but its agent may be started",
    {
      daemon: answers({
        surface: {
          report: {
            paths: [path("a", "fails")],
            resume: { attempts: 0, coolingUntilMs: null, lastReason: null },
          },
        },
      }),
    },
    "well",
    null,
  ],
  [
    "the hub was lost a moment ago",
    {
      pending: 1,
      daemon: answers({ hub: { connected: false, lastError: unreachable } }, NOW - HUB_GRACE_MS + 1),
    },
    "waiting",
    null,
  ],
  [
    "the hub was lost for good",
    { daemon: answers({ hub: { connected: false, lastError: unreachable } }, NOW - HUB_GRACE_MS) },
    "deaf",
    /no hub: nobody listens there/,
  ],
  [
    "the hub turns it away every few seconds",
    {
      daemon: answers(
        {
          hub: { connected: false, lastError: null },
          lifecycle: { state: "reconciling", sinceMs: NOW - 10 },
        },
        NOW - HUB_GRACE_MS,
      ),
    },
    "deaf",
    /no hub/,
  ],
  [
    "the hub does not know its token",
    { daemon: answers({ hub: { connected: false, lastError: unauthorized } }, NOW) },
    "deaf",
    /does not know the token/,
  ],
  [
    "it does not answer",
    { daemon: { reach: "silent", pid: 7, why: null } },
    "deaf",
    /process 7.*does not answer/,
  ],
  [
    "something else answers in its place",
    { daemon: { reach: "silent", pid: null, why: "the daemon of a@b answers in the place of c@d" } },
    "deaf",
    /in the place of/,
  ],
  ["it was killed", { daemon: { reach: "down", isLeft: true } }, "deaf", /killed/],
  ["it was stopped", { daemon: { reach: "down", isLeft: false } }, "off", /stopped/],
  [
    "it was stopped, no hub is there",
    { hub: null, daemon: { reach: "down", isLeft: false } },
    "off",
    /stopped/,
  ],
  [
    "it was stopped, and somebody waits",
    { pending: 2, daemon: { reach: "down", isLeft: false } },
    "deaf",
    /2 signals wait and its daemon is stopped/,
  ],
  [
    "its watch was wrapped",
    { daemon: { reach: "down", isLeft: true }, hub: { archivedAtMs: null, liveness: "wrapped" } },
    "off",
    /ended in order/,
  ],
  [
    "it is archived",
    { daemon: { reach: "down", isLeft: true }, pending: 1, hub: { archivedAtMs: 5, liveness: "wrapped" } },
    "off",
    /archived; 1 signal kept/,
  ],
  [
    "it stands watch elsewhere",
    { daemon: { reach: "elsewhere", host: "attic", connected: true } },
    "well",
    null,
  ],
  [
    "it stands watch elsewhere, and something waits",
    { pending: 1, daemon: { reach: "elsewhere", host: "attic", connected: true } },
    "waiting",
    null,
  ],
  [
    "it is lost elsewhere",
    { daemon: { reach: "elsewhere", host: "attic", connected: false } },
    "deaf",
    /attic/,
  ],
  [
    "it was wrapped elsewhere",
    {
      daemon: { reach: "elsewhere", host: "attic", connected: false },
      hub: { archivedAtMs: null, liveness: "wrapped" },
    },
    "off",
    /in order/,
  ],
];

describe("a persona of which is known that", () => {
  test.each(ROWS)("%s", (_what, more, word, says) => {
    const { standing: judged, reason, remedy } = standingOf(facts(more));
    expect(judged).toBe(word);
    if (says === null) expect(reason).toBeNull();
    else expect(reason).toMatch(says);
    // Whoever is told what is wrong is told what to do.
    if (judged === "deaf" || judged === "stuck" || judged === "off") expect(remedy).not.toBeNull();
    expect(`${reason} ${remedy}`).not.toMatch(/\.( |$)/);
  });
});

describe("the cases", () => {
  it("each decide at least one of the rows above", () => {
    const deciding = ROWS.map(([, more]) => CASES.find(({ judge }) => judge(facts(more)) !== null)?.name);
    expect(new Set(deciding)).toEqual(new Set(CASES.map(({ name }) => name)));
  });

  it("send to its service whoever would start by hand what that is to keep alive", () => {
    const killed = facts({
      daemon: { reach: "down", isLeft: true },
      service: "prism-local-reviewer@shop.service",
    });
    expect(standingOf(killed).remedy).toBe(
      "see how its service prism-local-reviewer@shop.service fares: prism service status",
    );
  });

  it("quote a folder as a shell takes it, and show no control characters", () => {
    const stopped = { daemon: { reach: "down", isLeft: true } } as const;
    expect(standingOf(facts({ ...stopped, root: "/my work/o'brien" })).remedy).toBe(
      "start it: prism daemon --persona reviewer --project '/my work/o'\\''brien'",
    );
    expect(standingOf(facts({ ...stopped, root: null })).remedy).toContain("--project DIR");
    const evil = answers({ doorbell: { ...failing, lastReason: "\u001b[2Jgone" } });
    expect(standingOf(facts({ pending: 1, daemon: evil })).reason).toContain("\\u001b[2Jgone");
  });
});
