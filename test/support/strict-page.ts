/**
 * A reader of metrics pages that forgives nothing: what either format merely tolerates is an error here too. For tests
 * of whoever writes pages. Sources: Prometheus text exposition 0.0.4; OpenMetrics 1.0.
 */
import type { PageForm } from "../../src/metrics/exposition.ts";

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly unit: string | null;
  readonly series: Series[];
}

const METRIC = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

/** @throws Error naming the line and what is wrong with it */
export function readPage(page: string, form: PageForm): readonly Family[] {
  const families: Family[] = [];
  const seen = new Set<string>();
  if (page === "" && form === "text") return families;
  if (!page.endsWith("\n")) throw new Error("the page does not end with a line feed");
  const lines = page.slice(0, -1).split("\n");
  if (form === "openmetrics" && lines.pop() !== "# EOF") throw new Error("the page does not end with # EOF");
  for (const [at, line] of lines.entries()) {
    const fail = (what: string): never => {
      throw new Error(`line ${at + 1}: ${what}: ${line}`);
    };
    const meta = new RegExp(`^# (HELP|TYPE|UNIT) (${METRIC}) (.+)$`).exec(line);
    if (meta !== null) readMeta(meta, form, { families, seen, fail });
    else readSample(line, form, { families, seen, fail });
  }
  for (const family of families) checkFamily(family);
  return families;
}

interface Reading {
  readonly families: Family[];
  readonly seen: Set<string>;
  readonly fail: (what: string) => never;
}

function readMeta([, kind, name = "", text = ""]: RegExpExecArray, form: PageForm, reading: Reading): void {
  const { families, fail } = reading;
  const last = families.at(-1);
  if (kind === "HELP") {
    if (families.some((family) => family.name === name)) fail("a second head for this metric");
    if (/["\\]/.test(text)) fail("the help would have to be escaped");
    families.push({ name, type: "unknown" as "gauge", help: text, unit: null, series: [] });
    return;
  }
  if (last?.name !== name || last.series.length > 0) fail("a head that does not belong to this metric");
  if (last === undefined) return;
  if (kind === "TYPE") {
    if (!["counter", "gauge", "histogram"].includes(text)) fail("an unknown type");
    Object.assign(last, { type: text });
    const isTotal = name.endsWith("_total");
    if (form === "openmetrics" && isTotal) fail("a family's name may not end with _total");
    if (form === "text" && (text === "counter") !== isTotal)
      fail("counters, and they alone, end with _total");
  } else {
    if (form === "text") fail("0.0.4 knows no units");
    if (!name.endsWith(`_${text}`)) fail("the name does not end with its unit");
    Object.assign(last, { unit: text });
  }
}

function readSample(line: string, form: PageForm, { families, seen, fail }: Reading): void {
  const found = new RegExp(`^(${METRIC})(\\{[^\\n]+\\})? ([^ \\n]+)$`).exec(line);
  if (found === null) {
    fail("neither a head nor a sample");
    return;
  }
  const [, name = "", braced, number = ""] = found;
  if (!NUMBER.test(number)) fail("the value is no number");
  const family = families.at(-1);
  if (family === undefined) {
    fail("a sample before any head");
    return;
  }
  if (!namesOf(family, form).includes(name)) fail(`a sample that does not belong to ${family.name}`);
  const labels = braced === undefined ? {} : readLabels(braced.slice(1, -1), fail);
  const key = `${name} ${JSON.stringify(Object.entries(labels).toSorted())}`;
  if (seen.has(key)) fail("the same series twice");
  seen.add(key);
  if ((name.endsWith("_bucket") && family.type === "histogram") !== Object.hasOwn(labels, "le"))
    fail("buckets, and they alone, have le");
  if (form === "openmetrics" && labels["le"] !== undefined && !/^(\+Inf|\d+\.\d+)$/.test(labels["le"]))
    fail("le is no canonical number");
  if (family.type !== "gauge" && !(Number(number) >= 0)) fail("a count below zero");
  family.series.push({ name, labels, value: Number(number.replace("Inf", "Infinity")) });
}

function namesOf({ name, type }: Family, form: PageForm): string[] {
  if (type === "histogram") return ["_bucket", "_sum", "_count"].map((suffix) => name + suffix);
  return [form === "openmetrics" && type === "counter" ? `${name}_total` : name];
}

function readLabels(text: string, fail: (what: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const found = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?=.)|$)/.exec(rest);
    if (found === null) return fail("labels that cannot be read");
    const [whole, name = "", value = ""] = found;
    if (Object.hasOwn(labels, name) || name.startsWith("__")) fail("a label twice, or a reserved one");
    labels[name] = value.replace(/\\(["\\n])/g, (_, char: string) => (char === "n" ? "\n" : char));
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** Every histogram is whole: buckets ascend, +Inf is the count, and the three belong together. */
function checkFamily({ name, type, series }: Family): void {
  if (series.length === 0) throw new Error(`${name} has a head and no series`);
  if (type !== "histogram") return;
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const key = JSON.stringify(Object.entries(one.labels).filter(([label]) => label !== "le"));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter((one) => one.name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => Number(labels["le"]?.replace("+Inf", "Infinity")));
    const counts = buckets.map(({ value }) => value);
    const isAscending = (numbers: readonly number[]) =>
      numbers.every((value, at) => value >= (numbers[at - 1] ?? 0));
    if (!isAscending(bounds) || !isAscending(counts)) throw new Error(`${name}: buckets do not ascend`);
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name}: no bucket +Inf`);
    const tail = group.slice(buckets.length);
    if (tail.map((one) => one.name).join() !== `${name}_sum,${name}_count`)
      throw new Error(`${name}: no sum and count`);
    if (tail[1]?.value !== counts.at(-1)) throw new Error(`${name}: +Inf is not the count`);
  }
}
