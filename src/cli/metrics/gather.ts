/**
 * Asks the daemons of this host for their pages, all at once and each for a bounded time. Who does not answer is told
 * as such; who ended in order has left no socket, and is nobody to ask. Knows no HTTP and no words for a person.
 */
import { existsSync } from "node:fs";
import { type Address, formatAddress } from "../../domain/address.ts";
import type { Log } from "../../domain/log.ts";
import { type DaemonPlace, daemonPlaces } from "../../host/daemon-places.ts";
import { ipcPathOf } from "../../host/home.ts";
import { monotonicMs } from "../../host/monotonic.ts";
import type { PageForm } from "../../metrics/exposition.ts";
import type { GatheredDaemon, Gathering } from "../../metrics/gathered.ts";
import { pageFault } from "../../metrics/merge.ts";
import { connectIpc, type IpcConnection } from "../../net/ipc-client.ts";
import type { LocalCaller } from "../local-daemons.ts";

export interface Gatherer {
  /** Who asks while another gathering of the same form is under way is told what that one finds. */
  gather(form: PageForm): Promise<Gathering>;
  /** @returns null if there is no such daemon, or it did not answer */
  pageOf(place: DaemonPlace, form: PageForm): Promise<string | null>;
  /** Those that can be asked now. */
  places(): readonly DaemonPlace[];
  /** Lets go of every daemon. */
  close(): void;
}

export interface GatherOptions extends LocalCaller {
  /** As in the daemons' own labels, for those that do not answer. */
  readonly host: string;
  readonly log: Log;
  readonly wanted?: (place: DaemonPlace) => boolean;
}

/** A daemon answers in a millisecond; one that needs this long is not well. A scraper waits 10 s. */
const ANSWER_MS_MAX = 2_000;
/** Each is asked over a connection of its own, and a process may hold a thousand. */
const DAEMONS_MAX = 500;

export function openGatherer(options: GatherOptions): Gatherer {
  const { home, host, log, version, wanted } = options;
  const underWay = new Map<PageForm, Promise<Gathering>>();
  /** Kept between scrapes, by path: to connect and to greet costs a daemon more than its page. It ends idle ones. */
  const kept = new Map<string, IpcConnection>();

  function places(): readonly DaemonPlace[] {
    return daemonPlaces(home)
      .filter((place) => wanted?.(place) ?? true)
      .filter(isThere);
  }

  function isThere({ tenant, address }: DaemonPlace): boolean {
    // A pipe's name can't be looked up without opening it: whoever is not there says so when asked.
    return process.platform === "win32" || existsSync(ipcPathOf(home, tenant, address));
  }

  async function connected(path: string, address: Address): Promise<IpcConnection> {
    const open = kept.get(path);
    if (open !== undefined) return open;
    const caller = { version, role: "metrics", address, openTimeoutMs: ANSWER_MS_MAX };
    const connection = await connectIpc(path, caller, {
      doorbell() {},
      closed() {
        if (kept.get(path) === connection) kept.delete(path);
      },
    });
    // Two scrapes at once, of different forms, may both have found none.
    const other = kept.get(path);
    if (other !== undefined) {
      connection.close();
      return other;
    }
    kept.set(path, connection);
    return connection;
  }

  async function ask({ tenant, address }: DaemonPlace, form: PageForm): Promise<string | null> {
    const path = ipcPathOf(home, tenant, address);
    try {
      const connection = await connected(path, address);
      const { page } = await connection.call("metrics", { form }, ANSWER_MS_MAX);
      const fault = typeof page === "string" ? pageFault(page, form) : "it is no text";
      if (fault === null) return page;
      log("warn", "pageRefused", { code: "malformed", of: formatAddress(address), reason: fault });
    } catch (error) {
      // What comes late must not be taken for the next answer's time; the next scrape begins anew.
      kept.get(path)?.close();
      const reason = error instanceof Error ? error.message : String(error);
      log("debug", "daemonSilent", { code: "daemon_unreachable", of: formatAddress(address), reason });
    }
    return null;
  }

  async function gathered(form: PageForm): Promise<Gathering> {
    const startedAtMs = monotonicMs();
    const found = places();
    const asked = found.slice(0, DAEMONS_MAX);
    const daemons = await Promise.all(
      asked.map(async (place): Promise<GatheredDaemon> => {
        const { persona, project } = place.address;
        return { tenant: place.tenant, host, persona, project, page: await ask(place, form) };
      }),
    );
    return {
      // One that ended in order meanwhile, or on Windows before, has taken its name away.
      daemons: daemons.filter(({ page }, index) => page !== null || isLeft(asked[index])),
      omitted: found.length - asked.length,
      durationMs: monotonicMs() - startedAtMs,
    };
  }

  function isLeft(place: DaemonPlace | undefined): boolean {
    return place !== undefined && process.platform !== "win32" && isThere(place);
  }

  return {
    places,
    pageOf: (place, form) => ask(place, form),
    close() {
      for (const connection of [...kept.values()]) connection.close();
    },
    gather(form) {
      const running = underWay.get(form);
      if (running !== undefined) return running;
      const started = gathered(form).finally(() => underWay.delete(form));
      underWay.set(form, started);
      return started;
    },
  };
}
