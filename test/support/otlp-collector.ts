/**
 * A collector's stand-in: takes OTLP over HTTP as JSON, and holds each request strictly to the proto's JSON mapping
 * (names, types, one-ofs, ids in hex, enums as numbers). Answers what a test wants.
 * Source: opentelemetry-proto 1.x; OTLP specification, section "JSON Protobuf Encoding".
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

interface Json {
  readonly [key: string]: unknown;
}

export interface OtlpRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Json;
  /** What is wrong with it; empty if nothing is. */
  readonly faults: readonly string[];
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Json }[];
  readonly events: readonly { readonly name: string }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number };
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export class OtlpCollector {
  readonly requests: OtlpRequest[] = [];
  /** Taken first to last; 200 when none is left. "silent" never answers. */
  readonly answers: (Answer | "silent")[] = [];
  /** Every connection is broken off as soon as something is asked: its port stays its own. */
  isGone = false;
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      if (this.isGone) {
        request.socket.destroy();
        return;
      }
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        this.requests.push(received(request, Buffer.concat(parts)));
        const answer = this.answers.shift() ?? { status: 200 };
        if (answer === "silent") return;
        response.writeHead(answer.status, { "Content-Type": "application/json", ...answer.headers });
        response.end("{}");
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  get faults(): readonly string[] {
    return this.requests.flatMap(({ faults }) => faults);
  }

  at(path: "/v1/metrics" | "/v1/traces"): readonly OtlpRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  get spans(): readonly ReceivedSpan[] {
    return this.at("/v1/traces").flatMap(({ body }) =>
      list(body["resourceSpans"]).flatMap((resource) =>
        list(resource["scopeSpans"]).flatMap((scope) => list(scope["spans"]) as unknown as ReceivedSpan[]),
      ),
    );
  }

  /** Of the last push: each metric by its name. */
  get metrics(): ReadonlyMap<string, Json> {
    const body = this.at("/v1/metrics").at(-1)?.body ?? {};
    const metrics = list(body["resourceMetrics"]).flatMap((resource) =>
      list(resource["scopeMetrics"]).flatMap((scope) => list(scope["metrics"])),
    );
    return new Map(metrics.map((metric) => [String(metric["name"]), metric]));
  }
}

export function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function received(request: IncomingMessage, bytes: Buffer): OtlpRequest {
  const path = request.url ?? "";
  const { headers } = request;
  const faults: string[] = [];
  let body: Json = {};
  try {
    const plain = headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
    body = JSON.parse(plain.toString()) as Json;
  } catch (error) {
    faults.push(`not JSON: ${String(error)}`);
  }
  if (request.method !== "POST") faults.push(`method ${request.method}`);
  if (headers["content-type"] !== "application/json") faults.push(`type ${headers["content-type"]}`);
  const message = { "/v1/traces": "ExportTrace", "/v1/metrics": "ExportMetrics" }[path];
  if (message === undefined) faults.push(`path ${path}`);
  else check(message, body, path, faults);
  return { path, headers, body, faults };
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";
const double: Check = (value) => typeof value === "number";
const uint32: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
const int64: Check = (value) =>
  Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d{1,19}$/.test(value));
const fixed64: Check = (value) => int64(value) && !String(value).startsWith("-");
/** Nanoseconds of this century, as text: a number of JSON would lose the last digits. */
const time: Check = (value) => typeof value === "string" && /^[12]\d{18}$/.test(value);
const traceId: Check = (value) => typeof value === "string" && /^(?!0+$)[0-9a-f]{32}$/.test(value);
const spanId: Check = (value) => typeof value === "string" && /^(?!0+$)[0-9a-f]{16}$/.test(value);
const each =
  (one: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(one);

/** A field's check, or the message that it holds, `[]` for many. `!` before the name: it must be there. */
const MESSAGES: { readonly [message: string]: { readonly [field: string]: Check | string } } = {
  ExportTrace: { "!resourceSpans": "ResourceSpans[]" },
  ResourceSpans: { "!resource": "Resource", "!scopeSpans": "ScopeSpans[]", schemaUrl: text },
  ScopeSpans: { "!scope": "Scope", "!spans": "Span[]", schemaUrl: text },
  Span: {
    ...{ "!traceId": traceId, "!spanId": spanId, parentSpanId: spanId, traceState: text, flags: uint32 },
    ...{ "!name": text, kind: uint32, "!startTimeUnixNano": time, "!endTimeUnixNano": time },
    ...{ attributes: "KeyValue[]", events: "Event[]", links: "Link[]", status: "Status" },
    ...{ droppedAttributesCount: uint32, droppedEventsCount: uint32, droppedLinksCount: uint32 },
  },
  Event: { "!timeUnixNano": time, "!name": text, attributes: "KeyValue[]", droppedAttributesCount: uint32 },
  Link: {
    ...{ "!traceId": traceId, "!spanId": spanId, traceState: text, attributes: "KeyValue[]" },
    ...{ droppedAttributesCount: uint32, flags: uint32 },
  },
  Status: { message: text, code: uint32 },
  ExportMetrics: { "!resourceMetrics": "ResourceMetrics[]" },
  ResourceMetrics: { "!resource": "Resource", "!scopeMetrics": "ScopeMetrics[]", schemaUrl: text },
  ScopeMetrics: { "!scope": "Scope", "!metrics": "Metric[]", schemaUrl: text },
  Metric: {
    ...{ "!name": text, description: text, unit: text },
    ...{ gauge: "Gauge", sum: "Sum", histogram: "Histogram" },
  },
  Gauge: { "!dataPoints": "NumberPoint[]" },
  Sum: { "!dataPoints": "NumberPoint[]", "!aggregationTemporality": uint32, "!isMonotonic": flag },
  Histogram: { "!dataPoints": "HistogramPoint[]", "!aggregationTemporality": uint32 },
  NumberPoint: {
    ...{ attributes: "KeyValue[]", "!startTimeUnixNano": time, "!timeUnixNano": time },
    ...{ asDouble: double, asInt: int64 },
  },
  HistogramPoint: {
    ...{ attributes: "KeyValue[]", "!startTimeUnixNano": time, "!timeUnixNano": time, "!count": fixed64 },
    ...{
      sum: double,
      min: double,
      max: double,
      "!bucketCounts": each(fixed64),
      "!explicitBounds": each(double),
    },
  },
  Resource: { attributes: "KeyValue[]", droppedAttributesCount: uint32 },
  Scope: { "!name": text, version: text, attributes: "KeyValue[]", droppedAttributesCount: uint32 },
  KeyValue: { "!key": text, "!value": "AnyValue" },
  AnyValue: { stringValue: text, boolValue: flag, intValue: int64, doubleValue: double },
};
const ONE_OF: { readonly [message: string]: readonly string[] } = {
  Metric: ["gauge", "sum", "histogram"],
  NumberPoint: ["asDouble", "asInt"],
  AnyValue: ["stringValue", "boolValue", "intValue", "doubleValue"],
};

function check(message: string, value: unknown, at: string, faults: string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    faults.push(`${at} is no ${message}`);
    return;
  }
  const fields = MESSAGES[message] ?? {};
  const given = value as Json;
  for (const [key, member] of Object.entries(given)) {
    const known = fields[key] ?? fields[`!${key}`];
    if (known === undefined) faults.push(`${at}.${key} is no field of ${message}`);
    else if (typeof known === "function") {
      if (!known(member)) faults.push(`${at}.${key} is ${JSON.stringify(member)}`);
    } else if (!known.endsWith("[]")) check(known, member, `${at}.${key}`, faults);
    else if (!Array.isArray(member)) faults.push(`${at}.${key} is no list`);
    else
      for (const [i, one] of member.entries()) check(known.slice(0, -2), one, `${at}.${key}[${i}]`, faults);
  }
  for (const field of Object.keys(fields))
    if (field.startsWith("!") && !(field.slice(1) in given)) faults.push(`${at} lacks ${field.slice(1)}`);
  const choice = ONE_OF[message];
  if (choice !== undefined && choice.filter((field) => field in given).length !== 1)
    faults.push(`${at} has not one of ${choice.join(", ")}`);
  if (
    message === "HistogramPoint" &&
    list(given["bucketCounts"]).length !== list(given["explicitBounds"]).length + 1
  )
    faults.push(`${at} has not one bucket more than bounds`);
}
