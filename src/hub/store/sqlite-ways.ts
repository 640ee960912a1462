/**
 * What the embedded store knows of one signal's way beside the signal: the rings for it, and who drained it. Asked by
 * people, a few times a day, so nothing is kept for it that would cost each signal something: both are looked for, in
 * bounded time, where they must stand by position or by time.
 */
import type { DatabaseSync } from "node:sqlite";
import { bounds } from "../core/bounds.ts";
import {
  arrayStatements,
  int,
  positionsFrom,
  RING_COLUMNS,
  type Row,
  readerFrom,
  ringFrom,
} from "./sqlite-rows.ts";
import type { ReaderRecord, StoredSignal, StoredWay } from "./store.ts";

export class SqliteWays {
  readonly #find: ReturnType<typeof prepareAll>;

  constructor(db: DatabaseSync) {
    this.#find = prepareAll(db);
  }

  of(signal: StoredSignal): StoredWay {
    const { position, address, state, endedAtMs } = signal;
    const { ringRowsMax, ringsOfSignalMax } = bounds;
    const rings = this.#find.rings.all(position, ringRowsMax, address, ringsOfSignalMax) as unknown as Row[];
    const isDrained = state === "drained" && endedAtMs !== null;
    return { rings: rings.map(ringFrom), reader: isDrained ? this.#readerOf(position, endedAtMs) : null };
  }

  /** Drains stand in the order of their times, unless the clock was set back: then it may not be found. */
  #readerOf(position: number, drainedAtMs: number): ReaderRecord | null {
    const start = this.#firstDrainAt(position, drainedAtMs);
    const rows = this.#find.drains.all(start, bounds.drainRowsMax) as unknown as Row[];
    for (const [atMs, signals, ...reader] of rows) {
      if (int(atMs) > drainedAtMs) return null;
      if (int(atMs) === drainedAtMs && positionsFrom(signals).includes(position)) return readerFrom(reader);
    }
    return null;
  }

  /** @returns the first position of a drain behind `after` that was made at `atMs` or later, by halving */
  #firstDrainAt(after: number, atMs: number): number {
    let low = after + 1;
    let high = int((this.#find.lastDrain.get() as Row | undefined)?.[0]);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [position, madeAtMs] = (this.#find.drainFrom.get(middle) ?? []) as Row;
      if (position === undefined || int(madeAtMs) >= atMs) high = middle;
      else low = int(position) + 1;
    }
    return low;
  }
}

function prepareAll(db: DatabaseSync) {
  const prepare = arrayStatements(db);
  return {
    rings: prepare(
      `SELECT ${RING_COLUMNS} FROM (SELECT * FROM rings WHERE through >= ? ORDER BY through LIMIT ?)
         WHERE address = ? ORDER BY through LIMIT ?`,
    ),
    lastDrain: prepare("SELECT max(position) FROM drains"),
    drainFrom: prepare(
      "SELECT position, drained_at_ms FROM drains WHERE position >= ? ORDER BY position LIMIT 1",
    ),
    drains: prepare(
      `SELECT drained_at_ms, signals, session, surface, host FROM drains
         WHERE position >= ? ORDER BY position LIMIT ?`,
    ),
  };
}
