/** Whatever a label holds and however much was counted, a strict reader finds on every page what was written. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ERROR_CLASSES } from "../../src/domain/errors.ts";
import {
  boundText,
  formWanted,
  headText,
  labelsText,
  PAGE_END,
  PAGE_FORMS,
} from "../../src/metrics/exposition.ts";
import { gatheredPage } from "../../src/metrics/gathered.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { mergedPage, pageFault } from "../../src/metrics/merge.ts";
import { DAEMON_STATES, DOORBELL_OUTCOMES, exposition, PersonaMetrics } from "../../src/metrics.ts";
import { readPage } from "../support/strict-page.ts";

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("\\", '"', "\n", "n", "{", "}", ",", "=", " ", "#", "é") }),
);
const labels = fc.record({ tenant: hostile, host: hostile, persona: hostile, project: hostile });
const form = fc.constantFrom(...PAGE_FORMS);
const count = fc.nat(1e9);

const persona = fc
  .record({
    labels,
    state: fc.constantFrom(...DAEMON_STATES),
    reconnects: count,
    rung: count,
    failures: count,
    latencies: fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 20 }),
  })
  .map((seed) => {
    const metrics = new PersonaMetrics(seed.labels);
    metrics.state = seed.state;
    metrics.reconnects = seed.reconnects;
    metrics.doorbells.rung = seed.rung;
    metrics.errors.surface = seed.failures;
    for (const seconds of seed.latencies) metrics.observeLatency(seconds);
    return { seed, metrics };
  });
const personas = fc.uniqueArray(persona, {
  maxLength: 5,
  selector: ({ seed }) => JSON.stringify(seed.labels),
});

test("a strict reader finds the 24 series of each persona, with the labels and values that were written", () => {
  fc.assert(
    fc.property(personas, form, (all, wanted) => {
      const families = readPage(
        exposition(
          all.map(({ metrics }) => metrics),
          wanted,
        ),
        wanted,
      );
      const series = families.flatMap((family) => family.series);
      expect(series).toHaveLength(24 * all.length);
      for (const { seed } of all) {
        const own = series.filter((one) =>
          (["tenant", "host", "persona", "project"] as const).every(
            (key) => one.labels[key] === seed.labels[key],
          ),
        );
        expect(own).toHaveLength(24);
        const valueNamed = (name: string, label?: string): number | undefined =>
          own.find(
            (one) => one.name === name && (label === undefined || Object.values(one.labels).at(-1) === label),
          )?.value;
        expect(DAEMON_STATES.map((state) => valueNamed("prism_daemon_state", state))).toEqual(
          DAEMON_STATES.map((state) => (state === seed.state ? 1 : 0)),
        );
        expect(valueNamed("prism_daemon_reconnects_total")).toBe(seed.reconnects);
        expect(valueNamed("prism_daemon_doorbells_total", DOORBELL_OUTCOMES[0])).toBe(seed.rung);
        expect(valueNamed("prism_daemon_errors_total", ERROR_CLASSES[2])).toBe(seed.failures);
        expect(valueNamed("prism_daemon_doorbell_latency_seconds_count")).toBe(seed.latencies.length);
      }
    }),
  );
});

test("pages merged are the page of all", () => {
  fc.assert(
    fc.property(personas, form, (all, wanted) => {
      const each = all.map(({ metrics }) => exposition([metrics], wanted));
      // A label's line feed is escaped, so that no value can begin a line.
      expect(each.map((page) => (page.length > 60_000 ? null : pageFault(page, wanted)))).toEqual(
        each.map(() => null),
      );
      expect(mergedPage(each, wanted)).toBe(
        exposition(
          all.map(({ metrics }) => metrics),
          wanted,
        ),
      );
    }),
  );
});

test("the gathered page is the merged one and a series for each daemon, whoever is silent", () => {
  fc.assert(
    fc.property(personas, form, fc.func(fc.boolean()), (all, wanted, isUp) => {
      const daemons = all.map(({ seed, metrics }) => ({
        ...seed.labels,
        page: isUp(seed.labels) ? exposition([metrics], wanted) : null,
      }));
      const families = readPage(gatheredPage({ daemons, omitted: 0, durationMs: 7 }, wanted), wanted);
      const ups = families.find(({ name }) => name === "prism_gather_daemon_up")?.series ?? [];
      expect(ups.map(({ value }) => value)).toEqual(daemons.map(({ page }) => (page === null ? 0 : 1)));
      const answered = daemons.filter(({ page }) => page !== null).length;
      const own = families
        .filter(({ name }) => name.startsWith("prism_daemon_"))
        .flatMap(({ series }) => series);
      expect(own).toHaveLength(24 * answered);
    }),
  );
});

test("a histogram counts every observation once, in the bucket of the least bound it does not exceed", () => {
  const bounds = [0.001, 0.5, 10];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.nat(9))),
      form,
      (seen, wanted) => {
        const histogram = new Histogram(bounds);
        for (const [value, times] of seen) histogram.observe(value, times);
        const head = headText({ name: "x_seconds", type: "histogram", help: "X." }, wanted);
        const [family] = readPage(head + histogram.text("x_seconds", wanted) + PAGE_END[wanted], wanted);
        for (const bound of [...bounds, Number.POSITIVE_INFINITY]) {
          const below = seen.reduce((sum, [value, times]) => (value <= bound ? sum + times : sum), 0);
          const bucket = family?.series.find(({ labels: own }) => own["le"] === boundText(bound, wanted));
          expect(bucket?.value).toBe(below);
        }
      },
    ),
  );
});

test("label values come back as they were", () => {
  fc.assert(
    fc.property(hostile, (value) => {
      const page = `# HELP x_y Words.\n# TYPE x_y gauge\nx_y{${labelsText({ a: value, b: "c" })}} 1\n`;
      expect(readPage(page, "text")[0]?.series[0]?.labels).toEqual({ a: value, b: "c" });
    }),
  );
});

test("any Accept header leads to one of the forms", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (accept) => {
      expect(PAGE_FORMS).toContain(formWanted(accept));
    }),
  );
});
