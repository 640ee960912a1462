import { expect, it } from "vitest";
import { limits } from "../../../../src/domain/limits.ts";
import type { PersonaListAnswer, StatusAnswer } from "../../../../src/domain/verbs.ts";
import { HubDriver } from "../../../support/hub-driver.ts";

const TENANT = "local";

function start(hub: HubDriver, persona: string, root: string): void {
  const params = {
    kind: "daemon",
    persona,
    project: "shop",
    root,
    instance: persona,
    protocol: 1,
    version: "1",
  } as const;
  hub.decide({
    verb: "start",
    caller: { tenant: TENANT, scope: "home" },
    params,
    connected: persona === "last",
  });
}

function statusOf(hub: HubDriver, persona?: string): StatusAnswer {
  const { outcome } = hub.decide({
    verb: "status",
    caller: { tenant: TENANT, scope: "home", session: null },
    params: persona === undefined ? {} : { persona },
  });
  if (!("ok" in outcome)) throw new Error(outcome.error.message);
  return outcome.ok as StatusAnswer;
}

function hubOf(count: number, root: string): HubDriver {
  let ids = 0;
  const hub = new HubDriver(() => `n${++ids}`);
  for (let at = 1; at < count; at++) start(hub, `p${at}`, root);
  start(hub, "last", root);
  hub.advance(600_000);
  return hub;
}

it("a status that would be too long counts what it leaves out, and shows who lives", () => {
  const hub = hubOf(3_000, "/src/shop");
  const { daemons, agents, omitted } = statusOf(hub);
  expect(daemons).toHaveLength(500);
  expect(agents).toEqual([]);
  expect(omitted).toEqual({ agents: 0, daemons: 2_500, waiting: 0 });
  expect(daemons[0]).toMatchObject({ address: "last@shop", connected: true });
  expect(statusOf(hub, "p7")).toMatchObject({ daemons: [{ address: "p7@shop" }] });
  expect(statusOf(hub, "p7")).not.toHaveProperty("omitted");
});

it("fits into one message, whatever the folders are called", () => {
  for (const root of ["\u0001".repeat(4_000), "\u20ac".repeat(1_300)]) {
    const answer = statusOf(hubOf(600, root));
    const bytes = Buffer.byteLength(JSON.stringify(answer));
    expect(bytes).toBeLessThan(limits.messageBytesMax);
    expect(answer.daemons.length + (answer.omitted?.daemons ?? 0)).toBe(600);
  }
});

it("a persona that a long list leaves out is found by its name", () => {
  const hub = hubOf(1, "/src/shop");
  const caller = { tenant: TENANT, scope: "home", session: null } as const;
  for (let at = 1; at <= 600; at++) {
    const params = { persona: `p${at}`, project: "shop", tokenSha256: at.toString(16).padStart(64, "0") };
    hub.decide({ verb: "persona_create", caller, params });
  }
  const list = (params: { readonly persona?: string; readonly project?: string }): PersonaListAnswer => {
    const { outcome } = hub.decide({ verb: "persona_list", caller, params });
    if (!("ok" in outcome)) throw new Error(outcome.error.message);
    return outcome.ok as PersonaListAnswer;
  };
  const { personas, omitted } = list({});
  expect([personas.length, omitted]).toEqual([500, 100]);
  expect(personas.some(({ address }) => address === "p99@shop")).toBe(false);
  expect(list({ persona: "p99", project: "shop" })).toMatchObject({ personas: [{ address: "p99@shop" }] });
});
