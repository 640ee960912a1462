/**
 * Whether the store can be written, as far as anybody knows: what the last commit came to. A disk that is full
 * can still be read, so after a failed commit only one that works says that all is well again.
 */
import type { PrismError } from "../../domain/errors.ts";
import type { Changes, Store } from "../store/store.ts";

export class WriteHealth {
  readonly #store: Store;
  #failure: PrismError | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** As the last commit went. */
  get isWell(): boolean {
    return this.#failure === null;
  }

  committed(error: PrismError | null): void {
    this.#failure = error;
  }

  /** @param position the highest given out so far: an empty commit writes that alone */
  probe(position: number, done: (error: PrismError | null) => void): void {
    if (this.#failure === null) {
      this.#store.check((error) => done(error));
      return;
    }
    this.#store.commit({ ...NO_CHANGES, position }, (error) => {
      this.#failure = error;
      done(error);
    });
  }
}

const NO_CHANGES: Omit<Changes, "position"> = {
  addresses: [],
  addressesRemoved: [],
  sessions: [],
  sessionsRemoved: [],
  signals: [],
  progress: [],
  mailboxes: [],
  drains: [],
  purges: [],
  rings: [],
};
