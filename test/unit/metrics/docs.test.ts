import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HubCounters, hubPage } from "../../../src/metrics/hub.ts";
import { exposition, PersonaMetrics } from "../../../src/metrics.ts";
import { FakeHubService } from "../../support/fake-hub-service.ts";
import { CATALOGUE } from "../../support/metric-names.ts";
import { type Family, readPage } from "../../support/strict-page.ts";

const ROOT = join(import.meta.dirname, "../../..");
const docs = readFileSync(join(ROOT, "docs/metrics.md"), "utf8");
const OWN = ["tenant", "host", "persona", "project"];

const written = [
  ...readPage(
    exposition([new PersonaMetrics({ tenant: "t", host: "h", persona: "p", project: "q" })]),
    "text",
  ),
  ...readPage(
    hubPage(
      {
        counters: new HubCounters(),
        census: new FakeHubService().census(),
        sockets: 0,
        disk: { storeBytes: 0, freeBytes: 0, diskBytes: 0 },
      },
      "text",
    ),
    "text",
  ),
];

test("docs/metrics.md lists every metric with its type, in the order of the pages", () => {
  const listed = Array.from(docs.matchAll(/^\| `(prism_[a-z_]+)` \| (\w+) \|/gm), ([, name, type]) => ({
    name,
    type,
  }));
  expect(listed).toEqual(CATALOGUE.map(({ name, type }) => ({ name, type })));
});

test("and each with its labels, their values, and how many series they make", () => {
  for (const { name, series } of written) {
    const row = new RegExp(`^\\| \`${name}\` \\| \\w+ \\| (.*?) ?\\| (\\d+) \\|$`, "m").exec(docs);
    expect([name, row?.[1], Number(row?.[2])]).toEqual([name, labelsOf(series), series.length]);
  }
});

/** As the page has them: `state`: connected, emitting; ... */
function labelsOf(series: Family["series"]): string {
  const values = new Map<string, Set<string>>();
  for (const { labels } of series) {
    for (const [label, value] of Object.entries(labels)) {
      if (!OWN.includes(label)) values.set(label, (values.get(label) ?? new Set()).add(value));
    }
  }
  return [...values].map(([label, of]) => `\`${label}\`: ${[...of].join(", ")}`).join("; ");
}

test("and every alert", () => {
  const rules = readFileSync(join(ROOT, "share/prometheus/prism.rules.yml"), "utf8");
  const alerts = Array.from(rules.matchAll(/- alert: (\w+)/g), ([, name]) => name);
  expect(Array.from(docs.matchAll(/^\| `(Prism\w+)` \|/gm), ([, name]) => name)).toEqual(alerts);
});
