import { describe, expect, test } from "vitest";
import { openHubLink } from "../../../src/daemon/hub-link.ts";
import { PrismError } from "../../../src/domain/errors.ts";
import type { Event } from "../../../src/fsm.ts";
import type { HubClientEvents, HubConnection } from "../../../src/net/hub-client.ts";

interface Dialled {
  readonly events: HubClientEvents;
  readonly told: string[];
}

/** A link whose connections the test plays; what it feeds is kept with whether it still counts. */
function stage(connect: (dialled: Dialled) => void = () => {}) {
  const dials: Dialled[] = [];
  const fed: { readonly event: Event; readonly isCurrent: () => boolean }[] = [];
  const link = openHubLink({
    target: () => ({ url: "127.0.0.1:1", token: "right-token" }),
    env: {},
    connectHub: (_options, events) => {
      const dialled: Dialled = { events, told: [] };
      dials.push(dialled);
      connect(dialled);
      const connection: HubConnection = {
        call: (verb) => {
          dialled.told.push(verb);
          return Promise.reject(new PrismError("overloaded", "too many"));
        },
        acknowledge: (through) => dialled.told.push(`acknowledge ${through}`),
        rung: ({ through }) => dialled.told.push(`rung ${through}`),
        pingNow: () => dialled.told.push("ping"),
        close: () => dialled.told.push("close"),
      };
      return connection;
    },
    dialTimeoutMs: 1000,
    startTimeoutMs: 1000,
    introduction: { persona: "reviewer", project: "shop", version: "1.2.3" },
    feed: (event, isCurrent) => fed.push({ event, isCurrent }),
  });
  const counted = () => fed.filter(({ isCurrent }) => isCurrent()).map(({ event }) => event.on);
  return { link, dials, fed, counted };
}

const gone = new PrismError("hub_unreachable", "gone");

describe("the way to the hub", () => {
  test("drops what a connection said that was closed meanwhile, queued or late", () => {
    const { link, dials, counted } = stage();
    link.open();
    dials[0]?.events.opened();
    expect(counted()).toEqual(["socketOpened"]);
    link.close();
    expect(counted()).toEqual([]);
    dials[0]?.events.push("wrapped", { session: "s-1" });
    dials[0]?.events.closed(gone);
    expect(counted()).toEqual([]);
  });

  test("hears only the newest connection", () => {
    const { link, dials, counted } = stage();
    link.open();
    dials[0]?.events.closed(gone);
    link.open();
    expect(counted()).toEqual([]);
    dials[1]?.events.opened();
    dials[0]?.events.push("closing", { reason: "late" });
    expect(counted()).toEqual(["socketOpened"]);
  });

  test("says nothing into a connection that failed while it was dialled", () => {
    const { link, dials, counted } = stage(({ events }) => events.closed(gone));
    link.open();
    expect(counted()).toEqual(["socketClosed"]);
    link.acknowledge(1);
    link.ping();
    link.close();
    expect(dials[0]?.told).toEqual([]);
  });

  test("tells of a refused start", async () => {
    const { link, fed } = stage();
    link.open();
    link.start({ position: 3, session: null });
    await Promise.resolve();
    await Promise.resolve();
    expect(fed.map(({ event }) => event)).toEqual([
      { on: "startRefused", failure: { code: "overloaded", message: "too many" } },
    ]);
  });

  test("has ended once every connection has", async () => {
    const { link, dials } = stage();
    link.open();
    link.close();
    expect(dials[0]?.told).toEqual(["close"]);
    const order: string[] = [];
    const ended = link.closed().then(() => order.push("ended"));
    order.push("closing");
    dials[0]?.events.closed(gone);
    await ended;
    expect(order).toEqual(["closing", "ended"]);
  });
});
