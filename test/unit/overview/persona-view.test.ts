/** One persona out of two words: its daemon's and the hub's. */
import { describe, expect, it } from "vitest";
import type { SessionReport, StatusAnswer, WaitingReport } from "../../../src/domain/verbs.ts";
import type { DaemonStatus } from "../../../src/ipc.ts";
import {
  hubReportOf,
  type LocalFacts,
  type Moment,
  personaViews,
} from "../../../src/overview/persona-view.ts";
import { daemonStatus } from "../../support/ipc-stage.ts";

const NOW = 1_000_000;

function session(more: Partial<SessionReport> = {}): SessionReport {
  return {
    ...{ session: "s-1", kind: "daemon", address: "reviewer@shop", surface: "terminal", host: "laptop" },
    ...{ root: "/work/shop", version: "0.1.0", liveness: "alive", connected: true, master: false },
    ...{ startedAtMs: 10, lastHeardAtMs: 20 },
    ...more,
  };
}

function waiting(more: Partial<WaitingReport> = {}): WaitingReport {
  const senders = [{ from: "planner@shop", count: 2 }];
  return {
    to: "reviewer@shop",
    open: 2,
    urgent: 1,
    pending: 0,
    delivered: 2,
    oldestAtMs: 500,
    senders,
    ...more,
  };
}

function moment(answer: Partial<StatusAnswer> = {}, more: Partial<Moment> = {}): Moment {
  const status: StatusAnswer = {
    hub: { id: "h", version: "0.1.0", protocol: 1, nowMs: NOW, startedAtMs: 1 },
    ...{ tenant: "local", agents: [], daemons: [], waiting: [] },
    ...answer,
  };
  return { nowMs: NOW, host: "laptop", hub: hubReportOf(status), hubAheadMs: 0, ...more };
}

function local(daemon: LocalFacts["daemon"], more: Partial<LocalFacts> = {}): LocalFacts {
  const address = { persona: "reviewer", project: "shop" };
  return {
    place: { tenant: "local", address },
    daemon,
    sinceMs: 77,
    last: null,
    root: null,
    service: null,
    ...more,
  };
}

function answering(more: Partial<DaemonStatus> = {}): LocalFacts {
  const status = { ...daemonStatus, ...more };
  return local({ reach: "answers", status, unconnectedSinceMs: null }, { last: status, root: status.root });
}

describe("a persona of this host", () => {
  it("is told by its daemon where that answers", () => {
    const position = {
      through: 3,
      open: 1,
      urgent: 0,
      oldestAtMs: 400,
      senders: [{ from: "ci@shop", count: 1 }],
    };
    const facts = answering({
      position,
      drains: { count: 4, lastAtMs: 300 },
      doorbell: {
        ...daemonStatus.doorbell,
        lastRungAtMs: 350,
        lastLatencyMs: 9,
        lastRingAtMs: 350,
        lastPath: "tmux",
      },
      agents: [{ client: "codex", session: "t", state: "busy", stateSinceMs: 1, heardAtMs: 1 }],
    });
    const [view] = personaViews([facts], moment({ waiting: [waiting()], daemons: [session()] }));
    expect(view).toMatchObject({
      ...{ key: "local/reviewer@shop", isLocal: true, state: "connected", pending: 1, oldestAtMs: 400 },
      senders: [{ from: "ci@shop", count: 1 }],
      surface: { name: "terminal", path: "tmux", agent: "busy" },
      ...{ lastRungAtMs: 350, lastLatencyMs: 9, lastDrainAtMs: 300, pid: 4711 },
      counters: { drains: 4 },
    });
  });

  it("is told by the hub, by this host's clock, where its daemon does not answer or has no hub", () => {
    const silent = local({ reach: "silent", pid: 9, why: null }, { last: daemonStatus });
    const lost = answering({ hub: { ...daemonStatus.hub, connected: false } });
    for (const facts of [silent, lost]) {
      const [view] = personaViews([facts], moment({ waiting: [waiting()] }, { hubAheadMs: 100 }));
      expect(view).toMatchObject({ pending: 2, urgent: 1, oldestAtMs: 400 });
    }
    const [view] = personaViews([silent], moment());
    expect(view).toMatchObject({ standing: "deaf", state: "silent", stateSinceMs: 77, pid: 9, attempts: 0 });
  });

  it("keeps what was known last where neither is there, and says no more of a daemon of an older build", () => {
    const last = { ...daemonStatus, position: { through: 3, open: 5, urgent: 1 } };
    const { drains: _drains, ...older } = last;
    const [view] = personaViews(
      [local({ reach: "down", isLeft: true }, { last: older })],
      moment({}, { hub: null }),
    );
    expect(view).toMatchObject({ state: "down", pending: 5, oldestAtMs: null, pid: null, startedAtMs: null });
    expect(view).toMatchObject({ lastDrainAtMs: null, counters: { drains: 0 } });
  });

  it("of another tenant than the hub told of hears nothing of that hub", () => {
    const place = { tenant: "other", address: { persona: "reviewer", project: "shop" } };
    const views = personaViews(
      [local({ reach: "down", isLeft: false }, { place })],
      moment({ waiting: [waiting()] }),
    );
    expect(views.map(({ key, pending }) => [key, pending])).toEqual([["other/reviewer@shop", 0]]);
  });
});

describe("a persona of another host", () => {
  it("is told by the hub alone", () => {
    const daemons = [session({ host: "attic", startedAtMs: 110 })];
    const [view] = personaViews([], moment({ daemons, waiting: [waiting()] }, { hubAheadMs: 100 }));
    expect(view).toMatchObject({
      ...{
        key: "local/reviewer@shop",
        isLocal: false,
        host: "attic",
        standing: "waiting",
        state: "connected",
      },
      ...{ stateSinceMs: 10, pending: 2, pid: null, root: "/work/shop" },
    });
  });

  it("that has moved there leaves nothing of itself here", () => {
    const facts = local({ reach: "down", isLeft: true });
    const views = personaViews([facts], moment({ daemons: [session({ host: "attic" })] }));
    expect(views.map(({ host, standing }) => [host, standing])).toEqual([["attic", "well"]]);
  });

  it("counts once, by the session that is connected, else by the one heard from last", () => {
    const daemons = [
      session({ session: "old", connected: false, host: "cellar", lastHeardAtMs: 900 }),
      session({ session: "new", host: "attic" }),
      session({ session: "older", connected: false, host: "shed", lastHeardAtMs: 950 }),
    ];
    expect(personaViews([], moment({ daemons })).map(({ host }) => host)).toEqual(["attic"]);
    const lost = daemons.filter(({ connected }) => !connected);
    expect(personaViews([], moment({ daemons: lost })).map(({ host }) => host)).toEqual(["shed"]);
  });

  it("that is archived is shown as off, also without a session", () => {
    const archived = [{ address: "planner@shop", archivedAtMs: 40, open: 0 }];
    const [view] = personaViews([], moment({ archived }));
    expect(view).toMatchObject({ key: "local/planner@shop", standing: "off", stateSinceMs: 40 });
    expect(view?.remedy).toBe("put it back on duty: prism persona restore planner@shop");
  });
});

it("stands before those that are better off, then by key", () => {
  const named = (persona: string, daemon: LocalFacts["daemon"]): LocalFacts =>
    local(daemon, { place: { tenant: "local", address: { persona, project: "shop" } } });
  const well = { reach: "answers", status: daemonStatus, unconnectedSinceMs: null } as const;
  const views = personaViews(
    [
      named("d", { reach: "down", isLeft: false }),
      named("b", well),
      named("a", well),
      named("z", { reach: "silent", pid: null, why: null }),
    ],
    moment(),
  );
  expect(views.map(({ persona, standing }) => `${persona} ${standing}`)).toEqual([
    ...["z deaf", "a well", "b well", "d off"],
  ]);
});
