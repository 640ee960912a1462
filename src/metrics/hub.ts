/**
 * What the hub counts, and its page. The engine writes plain numbers here, a few for each batch; all else is done when
 * somebody scrapes. No label names a tenant, a persona or a project, so that the page says the same to everybody who
 * may read it. Knows no clock, store or socket.
 */
import { ERROR_CLASS_OF } from "../domain/error-class.ts";
import { ERROR_CLASSES, type ErrorClass, type ErrorCode } from "../domain/errors.ts";
import {
  LIVENESS,
  type Liveness,
  SESSION_KINDS,
  type SessionKind,
  SIGNAL_STATES,
  type SignalState,
} from "../domain/verbs.ts";
import { type FamilyHead, headText, labelsText, PAGE_END, type PageForm } from "./exposition.ts";
import { Histogram } from "./histogram.ts";

/** In seconds. A sync takes 0.1 ms on a good disk and 10 ms on a bad one. */
const STORE_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5] as const;
/** From a blink to a day: agents drain when they wake. */
const DRAIN_BOUNDS = [0.1, 1, 10, 60, 600, 3600, 86_400] as const;

/** Since the hub's start. */
export class HubCounters {
  /** By the state that they entered, counted once that is durable; `pending` is accepted. */
  readonly signals: { [S in SignalState]: number } = { pending: 0, delivered: 0, drained: 0, expired: 0 };
  readonly refusals: { [C in ErrorClass]: number } = {
    connection: 0,
    protocol: 0,
    surface: 0,
    storage: 0,
    unclassified: 0,
  };
  loopsStopped = 0;
  readonly pushSeconds = new Histogram(STORE_BOUNDS);
  readonly drainSeconds = new Histogram(DRAIN_BOUNDS);
  readonly storeSeconds = new Histogram(STORE_BOUNDS);

  countRefusal(code: ErrorCode): void {
    this.refusals[ERROR_CLASS_OF[code]]++;
  }
}

/** How things stand at this moment. */
export interface HubCensus {
  readonly open: { readonly [S in "pending" | "delivered"]: number };
  /** Milliseconds; 0 if nothing is open. */
  readonly oldestOpenMs: number;
  /** Addresses for which signals wait. */
  readonly mailboxesOpen: number;
  readonly sessions: { readonly [K in SessionKind]: { readonly [L in Liveness]: number } };
  /** Sessions that hold a socket. */
  readonly connected: { readonly [K in SessionKind]: number };
  /** False from a failed commit until one works again. */
  readonly isWritable: boolean;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
}

export interface DiskFacts {
  readonly storeBytes: number;
  readonly freeBytes: number;
  readonly diskBytes: number;
}

export interface HubFacts {
  readonly counters: HubCounters;
  readonly census: HubCensus;
  readonly sockets: number;
  /** Null if the system does not say. */
  readonly disk: DiskFacts | null;
}

interface Family {
  readonly head: FamilyHead;
  /** Everything but a histogram's: what follows the name, and the value. */
  readonly series: (facts: HubFacts) => readonly (readonly [labels: string, value: number])[];
  readonly histogram?: (counters: HubCounters) => Histogram;
}

const FAMILIES: readonly Family[] = [
  gauge("signals_open", "Signals that wait, by state.", ({ census }) =>
    (["pending", "delivered"] as const).map((state) => [braced({ state }), census.open[state]]),
  ),
  gauge(
    "oldest_open_signal_seconds",
    "Age of the signal that has waited longest, 0 if none waits.",
    (facts) => plain(facts.census.oldestOpenMs / 1000),
  ),
  gauge("mailboxes_open", "Addresses for which signals wait.", ({ census }) => plain(census.mailboxesOpen)),
  counter(
    "signals_total",
    "Signals by the state that they entered, once that was on disk; pending is accepted.",
    ({ counters }) => SIGNAL_STATES.map((state) => [braced({ state }), counters.signals[state]]),
  ),
  histogram(
    "push_latency_seconds",
    "From the decision on a change, as the acceptance of a signal, to its push to a daemon, the disk included.",
    ({ pushSeconds }) => pushSeconds,
  ),
  histogram(
    "drain_latency_seconds",
    "From the acceptance of a signal to its drain.",
    ({ drainSeconds }) => drainSeconds,
  ),
  histogram(
    "store_latency_seconds",
    "How long the store took to make one batch durable.",
    ({ storeSeconds }) => storeSeconds,
  ),
  counter("refusals_total", "Calls that were answered with an error, by its class.", ({ counters }) =>
    ERROR_CLASSES.map((error_class) => [braced({ error_class }), counters.refusals[error_class]]),
  ),
  counter("loops_stopped_total", "Pairs of agents that only answered each other and were stopped.", (facts) =>
    plain(facts.counters.loopsStopped),
  ),
  gauge(
    "sessions",
    "Registered sessions by kind and liveness; a daemon is alive within its lease, asleep or not.",
    ({ census }) =>
      SESSION_KINDS.flatMap((kind) =>
        LIVENESS.map((liveness) => [braced({ kind, liveness }), census.sessions[kind][liveness]] as const),
      ),
  ),
  gauge("sessions_connected", "Sessions that hold a connection now, by kind.", ({ census }) =>
    SESSION_KINDS.map((kind) => [braced({ kind }), census.connected[kind]]),
  ),
  gauge("sockets", "WebSocket connections that stand.", ({ sockets }) => plain(sockets)),
  gauge("store_writable", "1 if the last batch became durable, 0 if it failed.", ({ census }) =>
    plain(census.isWritable ? 1 : 0),
  ),
  gauge("store_bytes", "Size of the embedded store's files.", ({ disk }) => maybe(disk?.storeBytes)),
  gauge("disk_free_bytes", "What the hub may still write to the disk that holds its store.", ({ disk }) =>
    maybe(disk?.freeBytes),
  ),
  gauge("disk_bytes", "Size of the disk that holds the hub's store.", ({ disk }) => maybe(disk?.diskBytes)),
  gauge("start_time_seconds", "When the hub was started, in seconds since 1970.", ({ census }) =>
    plain(census.startedAtMs / 1000),
  ),
];

/** The hub's catalogue, for the docs and whoever holds them to it. */
export const HUB_FAMILIES: readonly FamilyHead[] = FAMILIES.map(({ head }) => head);

export function hubPage(facts: HubFacts, form: PageForm): string {
  let page = "";
  for (const { head, series, histogram: of } of FAMILIES) {
    if (of !== undefined) page += headText(head, form) + of(facts.counters).text(head.name, form);
    const rows = series(facts);
    if (rows.length > 0) page += headText(head, form);
    for (const [labels, value] of rows) page += `${head.name}${labels} ${value}\n`;
  }
  return page + PAGE_END[form];
}

function gauge(name: string, help: string, series: Family["series"]): Family {
  return { head: { name: `prism_hub_${name}`, type: "gauge", help }, series };
}

function counter(name: string, help: string, series: Family["series"]): Family {
  return { head: { name: `prism_hub_${name}`, type: "counter", help }, series };
}

function histogram(name: string, help: string, of: (counters: HubCounters) => Histogram): Family {
  return { head: { name: `prism_hub_${name}`, type: "histogram", help }, series: () => [], histogram: of };
}

function braced(labels: Readonly<Record<string, string>>): string {
  return `{${labelsText(labels)}}`;
}

function plain(value: number): readonly (readonly [string, number])[] {
  return [["", value]];
}

/** What is not known has no series: a 0 would be believed. */
function maybe(value: number | undefined): readonly (readonly [string, number])[] {
  return value === undefined ? [] : plain(value);
}
