/**
 * What the dashboard's server tells its page: the paths, what each answers, and the words of the stream. Data alone,
 * for both sides: knows no HTTP, no browser and no daemon. All times are epoch milliseconds by the server's clock.
 *
 *   GET /api/overview           Overview
 *   GET /api/stream             Server-Sent Events, see `StreamEvents`
 *   GET /api/history            HistorySummary, all personas; `?step=MINUTES` (of `HISTORY_STEPS`)
 *   GET /api/history?key=K      PersonaHistory
 *   GET /api/signals?key=K      RecentSignals; `&before=ID` reads on
 *   GET /api/signal/ID          SignalTrace
 *
 * Each asks for the cookie that the one-time link gave; a failure is `ApiFailure` with a status of 4xx or 5xx, 401 if
 * the cookie is not (or no longer) known. Nothing here changes anything: there is no other method than GET.
 */
import type { ErrorReport } from "../domain/errors.ts";
import type { Happening, HubView, MinuteSample, Overview, PersonaView } from "../domain/overview.ts";
import type { SignalStatusAnswer } from "../domain/verbs.ts";

/** The stream's events by their names. Each but `beat` has an id; the browser names the last one as it comes back. */
export interface StreamEvents {
  /**
   * Everything, and what happened of late, oldest first: at the beginning, after a connection was lost, and for a
   * reader that was too slow. It replaces all that was told before; happenings that the reader has are not repeated.
   */
  readonly overview: { readonly overview: Overview; readonly happenings: readonly ToldHappening[] };
  /** Since the event before: whole views of those that changed, keys of those that are no more. */
  readonly personas: {
    readonly atMs: number;
    readonly changed: readonly PersonaView[];
    readonly gone: readonly string[];
  };
  readonly hub: HubView;
  readonly happening: ToldHappening;
  /** Every `BEAT_MS` at least while nothing else is said: a reader that hears nothing for twice as long has lost it. */
  readonly beat: { readonly atMs: number };
}
export type StreamEventName = keyof StreamEvents;

export const BEAT_MS = 5000;

/** `number` grows by one each: who has one needs no older one. Another server begins anew, under another `series`. */
export interface ToldHappening extends Happening {
  readonly series: string;
  readonly number: number;
}

/** The last 24 hours of one persona, minute by minute, oldest first. A minute without a sample is not known. */
export interface PersonaHistory {
  readonly key: string;
  /** The beginning of the 24 hours, and their end: both multiples of 60,000. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: readonly MinuteSample[];
}

/** Widths of a summary's steps, in minutes. */
export const HISTORY_STEPS = [5, 15, 60] as const;
export const HISTORY_STEP_USUAL = 15;

/**
 * The last 24 hours of all personas in columns, for small drawings. Entry `n` of each column is of the time from
 * `fromMs + n * stepMs`; null: nothing is known of it. The last step has just begun.
 */
export interface HistorySummary {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly personas: readonly SummaryColumns[];
}

export interface SummaryColumns {
  readonly key: string;
  /** The worst state in it: an index into `LIFECYCLE_STATES`. */
  readonly state: readonly (number | null)[];
  /** The most that waited at once. */
  readonly pending: readonly (number | null)[];
  /** Sums over the step. */
  readonly rung: readonly (number | null)[];
  readonly failed: readonly (number | null)[];
  readonly drains: readonly (number | null)[];
  /** The mean of what was rung in it, in milliseconds; null without a ring. */
  readonly latencyMs: readonly (number | null)[];
}

/** Newest first; never a text. */
export interface RecentSignals {
  readonly key: string;
  readonly signals: readonly SignalStatusAnswer[];
  /** Pass as `before` to read on, or null at the end. */
  readonly next: string | null;
}

export interface ApiFailure {
  readonly error: ErrorReport;
}
