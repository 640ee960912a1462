/**
 * The watch over one daemon of this host: a connection that is kept, its status once a look, what it tells of itself in
 * between, and what is known when it says nothing. Healthy means answered in time, never that a process or a socket
 * exists (invariant 11). Sets no timer: whoever looks decides how often.
 */
import { existsSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { PrismError } from "../domain/errors.ts";
import type { Happening } from "../domain/overview.ts";
import type { DaemonPlace } from "../host/daemon-places.ts";
import { type Home, ipcPathOf, stateDirOf } from "../host/home.ts";
import { type LockHolder, lockNoteOf } from "../host/lock.ts";
import { readPrivateFile } from "../host/private-file.ts";
import { isProcessAlive } from "../host/process-alive.ts";
import type { DaemonStatus } from "../ipc.ts";
import { connectIpc, type IpcConnection } from "../net/ipc-client.ts";
import { socketAnswers } from "../net/ipc-probe.ts";
import { keyOf, type LocalFacts } from "./persona-view.ts";

export interface DaemonWatchOptions {
  readonly home: Home;
  readonly place: DaemonPlace;
  readonly version: string;
  /** Who looks, for the daemon's log. */
  readonly role: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** By its own word, as it happens. */
  readonly happened: (happening: Happening) => void;
}

/** A daemon answers within a millisecond; one that needs this long is not well. */
export const SILENT_MS = 2000;
/** Its answer, late as it is, ends the silence: it is asked nothing more until then, and for a long time. */
const ANSWER_MS_MAX = 10 * 60_000;
const OPEN_MS_MAX = 60_000;
/** Whoever is not there is looked for again by each look; but one that took the call and said nothing, more seldom. */
const AGAIN_MS = 5000;

type Link =
  | { readonly is: "none"; readonly notBeforeMs: number }
  | { readonly is: "opening"; readonly sinceMs: number }
  | {
      readonly is: "open";
      readonly connection: IpcConnection;
      readonly tells: boolean;
      askedAtMs: number | null;
    };

export class DaemonWatch {
  readonly #options: DaemonWatchOptions;
  readonly #path: string;
  readonly #stateDir: string;
  readonly #lockPath: string;
  #link: Link = { is: "none", notBeforeMs: 0 };
  #daemon: LocalFacts["daemon"] = { reach: "down", isLeft: false };
  #sinceMs: number;
  #last: DaemonStatus | null = null;
  #unconnectedSinceMs: number | null = null;
  #root: string | null = null;
  #service: string | null = null;
  #closed = false;
  #isSeen = false;

  constructor(options: DaemonWatchOptions) {
    const { home, place, now } = options;
    this.#options = options;
    this.#path = ipcPathOf(home, place.tenant, place.address);
    this.#stateDir = stateDirOf(home, place.tenant, place.address);
    this.#lockPath = join(this.#stateDir, "lock");
    this.#sinceMs = now();
  }

  get key(): string {
    return keyOf(this.#options.place);
  }

  /** It tells what happens by itself: nothing has to be read off its statuses. */
  get tells(): boolean {
    return this.#link.is === "open" && this.#link.tells;
  }

  /** False until it has been found or missed once: before that nothing is known. */
  get isSeen(): boolean {
    return this.#isSeen;
  }

  facts(): LocalFacts {
    return {
      place: this.#options.place,
      daemon: this.#daemon,
      sinceMs: this.#sinceMs,
      last: this.#last,
      root: this.#root,
      service: this.#service,
    };
  }

  /** Asks once more, if it owes no answer. Settles with its answer, however late that comes. */
  async look(): Promise<void> {
    const nowMs = this.#options.now();
    const link = this.#link;
    if (link.is === "none") await this.#reach(link.notBeforeMs, nowMs);
    else if (link.is === "open" && link.askedAtMs === null) await this.#ask(link, nowMs);
  }

  /** Who has owed an answer for too long is silent. */
  noticeSilence(): void {
    const link = this.#link;
    const sinceMs = link.is === "opening" ? link.sinceMs : link.is === "open" ? link.askedAtMs : null;
    if (sinceMs === null || this.#options.now() - sinceMs < SILENT_MS) return;
    this.#found({ reach: "silent", pid: this.#pid(), why: null });
  }

  close(): void {
    this.#closed = true;
    if (this.#link.is === "open") this.#link.connection.close();
    this.#link = { is: "none", notBeforeMs: Number.POSITIVE_INFINITY };
  }

  async #reach(notBeforeMs: number, nowMs: number): Promise<void> {
    // Not worth a call each second; a pipe's name can't be looked up without one.
    if (process.platform !== "win32" && !existsSync(this.#path)) this.#missed();
    else if (nowMs >= notBeforeMs) await this.#connect(nowMs);
  }

  async #connect(nowMs: number): Promise<void> {
    const { place, version, role } = this.#options;
    const opening: Link = { is: "opening", sinceMs: nowMs };
    this.#link = opening;
    const caller = { version, role, address: place.address, openTimeoutMs: OPEN_MS_MAX };
    const events = {
      doorbell() {},
      happening: (happening: Omit<Happening, "key">) =>
        this.#options.happened({ ...happening, key: this.key }),
      closed: () => this.#lost(),
    };
    try {
      const connection = await connectIpc(this.#path, caller, events);
      if (this.#closed) {
        connection.close();
        return;
      }
      const link: Link = { is: "open", connection, tells: await hears(connection), askedAtMs: null };
      if (this.#link !== opening) return;
      this.#link = link;
      await this.#ask(link, this.#options.now());
    } catch (error) {
      if (this.#link === opening) await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<void> {
    const isAbsent = error instanceof PrismError && error.code === "daemon_unreachable";
    if (isAbsent && !(await socketAnswers(this.#path))) {
      this.#link = { is: "none", notBeforeMs: 0 };
      this.#missed();
      return;
    }
    this.#link = { is: "none", notBeforeMs: this.#options.now() + AGAIN_MS };
    // It took the call: what it said instead of a greeting is worth more than that it did not greet.
    const why = isAbsent || !(error instanceof PrismError) ? null : error.message;
    this.#found({ reach: "silent", pid: this.#pid(), why });
  }

  async #ask(link: Link & { readonly is: "open" }, nowMs: number): Promise<void> {
    link.askedAtMs = nowMs;
    try {
      const status = await link.connection.call("status", {}, ANSWER_MS_MAX);
      link.askedAtMs = null;
      this.#last = status;
      this.#root = status.root;
      this.#unconnectedSinceMs = status.hub.connected
        ? null
        : (this.#unconnectedSinceMs ?? status.lifecycle.sinceMs);
      this.#found({ reach: "answers", status, unconnectedSinceMs: this.#unconnectedSinceMs });
    } catch {
      // Its end is told by `closed`; one that said nothing for so long is called anew.
      link.connection.close();
    }
  }

  /** By its own word, or by the note at its lock. */
  #pid(): number | null {
    return lockNoteOf(this.#lockPath)?.pid ?? this.#last?.pid ?? null;
  }

  #lost(): void {
    if (this.#closed) return;
    this.#link = { is: "none", notBeforeMs: 0 };
    this.#missed();
  }

  /** Nobody listens. Whoever ended in order has taken its note away. */
  #missed(): void {
    const note = lockNoteOf(this.#lockPath);
    const kept = keptFacts(this.#stateDir);
    this.#root ??= note?.root ?? kept.root;
    this.#service = kept.service;
    this.#unconnectedSinceMs = null;
    this.#found({ reach: "down", isLeft: note !== null && this.#isGone(note) });
  }

  /** One that is on its way to an orderly end takes its note away last. Numbers of processes begin anew with a boot. */
  #isGone({ pid, startedAtMs }: LockHolder): boolean {
    const bootedAtMs = this.#options.now() - uptime() * 1000;
    return startedAtMs < bootedAtMs || !isProcessAlive(pid);
  }

  #found(daemon: LocalFacts["daemon"]): void {
    this.#isSeen = true;
    if (daemon.reach !== this.#daemon.reach) this.#sinceMs = this.#options.now();
    this.#daemon = daemon;
  }
}

const RECORD_BYTES_MAX = 256 * 1024;

/** Of one that was made by `prism persona create`: what its record says of it. Read leniently, as it serves words alone. */
function keptFacts(stateDir: string): { readonly root: string | null; readonly service: string | null } {
  try {
    const path = join(stateDir, "persona.json");
    const { root, service } = JSON.parse(
      readPrivateFile(path, { what: "record", bytesMax: RECORD_BYTES_MAX }),
    );
    return {
      root: typeof root === "string" ? root : null,
      service: typeof service === "string" ? service : null,
    };
  } catch {
    return { root: null, service: null };
  }
}

/** One of an older build says nothing by itself. */
async function hears(connection: IpcConnection): Promise<boolean> {
  try {
    await connection.call("watch", {}, SILENT_MS);
    return true;
  } catch {
    return false;
  }
}
