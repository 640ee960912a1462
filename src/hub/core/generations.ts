/**
 * A map that keeps what was used lately: two generations, of which the older goes all at once when the younger
 * is full. So the bound costs nothing for each entry; what stays is between half of `entriesMax` and all of it.
 */
export class Generations<V> {
  readonly #entriesMax: number;
  #young = new Map<number, V>();
  #old = new Map<number, V>();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** Counts as a use. */
  get(key: number): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: number, value: V): void {
    if (this.#young.size * 2 >= this.#entriesMax && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
