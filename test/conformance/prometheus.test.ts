/**
 * What Prometheus's own tool thinks of our pages, rules and configuration; and that rules and dashboard ask for nothing
 * that does not exist.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gatheredPage } from "../../src/metrics/gathered.ts";
import { HubCounters, hubPage } from "../../src/metrics/hub.ts";
import { exposition, PersonaMetrics } from "../../src/metrics.ts";
import { FakeHubService } from "../support/fake-hub-service.ts";
import { SERIES_NAMES } from "../support/metric-names.ts";
import { hasPromtool, promtool } from "../support/promtool.ts";

const SHARE = join(import.meta.dirname, "../../share");
const RULES = join(SHARE, "prometheus/prism.rules.yml");
const REHEARSALS = join(import.meta.dirname, "prism-rules.test.yml");
const DASHBOARD = join(SHARE, "grafana/prism.dashboard.json");

const persona = { tenant: "local", host: "laptop", persona: "reviewer", project: "shop" };
const gathered = gatheredPage(
  { daemons: [{ ...persona, page: exposition([new PersonaMetrics(persona)]) }], omitted: 0, durationMs: 3 },
  "text",
);
const disk = { storeBytes: 1, freeBytes: 2, diskBytes: 3 };
const hub = hubPage(
  { counters: new HubCounters(), census: new FakeHubService().census(), sockets: 4, disk },
  "text",
);

describe.skipIf(!hasPromtool)("promtool", () => {
  test.each([
    ["a host's page", gathered],
    ["the hub's page", hub],
  ])("finds nothing to say of %s", (_, page) => {
    expect(promtool(["check", "metrics"], page)).toEqual({ status: 0, said: "" });
    // It does look: a counter without _total is no name for it.
    expect(promtool(["check", "metrics"], page.replaceAll("_total", "")).said).toContain("_total");
  });

  test("accepts the rules and the example configuration", () => {
    expect(promtool(["check", "rules", RULES]).status).toBe(0);
    const config = promtool(["check", "config", join(SHARE, "prometheus/prometheus.example.yml")]);
    expect(config).toMatchObject({ status: 0 });
  });

  test("sees each alert fire in its fault, and be quiet before", () => {
    const { status, said } = promtool(["test", "rules", REHEARSALS]);
    expect({ status, said }).toMatchObject({ status: 0 });
  });
});

test("each alert is rehearsed", () => {
  const alerts = Array.from(readFileSync(RULES, "utf8").matchAll(/- alert: (\w+)/g), ([, name]) => name);
  const fired = new Set<string | undefined>();
  for (const [, name] of readFileSync(REHEARSALS, "utf8").matchAll(
    /alertname: (\w+)\s+exp_alerts:(?: &\w+)?\s+- /g,
  ))
    fired.add(name);
  expect(alerts.length).toBeGreaterThan(4);
  expect([...fired].toSorted()).toEqual(alerts.toSorted());
});

test.each([RULES, DASHBOARD])("%s asks for series of the catalogues alone", (path) => {
  const text = readFileSync(path, "utf8");
  const recorded = Array.from(readFileSync(RULES, "utf8").matchAll(/record: (\S+)/g), ([, name]) => name);
  const asked = new Set(Array.from(text.matchAll(/(?:[a-z]+:)?prism_[a-z0-9_:]+/g), ([name]) => name));
  const unknown = [...asked].filter((name) => !SERIES_NAMES.has(name) && !recorded.includes(name));
  expect(unknown).toEqual([]);
});

test("the dashboard is one that Grafana reads: panels with ids and places of their own, each asking something", () => {
  const { panels, uid } = JSON.parse(readFileSync(DASHBOARD, "utf8")) as {
    uid: string;
    panels: { id: number; gridPos: { x: number; y: number }; targets: { expr: string }[] }[];
  };
  expect(uid).toBe("prism");
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size).toBe(panels.length);
  for (const { targets } of panels) for (const { expr } of targets) expect(expr).toMatch(/prism_/);
});
