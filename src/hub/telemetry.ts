/**
 * What the hub tells a collector: its page of metrics, and a span for each signal that was drained, from its acceptance
 * to its drain, within its sender's trace if it gave one. Decides nothing, and no caller of the hub waits for it.
 */
import type { Log } from "../domain/log.ts";
import { traceContextOf } from "../domain/traceparent.ts";
import { type DiskFacts, hubPage } from "../metrics/hub.ts";
import { type OtlpTarget, openOtlp, type SpanFact } from "../net/otlp.ts";
import type { TakenSignal } from "./core/reply.ts";
import type { HubService } from "./service.ts";

export interface HubTelemetry {
  drained(signals: readonly TakenSignal[]): void;
  close(): Promise<void>;
}

export interface HubTelemetryOptions {
  readonly target: OtlpTarget;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: string;
  readonly version: string;
  readonly engine: Pick<HubService, "identity" | "counters" | "census">;
  readonly sockets: () => number;
  readonly disk: () => Promise<DiskFacts | null>;
  readonly log: Log;
}

export function openHubTelemetry(options: HubTelemetryOptions): HubTelemetry {
  const { target, env, host, version, engine, sockets, disk, log } = options;
  const otlp = openOtlp({
    ...target,
    ...{ env, version, log },
    resource: {
      "service.name": "prism-hub",
      "service.version": version,
      "service.instance.id": engine.identity.id,
      ...(host === "" ? {} : { "host.name": host }),
    },
    page: async () => {
      const facts = { counters: engine.counters, sockets: sockets(), disk: await disk() };
      return hubPage({ ...facts, census: engine.census() }, "text");
    },
  });
  return {
    drained(signals) {
      for (const signal of signals) {
        const span = spanOf(signal);
        if (span !== null) otlp.span(span);
      }
    },
    close: () => otlp.close(),
  };
}

/** Null if its sender's trace is not recorded: who asks for that gets nothing of it either. */
function spanOf({ head, status, pushedAtMs }: TakenSignal): SpanFact | null {
  const parent = head.traceparent === null ? null : traceContextOf(head.traceparent);
  if (parent?.sampled === false) return null;
  const event = (name: string, atMs: number | null) => (atMs === null ? [] : [{ name, atMs }]);
  return {
    subject: `signal ${status.id}`,
    parent,
    name: "prism.signal",
    kind: "consumer",
    startMs: head.acceptedAtMs,
    endMs: status.drainedAtMs ?? head.acceptedAtMs,
    attributes: {
      "prism.signal.id": status.id,
      "prism.signal.to": status.to,
      ...(status.from === null ? {} : { "prism.signal.from": status.from }),
      "prism.signal.urgency": status.urgency,
    },
    events: [...event("pushed", pushedAtMs), ...event("acknowledged", status.deliveredAtMs)],
  };
}
