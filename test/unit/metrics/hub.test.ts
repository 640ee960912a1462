import { describe, expect, test } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import { HUB_FAMILIES, HubCounters, type HubFacts, hubPage } from "../../../src/metrics/hub.ts";
import { EngineBench, HOME } from "../../support/engine-bench.ts";
import { FakeHubService } from "../../support/fake-hub-service.ts";
import { readPage } from "../../support/strict-page.ts";

const facts: HubFacts = {
  counters: new HubCounters(),
  census: new FakeHubService().census(),
  sockets: 4,
  disk: { storeBytes: 1, freeBytes: 2, diskBytes: 3 },
};

function valuesOf(page: string, name: string): number[] {
  const series = readPage(page, "text").flatMap((family) => family.series);
  return series.filter((one) => one.name === name).map(({ value }) => value);
}

describe("the hub's page", () => {
  test.each(["text", "openmetrics"] as const)(
    "holds the whole catalogue, in %s, and no name of anybody",
    (form) => {
      const families = readPage(hubPage(facts, form), form);
      const names = HUB_FAMILIES.map(({ name, type }) =>
        form === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name,
      );
      expect(families.map(({ name }) => name)).toEqual(names);
      const labels = new Set(
        families.flatMap(({ series }) => series.flatMap((one) => Object.keys(one.labels))),
      );
      expect([...labels].toSorted()).toEqual(["error_class", "kind", "le", "liveness", "state"]);
    },
  );

  test("says nothing of a disk that the system does not tell of", () => {
    const page = hubPage({ ...facts, disk: null }, "text");
    expect(readPage(page, "text")).toHaveLength(HUB_FAMILIES.length - 3);
    expect(page).not.toContain("_bytes");
  });
});

describe("what the engine counts", () => {
  function pageOf(bench: EngineBench): string {
    const { counters } = bench.hub;
    return hubPage({ counters, census: bench.hub.census(), sockets: 0, disk: null }, "text");
  }

  test("a signal is accepted once it is durable, and told as pushed; the drain takes it from the open ones", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.store.holding = true;
    bench.settled(() => bench.signal("signal"));
    expect(bench.hub.counters.signals.pending).toBe(0);
    bench.store.release();
    expect(bench.hub.counters.signals.pending).toBe(1);
    const before = pageOf(bench);
    expect(valuesOf(before, "prism_hub_signals_open")).toEqual([1, 0]);
    expect(valuesOf(before, "prism_hub_mailboxes_open")).toEqual([1]);
    expect(valuesOf(before, "prism_hub_push_latency_seconds_count")).toEqual([1]);
    expect(valuesOf(before, "prism_hub_sessions_connected")).toEqual([0, 1]);
    bench.store.holding = false;
    bench.settled(() => bench.ask("drain", "drain", { persona: "reviewer", project: "shop" }));
    const after = pageOf(bench);
    expect(bench.hub.counters.signals).toEqual({ pending: 1, delivered: 0, drained: 1, expired: 0 });
    expect(valuesOf(after, "prism_hub_signals_open")).toEqual([0, 0]);
    expect(valuesOf(after, "prism_hub_drain_latency_seconds_count")).toEqual([1]);
    expect(valuesOf(after, "prism_hub_store_latency_seconds_count")[0]).toBeGreaterThan(1);
  });

  test("a signal that was delivered and drained within one batch is counted as both", () => {
    const bench = new EngineBench();
    const { session } = bench.startDaemon();
    bench.settled(() => bench.signal("signal"));
    bench.settled(() => {
      bench.ask("acknowledge", "acknowledge", { through: 1 }, { ...HOME, session });
      bench.ask("drain", "drain", { persona: "reviewer", project: "shop" });
    });
    expect(bench.hub.counters.signals).toEqual({ pending: 1, delivered: 1, drained: 1, expired: 0 });
  });

  test("a failed batch counts nothing but its refusals, and the store as not writable until one works", () => {
    const bench = new EngineBench();
    bench.startDaemon();
    bench.disk.failing = new PrismError("storage_full", "the disk is full");
    bench.settled(() => bench.signal("signal"));
    expect(bench.hub.counters.signals.pending).toBe(0);
    expect(bench.hub.counters.refusals).toMatchObject({ storage: 1, protocol: 0 });
    expect(valuesOf(pageOf(bench), "prism_hub_store_writable")).toEqual([0]);
  });
});
