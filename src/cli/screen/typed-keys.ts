/**
 * What a terminal sends when keys are pressed, as names of keys: `a`, `Enter`, `ArrowUp`, `Ctrl-C`. Bytes may come in
 * any portions. Sequences that are no key of ours are swallowed whole, so that none of their letters passes for one.
 * Knows no stream and sets no timer: whoever reads says when an Escape was not the beginning of more.
 */

const CSI_KEYS: Readonly<Record<string, string>> = {
  A: "ArrowUp",
  B: "ArrowDown",
  C: "ArrowRight",
  D: "ArrowLeft",
  H: "Home",
  F: "End",
  "1~": "Home",
  "7~": "Home",
  "4~": "End",
  "8~": "End",
  "3~": "Delete",
  "5~": "PageUp",
  "6~": "PageDown",
};

const CONTROL_KEYS: Readonly<Record<string, string>> = {
  "\r": "Enter",
  "\n": "Enter",
  "\t": "Tab",
  "\u007f": "Backspace",
  "\b": "Backspace",
};

/** No sequence of a key is longer; what is, is noise. */
const SEQUENCE_CHARS_MAX = 64;

export class KeyReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** True while an Escape may be the key itself or the beginning of a sequence. */
  get isWaiting(): boolean {
    return this.#rest !== "";
  }

  /** @returns the keys that are complete by now */
  read(bytes: Uint8Array): string[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const keys: string[] = [];
    for (;;) {
      const found = firstKey(this.#rest);
      if (found === null) return keys;
      this.#rest = this.#rest.slice(found.chars);
      if (found.key !== null) keys.push(found.key);
    }
  }

  /** Nothing more came: an Escape that waited was the key. */
  settle(): string[] {
    const isEscape = this.#rest === "\u001b";
    this.#rest = "";
    return isEscape ? ["Escape"] : [];
  }
}

/** `key` null: a sequence that means none. Null as a whole: not complete yet. */
function firstKey(text: string): { readonly key: string | null; readonly chars: number } | null {
  if (text === "") return null;
  if (text[0] !== "\u001b") {
    const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
    return { key: plainKey(char), chars: char.length };
  }
  if (text.length === 1) return null;
  if (text[1] === "[" || text[1] === "O") return sequence(text);
  // DCS, OSC, APC, PM: a terminal's answer to a question.
  if (/[P\]_^]/.test(text[1] ?? "")) {
    const end = /\u0007|\u001b\\/.exec(text.slice(2));
    if (end !== null) return { key: null, chars: 2 + end.index + end[0].length };
    return text.length > SEQUENCE_CHARS_MAX ? { key: null, chars: text.length } : null;
  }
  // Escape twice is Escape; before anything else it is the Alt key, which means nothing here.
  if (text[1] === "\u001b") return { key: "Escape", chars: 1 };
  return { key: null, chars: 1 + String.fromCodePoint(text.codePointAt(1) ?? 0).length };
}

/** Parameters, then one letter or `~`. Modifiers (`1;5A`) are not told apart. */
function sequence(text: string): { readonly key: string | null; readonly chars: number } | null {
  const found = /^\u001b[[O]([0-?]*)[ -/]*([@-~])/.exec(text);
  if (found === null) {
    const isNoise = text.length > SEQUENCE_CHARS_MAX || /^\u001b[[O][0-?]*[ -/]*[^ -~]/.test(text);
    return isNoise ? { key: null, chars: 2 } : null;
  }
  const [whole, parameters = "", final = ""] = found;
  const name = final === "~" ? `${parameters.split(";")[0]}~` : final;
  const isPlain = /^[0-9;]*$/.test(parameters);
  return {
    key: isPlain && Object.hasOwn(CSI_KEYS, name) ? (CSI_KEYS[name] ?? null) : null,
    chars: whole.length,
  };
}

function plainKey(char: string): string | null {
  const known = CONTROL_KEYS[char];
  if (known !== undefined) return known;
  const code = char.codePointAt(0) ?? 0;
  if (code >= 1 && code <= 26) return `Ctrl-${String.fromCharCode(64 + code)}`;
  return code < 32 || (code >= 0x7f && code < 0xa0) || code === 0xfffd ? null : char;
}
