import { describe, expect, it } from "vitest";
import { bounds } from "../../../../src/hub/core/bounds.ts";
import { HubDriver } from "../../../support/hub-driver.ts";

const TENANT = "local";
const DAY_MS = 24 * 3_600_000;
const nobody = { tenant: TENANT, scope: "home", session: null } as const;

/** A hub with as many addresses as it takes: `p1@shop` and on, all of the same age. */
function fullHub(): HubDriver {
  let ids = 0;
  const hub = new HubDriver(() => `n${++ids}`);
  for (let at = 1; at <= bounds.addressesMax; at++) hub.core.decide(startOf(`p${at}`), hub.nowMs);
  hub.settle();
  return hub;
}

function startOf(persona: string) {
  const params = { kind: "agent", persona, project: "shop", protocol: 1, version: "1" } as const;
  return { verb: "start", caller: nobody, params, connected: false } as const;
}

function codeOf(hub: HubDriver, command: Parameters<HubDriver["decide"]>[0]): string {
  const { outcome } = hub.decide(command);
  return "ok" in outcome ? "ok" : outcome.error.code;
}

function wrap(hub: HubDriver, persona: string): string {
  return codeOf(hub, { verb: "wrap", caller: nobody, params: { persona, project: "shop" } });
}

function signal(hub: HubDriver, persona: string, ttlMs = 1_000): string {
  const params = { to: `${persona}@shop`, text: "hello", ttlMs };
  return codeOf(hub, { verb: "signal", caller: nobody, params, textBytes: 5 });
}

describe("an address that is over makes room when there are too many", () => {
  it("but one that is still on duty does not", () => {
    const hub = fullHub();
    expect(codeOf(hub, startOf("new"))).toBe("overloaded");
  });

  it("the one wrapped longest ago goes first, for good", () => {
    const hub = fullHub();
    for (const persona of ["p7", "p3"]) {
      expect(wrap(hub, persona)).toBe("ok");
      hub.advance(1_000);
    }
    expect(codeOf(hub, startOf("new"))).toBe("ok");
    expect(signal(hub, "p7")).toBe("target_unknown");
    expect(signal(hub, "p3")).toBe("target_wrapped");
    hub.restart();
    expect(signal(hub, "p7")).toBe("target_unknown");
    expect(signal(hub, "new")).toBe("ok");
    expect(codeOf(hub, startOf("p7"))).toBe("ok");
    expect(codeOf(hub, startOf("p1234567"))).toBe("overloaded");
  });

  it("one that is stale goes only after the retention time", () => {
    const hub = fullHub();
    hub.advance(13 * DAY_MS);
    expect(codeOf(hub, startOf("new"))).toBe("overloaded");
    hub.advance(DAY_MS);
    expect(codeOf(hub, startOf("new"))).toBe("ok");
    expect(signal(hub, "p1")).toBe("target_unknown");
    expect(signal(hub, "p2")).toBe("target_stale");
  });

  it("one with an open or a kept signal stays until that is forgotten, also over a restart", () => {
    const hub = fullHub();
    expect(signal(hub, "p5", DAY_MS)).toBe("ok");
    expect(wrap(hub, "p5")).toBe("ok");
    expect(codeOf(hub, startOf("new"))).toBe("overloaded");
    hub.advance(2 * DAY_MS);
    expect(codeOf(hub, startOf("new"))).toBe("overloaded");
    hub.restart();
    hub.advance(6 * DAY_MS);
    expect(codeOf(hub, startOf("new"))).toBe("overloaded");
    hub.advance(DAY_MS);
    expect(codeOf(hub, startOf("new"))).toBe("ok");
    expect(signal(hub, "p5")).toBe("target_unknown");
  });
});
