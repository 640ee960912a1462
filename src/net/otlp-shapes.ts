/**
 * Metrics and spans in the shapes that OpenTelemetry's own serializer takes. Data in, data out: no wire, no clock.
 * Sources: opentelemetry-proto 1.x (metrics, trace), the specification's "Prometheus and OpenMetrics Compatibility"
 * (a counter goes without its `_total`, the unit stands beside the name).
 */
import { createHash } from "node:crypto";
import type { JsonMetricsSerializer, JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadFamily } from "../metrics/read-page.ts";

export type MetricsShape = Parameters<typeof JsonMetricsSerializer.serializeRequest>[0];
export type SpanShape = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number];
type MetricShape = MetricsShape["scopeMetrics"][number]["metrics"][number];
export type ResourceShape = MetricsShape["resource"];
type HrTime = SpanShape["startTime"];

/** One span, before it has ids. */
export interface SpanFact {
  /** What it is about, the same for all who speak of it: its ids are derived from here. */
  readonly subject: string;
  /** W3C ids of its sender; null for one that begins a trace of its own. */
  readonly parent: { readonly traceId: string; readonly parentId: string } | null;
  readonly name: string;
  readonly kind: "internal" | "consumer";
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
  /** The subject of another trace that it belongs to as well. */
  readonly linkTo?: string;
  /** Why it is a failure. */
  readonly failure?: string;
}

/** Numbers as OpenTelemetry's API has them; its enums would be one more package to load. */
const VALUE_DOUBLE = 1;
const POINT = { histogram: 0, gauge: 2, sum: 3 } as const;
const CUMULATIVE = 1;
const KIND = { internal: 0, consumer: 4 } as const;
const STATUS = { unset: 0, error: 2 } as const;
const SAMPLED = 1;
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["_seconds", "s"],
  ["_bytes", "By"],
];

export function resourceOf(attributes: Readonly<Record<string, string>>): ResourceShape {
  // Of the class only these are read by the serializer.
  return { attributes } as unknown as ResourceShape;
}

/** @param sinceMs when the counters began */
export function metricsOf(
  families: readonly ReadFamily[],
  frame: {
    readonly resource: ResourceShape;
    readonly version: string;
    readonly sinceMs: number;
    readonly nowMs: number;
  },
): MetricsShape {
  const times = { startTime: hrTime(frame.sinceMs), endTime: hrTime(frame.nowMs) };
  const metrics = families.map((family) => metricOf(family, times));
  return { resource: frame.resource, scopeMetrics: [{ scope: scopeOf(frame.version), metrics }] };
}

function metricOf(
  { name, type, help, points, histograms }: ReadFamily,
  times: { readonly startTime: HrTime; readonly endTime: HrTime },
): MetricShape {
  const family = type === "counter" ? name.replace(/_total$/, "") : name;
  const unit = UNITS.find(([ending]) => family.endsWith(ending))?.[1] ?? (type === "counter" ? "1" : "");
  const descriptor = { name: family, description: help, unit, valueType: VALUE_DOUBLE };
  const common = { descriptor, aggregationTemporality: CUMULATIVE };
  if (type === "histogram") {
    const dataPoints = histograms.map(({ labels, bounds, counts, sum, count }) => ({
      ...{ ...times, attributes: labels },
      value: { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count },
    }));
    return { ...common, dataPointType: POINT.histogram, dataPoints } as MetricShape;
  }
  const dataPoints = points.map(({ labels, value }) => ({ ...times, attributes: labels, value }));
  if (type === "gauge") return { ...common, dataPointType: POINT.gauge, dataPoints } as MetricShape;
  return { ...common, dataPointType: POINT.sum, isMonotonic: true, dataPoints } as MetricShape;
}

export function spanOf(
  fact: SpanFact,
  frame: { readonly resource: ResourceShape; readonly version: string },
): SpanShape {
  const own = idsOf(fact.subject);
  const { parent } = fact;
  const traceId = parent?.traceId ?? own.traceId;
  const context = { traceId, spanId: own.spanId, traceFlags: SAMPLED };
  const parentContext =
    parent === null
      ? {}
      : { parentSpanContext: { traceId, spanId: parent.parentId, traceFlags: SAMPLED, isRemote: true } };
  const links =
    fact.linkTo === undefined ? [] : [{ context: { ...idsOf(fact.linkTo), traceFlags: SAMPLED } }];
  const { failure } = fact;
  return {
    name: fact.name,
    kind: KIND[fact.kind],
    spanContext: () => context,
    ...parentContext,
    startTime: hrTime(fact.startMs),
    endTime: hrTime(Math.max(fact.startMs, fact.endMs)),
    status: failure === undefined ? { code: STATUS.unset } : { code: STATUS.error, message: failure },
    attributes: { ...fact.attributes },
    links,
    events: fact.events.map(({ name, atMs }) => ({ name, time: hrTime(atMs), attributes: {} })),
    duration: [0, 0],
    ended: true,
    resource: frame.resource,
    instrumentationScope: scopeOf(frame.version),
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  } as SpanShape;
}

/** The same for all who speak of the same subject, so that hub and daemon need not tell each other. */
function idsOf(subject: string): { readonly traceId: string; readonly spanId: string } {
  const digest = createHash("sha256").update(`prism ${subject}`).digest("hex");
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
}

function scopeOf(version: string): { readonly name: string; readonly version: string } {
  return { name: "prism", version };
}

function hrTime(atMs: number): HrTime {
  const wholeMs = Math.round(atMs);
  return [Math.floor(wholeMs / 1000), (wholeMs % 1000) * 1_000_000];
}
