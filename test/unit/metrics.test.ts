import { describe, expect, test } from "vitest";
import { ERROR_CLASS_OF } from "../../src/domain/error-class.ts";
import { ERROR_CODES } from "../../src/domain/errors.ts";
import { exposition, PersonaMetrics } from "../../src/metrics.ts";

const REVIEWER = { tenant: "local", host: "laptop", persona: "reviewer", project: "shop" };

describe("the metrics page", () => {
  test("holds exactly the catalogue for one persona", () => {
    const metrics = new PersonaMetrics(REVIEWER);
    metrics.state = "emitting";
    metrics.reconnects = 2;
    metrics.signalsPending = 3;
    metrics.doorbells.rung = 5;
    metrics.doorbells.coalesced = 4;
    metrics.countError("surface_failed");
    for (const seconds of [0.001, 0.005, 0.006, 0.3, 9, 70]) metrics.observeLatency(seconds);
    const own = 'tenant="local",host="laptop",persona="reviewer",project="shop"';
    expect(
      exposition([metrics]),
    ).toBe(`# HELP prism_daemon_state 1 for the state the daemon is in, 0 for the others.
# TYPE prism_daemon_state gauge
prism_daemon_state{${own},state="disconnected"} 0
prism_daemon_state{${own},state="reconciling"} 0
prism_daemon_state{${own},state="connected"} 0
prism_daemon_state{${own},state="emitting"} 1
# HELP prism_daemon_reconnects_total Connections settled again after the first.
# TYPE prism_daemon_reconnects_total counter
prism_daemon_reconnects_total{${own}} 2
# HELP prism_daemon_signals_pending Signals that wait at the hub, neither drained nor expired.
# TYPE prism_daemon_signals_pending gauge
prism_daemon_signals_pending{${own}} 3
# HELP prism_daemon_doorbells_total Doorbells by what became of them.
# TYPE prism_daemon_doorbells_total counter
prism_daemon_doorbells_total{${own},outcome="rung"} 5
prism_daemon_doorbells_total{${own},outcome="coalesced"} 4
prism_daemon_doorbells_total{${own},outcome="suppressed"} 0
prism_daemon_doorbells_total{${own},outcome="failed"} 0
# HELP prism_daemon_doorbell_latency_seconds From the hub's acceptance of a signal to the surface's taking the ring.
# TYPE prism_daemon_doorbell_latency_seconds histogram
prism_daemon_doorbell_latency_seconds_bucket{${own},le="0.005"} 2
prism_daemon_doorbell_latency_seconds_bucket{${own},le="0.025"} 3
prism_daemon_doorbell_latency_seconds_bucket{${own},le="0.1"} 3
prism_daemon_doorbell_latency_seconds_bucket{${own},le="0.5"} 4
prism_daemon_doorbell_latency_seconds_bucket{${own},le="2.5"} 4
prism_daemon_doorbell_latency_seconds_bucket{${own},le="10"} 5
prism_daemon_doorbell_latency_seconds_bucket{${own},le="+Inf"} 6
prism_daemon_doorbell_latency_seconds_sum{${own}} 79.312
prism_daemon_doorbell_latency_seconds_count{${own}} 6
# HELP prism_daemon_errors_total Errors by class.
# TYPE prism_daemon_errors_total counter
prism_daemon_errors_total{${own},error_class="connection"} 0
prism_daemon_errors_total{${own},error_class="protocol"} 0
prism_daemon_errors_total{${own},error_class="surface"} 1
prism_daemon_errors_total{${own},error_class="storage"} 0
prism_daemon_errors_total{${own},error_class="unclassified"} 0
`);
  });

  test("has 24 series a persona, and one head a metric however many personas", () => {
    const personas = Array.from(
      { length: 50 },
      (_, n) => new PersonaMetrics({ ...REVIEWER, persona: `p${n}` }),
    );
    const lines = exposition(personas).trimEnd().split("\n");
    const series = lines.filter((line) => !line.startsWith("#")).map((line) => line.replace(/ [^ ]+$/, ""));
    expect(series).toHaveLength(24 * 50);
    expect(new Set(series).size).toBe(24 * 50);
    expect(lines.filter((line) => line.startsWith("# TYPE"))).toHaveLength(6);
  });

  test("keeps the series of one metric together", () => {
    const personas = ["a", "b"].map((persona) => new PersonaMetrics({ ...REVIEWER, persona }));
    const metrics = exposition(personas)
      .split("\n")
      .map(
        (line) => /^(?:# (?:HELP|TYPE) )?(prism_daemon_[a-z_]+?)(?:_bucket|_sum|_count)?[ {]/.exec(line)?.[1],
      )
      .filter((name) => name !== undefined);
    const runs = metrics.filter((name, index) => name !== metrics[index - 1]);
    expect(runs).toEqual([...new Set(metrics)]);
  });

  test("escapes what a label value may hold", () => {
    const page = exposition([new PersonaMetrics({ ...REVIEWER, host: 'a\\b"c\nd' })]);
    expect(page).toContain(String.raw`host="a\\b\"c\nd"`);
  });

  test("is empty without personas", () => {
    expect(exposition([])).toBe("");
  });
});

describe("the class of an error (invariant 9)", () => {
  test("is one of the five for every code", () => {
    const metrics = new PersonaMetrics(REVIEWER);
    for (const code of ERROR_CODES) metrics.countError(code);
    expect(Object.keys(ERROR_CLASS_OF).toSorted()).toEqual([...ERROR_CODES].toSorted());
    expect(Object.keys(metrics.errors)).toEqual([
      "connection",
      "protocol",
      "surface",
      "storage",
      "unclassified",
    ]);
    const counted = Object.values(metrics.errors).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(ERROR_CODES.length);
  });
});
