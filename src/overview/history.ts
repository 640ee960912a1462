/**
 * The last 24 hours of the personas of this host, read off the files that their daemons keep: whether a daemon runs
 * makes no difference. Writes nothing; holds nothing between two readings.
 */
import { join } from "node:path";
import type { HistorySummary, PersonaHistory, SummaryColumns } from "../dashboard/api.ts";
import { MINUTE_FILE, MINUTE_FILE_BYTES, MINUTE_MS, MINUTES_KEPT, minutesIn } from "../domain/minute-file.ts";
import type { MinuteSample } from "../domain/overview.ts";
import { type DaemonPlace, daemonPlaces } from "../host/daemon-places.ts";
import { type Home, stateDirOf } from "../host/home.ts";
import { readPrivateBytes } from "../host/private-file.ts";
import { LIFECYCLE_STATES } from "../ipc.ts";
import { keyOf } from "./persona-view.ts";

/** @returns null if no daemon of this key ever kept state here */
export function historyOf(home: Home, key: string, nowMs: number): PersonaHistory | null {
  const place = daemonPlaces(home).find((known) => keyOf(known) === key);
  if (place === undefined) return null;
  const toMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
  return { key, fromMs: toMs - MINUTES_KEPT * MINUTE_MS, toMs, samples: samplesAt(home, place, nowMs) };
}

/** @param stepMinutes divides a day */
export function historySummary(home: Home, stepMinutes: number, nowMs: number): HistorySummary {
  const stepMs = stepMinutes * MINUTE_MS;
  const steps = MINUTES_KEPT / stepMinutes;
  const fromMs = (Math.floor(nowMs / stepMs) + 1 - steps) * stepMs;
  const personas = daemonPlaces(home).flatMap((place) => {
    const samples = samplesAt(home, place, nowMs).filter(({ atMs }) => atMs >= fromMs);
    return samples.length === 0 ? [] : [columnsOf(keyOf(place), samples, { fromMs, stepMs, steps })];
  });
  return { fromMs, stepMs, steps, personas };
}

/** What can't be read, or is no such file, is no history: the page says so by its gaps. */
function samplesAt(home: Home, place: DaemonPlace, nowMs: number): readonly MinuteSample[] {
  const path = join(stateDirOf(home, place.tenant, place.address), MINUTE_FILE);
  try {
    return minutesIn(readPrivateBytes(path, { what: "history", bytesMax: MINUTE_FILE_BYTES }), nowMs);
  } catch {
    return [];
  }
}

interface Steps {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

function columnsOf(
  key: string,
  samples: readonly MinuteSample[],
  { fromMs, stepMs, steps }: Steps,
): SummaryColumns {
  const bySteps = Map.groupBy(samples, ({ atMs }) => Math.floor((atMs - fromMs) / stepMs));
  const column = (value: (own: readonly MinuteSample[]) => number | null): (number | null)[] =>
    Array.from({ length: steps }, (_, step) => {
      const own = bySteps.get(step);
      return own === undefined ? null : value(own);
    });
  return {
    key,
    state: column((own) => Math.min(...own.map(({ state }) => LIFECYCLE_STATES.indexOf(state)))),
    pending: column((own) => Math.max(...own.map(({ pending }) => pending))),
    rung: column((own) => sum(own.map(({ rung }) => rung))),
    failed: column((own) => sum(own.map(({ failed }) => failed))),
    drains: column((own) => sum(own.map(({ drains }) => drains))),
    latencyMs: column(meanLatency),
  };
}

/** Of the minutes with a ring, each weighed by its rings. */
function meanLatency(samples: readonly MinuteSample[]): number | null {
  const rung = samples.filter(({ latencyMs }) => latencyMs !== null);
  const rings = sum(rung.map((sample) => Math.max(1, sample.rung)));
  if (rings === 0) return null;
  return Math.round(sum(rung.map((sample) => (sample.latencyMs ?? 0) * Math.max(1, sample.rung))) / rings);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
