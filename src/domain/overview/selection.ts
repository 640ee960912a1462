/**
 * Which personas are shown, and in which order. Pure: a list in, keys out.
 */
import type { PersonaView, Standing } from "../overview.ts";
import { STANDINGS } from "../overview.ts";

export const SORTS = ["worst", "name", "pending", "rung", "latency", "drains"] as const;
export type Sort = (typeof SORTS)[number];

export interface Selection {
  /** Only these; empty: all. */
  readonly standings: readonly Standing[];
  /** Words that must all be found somewhere in what a row shows. */
  readonly search: string;
  readonly sort: Sort;
}

export interface Known {
  /** Epoch milliseconds, by the server's clock. */
  readonly nowMs: number;
  /** Drains of one persona within the last hour, by its key. */
  readonly drainsOf: (key: string) => number;
}

/** @returns the keys of those that pass, in the order to show them */
export function selected(personas: readonly PersonaView[], selection: Selection, known: Known): string[] {
  const words = wordsOf(selection.search);
  const { standings } = selection;
  return personas
    .filter((view) => standings.length === 0 || standings.includes(view.standing))
    .filter((view) => words.length === 0 || isFound(view, words))
    .sort(orderBy(selection.sort, known))
    .map(({ key }) => key);
}

export function countByStanding(personas: readonly PersonaView[]): Readonly<Record<Standing, number>> {
  const counts: Record<Standing, number> = { deaf: 0, stuck: 0, waiting: 0, well: 0, off: 0 };
  for (const { standing } of personas) counts[standing] += 1;
  return counts;
}

/** Adds one standing to those shown, or takes it away. */
export function toggled(standings: readonly Standing[], standing: Standing): Standing[] {
  return standings.includes(standing)
    ? standings.filter((other) => other !== standing)
    : STANDINGS.filter((other) => other === standing || standings.includes(other));
}

export function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}

function isFound(view: PersonaView, words: readonly string[]): boolean {
  const text = searchedText(view);
  return words.every((word) => text.includes(word));
}

/** All that a row shows in words: what is read there must be found. */
function searchedText(view: PersonaView): string {
  return [
    view.key,
    view.standing,
    view.state,
    view.surface?.name,
    view.surface?.path,
    view.surface?.agent,
    view.root,
    view.host,
    view.reason,
    ...view.senders.map(({ from }) => from),
  ]
    .filter((part) => part !== null && part !== undefined)
    .join("\n")
    .toLowerCase();
}

type Order = (a: PersonaView, b: PersonaView) => number;

function orderBy(sort: Sort, { nowMs, drainsOf }: Known): Order {
  const worstFirst: Order = (a, b) => rankOf(a, nowMs) - rankOf(b, nowMs) || byName(a, b);
  const descending =
    (figure: (view: PersonaView) => number): Order =>
    (a, b) =>
      figure(b) - figure(a) || worstFirst(a, b);
  switch (sort) {
    case "worst":
      return worstFirst;
    case "name":
      return byName;
    case "pending":
      return descending(({ pending }) => pending);
    case "rung":
      return descending(({ lastRungAtMs }) => lastRungAtMs ?? -1);
    case "latency":
      return descending(({ lastLatencyMs }) => lastLatencyMs ?? -1);
    case "drains":
      return descending(({ key }) => drainsOf(key));
  }
}

/** Who waits no longer than this stands where it stands when nothing waits. */
export const SHORT_WAIT_MS = 15_000;

/**
 * Among equals the name decides, and a short wait counts for nothing: in a fleet at work signals come and are drained
 * within seconds, and a list that followed each of them would never stand still.
 */
function rankOf({ standing, oldestAtMs }: PersonaView, nowMs: number): number {
  const isShort = standing === "waiting" && oldestAtMs !== null && nowMs - oldestAtMs < SHORT_WAIT_MS;
  return STANDINGS.indexOf(isShort ? "well" : standing);
}

function byName(a: PersonaView, b: PersonaView): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
