/**
 * What an operator sees of this host, kept up to date while somebody looks: one connection per daemon and one to the
 * hub, each asked again and again, put together to an overview and told as changes. While nobody listens it holds no
 * timer and no connection. Looking changes nothing (invariant 11). Knows no HTTP and no screen.
 */
import type { Happening, HubView, Overview, PersonaView } from "../domain/overview.ts";
import { daemonPlaces } from "../host/daemon-places.ts";
import type { Home } from "../host/home.ts";
import { monotonicMs } from "../host/monotonic.ts";
import type { HubClientOptions } from "../net/hub-client.ts";
import { happeningsBetween } from "./changes.ts";
import { DaemonWatch, SILENT_MS } from "./daemon-watch.ts";
import { HubWatch } from "./hub-watch.ts";
import { keyOf, type Moment, personaViews } from "./persona-view.ts";

export interface ObservatoryOptions {
  readonly home: Home;
  readonly version: string;
  /** Who looks, for the daemons' log: `dashboard`, `top`. */
  readonly role: string;
  /** This host's name, as its daemons know it. */
  readonly host: string;
  /** @throws PrismError what is in the way of asking the hub */
  readonly hub: () => HubClientOptions;
  readonly hubUrl: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Absent: once a second. */
  readonly lookEveryMs?: number;
  /** Which to look at; absent: all. */
  readonly wanted?: (persona: {
    readonly persona: string;
    readonly project: string;
    readonly tenant: string;
  }) => boolean;
}

export interface OverviewChange {
  readonly atMs: number;
  /** Whole views of those that are new or not what they were. */
  readonly changed: readonly PersonaView[];
  readonly gone: readonly string[];
  /** Absent if nothing of it changed. */
  readonly hub?: HubView;
}

export interface Listener {
  /** Once at first with everything, and after each look that found something else. */
  changed(change: OverviewChange, overview: Overview): void;
  happened?(happening: Happening): void;
}

export interface Observatory {
  /**
   * Looks once a second from the first listener on until the last one leaves.
   *
   * @returns leaves
   */
  listen(listener: Listener): () => void;
  /** Everything, by one look of its own if nobody listens. */
  look(): Promise<Overview>;
  /** Asks the hub over the connection that is kept. */
  readonly ask: HubWatch["call"];
  close(): void;
}

const LOOK_EVERY_MS = 1000;
/** What has not answered by then is told with the next look, or as silent. */
const ROUND_MS_MAX = 400;
/** For a first look to be shown: its connections are made with it. */
const FIRST_MS_MAX = 800;
/** For one look alone: who has not answered by then is known to be silent. */
const ALONE_MS_MAX = SILENT_MS + 100;
/** In one look alone, at those that have not answered yet. */
const LOOK_AGAIN_MS = 100;
/** Each is watched over a connection of its own, and a process may hold a thousand. */
const DAEMONS_MAX = 500;

export function openObservatory(options: ObservatoryOptions): Observatory {
  return new Watchtower(options);
}

class Watchtower implements Observatory {
  readonly #options: ObservatoryOptions;
  readonly #listeners = new Set<Listener>();
  readonly #daemons = new Map<string, DaemonWatch>();
  #hub: HubWatch | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  /** Grows with each rest: a round that began before it tells nothing. */
  #watch = 0;
  /** As it was told last, each view beside its text: whether it changed is seen by that. */
  #told = new Map<string, { readonly view: PersonaView; readonly text: string }>();
  #hubText = "";
  #overview: Overview | null = null;

  constructor(options: ObservatoryOptions) {
    this.#options = options;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#overview !== null) listener.changed(wholeOf(this.#overview), this.#overview);
    const everyMs = this.#options.lookEveryMs ?? LOOK_EVERY_MS;
    this.#timer ??= setInterval(() => void this.#round(ROUND_MS_MAX), everyMs);
    if (this.#overview === null) void this.#round(FIRST_MS_MAX);
    return () => {
      if (this.#listeners.delete(listener)) this.#rest();
    };
  }

  async look(): Promise<Overview> {
    const untilMs = monotonicMs() + ALONE_MS_MAX;
    const leave = this.listen({ changed() {} });
    try {
      await this.#round(ROUND_MS_MAX);
      while (this.#isUnseen() && monotonicMs() < untilMs) {
        await passed(LOOK_AGAIN_MS);
        await this.#round(ROUND_MS_MAX);
      }
      return this.#overview ?? this.#assemble();
    } finally {
      leave();
    }
  }

  readonly ask: HubWatch["call"] = async (verb, params) => {
    const held = this.#hub;
    if (held !== null) return held.call(verb, params);
    const { hub, hubUrl, now } = this.#options;
    const watch = new HubWatch({ target: hub, url: hubUrl, now });
    try {
      return await watch.call(verb, params);
    } finally {
      watch.close();
    }
  };

  close(): void {
    this.#listeners.clear();
    this.#rest();
  }

  #rest(): void {
    if (this.#listeners.size > 0) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#watch += 1;
    this.#looking = null;
    for (const daemon of this.#daemons.values()) daemon.close();
    this.#daemons.clear();
    this.#hub?.close();
    this.#hub = null;
    this.#overview = null;
    this.#told = new Map();
    this.#hubText = "";
  }

  /** One look at everything; one that overlaps another is that one. */
  #round(msMax: number): Promise<void> {
    if (this.#looking !== null) return this.#looking;
    const looking = this.#lookAround(msMax).finally(() => {
      if (this.#looking === looking) this.#looking = null;
    });
    this.#looking = looking;
    return looking;
  }

  async #lookAround(msMax: number): Promise<void> {
    const watch = this.#watch;
    this.#find();
    const daemons = [...this.#daemons.values()];
    await within(msMax, Promise.all([...daemons.map((daemon) => daemon.look()), this.#hubWatch().look()]));
    // The last listener left meanwhile.
    if (watch !== this.#watch) return;
    for (const daemon of daemons) daemon.noticeSilence();
    this.#tell();
  }

  #isUnseen(): boolean {
    return [...this.#daemons.values()].some(({ isSeen }) => !isSeen);
  }

  #hubWatch(): HubWatch {
    const { hub, hubUrl, now } = this.#options;
    this.#hub ??= new HubWatch({ target: hub, url: hubUrl, now });
    return this.#hub;
  }

  #find(): void {
    const { home, version, role, now, wanted } = this.#options;
    const places = daemonPlaces(home)
      .filter(({ tenant, address }) => wanted?.({ ...address, tenant }) ?? true)
      .slice(0, DAEMONS_MAX);
    const keys = new Set(places.map(keyOf));
    for (const [key, daemon] of this.#daemons) {
      if (keys.has(key)) continue;
      daemon.close();
      this.#daemons.delete(key);
    }
    for (const place of places) {
      if (this.#daemons.has(keyOf(place))) continue;
      const happened = (happening: Happening) => this.#happened(happening);
      this.#daemons.set(keyOf(place), new DaemonWatch({ home, place, version, role, now, happened }));
    }
  }

  #assemble(): Overview {
    const { host, version, now, wanted } = this.#options;
    const hub = this.#hubWatch();
    const moment: Moment = { nowMs: now(), host, hub: hub.found.report, hubAheadMs: hub.aheadMs };
    const seen = [...this.#daemons.values()].filter(({ isSeen }) => isSeen);
    const personas = personaViews(
      seen.map((daemon) => daemon.facts()),
      moment,
    ).filter((view) => wanted?.(view) ?? true);
    return { atMs: moment.nowMs, host, version, hub: hub.found.view, personas };
  }

  #tell(): void {
    const overview = this.#assemble();
    const { hub } = overview;
    const before = this.#told;
    const isFirst = this.#overview === null;
    const told = new Map(overview.personas.map((view) => [view.key, { view, text: JSON.stringify(view) }]));
    const changed = overview.personas.filter(({ key }) => before.get(key)?.text !== told.get(key)?.text);
    const gone = [...before.keys()].filter((key) => !told.has(key));
    const hubText = JSON.stringify(hub);
    const isHubChanged = hubText !== this.#hubText;
    this.#told = told;
    this.#hubText = hubText;
    this.#overview = overview;
    for (const view of changed) {
      const known = before.get(view.key)?.view;
      const tells = this.#daemons.get(view.key)?.tells === true;
      if (known === undefined) continue;
      for (const happening of happeningsBetween(known, view, { tells, atMs: overview.atMs })) {
        this.#happened(happening);
      }
    }
    if (!isFirst && changed.length === 0 && gone.length === 0 && !isHubChanged) return;
    const change = isFirst
      ? wholeOf(overview)
      : { atMs: overview.atMs, changed, gone, ...(isHubChanged ? { hub } : {}) };
    for (const listener of [...this.#listeners]) listener.changed(change, overview);
  }

  #happened(happening: Happening): void {
    for (const listener of [...this.#listeners]) listener.happened?.(happening);
  }
}

function wholeOf({ atMs, personas, hub }: Overview): OverviewChange {
  return { atMs, changed: personas, gone: [], hub };
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Settles with it or after this long, whatever comes first. */
function within(ms: number, done: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void done.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
