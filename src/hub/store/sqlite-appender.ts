/**
 * Writes rows to one table, several with one statement: a statement's fixed cost is about a third of what a
 * small row costs. Rows that don't fill a statement are written one by one.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Measured: 8 rows take most of the gain, and keep the statements small. */
const ROWS_PER_STATEMENT = 8;

export class Appender {
  readonly #columns: number;
  readonly #one: StatementSync;
  readonly #many: StatementSync;
  /** Values of the rows that wait for their statement. */
  #values: SQLInputValue[] = [];

  /** @param into `INSERT INTO table (a, b)`, without VALUES */
  constructor(db: DatabaseSync, into: string, columns: number) {
    const row = `(${Array(columns).fill("?").join(", ")})`;
    this.#columns = columns;
    this.#one = db.prepare(`${into} VALUES ${row}`);
    this.#many = db.prepare(`${into} VALUES ${Array(ROWS_PER_STATEMENT).fill(row).join(", ")}`);
  }

  /** Writes the row now or with the next ones; `finish` must follow. */
  add(...row: SQLInputValue[]): void {
    this.#values.push(...row);
    if (this.#values.length < this.#columns * ROWS_PER_STATEMENT) return;
    const values = this.#values;
    this.#values = [];
    this.#many.run(...values);
  }

  /** Writes what still waits. */
  finish(): void {
    const values = this.#values;
    this.#values = [];
    for (let at = 0; at < values.length; at += this.#columns)
      this.#one.run(...values.slice(at, at + this.#columns));
  }

  /** Forgets what still waits: its transaction is over. */
  reset(): void {
    this.#values = [];
  }
}
