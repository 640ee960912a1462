/**
 * A page of metrics read back into numbers, for whoever has to say the same in another form: so every form of a
 * catalogue has the very same series. Reads what `exposition.ts` writes as plain text, and nothing else.
 */
import type { FamilyHead } from "./exposition.ts";

export type Labels = Readonly<Record<string, string>>;

export interface ReadPoint {
  readonly labels: Labels;
  readonly value: number;
}

export interface ReadHistogram {
  readonly labels: Labels;
  /** Upper bounds without the last, which is infinite. */
  readonly bounds: readonly number[];
  /** Of each bucket alone, the last beyond every bound. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export interface ReadFamily extends FamilyHead {
  /** Of a counter or a gauge. */
  readonly points: readonly ReadPoint[];
  readonly histograms: readonly ReadHistogram[];
}

interface Growing {
  readonly labels: Labels;
  readonly bounds: number[];
  /** Cumulative, as they stand. */
  readonly totals: number[];
  sum: number;
  count: number;
}

/** @param page in the form `text` */
export function readPage(page: string): ReadFamily[] {
  const blocks = page.split(/^# HELP /m).slice(1);
  return blocks.map((block) => {
    const [help = "", type = "", ...lines] = block.split("\n");
    const name = help.slice(0, help.indexOf(" "));
    const kind = type.slice(type.lastIndexOf(" ") + 1) as FamilyHead["type"];
    const series = lines.filter((line) => line !== "").map(readLine);
    return {
      ...{ name, type: kind, help: help.slice(name.length + 1) },
      points: kind === "histogram" ? [] : series.map(({ labels, value }) => ({ labels, value })),
      histograms: kind === "histogram" ? histogramsOf(name, series) : [],
    };
  });
}

interface Line extends ReadPoint {
  readonly name: string;
}

function readLine(line: string): Line {
  const value = Number(line.slice(line.lastIndexOf(" ") + 1));
  const [, name = "", labels = ""] = /^([a-z_]+)(?:\{(.*)\})? [^ ]+$/.exec(line) ?? [];
  return { name, labels: readLabels(labels), value };
}

function readLabels(text: string): Labels {
  const pairs = text.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(Array.from(pairs, ([, name = "", value = ""]) => [name, unescaped(value)]));
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

function histogramsOf(name: string, lines: readonly Line[]): ReadHistogram[] {
  const growing = new Map<string, Growing>();
  for (const { name: series, labels, value } of lines) {
    const { le, ...own } = labels;
    const key = JSON.stringify(own);
    const one = growing.get(key) ?? { labels: own, bounds: [], totals: [], sum: 0, count: 0 };
    growing.set(key, one);
    if (series === `${name}_sum`) one.sum = value;
    else if (series === `${name}_count`) one.count = value;
    else {
      if (le !== "+Inf") one.bounds.push(Number(le));
      one.totals.push(value);
    }
  }
  return [...growing.values()].map(({ totals, ...rest }) => ({
    ...rest,
    counts: totals.map((total, at) => total - (totals[at - 1] ?? 0)),
  }));
}
