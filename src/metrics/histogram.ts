/** A histogram as plain numbers: written where things happen, read when somebody scrapes. Knows no clock. */
import { boundText, type PageForm } from "./exposition.ts";

export class Histogram {
  /** Upper bounds, ascending; +Inf follows. */
  readonly bounds: readonly number[];
  sum = 0;
  /** Observations in each bucket alone, the last beyond every bound. */
  readonly #buckets: number[];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#buckets = [...bounds, Number.POSITIVE_INFINITY].map(() => 0);
  }

  /** @param times how many things it took this long */
  observe(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? 0)) bucket++;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + times;
    this.sum += value * times;
  }

  /** Buckets are cumulative, and the last one, +Inf, is the count. */
  text(name: string, form: PageForm): string {
    let count = 0;
    let text = "";
    for (const [index, own] of this.#buckets.entries()) {
      count += own;
      text += `${name}_bucket{le="${boundText(this.bounds[index] ?? Number.POSITIVE_INFINITY, form)}"} ${count}\n`;
    }
    return `${text}${name}_sum ${this.sum}\n${name}_count ${count}\n`;
  }
}
