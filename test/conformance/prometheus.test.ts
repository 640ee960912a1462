/**
 * What Prometheus's own tool thinks of our pages, rules and configuration; and that rules and dashboard ask for nothing
 * that does not exist.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gatheredPage } from "../../src/metrics/gathered.ts";
import { HubCounters, hubPage } from "../../src/metrics/hub.ts";
import { exposition, PersonaMetrics } from "../../src/metrics.ts";
import { FakeHubService } from "../support/fake-hub-service.ts";
import { filledIn, readDashboard } from "../support/grafana.ts";
import { SERIES_NAMES } from "../support/metric-names.ts";
import { hasPromtool, promtool } from "../support/promtool.ts";
import { tempDir } from "../support/temp-dir.ts";

const SHARE = join(import.meta.dirname, "../../share");
const RULES = join(SHARE, "prometheus/prism.rules.yml");
const REHEARSALS = join(import.meta.dirname, "prism-rules.test.yml");
const DASHBOARD = join(SHARE, "grafana/prism.dashboard.json");

const persona = { tenant: "local", host: "laptop", persona: "reviewer", project: "shop" };
const gathered = gatheredPage(
  { daemons: [{ ...persona, page: exposition([new PersonaMetrics(persona)]) }], omitted: 0, durationMs: 3 },
  "text",
);
/** No name of ours can be like this; who reads a page of another's must not be led astray all the same. */
const strange = Array.from(
  [
    '"',
    "\\",
    "\n",
    "\\n",
    'a"} 1\nnode_load1 1',
    "\r\n",
    "\u2028",
    "\u0000",
    "\u202e\u0007",
    "日本 ünï",
    "😀",
    "#",
    "",
  ],
  (name) => ({ tenant: name, host: name, persona: `p${name}`, project: name }),
);
const hostile = gatheredPage(
  {
    daemons: strange.map((labels) => ({ ...labels, page: exposition([new PersonaMetrics(labels)]) })),
    omitted: 0,
    durationMs: 3,
  },
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
    ["a page of strange names", hostile],
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

describe("the dashboard", () => {
  const { uid, schemaVersion, refresh, panels, templating, __inputs } = readDashboard();

  test("has panels with ids of their own, in the grid of 24, none over another, each asking something", () => {
    expect({ uid, schemaVersion, refresh, __inputs }).toMatchObject({
      uid: "prism",
      schemaVersion: 39,
      refresh: "30s",
    });
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos, targets } of panels) {
      const { x, y, w, h } = gridPos;
      expect({ title, fits: x >= 0 && x + w <= 24 && targets.length > 0 }).toEqual({ title, fits: true });
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          expect({ title, isFree: !taken.has(`${column} ${row}`) }).toEqual({ title, isFree: true });
          taken.add(`${column} ${row}`);
        }
      }
      const refIds = targets.map(({ refId }) => refId);
      expect(new Set(refIds).size).toBe(refIds.length);
    }
  });

  test("names no datasource but the one that is chosen, and uses each variable that it has, and no other", () => {
    const text = readFileSync(DASHBOARD, "utf8");
    const uids = Array.from(text.matchAll(/"uid": "([^"]*)"/g), ([, named]) => named);
    expect(uids.filter((named = "") => !/^(\$\{datasource\}|prism)$/.test(named))).toEqual([]);
    const used = new Set(Array.from(text.matchAll(/\$\{?([a-zA-Z_]+)/g), ([, name]) => name ?? ""));
    const builtIn = ["__all", "__rate_interval"];
    expect([...used].filter((name) => !builtIn.includes(name)).toSorted()).toEqual(
      templating.list.map(({ name }) => name).toSorted(),
    );
  });

  test.skipIf(!hasPromtool)("asks what Prometheus understands", () => {
    const rules = panels.flatMap(({ id, targets }) =>
      targets.map(({ refId, expr }) => ({ record: `panel:${id}_${refId}`, expr: filledIn(expr) })),
    );
    const file = join(tempDir(), "dashboard.rules.yml");
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    expect(promtool(["check", "rules", file])).toMatchObject({ status: 0 });
    writeFileSync(
      file,
      JSON.stringify({ groups: [{ name: "dashboard", rules: [{ record: "a:b", expr: "sum(" }] }] }),
    );
    expect(promtool(["check", "rules", file]).status).not.toBe(0);
  });
});
