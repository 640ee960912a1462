/**
 * The page's copy of what its server tells: one signal for each persona, so that a change redraws one row and
 * nothing else. Applies the stream's events; knows no connection, no clock and no element.
 */
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { HubView, PersonaView } from "../../domain/overview.ts";
import type { HistorySummary, StreamEvents, ToldHappening } from "../api.ts";
import { columnsOf, emptyColumns, grown, type SparkColumns } from "./model/columns.ts";

/** What a person can scroll through; older ones go. */
export const HAPPENINGS_MAX = 400;

export interface Head {
  readonly host: string;
  readonly version: string;
}

export class Fleet {
  /** Null until the first overview. */
  readonly head: Signal<Head | null> = signal(null);
  readonly hub: Signal<HubView | null> = signal(null);
  /** All views, in no order; a new array with each change of any. */
  readonly views: Signal<readonly PersonaView[]> = signal([]);
  /** Newest first. */
  readonly happenings: Signal<readonly ToldHappening[]> = signal([]);
  /** When the server last said something: by its clock, and 0 before. */
  readonly toldAtMs: Signal<number> = signal(0);
  readonly #personas = new Map<string, Signal<PersonaView>>();
  /** Who has no history in it begins one before our eyes. */
  #frame: HistorySummary | null = null;
  /** Of all that was told, shown or not. */
  #newest: ToldHappening | undefined;
  /** The last state that was told of each. */
  readonly #states = new Map<string, string>();
  readonly #columns = new Map<string, Signal<SparkColumns | null>>();

  /** @returns null for one that is no more */
  persona(key: string): ReadonlySignal<PersonaView> | null {
    return this.#personas.get(key) ?? null;
  }

  /** The last day in steps; null while it is not known. */
  columns(key: string): ReadonlySignal<SparkColumns | null> {
    return this.#columnsOf(key);
  }

  applyOverview({ overview, happenings }: StreamEvents["overview"]): void {
    batch(() => {
      const { host, version, hub, personas, atMs } = overview;
      const head = this.head.peek();
      if (head?.host !== host || head.version !== version) this.head.value = { host, version };
      this.applyHub(hub);
      const kept = new Set(personas.map(({ key }) => key));
      const gone = [...this.#personas.keys()].filter((key) => !kept.has(key));
      this.applyPersonas({ atMs, changed: personas, gone });
      this.applyHappenings(happenings);
    });
  }

  applyPersonas({ atMs, changed, gone }: StreamEvents["personas"]): void {
    batch(() => {
      this.toldAtMs.value = atMs;
      let isChanged = false;
      for (const key of gone) {
        isChanged = this.#personas.delete(key) || isChanged;
        this.#columns.delete(key);
      }
      for (const view of changed) isChanged = this.#put(view, atMs) || isChanged;
      if (isChanged) this.views.value = [...this.#personas.values()].map((one) => one.peek());
    });
  }

  applyHub(hub: HubView): void {
    if (!isSame(this.hub.peek(), hub)) this.hub.value = hub;
  }

  /** @param told oldest first; those that are known already are passed over */
  applyHappenings(told: readonly ToldHappening[]): void {
    const known = this.happenings.peek();
    const news = told.filter((one) => isNews(one, this.#newest));
    this.#newest = news.at(-1) ?? this.#newest;
    const shown = news.filter((one) => !this.#isMurmur(one));
    if (shown.length === 0) return;
    this.happenings.value = [...shown.toReversed(), ...known].slice(0, HAPPENINGS_MAX);
  }

  applyHistory(summary: HistorySummary): void {
    batch(() => {
      for (const columns of summary.personas) {
        this.#columnsOf(columns.key).value = columnsOf(summary, columns);
      }
      this.#frame = summary;
      const told = new Set(summary.personas.map(({ key }) => key));
      for (const key of this.#personas.keys()) {
        if (!told.has(key)) this.#columnsOf(key).value = emptyColumns(summary);
      }
    });
  }

  /** Each ring takes its daemon from CONNECTED to EMITTING and back: that it rang says as much. */
  #isMurmur({ key, name, detail }: ToldHappening): boolean {
    if (name !== "state") return false;
    const before = this.#states.get(key);
    this.#states.set(key, detail);
    return detail === "emitting" || (detail === "connected" && before === "emitting");
  }

  /** @returns false if it is known just so: nothing is redrawn then */
  #put(view: PersonaView, atMs: number): boolean {
    const known = this.#personas.get(view.key);
    if (known === undefined) {
      this.#personas.set(view.key, signal(view));
      const columns = this.#columnsOf(view.key);
      if (this.#frame !== null) columns.value ??= emptyColumns(this.#frame);
      return true;
    }
    const before = known.peek();
    if (isSame(before, view)) return false;
    known.value = view;
    const columns = this.#columnsOf(view.key);
    const day = columns.peek();
    if (day !== null) columns.value = grown(day, before, view, atMs);
    return true;
  }

  #columnsOf(key: string): Signal<SparkColumns | null> {
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const fresh = signal<SparkColumns | null>(null);
    this.#columns.set(key, fresh);
    return fresh;
  }
}

/** Another series is another server's: all of it is news. */
function isNews({ series, number }: ToldHappening, newest: ToldHappening | undefined): boolean {
  return newest === undefined || series !== newest.series || number > newest.number;
}

/** @returns how many of them came after `newest` */
export function newsSince(happenings: readonly ToldHappening[], newest: ToldHappening | undefined): number {
  const end = happenings.findIndex((one) => !isNews(one, newest));
  return end === -1 ? happenings.length : end;
}

/** Plain data from one source: its members stand in the same order each time. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
