/**
 * The hub's disk: a store whose writes take time, so that a crash finds each of them before, during or after.
 * What is durable lives in the store inside, which survives the hub's process; what was not durable yet is
 * gone with it. A commit is atomic, as the port promises: a crash sees all of it or nothing.
 */
import { PrismError } from "../../src/domain/errors.ts";
import type { Changes, Done, Found, Snapshot, Store, Upkeep, Want } from "../../src/hub/store/store.ts";
import type { Process } from "./host.ts";
import type { Random } from "./random.ts";

export interface DiskSetting {
  readonly kept: Store;
  readonly process: Process;
  readonly random: Random;
  /** While `failing`, every commit fails, with nothing kept. Longest sync of one commit in milliseconds. */
  readonly weather: { readonly failing: boolean; readonly syncMsMax: number };
  readonly committing: () => void;
  readonly closed: () => void;
}

/** One process's hold on the disk. */
export class DiskStore implements Store {
  readonly #setting: DiskSetting;

  constructor(setting: DiskSetting) {
    this.#setting = setting;
  }

  load(done: Done<Snapshot | null>): void {
    this.#setting.kept.load(done);
  }

  commit(changes: Changes, done: Done<void>): void {
    const { kept, weather, committing } = this.#setting;
    committing();
    this.#soon(() => {
      if (weather.failing) {
        done(new PrismError("storage_full", "the disk is full: nothing was written"), undefined);
        return;
      }
      // Durable from here on: a crash before `done` leaves it on the disk, though nobody was told.
      kept.commit(changes, (error) => this.#soon(() => done(error, undefined)));
    });
  }

  read(wants: readonly Want[], done: Done<readonly Found[]>): void {
    this.#setting.kept.read(wants, (error, found) => this.#soon(() => done(error, found)));
  }

  maintain(upkeep: Upkeep, done: Done<boolean>): void {
    this.#setting.kept.maintain(upkeep, (error, more) => this.#soon(() => done(error, more)));
  }

  check(done: Done<void>): void {
    this.#soon(() => done(null, undefined));
  }

  /** The process lets go of the disk; the disk itself stays. */
  close(done: Done<void>): void {
    this.#soon(() => {
      done(null, undefined);
      this.#setting.closed();
    });
  }

  #soon(run: () => void): void {
    const { process, random, weather } = this.#setting;
    process.after(random.whole(0, weather.syncMsMax), run);
  }
}
