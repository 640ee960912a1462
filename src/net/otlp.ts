/**
 * Pushes metrics and spans to an OpenTelemetry collector over HTTP, with OpenTelemetry's own exporter: JSON, gzip,
 * retries with backoff and Retry-After are its. What is here is what it leaves to its caller: when to push, how much to
 * keep while the collector is gone, and the end. Nothing waits for it, and nothing of it reaches whoever is measured.
 * Loaded only where it was asked for.
 * Source: OpenTelemetry Protocol 1.x, section OTLP/HTTP.
 */
import {
  createOtlpHttpExportDelegate,
  httpAgentFactoryFromOptions,
} from "@opentelemetry/otlp-exporter-base/node-http";
import {
  JsonMetricsSerializer,
  JsonTraceSerializer,
  MetricsExporterMetricsHelper,
  TraceExporterMetricsHelper,
} from "@opentelemetry/otlp-transformer";
import type { Log } from "../domain/log.ts";
import { readPage } from "../metrics/read-page.ts";
import { metricsOf, resourceOf, type SpanFact, type SpanShape, spanOf } from "./otlp-shapes.ts";

export type { SpanFact } from "./otlp-shapes.ts";

/** Where to, as an operator gives it. */
export type OtlpTarget = Pick<OtlpOptions, "endpoint" | "headers" | "intervalMs" | "ca">;

export interface OtlpOptions {
  /** Base URL: `/v1/metrics` and `/v1/traces` follow. */
  readonly endpoint: string;
  /** As in an `Authorization`: never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** For HTTP_PROXY and its kin. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Certificates in PEM to trust besides the system's. */
  readonly ca?: string;
  /** OpenTelemetry's resource: whose metrics and spans these are. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  /** The page of now, as plain text. */
  readonly page: () => string | Promise<string>;
  readonly log: Log;
  /** For tests. */
  readonly bounds?: Partial<OtlpBounds>;
}

export interface OtlpBounds {
  /** Spans that wait; the oldest make room. */
  readonly spansMax: number;
  /** Spans in one request. */
  readonly batchMax: number;
  /** One request with all its retries. */
  readonly timeoutMs: number;
  /** Spans wait this long for company. */
  readonly spanDelayMs: number;
  /** For the last of it, at an orderly end. */
  readonly closeTimeoutMs: number;
}

/** As OpenTelemetry's own batch processor has them. */
const BOUNDS: OtlpBounds = {
  spansMax: 2048,
  batchMax: 512,
  timeoutMs: 10_000,
  spanDelayMs: 5000,
  closeTimeoutMs: 2000,
};

export interface Otlp {
  /** Cheap, and never throws: it is sent later. */
  span(fact: SpanFact): void;
  /** Pushes what is left, within a bound. Never rejects; safe to call again. */
  close(): Promise<void>;
}

/** @throws whatever Node says of a certificate that is none */
export function openOtlp(options: OtlpOptions): Otlp {
  const pusher = new Pusher(options);
  pusher.begin();
  return pusher;
}

type Sent = "sent" | "later" | "refused";

class Pusher implements Otlp {
  readonly #options: OtlpOptions;
  readonly #bounds: OtlpBounds;
  readonly #frame: { readonly resource: ReturnType<typeof resourceOf>; readonly version: string };
  readonly #sinceMs = Date.now();
  readonly #metrics;
  readonly #traces;
  #spans: SpanShape[] = [];
  #dropped = 0;
  #metricsTimer: NodeJS.Timeout | undefined;
  #spansTimer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | null = null;
  #isFailing = false;
  #closed: Promise<void> | null = null;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#bounds = { ...BOUNDS, ...options.bounds };
    this.#frame = { resource: resourceOf(options.resource), version: options.version };
    const base = options.endpoint.replace(/\/+$/, "");
    const agentFactory = agentFactoryFor(options);
    const config = (path: string) => ({
      url: `${base}${path}`,
      headers: async () => ({ ...options.headers, "Content-Type": "application/json" }),
      timeoutMillis: this.#bounds.timeoutMs,
      concurrencyLimit: 1,
      compression: "gzip" as const,
      userAgent: `prism/${options.version}`,
      agentFactory,
    });
    this.#metrics = createOtlpHttpExportDelegate(
      config("/v1/metrics"),
      JsonMetricsSerializer,
      "otlp_http_metric_exporter",
      MetricsExporterMetricsHelper,
      undefined,
    );
    this.#traces = createOtlpHttpExportDelegate(
      config("/v1/traces"),
      JsonTraceSerializer,
      "otlp_http_span_exporter",
      TraceExporterMetricsHelper,
      undefined,
    );
  }

  begin(): void {
    // Spread, so that fifty daemons of one host do not push in one instant.
    const firstMs = Math.random() * this.#options.intervalMs;
    this.#options.log("info", "otlpStarted", { url: originOf(this.#options.endpoint) });
    this.#metricsTimer = setTimeout(() => this.#pushMetrics(), firstMs).unref();
  }

  span(fact: SpanFact): void {
    if (this.#closed !== null) return;
    this.#spans.push(spanOf(fact, this.#frame));
    if (this.#spans.length > this.#bounds.spansMax) {
      this.#spans.shift();
      this.#dropped++;
    }
    this.#spansTimer ??= setTimeout(() => this.#pushSpans(), this.#bounds.spanDelayMs).unref();
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#metricsTimer);
    clearTimeout(this.#spansTimer);
    const last = async () => {
      await this.#sending;
      await Promise.all([this.#sendSpans(), this.#sendMetrics()]);
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#bounds.closeTimeoutMs);
    });
    await Promise.race([last(), late]);
    clearTimeout(timer);
  }

  #pushMetrics(): void {
    void this.#sendMetrics().then(() => {
      if (this.#closed !== null) return;
      this.#metricsTimer = setTimeout(() => this.#pushMetrics(), this.#options.intervalMs).unref();
    });
  }

  #pushSpans(): void {
    this.#sending = this.#sendSpans().then(() => {
      this.#sending = null;
      this.#spansTimer = undefined;
      if (this.#spans.length === 0 || this.#closed !== null) return;
      this.#spansTimer = setTimeout(() => this.#pushSpans(), this.#bounds.spanDelayMs).unref();
    });
  }

  /** A push that is lost costs nothing: the next one says all of it again. */
  async #sendMetrics(): Promise<void> {
    try {
      const families = readPage(await this.#options.page());
      const frame = { ...this.#frame, sinceMs: this.#sinceMs, nowMs: Date.now() };
      await this.#send("metrics", (told) => this.#metrics.export(metricsOf(families, frame), told));
    } catch (error) {
      this.#failed("metrics", error);
    }
  }

  /** In batches, until none is left or one does not go. */
  async #sendSpans(): Promise<void> {
    while (this.#spans.length > 0) {
      const batch = this.#spans.slice(0, this.#bounds.batchMax);
      const sent = await this.#send("spans", (told) => this.#traces.export(batch, told));
      if (sent === "later") return;
      // Some of it may have made room for newer ones meanwhile.
      const gone = new Set(batch);
      this.#spans = this.#spans.filter((span) => !gone.has(span));
    }
  }

  #send(
    what: string,
    run: (told: (result: { readonly code: number; readonly error?: Error }) => void) => void,
  ): Promise<Sent> {
    return new Promise((resolve) => {
      run(({ code, error }) => {
        if (code === 0) {
          this.#succeeded();
          resolve("sent");
          return;
        }
        this.#failed(what, error);
        resolve(isRefusal(error) ? "refused" : "later");
      });
    });
  }

  #succeeded(): void {
    if (this.#isFailing) this.#options.log("info", "otlpWell", { dropped: this.#dropped });
    this.#isFailing = false;
    this.#dropped = 0;
  }

  /** The same again is worth no line in the log. */
  #failed(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    const level = this.#isFailing ? "debug" : "warn";
    this.#isFailing = true;
    this.#options.log(level, "otlpFailed", { code: "hub_unreachable", what, reason: reason.slice(0, 200) });
  }
}

type AgentFactory = ReturnType<typeof httpAgentFactoryFromOptions>;

function agentFactoryFor({ ca, env }: OtlpOptions): AgentFactory {
  return async (protocol) => {
    const common = { keepAlive: true, proxyEnv: env };
    const trust = protocol === "https:" ? await trustWith(ca) : {};
    type Options = Parameters<typeof httpAgentFactoryFromOptions>[0];
    return await httpAgentFactoryFromOptions({ ...common, ...trust } as Options)(protocol);
  };
}

/** As a daemon trusts: see tls-trust.ts. Loaded with a certificate to check alone: it is megabytes. */
async function trustWith(ca: string | undefined): Promise<object> {
  const { getCACertificates } = await import("node:tls");
  return {
    ca: [...getCACertificates("default"), ...getCACertificates("system"), ...(ca === undefined ? [] : [ca])],
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED can't turn the check off.
    rejectUnauthorized: true,
  };
}

/** Whoever put a password into the URL does not find it in the log. */
function originOf(endpoint: string): string {
  return new URL(endpoint).origin;
}

/** The collector will not take this batch, however often it is asked: it would hold up all others. */
function isRefusal(error: Error | undefined): boolean {
  return error !== undefined && "code" in error && typeof error.code === "number";
}
