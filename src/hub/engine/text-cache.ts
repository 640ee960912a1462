/**
 * Texts of the newest signals, so that the usual drain, a moment after the signal, reads nothing from the
 * store. Two generations: when the younger is full the older one goes, all at once; so keeping it bounded
 * costs nothing for each signal. What is missing here is read from the store.
 */
export class TextCache {
  readonly #charsMax: number;
  #young = new Map<number, string>();
  #old = new Map<number, string>();
  #youngChars = 0;

  /** @param charsMax UTF-16 units of text held at most */
  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  set(position: number, text: string): void {
    if (this.#youngChars + text.length > this.#charsMax / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngChars = 0;
    }
    this.#young.set(position, text);
    this.#youngChars += text.length;
  }

  get(position: number): string | undefined {
    return this.#young.get(position) ?? this.#old.get(position);
  }

  delete(position: number): void {
    const text = this.#young.get(position);
    if (text === undefined) {
      this.#old.delete(position);
      return;
    }
    this.#young.delete(position);
    this.#youngChars -= text.length;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngChars = 0;
  }
}
