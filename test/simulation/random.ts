/**
 * The simulation's only source of chance: sfc32 (Chris Doty-Humphrey's small fast counting generator,
 * 128 bits of state, passes PractRand), seeded through FNV-1a of a path of names.
 *
 * Every actor and every class of fault draws from its own stream, forked by name. So a class that is turned
 * off while a failure is being shrunk does not shift what the others draw.
 */
export class Random {
  readonly #path: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(path: string | number) {
    this.#path = String(path);
    this.#a = fnv1a(this.#path, 0x811c9dc5);
    this.#b = fnv1a(this.#path, 0x9e3779b9);
    this.#c = fnv1a(this.#path, 0x85ebca6b);
    for (let i = 0; i < 12; i++) this.#next();
  }

  /** A stream of its own: the same name from the same parent gives the same stream, whatever was drawn. */
  fork(name: string | number): Random {
    return new Random(`${this.#path}/${name}`);
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** At least 0, below 1, in 2^32 steps. */
  unit(): number {
    return this.#next() / 0x1_0000_0000;
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.unit() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Whole milliseconds around a mean, exponentially distributed: the gaps of a Poisson process. */
  gapMs(meanMs: number): number {
    return Math.ceil(-Math.log(1 - this.unit()) * meanMs);
  }

  /** Whole, from `min` to `max`, every order of magnitude equally likely: small mostly, large sometimes. */
  magnitude(min: number, max: number): number {
    return Math.min(max, Math.round(min * (max / min) ** this.unit()));
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.whole(0, choices.length - 1)];
    if (chosen === undefined) throw new Error("pick: nothing to choose from");
    return chosen;
  }
}

/** 32-bit FNV-1a over UTF-16 units, with a chosen basis, then murmur3's finalizer to spread short names. */
function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
