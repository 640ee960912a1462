/**
 * The daemon's metrics and their text exposition: exactly the catalogue of the contract, 24 series a persona.
 * Knows no HTTP, no clock and no other metric: a label value outside its closed set cannot be written. How a page is
 * written, for this catalogue and the others, stands in `metrics/exposition.ts`.
 */
import { ERROR_CLASS_OF } from "./domain/error-class.ts";
import { ERROR_CLASSES, type ErrorClass, type ErrorCode } from "./domain/errors.ts";
import {
  boundText,
  type FamilyHead,
  headText,
  labelsText,
  PAGE_END,
  type PageForm,
} from "./metrics/exposition.ts";

export const DAEMON_STATES = ["disconnected", "reconciling", "connected", "emitting"] as const;
export type DaemonState = (typeof DAEMON_STATES)[number];

export const DOORBELL_OUTCOMES = ["rung", "coalesced", "suppressed", "failed"] as const;
export type DoorbellOutcome = (typeof DOORBELL_OUTCOMES)[number];

/** Upper bounds in seconds; +Inf follows. */
const LATENCY_BOUNDS = [0.005, 0.025, 0.1, 0.5, 2.5, 10] as const;

export interface MetricLabels {
  readonly tenant: string;
  readonly host: string;
  readonly persona: string;
  readonly project: string;
}

type Counts<Name extends string> = { [N in Name]: number };

/** One persona's counters: plain numbers, written by its daemon, read by `exposition` and `status`. */
export class PersonaMetrics {
  readonly doorbells: Counts<DoorbellOutcome> = { rung: 0, coalesced: 0, suppressed: 0, failed: 0 };
  readonly errors: Counts<ErrorClass> = {
    connection: 0,
    protocol: 0,
    surface: 0,
    storage: 0,
    unclassified: 0,
  };
  state: DaemonState = "disconnected";
  reconnects = 0;
  signalsPending = 0;
  latencySecondsSum = 0;
  /** Observations in each bucket alone, the last beyond every bound. */
  readonly latencyBuckets: number[] = [...LATENCY_BOUNDS, Infinity].map(() => 0);
  readonly names: SeriesNames;

  constructor(labels: MetricLabels) {
    this.names = seriesNamesOf(labels);
  }

  countError(code: ErrorCode): void {
    this.errors[ERROR_CLASS_OF[code]]++;
  }

  observeLatency(seconds: number): void {
    const index = LATENCY_BOUNDS.findIndex((bound) => seconds <= bound);
    const bucket = index === -1 ? LATENCY_BOUNDS.length : index;
    this.latencyBuckets[bucket] = (this.latencyBuckets[bucket] ?? 0) + 1;
    this.latencySecondsSum += seconds;
  }
}

/** Every series' name with its labels and the blank before its value: made once, since they never change. */
interface SeriesNames {
  readonly state: readonly string[];
  readonly reconnects: string;
  readonly pending: string;
  readonly doorbells: readonly string[];
  /** The forms differ in how they write the bound 10. */
  readonly latencyBuckets: { readonly [F in PageForm]: readonly string[] };
  readonly latencySum: string;
  readonly latencyCount: string;
  readonly errors: readonly string[];
}

function seriesNamesOf({ tenant, host, persona, project }: MetricLabels): SeriesNames {
  const own = labelsText({ tenant, host, persona, project });
  const plain = (metric: string) => `prism_daemon_${metric}{${own}} `;
  const each = (metric: string, label: string, values: readonly string[]) =>
    values.map((value) => `prism_daemon_${metric}{${own},${label}="${value}"} `);
  const buckets = (form: PageForm) =>
    each(
      "doorbell_latency_seconds_bucket",
      "le",
      [...LATENCY_BOUNDS, Infinity].map((bound) => boundText(bound, form)),
    );
  return {
    state: each("state", "state", DAEMON_STATES),
    reconnects: plain("reconnects_total"),
    pending: plain("signals_pending"),
    doorbells: each("doorbells_total", "outcome", DOORBELL_OUTCOMES),
    latencyBuckets: { text: buckets("text"), openmetrics: buckets("openmetrics") },
    latencySum: plain("doorbell_latency_seconds_sum"),
    latencyCount: plain("doorbell_latency_seconds_count"),
    errors: each("errors_total", "error_class", ERROR_CLASSES),
  };
}

/** One metric of the catalogue, and how one persona's series of it are written. */
interface Family {
  readonly head: FamilyHead;
  write(metrics: PersonaMetrics, form: PageForm): string;
}

const FAMILIES: readonly Family[] = [
  {
    head: headOf("state", "gauge", "1 for the state the daemon is in, 0 for the others."),
    write: ({ names, state }) => lines(names.state, (index) => (DAEMON_STATES[index] === state ? 1 : 0)),
  },
  {
    head: headOf("reconnects_total", "counter", "Connections settled again after the first."),
    write: ({ names, reconnects }) => `${names.reconnects}${reconnects}\n`,
  },
  {
    head: headOf("signals_pending", "gauge", "Signals that wait at the hub, neither drained nor expired."),
    write: ({ names, signalsPending }) => `${names.pending}${signalsPending}\n`,
  },
  {
    head: headOf("doorbells_total", "counter", "Doorbells by what became of them."),
    write: ({ names, doorbells }) =>
      lines(names.doorbells, (index) => countOf(doorbells, DOORBELL_OUTCOMES[index])),
  },
  {
    head: headOf(
      "doorbell_latency_seconds",
      "histogram",
      "From the hub's acceptance of a signal to the surface's taking the ring.",
    ),
    write: writeLatency,
  },
  {
    head: headOf("errors_total", "counter", "Errors by class."),
    write: ({ names, errors }) => lines(names.errors, (index) => countOf(errors, ERROR_CLASSES[index])),
  },
];

function headOf(metric: string, type: FamilyHead["type"], help: string): FamilyHead {
  return { name: `prism_daemon_${metric}`, type, help };
}

/** The catalogue of a persona, for whoever reads pages of it. */
export const PERSONA_FAMILIES: readonly FamilyHead[] = FAMILIES.map(({ head }) => head);

const HEADS: { readonly [F in PageForm]: readonly string[] } = {
  text: PERSONA_FAMILIES.map((head) => headText(head, "text")),
  openmetrics: PERSONA_FAMILIES.map((head) => headText(head, "openmetrics")),
};

function lines(names: readonly string[], valueAt: (index: number) => number): string {
  let text = "";
  for (let index = 0; index < names.length; index++) text += `${names[index]}${valueAt(index)}\n`;
  return text;
}

function countOf<Name extends string>(counts: Readonly<Counts<Name>>, name: Name | undefined): number {
  return name === undefined ? 0 : counts[name];
}

/** Buckets are cumulative, and the last one, +Inf, is the count. */
function writeLatency({ names, latencyBuckets, latencySecondsSum }: PersonaMetrics, form: PageForm): string {
  let count = 0;
  const buckets = lines(names.latencyBuckets[form], (index) => {
    count += latencyBuckets[index] ?? 0;
    return count;
  });
  return `${buckets}${names.latencySum}${latencySecondsSum}\n${names.latencyCount}${count}\n`;
}

/**
 * @param personas each with labels of its own: two with the same would be one series written twice
 * @returns the page, all series of one metric together as the format demands
 */
export function exposition(personas: readonly PersonaMetrics[], form: PageForm = "text"): string {
  let page = "";
  for (const [index, family] of FAMILIES.entries()) {
    if (personas.length > 0) page += HEADS[form][index];
    for (const metrics of personas) page += family.write(metrics, form);
  }
  return page + PAGE_END[form];
}
