/**
 * What this page holds while it is open: the fleet, the connection, the place that is looked at, and what follows
 * from them. One of each, so the components import them.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { selected } from "../../domain/overview/selection.ts";
import type { HistorySummary } from "../api.ts";
import { askServer } from "./ask-server.ts";
import { heardTime, now, nowMs, tick } from "./clock.ts";
import { Feed, type Link } from "./feed.ts";
import { Fleet } from "./fleet.ts";
import { drainsAnHour } from "./model/columns.ts";
import { type Place, readPlace, writePlace } from "./model/place.ts";

export const fleet = new Fleet();
export const link: Signal<Link> = signal({ kind: "joining", sinceMs: Date.now() });
export const place: Signal<Place> = signal(readPlace(location.hash));

/** Keys of what is shown, in order: the same array as long as the order stays. */
export const shown: ReadonlySignal<readonly string[]> = keepSame(() =>
  selected(fleet.views.value, place.value, {
    nowMs: fleet.toldAtMs.value,
    drainsOf: (key) => {
      const columns = fleet.columns(key).value;
      return columns === null ? 0 : drainsAnHour(columns, fleet.toldAtMs.value);
    },
  }),
);

/** Tenants are named only where there are several. */
export const hasTenants: ReadonlySignal<boolean> = computed(
  () => new Set(fleet.views.value.map(({ tenant }) => tenant)).size > 1,
);

export const hasOtherHosts: ReadonlySignal<boolean> = computed(() =>
  fleet.views.value.some(({ isLocal }) => !isLocal),
);

/** @param change members of the place that become others; opening a panel is a step that the back key takes back */
export function go(change: Partial<Place>): void {
  const next = { ...place.peek(), ...change };
  const isStep = next.persona !== place.peek().persona && change.persona !== undefined;
  place.value = next;
  const address = writePlace(next) || location.pathname;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/**
 * Under load some fifty things a second are told, one by one. They are shown once a second, all at once: a list that
 * moves more often can't be read. In a quiet fleet each is shown as it comes.
 */
const SHOWN_EVERY_MS = 1000;
/** What is told together is shown together. */
const GATHER_MS = 50;
/** A tick this near may as well be taken now: two drawings become one. */
const TICK_EARLY_MS = 700;
const gathered: (() => void)[] = [];
let shownAtMs = 0;

function soon(apply: () => void): void {
  gathered.push(apply);
  if (gathered.length > 1) return;
  setTimeout(showGathered, Math.max(GATHER_MS, shownAtMs + SHOWN_EVERY_MS - performance.now()));
}

function showGathered(): void {
  shownAtMs = performance.now();
  const all = gathered.splice(0);
  batch(() => {
    for (const one of all) one();
    if (nowMs() - now.peek() > TICK_EARLY_MS) tick();
  });
}

const feed = new Feed({
  fetch: (path, init) => fetch(path, init),
  nowMs: () => Date.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
  events: {
    overview: (told) => {
      heardTime(told.overview.atMs);
      // It replaces all that was told before.
      gathered.length = 0;
      fleet.applyOverview(told);
      void readHistory();
    },
    personas: (told) => {
      heardTime(told.atMs);
      soon(() => fleet.applyPersonas(told));
    },
    hub: (hub) => soon(() => fleet.applyHub(hub)),
    happening: (happening) => soon(() => fleet.applyHappenings([happening])),
    beat: ({ atMs }) => heardTime(atMs),
  },
  onLink: (next) => {
    link.value = next;
  },
});

export function startSession(): void {
  feed.start();
  addEventListener("popstate", () => {
    place.value = readPlace(location.hash);
  });
  const lookAgain = () => {
    if (!document.hidden) feed.retryNow();
  };
  document.addEventListener("visibilitychange", lookAgain);
  addEventListener("online", lookAgain);
  setInterval(() => void readHistory(), HISTORY_EVERY_MS);
}

export function retryNow(): void {
  feed.retryNow();
}

/** The newest step is kept up to date in between; this sets right what was missed. */
const HISTORY_EVERY_MS = 5 * 60_000;

async function readHistory(): Promise<void> {
  const answer = await askServer<HistorySummary>("/api/history");
  if (answer.ok) fleet.applyHistory(answer.value);
}

/** A computed list that is the same array again while its members are. */
function keepSame(make: () => readonly string[]): ReadonlySignal<readonly string[]> {
  let last: readonly string[] = [];
  return computed(() => {
    const next = make();
    const isSame = next.length === last.length && next.every((key, index) => key === last[index]);
    if (!isSame) last = next;
    return last;
  });
}
