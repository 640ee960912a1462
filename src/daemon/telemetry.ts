/**
 * What a daemon tells a collector: its page of 24 series, and a span for each ring, linked to the newest signal that it
 * rang for. A doorbell carries no trace, so a ring is a trace of its own. Loaded only where it was asked for.
 */
import { formatAddress } from "../domain/address.ts";
import { formatId, tagOf } from "../hub/core/ids.ts";
import { exposition, type PersonaMetrics } from "../metrics.ts";
import { openOtlp } from "../net/otlp.ts";
import type { RingEnd } from "./driver.ts";
import type { DaemonOptions } from "./options.ts";

export interface DaemonTelemetry {
  rang(ring: RingEnd, hubId: string): void;
  close(): Promise<void>;
}

export function openDaemonTelemetry(
  options: DaemonOptions,
  facts: { readonly metrics: PersonaMetrics; readonly instance: string; readonly surface: string },
): DaemonTelemetry | null {
  const { otlp: target, env, host, tenant, version, log } = options;
  if (target === undefined) return null;
  const address = formatAddress(options);
  const otlp = openOtlp({
    ...target,
    ...{ env, version, log },
    resource: {
      "service.name": "prism-daemon",
      "service.namespace": tenant,
      "service.version": version,
      "service.instance.id": facts.instance,
      "host.name": host,
    },
    page: () => exposition([facts.metrics]),
  });
  return {
    rang({ through, attempt, rungAtMs, endedAtMs, way }, hubId) {
      const signal = formatId(tagOf(hubId), through);
      otlp.span({
        subject: `ring ${signal} ${attempt} ${rungAtMs} ${facts.instance}`,
        parent: null,
        name: "prism.ring",
        kind: "internal",
        startMs: rungAtMs,
        endMs: endedAtMs,
        attributes: {
          "prism.address": address,
          "prism.surface": facts.surface,
          "prism.signal.newest": signal,
          "prism.ring.attempt": attempt,
          ...(way === null ? {} : { "prism.ring.way": way }),
        },
        events: [],
        linkTo: `signal ${signal}`,
        ...(way === null ? { failure: "the agent's side did not take it" } : {}),
      });
    },
    close: () => otlp.close(),
  };
}
