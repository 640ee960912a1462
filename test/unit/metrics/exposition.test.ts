import { describe, expect, test } from "vitest";
import { formWanted, PAGE_FORMS } from "../../../src/metrics/exposition.ts";
import { GATHER_FAMILIES } from "../../../src/metrics/gathered.ts";
import { PAGE_CHARS_MAX, pageFault } from "../../../src/metrics/merge.ts";
import { exposition, PERSONA_FAMILIES, PersonaMetrics } from "../../../src/metrics.ts";
import { readPage } from "../../support/strict-page.ts";

const REVIEWER = { tenant: "local", host: "laptop", persona: "reviewer", project: "shop" };

describe("which form a scraper gets", () => {
  test.each([
    // What Prometheus 2.42 and 3.x send.
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      "openmetrics",
    ],
    [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "openmetrics",
    ],
    [
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "openmetrics",
    ],
    // With `scrape_protocols: [PrometheusText0.0.4]`.
    ["text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "text"],
    ['application/openmetrics-text; version="1.0.0"; q="0.9", text/plain;q=0.8', "openmetrics"],
    ["APPLICATION/OpenMetrics-Text;Version=1.0.0;Q=1.000", "openmetrics"],
    // A later version is not what is written here.
    ["application/openmetrics-text;version=2.0.0", "text"],
    [
      "application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.1",
      "openmetrics",
    ],
    ["application/openmetrics-text;q=0.4,text/plain;version=1.0.0;q=0.9", "openmetrics"],
    // Wildcards mean what everybody can read, and yield to what is named.
    ["application/openmetrics-text;q=0.4,*/*;q=0.5", "text"],
    ["application/openmetrics-text;q=0.4,text/*;q=0.5,*/*;q=0.1", "text"],
    ["application/openmetrics-text;q=0.4,text/plain;q=0,*/*;q=0.5", "openmetrics"],
    ["application/*", "text"],
    ["application/openmetrics-text;q=nan", "text"],
    ["application/openmetrics-text;q=0.5000", "text"],
    ["application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"],
    ["text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5", "text"],
    ["application/openmetrics-text;version=0.0.1", "text"],
    ["application/openmetrics-text;q=0", "text"],
    ["application/openmetrics-text;q=2", "text"],
    ["text/html,*/*;q=0.8", "text"],
    ["", "text"],
    [undefined, "text"],
  ] as const)("%s", (accept, form) => {
    expect(formWanted(accept)).toBe(form);
  });
});

test("OpenMetrics names a counter without _total, gives units, writes bounds as floats and says that it is whole", () => {
  const page = exposition([new PersonaMetrics(REVIEWER)], "openmetrics");
  expect(page).toContain("# TYPE prism_daemon_reconnects counter\nprism_daemon_reconnects_total{");
  expect(page).toContain("# UNIT prism_daemon_doorbell_latency_seconds seconds\n");
  expect(page).toContain('le="10.0"} 0\n');
  expect(page.endsWith("\n# EOF\n")).toBe(true);
  // As series of their own they would break the catalogue.
  expect(page).not.toContain("_created");
});

test.each(PAGE_FORMS)("heads are sentences that need no escaping, in %s", (form) => {
  expect(readPage(exposition([new PersonaMetrics(REVIEWER)], form), form)).toHaveLength(6);
  for (const { name, help } of [...PERSONA_FAMILIES, ...GATHER_FAMILIES]) {
    expect(name).toMatch(/^prism_(daemon|gather)_[a-z_]+$/);
    expect(help).toMatch(/^[A-Z0-9][^"\\\n]*\.$/);
  }
});

describe("what is no daemon's page", () => {
  const page = exposition([new PersonaMetrics(REVIEWER)]);
  const whole = exposition([new PersonaMetrics(REVIEWER)], "openmetrics");
  test.each([
    ["is", page, "text", null],
    ["is, in OpenMetrics", whole, "openmetrics", null],
    ["nothing", "", "text", "it does not begin with a metric's help"],
    ["cut within a line", page.slice(0, -1), "text", "it was cut short"],
    ["cut before its end", page, "openmetrics", "it was cut short"],
    ["of others", `${page}node_load1 1\n`, "text", "it holds other series than a daemon's"],
    [
      "of others in a comment",
      `${page}# HELP node_load1 x\n`,
      "text",
      "it holds other series than a daemon's",
    ],
    [
      "endless",
      page.padEnd(PAGE_CHARS_MAX + 1, "x"),
      "text",
      `it is longer than ${PAGE_CHARS_MAX} characters`,
    ],
  ] as const)("%s", (_, text, form, fault) => {
    expect(pageFault(text, form)).toBe(fault);
  });
});
