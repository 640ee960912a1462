/**
 * How the embedded store forgets, in bounded steps: a few hundred rows of each table, in one transaction.
 *
 * - Open signals are found at the next start by reading on from `hub.settled`; those older than that stand in
 *   `waiting`. So a start reads what is open, and not all that was ever kept.
 * - A mailbox is a chain of signals. Going from the old end to the new, a forgotten signal with nothing kept
 *   before it is deleted; one behind an older signal that is still kept loses its text, and goes as soon
 *   as the next link has been led past it.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { arrayStatements, int, intOrNull, type Row } from "./sqlite-rows.ts";
import { FLAGS } from "./sqlite-schema.ts";
import type { Upkeep } from "./store.ts";

/** One bounded step through one table. @returns true if it is not through yet */
type Task = (upkeep: Upkeep) => boolean;

export class SqliteUpkeep {
  readonly #statements: ReturnType<typeof prepareAll>;
  /** Signals up to here are settled in this round: those that came since the last one may soon end anyway. */
  #settleThrough = 0;
  readonly #tasks: readonly Task[] = [
    (upkeep) => this.#settle(upkeep.rowsMax),
    (upkeep) => this.#sweepWaiting(upkeep.rowsMax),
    (upkeep) => this.#forgetKeys(upkeep),
    (upkeep) => this.#forgetDrains(upkeep),
    (upkeep) => this.#forgetRings(upkeep),
    (upkeep) => this.#forgetSignals(upkeep),
  ];
  /** Those that are not through with their table in this round. */
  #unfinished: readonly Task[] = [];
  #waitingCursor = 0;
  #signalsCursor = 0;

  constructor(db: DatabaseSync) {
    this.#statements = prepareAll(db);
  }

  /** Runs one step inside a transaction of the caller. @returns true if there is more to do in this round */
  step(upkeep: Upkeep): boolean {
    if (this.#unfinished.length === 0) this.#unfinished = this.#tasks;
    this.#unfinished = this.#unfinished.filter((hasMore) => hasMore(upkeep));
    return this.#unfinished.length > 0;
  }

  #settle(rowsMax: number): boolean {
    const { hub, settleEnd, settleOpen, settled } = this.#statements;
    const [position, start] = pair(hub.get());
    const through = Math.min(this.#settleThrough, position);
    if (start >= through) {
      this.#settleThrough = position;
      return false;
    }
    const [end] = pair(settleEnd.get(start, through, rowsMax));
    settleOpen.run(start, end === 0 ? through : end);
    settled.run(end === 0 ? through : end);
    return end !== 0 && end < through;
  }

  #sweepWaiting(rowsMax: number): boolean {
    const rows = rowsOf(this.#statements.waiting.all(this.#waitingCursor, rowsMax));
    for (const [position, endedAtMs] of rows) {
      if (endedAtMs !== null) this.#statements.deleteWaiting.run(int(position));
    }
    this.#waitingCursor = rows.length < rowsMax ? 0 : int(rows.at(-1)?.[0]);
    return this.#waitingCursor !== 0;
  }

  #forgetKeys(upkeep: Upkeep): boolean {
    return this.#forgetOldest(this.#statements.keys, this.#statements.deleteKey, {
      atOrBeforeMs: upkeep.keysBeforeMs,
      rowsMax: upkeep.rowsMax,
    });
  }

  #forgetDrains(upkeep: Upkeep): boolean {
    return this.#forgetOldest(this.#statements.drains, this.#statements.deleteDrain, {
      atOrBeforeMs: upkeep.endedBeforeMs,
      rowsMax: upkeep.rowsMax,
    });
  }

  #forgetRings({ endedBeforeMs, rowsMax }: Upkeep): boolean {
    let removed = 0;
    for (const [through, rungAtMs, address] of rowsOf(this.#statements.rings.all(rowsMax))) {
      if (int(rungAtMs) > endedBeforeMs) break;
      this.#statements.deleteRing.run(int(through), int(address));
      removed++;
    }
    return removed === rowsMax;
  }

  #forgetOldest(
    oldest: StatementSync,
    remove: StatementSync,
    bound: { readonly atOrBeforeMs: number; readonly rowsMax: number },
  ): boolean {
    let removed = 0;
    for (const [position, atMs] of rowsOf(oldest.all(bound.rowsMax))) {
      if (int(atMs) > bound.atOrBeforeMs) break;
      remove.run(int(position));
      removed++;
    }
    return removed === bound.rowsMax;
  }

  #forgetSignals(upkeep: Upkeep): boolean {
    const rows = rowsOf(this.#statements.signals.all(this.#signalsCursor, upkeep.rowsMax));
    for (const link of rows.map(linkFrom)) {
      // Positions grow with time: whatever follows was accepted later, so it can't have ended in time.
      if (link.acceptedAtMs > upkeep.endedBeforeMs) {
        this.#signalsCursor = 0;
        return false;
      }
      this.#forgetSignal(link, upkeep.endedBeforeMs);
      this.#signalsCursor = link.position;
    }
    if (rows.length === upkeep.rowsMax) return true;
    this.#signalsCursor = 0;
    return false;
  }

  #forgetSignal(link: Link, endedBeforeMs: number): void {
    const { relink, blank, deleteSignal, deleteProgress, deleteTraceparent } = this.#statements;
    const { position, isBlank } = link;
    const previous = this.#leadPast(link.previous);
    const isOver = link.endedAtMs !== null && link.endedAtMs <= endedBeforeMs && !link.hasKey;
    if (isOver) deleteProgress.run(position);
    if (isOver && link.isTraced) deleteTraceparent.run(position);
    if ((isOver || isBlank) && previous === 0) deleteSignal.run(position);
    else if (isOver) blank.run(previous, position);
    else if (previous !== link.previous) relink.run(previous, position);
  }

  /** The nearest older signal that is still kept, or 0; a blank one in between is no longer needed. */
  #leadPast(previous: number): number {
    if (previous === 0) return 0;
    const [before, isBlank] = rowOf(this.#statements.link.get(previous));
    if (before === undefined) return 0;
    if (isBlank !== 1) return previous;
    this.#statements.deleteSignal.run(previous);
    return int(before);
  }
}

interface Link {
  readonly position: number;
  readonly previous: number;
  readonly acceptedAtMs: number;
  readonly endedAtMs: number | null;
  readonly hasKey: boolean;
  readonly isBlank: boolean;
  readonly isTraced: boolean;
}

function linkFrom(row: Row): Link {
  return {
    position: int(row[0]),
    previous: int(row[1]),
    acceptedAtMs: int(row[2]),
    endedAtMs: intOrNull(row[3]),
    hasKey: row[4] === 1,
    isBlank: row[5] === 1,
    isTraced: (int(row[6]) & FLAGS.traced) !== 0,
  };
}

function prepareAll(db: DatabaseSync) {
  const prepare = arrayStatements(db);
  return {
    hub: prepare("SELECT position, settled FROM hub"),
    settleEnd: prepare(
      `SELECT max(position), 0 FROM
         (SELECT position FROM signals WHERE position > ? AND position <= ? ORDER BY position LIMIT ?)`,
    ),
    settleOpen: prepare(
      `INSERT OR IGNORE INTO waiting
         SELECT s.position FROM signals s LEFT JOIN progress p ON p.position = s.position
         WHERE s.position > ? AND s.position <= ? AND s.text IS NOT NULL AND p.ended_at_ms IS NULL`,
    ),
    settled: prepare("UPDATE hub SET settled = ?"),
    waiting: prepare(
      `SELECT w.position, p.ended_at_ms FROM waiting w LEFT JOIN progress p ON p.position = w.position
         WHERE w.position > ? ORDER BY w.position LIMIT ?`,
    ),
    deleteWaiting: prepare("DELETE FROM waiting WHERE position = ?"),
    keys: prepare(
      `SELECT k.position, s.accepted_at_ms FROM keys k LEFT JOIN signals s ON s.position = k.position
         ORDER BY k.position LIMIT ?`,
    ),
    deleteKey: prepare("DELETE FROM keys WHERE position = ?"),
    drains: prepare("SELECT position, drained_at_ms FROM drains ORDER BY position LIMIT ?"),
    deleteDrain: prepare("DELETE FROM drains WHERE position = ?"),
    signals: prepare(
      `SELECT s.position, s.previous, s.accepted_at_ms, p.ended_at_ms, k.position IS NOT NULL, s.text IS NULL,
         s.flags
         FROM signals s
         LEFT JOIN progress p ON p.position = s.position
         LEFT JOIN keys k ON k.position = s.position
         WHERE s.position > ? ORDER BY s.position LIMIT ?`,
    ),
    link: prepare("SELECT previous, text IS NULL FROM signals WHERE position = ?"),
    relink: prepare("UPDATE signals SET previous = ? WHERE position = ?"),
    blank: prepare("UPDATE signals SET previous = ?, text = NULL WHERE position = ?"),
    deleteSignal: prepare("DELETE FROM signals WHERE position = ?"),
    deleteTraceparent: prepare("DELETE FROM traceparents WHERE position = ?"),
    rings: prepare("SELECT through, rung_at_ms, address FROM rings ORDER BY through LIMIT ?"),
    deleteRing: prepare("DELETE FROM rings WHERE through = ? AND address = ?"),
    deleteProgress: prepare("DELETE FROM progress WHERE position = ?"),
  };
}

function rowsOf(rows: unknown): readonly Row[] {
  return rows as readonly Row[];
}

function rowOf(row: unknown): Row {
  return (row ?? []) as Row;
}

function pair(row: unknown): readonly [number, number] {
  const [first, second] = rowOf(row);
  return [int(first), int(second)];
}
