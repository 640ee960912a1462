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
import { int, type Row } from "./sqlite-rows.ts";
import type { Upkeep } from "./store.ts";

export class SqliteUpkeep {
  readonly #statements: ReturnType<typeof prepareAll>;
  /** Signals up to here are settled in this round: those that came since the last one may soon end anyway. */
  #settleThrough = 0;
  #waitingCursor = 0;
  #signalsCursor = 0;

  constructor(db: DatabaseSync) {
    this.#statements = prepareAll(db);
  }

  /** Runs one step inside a transaction of the caller. @returns true if there is more to do now */
  step(upkeep: Upkeep): boolean {
    const more = [
      this.#settle(upkeep.rowsMax),
      this.#sweepWaiting(upkeep.rowsMax),
      this.#forgetKeys(upkeep),
      this.#forgetDrains(upkeep),
      this.#forgetSignals(upkeep),
    ];
    return more.includes(true);
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
    for (const row of rows) {
      const [position, , acceptedAtMs] = row;
      // Positions grow with time: whatever follows was accepted later, so it can't have ended in time.
      if (int(acceptedAtMs) > upkeep.endedBeforeMs) {
        this.#signalsCursor = 0;
        return false;
      }
      this.#forgetSignal(row, upkeep.endedBeforeMs);
      this.#signalsCursor = int(position);
    }
    if (rows.length === upkeep.rowsMax) return true;
    this.#signalsCursor = 0;
    return false;
  }

  #forgetSignal(row: Row, endedBeforeMs: number): void {
    const { link, relink, blank, deleteSignal, deleteProgress } = this.#statements;
    const position = int(row[0]);
    const [before, , , endedAtMs, hasKey, isBlank] = row.slice(1);
    let previous = int(before);
    const older = previous === 0 ? undefined : (link.get(previous) as Row | undefined);
    if (older === undefined) previous = 0;
    else if (older[1] === 1) {
      deleteSignal.run(previous);
      previous = int(older[0]);
    }
    const isOver = isBlank === 1 || (endedAtMs !== null && int(endedAtMs) <= endedBeforeMs && hasKey === 0);
    if (isOver && isBlank === 0) deleteProgress.run(position);
    if (isOver && previous === 0) deleteSignal.run(position);
    else if (isOver && isBlank === 0) blank.run(previous, position);
    else if (previous !== int(before)) relink.run(previous, position);
  }
}

function prepareAll(db: DatabaseSync) {
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
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
      `SELECT s.position, s.previous, s.accepted_at_ms, p.ended_at_ms, k.position IS NOT NULL, s.text IS NULL
         FROM signals s
         LEFT JOIN progress p ON p.position = s.position
         LEFT JOIN keys k ON k.position = s.position
         WHERE s.position > ? ORDER BY s.position LIMIT ?`,
    ),
    link: prepare("SELECT previous, text IS NULL FROM signals WHERE position = ?"),
    relink: prepare("UPDATE signals SET previous = ? WHERE position = ?"),
    blank: prepare("UPDATE signals SET previous = ?, text = NULL WHERE position = ?"),
    deleteSignal: prepare("DELETE FROM signals WHERE position = ?"),
    deleteProgress: prepare("DELETE FROM progress WHERE position = ?"),
  };
}

function rowsOf(rows: unknown): readonly Row[] {
  return rows as readonly Row[];
}

function pair(row: unknown): readonly [number, number] {
  const values = (row ?? []) as Row;
  return [int(values[0]), int(values[1])];
}
