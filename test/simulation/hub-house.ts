/**
 * The hub over its lives: one disk, one host, and a process at a time. Starts, stops and kills it, and after
 * each return asks the new one for every signal that an older one has acknowledged.
 */

import type { LoopBounds } from "../../src/hub/core/loops.ts";
import { type EngineScheduler, openEngine } from "../../src/hub/engine.ts";
import type { HubService } from "../../src/hub/service.ts";
import type { Store } from "../../src/hub/store/store.ts";
import { MemoryDisk, MemoryStore } from "../support/memory-store.ts";
import type { Checker } from "./checker.ts";
import { DiskStore } from "./disk-store.ts";
import { type Host, Process } from "./host.ts";
import { HubNode, TENANT } from "./hub-node.ts";
import type { Network } from "./network.ts";
import type { Asked } from "./observer.ts";
import type { Plant } from "./plants.ts";
import type { Random } from "./random.ts";
import { Violation } from "./violation.ts";

export interface HouseSetting {
  readonly host: Host;
  readonly network: Network;
  readonly random: Random;
  readonly checker: Checker;
  readonly retentionMs: number;
  readonly loops: LoopBounds;
  readonly syncMsMax: number;
  readonly plant: Plant | null;
  readonly say: (address: string, text: string) => void;
}

export class HubHouse {
  readonly disk: { failing: boolean; readonly syncMsMax: number };
  readonly #setting: HouseSetting;
  #kept = new MemoryDisk();
  /** Only for a planted bug: the disk as it was before the last commit. */
  #before = new MemoryDisk();
  readonly #ids: Random;
  #process: Process | null = null;
  #node: HubNode | null = null;
  #service: HubService | null = null;
  #lives = 0;
  #restartMs = 0;
  #nextCommit: (() => void) | null = null;

  constructor(setting: HouseSetting) {
    this.#setting = setting;
    this.#ids = setting.random.fork("ids");
    this.disk = { failing: false, syncMsMax: setting.syncMsMax };
  }

  get host(): Host {
    return this.#setting.host;
  }

  get up(): boolean {
    return this.#process?.alive ?? false;
  }

  get lives(): number {
    return this.#lives;
  }

  onNextCommit(run: () => void): void {
    this.#nextCommit = run;
  }

  /** Starts it, unless it runs or its host doesn't. */
  start(): void {
    const { host, network, random, checker, say } = this.#setting;
    host.whenAwake(() => {
      if (this.up || !host.powered) return;
      const life = ++this.#lives;
      const process = new Process(host, `hub #${life}`);
      this.#process = process;
      process.onEnd(() => host.timeline.after(this.#restartMs, () => this.start()));
      say("", `starts (life ${life})`);
      const store = this.#store(process, random.fork(`disk ${life}`));
      this.#service = openEngine({
        store,
        now: () => checker.hubMs(),
        newId: () => this.#newId(),
        retentionMs: this.#setting.retentionMs,
        loops: this.#setting.loops,
        version: "0.0.0",
        log: (level, event, fields) => this.#log(level, event, fields),
        scheduler: schedulerOn(process),
      });
      this.#node = new HubNode({
        ...{ life, process, network, observer: checker },
        service: this.#service,
        now: () => host.wallMs(),
      });
      if (life > 1) this.audit();
    });
  }

  kill(restartMs: number): void {
    if (!this.up) return;
    this.#restartMs = restartMs;
    this.#setting.say("", "is killed");
    this.#process?.kill();
    if (this.#setting.plant?.crashTakes === "lastCommit") this.#kept = this.#before;
  }

  stop(restartMs: number): void {
    if (!this.up) return;
    this.#restartMs = restartMs;
    this.#setting.say("", "is asked to stop");
    const node = this.#node;
    this.#process?.deliver(() => node?.stop("maintenance"));
  }

  /** Asks the hub, past every network, for each signal that it has ever acknowledged (invariant 3). */
  audit(): void {
    for (const id of this.#setting.checker.signals.acknowledged()) this.#askFor(id, 0);
  }

  #askFor(id: string, attempt: number): void {
    const { checker, host } = this.#setting;
    const process = this.#process;
    const params = { id };
    const call: Asked = {
      verb: "signal_status",
      params,
      session: null,
      token: null,
      hubMs: host.wallMs(),
      life: this.#lives,
    };
    checker.asked(call);
    this.#service?.call(
      { tenant: TENANT, scope: "home", session: null },
      "signal_status",
      params,
      (outcome) => {
        // A disk that can't be read now proves nothing: asked again, a little later.
        if ("error" in outcome && outcome.error.code !== "signal_unknown" && attempt < 50) {
          process?.after(1000, () => this.#askFor(id, attempt + 1));
          return;
        }
        checker.told(call, outcome);
      },
    );
  }

  #store(process: Process, random: Random): Store {
    const store = new DiskStore({
      kept: new MemoryStore(this.#kept),
      ...{ process, random },
      weather: this.disk,
      committing: () => {
        if (this.#setting.plant?.crashTakes === "lastCommit") this.#before = copyOf(this.#kept);
        const run = this.#nextCommit;
        this.#nextCommit = null;
        run?.();
      },
      closed: () => {
        this.#setting.say("", "has ended in order");
        this.#node?.closePeers();
        process.after(0, () => process.kill());
      },
    });
    return this.#setting.plant?.store?.(store) ?? store;
  }

  #newId(): string {
    return `s${this.#ids.whole(0, 0xffffffff).toString(36)}${this.#ids.whole(0, 0xffffffff).toString(36)}`;
  }

  /** What the engine should never have to say. */
  #log(level: string, event: string, fields: { readonly [key: string]: unknown } | undefined): void {
    if (event === "commitFailed" || event === "loopStopped" || level === "info" || level === "debug") return;
    this.#setting.checker.check(() => {
      throw new Violation(0, "", `the hub reports ${event}: ${JSON.stringify(fields)}`);
    });
  }
}

function copyOf(disk: MemoryDisk): MemoryDisk {
  const copy = new MemoryDisk(disk.hubId);
  copy.position = disk.position;
  for (const name of ["addresses", "sessions", "mailboxes", "signals", "progress", "drains"] as const) {
    const kept = copy[name] as Map<unknown, unknown>;
    for (const [key, value] of disk[name]) kept.set(key, value);
  }
  return copy;
}

function schedulerOn(process: Process): EngineScheduler {
  return {
    defer: (run) => void process.after(0, run),
    after(delayMs, run) {
      const timer = process.after(delayMs, run);
      return () => timer.cancel();
    },
    monotonicMs: () => process.host.monotonicMs(),
  };
}
