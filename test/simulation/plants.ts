/**
 * Bugs planted on purpose, to prove that the checker would see them. Each patches one seam of the real parts
 * from outside; the parts themselves are untouched.
 */

import type { Event } from "../../src/fsm.ts";
import type { Store } from "../../src/hub/store/store.ts";

export interface Plant {
  readonly about: string;
  /** Wraps each life's hold on the hub's disk. */
  readonly store?: (store: Store) => Store;
  /** What a crash of the hub leaves of its disk: as it is, or as it was before its last commit. */
  readonly crashTakes?: "nothing" | "lastCommit";
  /** Says whether a daemon hears an event at all. */
  readonly hears?: (event: Event) => boolean;
}

export const PLANTS = {
  "lost-ack": {
    about: "the hub acknowledges what is not on the disk yet: a crash takes the last commit with it",
    crashTakes: "lastCommit",
  },
  "double-drain": {
    about: "the hub hands signals over and does not write down that it did: after a crash it does so again",
    store: (store) =>
      overriding(store, {
        commit(changes, done) {
          const progress = changes.progress.filter((one) => one.state !== "drained");
          store.commit({ ...changes, progress, drains: [] }, done);
        },
      }),
  },
  "stale-bell": {
    about: "the daemon does not take in that everything is drained: it goes on ringing for what is gone",
    hears: (event) => event.on !== "mailboxPushed" || event.mailbox.open > 0,
  },
} as const satisfies { readonly [name: string]: Plant };

export type PlantName = keyof typeof PLANTS;

function overriding(store: Store, overrides: Partial<Store>): Store {
  return {
    load: (done) => store.load(done),
    commit: (changes, done) => store.commit(changes, done),
    read: (wants, done) => store.read(wants, done),
    maintain: (upkeep, done) => store.maintain(upkeep, done),
    check: (done) => store.check(done),
    close: (done) => store.close(done),
    ...overrides,
  };
}
