/** Against a collector's stand-in that takes nothing but what the proto's JSON mapping allows. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HubCounters, hubPage } from "../../../src/metrics/hub.ts";
import { exposition, PERSONA_FAMILIES, PersonaMetrics } from "../../../src/metrics.ts";
import { type Otlp, type OtlpOptions, openOtlp, type SpanFact } from "../../../src/net/otlp.ts";
import { list, OtlpCollector } from "../../support/otlp-collector.ts";
import { until } from "../../support/until.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const AT = 1_795_254_704_385;
const labels = { tenant: "local", host: 'a "laptop"\\', persona: "reviewer", project: "shop" };

let collector: OtlpCollector;
let logged: [event: string, fields: object][];
const open: Otlp[] = [];

beforeEach(async () => {
  collector = await new OtlpCollector().start();
  logged = [];
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((otlp) => otlp.close()));
  await collector.stop();
});

function opened(more: Partial<OtlpOptions> = {}): Otlp {
  const otlp = openOtlp({
    ...{
      endpoint: `${collector.url}/`,
      headers: { Authorization: "Bearer secret" },
      intervalMs: 3_600_000,
      env: {},
    },
    ...{ resource: { "service.name": "prism-daemon" }, version: "1.2.3", page: () => "" },
    log: (_level, event, fields = {}) => void logged.push([event, fields]),
    ...more,
    bounds: { spanDelayMs: 1, closeTimeoutMs: 5000, ...more.bounds },
  });
  open.push(otlp);
  return otlp;
}

const fact = (subject: string, more: Partial<SpanFact> = {}): SpanFact => ({
  ...{ subject, parent: null, name: "prism.signal", kind: "consumer", startMs: AT, endMs: AT + 1500 },
  ...{ attributes: { "prism.signal.id": "k7qd-1" }, events: [{ name: "pushed", atMs: AT + 3 }] },
  ...more,
});

describe("metrics", () => {
  it("are a daemon's 24 series, as a scrape shows them", async () => {
    const metrics = new PersonaMetrics(labels);
    metrics.state = "emitting";
    metrics.doorbells.rung = 7;
    for (const seconds of [0.001, 0.3, 0.4, 99]) metrics.observeLatency(seconds);
    await opened({ page: () => exposition([metrics]) }).close();
    expect(collector.faults).toEqual([]);
    const { headers } = collector.requests[0] ?? {};
    expect(headers).toMatchObject({ authorization: "Bearer secret", "content-encoding": "gzip" });
    expect(headers?.["user-agent"]).toMatch(/^prism\/1\.2\.3 /);
    const told = collector.metrics;
    expect([...told.keys()]).toEqual(PERSONA_FAMILIES.map(({ name }) => name.replace(/_total$/, "")));
    const points = (name: string, kind: string) =>
      list((told.get(name)?.[kind] as { dataPoints: unknown })?.dataPoints);
    const attribute = (point: { readonly [key: string]: unknown }, key: string) =>
      (list(point["attributes"]).find((one) => one["key"] === key)?.["value"] as { stringValue?: string })
        ?.stringValue;
    const rung = points("prism_daemon_doorbells", "sum").find(
      (point) => attribute(point, "outcome") === "rung",
    );
    expect(rung).toMatchObject({ asDouble: 7 });
    expect(rung === undefined ? "" : attribute(rung, "host")).toBe(labels.host);
    expect(points("prism_daemon_doorbell_latency_seconds", "histogram")).toMatchObject([
      { bucketCounts: [1, 0, 0, 2, 0, 0, 1], explicitBounds: [0.005, 0.025, 0.1, 0.5, 2.5, 10], count: 4 },
    ]);
    expect(told.get("prism_daemon_doorbell_latency_seconds")).toMatchObject({ unit: "s" });
    expect(points("prism_daemon_state", "gauge")).toHaveLength(4);
  });

  it("are the hub's catalogue too", async () => {
    const census = {
      ...{
        open: { pending: 1, delivered: 2 },
        oldestOpenMs: 5000,
        mailboxesOpen: 1,
        isWritable: true,
        startedAtMs: AT,
      },
      sessions: { agent: { alive: 1, stale: 0, wrapped: 0 }, daemon: { alive: 2, stale: 0, wrapped: 0 } },
      connected: { agent: 1, daemon: 2 },
    };
    const page = hubPage({ counters: new HubCounters(), census, sockets: 3, disk: null }, "text");
    await opened({ page: () => page }).close();
    expect(collector.faults).toEqual([]);
    expect(collector.metrics.get("prism_hub_sockets")).toMatchObject({
      gauge: { dataPoints: [{ asDouble: 3 }] },
    });
    expect(collector.metrics.get("prism_hub_drain_latency_seconds")).toHaveProperty("histogram");
  });

  it("are pushed again and again", async () => {
    opened({ intervalMs: 5, page: () => exposition([new PersonaMetrics(labels)]) });
    await until(() => collector.at("/v1/metrics").length >= 3);
    expect(collector.faults).toEqual([]);
  });
});

describe("spans", () => {
  it("stand in their sender's trace, or in one of their own that all can derive", async () => {
    const otlp = opened();
    otlp.span(fact("signal k7qd-1", { parent: { traceId: TRACE, parentId: PARENT } }));
    otlp.span(fact("signal k7qd-2"));
    otlp.span(fact("ring 1", { linkTo: "signal k7qd-2", failure: "not taken", kind: "internal" }));
    await until(() => collector.spans.length === 3);
    expect(collector.faults).toEqual([]);
    const [traced, own, ring] = collector.spans;
    expect(traced).toMatchObject({
      ...{ traceId: TRACE, parentSpanId: PARENT, kind: 5, name: "prism.signal" },
      ...{
        startTimeUnixNano: `${AT}000000`,
        endTimeUnixNano: `${AT + 1500}000000`,
        events: [{ name: "pushed" }],
      },
    });
    expect(own?.traceId).not.toBe(TRACE);
    expect(own).not.toHaveProperty("parentSpanId");
    expect(ring).toMatchObject({ kind: 1, status: { code: 2 } });
    expect(ring?.links).toMatchObject([{ traceId: own?.traceId, spanId: own?.spanId }]);
    expect(JSON.stringify(logged)).not.toContain("secret");
  });

  it("are tried again when the collector is busy, as soon as it says", async () => {
    collector.answers.push({ status: 503, headers: { "Retry-After": new Date(0).toUTCString() } });
    const otlp = opened();
    otlp.span(fact("signal k7qd-1"));
    await until(() => collector.requests.length >= 2);
    expect(collector.spans.map(({ spanId }) => spanId)).toHaveLength(2);
    expect(logged.map(([event]) => event)).toEqual(["otlpStarted"]);
  });

  it("are kept while the collector is gone, the newest of them, and sent once it is back", async () => {
    // Shorter than its first backoff: each try is one request.
    const otlp = opened({ bounds: { spansMax: 3, batchMax: 2, timeoutMs: 700 } });
    collector.isGone = true;
    for (let at = 1; at <= 5; at++) otlp.span(fact(`signal k7qd-${at}`, { attributes: { at } }));
    await until(() => logged.some(([event]) => event === "otlpFailed"));
    collector.isGone = false;
    const told = () => collector.spans.map(({ attributes }) => attributes[0]?.value["intValue"]);
    // A request that the host was too slow for is made again: what was sent may be there twice.
    await until(() => told().includes(5));
    expect([...new Set(told())]).toEqual([3, 4, 5]);
    await until(() => logged.some(([event]) => event === "otlpWell"));
    expect(logged.find(([event]) => event === "otlpWell")?.[1]).toEqual({ dropped: 2 });
    expect(collector.faults).toEqual([]);
  });

  it("that the collector refuses for good do not hold up the others", async () => {
    collector.answers.push({ status: 400 });
    const otlp = opened();
    otlp.span(fact("signal k7qd-1"));
    await until(() => logged.some(([event]) => event === "otlpFailed"));
    otlp.span(fact("signal k7qd-2", { attributes: { at: 2 } }));
    await until(() => collector.at("/v1/traces").length === 2);
    expect(list(collector.spans.slice(1))).toHaveLength(1);
  });
});

describe("the end", () => {
  it("pushes what is left", async () => {
    const otlp = opened({
      bounds: { spanDelayMs: 3_600_000 },
      page: () => exposition([new PersonaMetrics(labels)]),
    });
    otlp.span(fact("signal k7qd-1"));
    await otlp.close();
    expect(collector.spans).toHaveLength(1);
    expect(collector.at("/v1/metrics")).toHaveLength(1);
    otlp.span(fact("signal k7qd-2"));
    await otlp.close();
    expect(collector.spans).toHaveLength(1);
  });

  it("does not wait for a collector that does not answer", async () => {
    collector.answers.push("silent", "silent", "silent");
    const otlp = opened({ bounds: { spanDelayMs: 3_600_000, closeTimeoutMs: 20 } });
    otlp.span(fact("signal k7qd-1"));
    await otlp.close();
    expect(collector.spans.length).toBeLessThanOrEqual(1);
  });
});
