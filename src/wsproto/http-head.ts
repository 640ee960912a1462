/**
 * The head of an HTTP/1.1 answer, read as it arrives: status line and header fields up to the empty line.
 * Strict where leniency has no friend: CRLF only, no folded lines, no space before a colon. Knows neither
 * WebSocket nor proxies: both read their answers through it. Source: RFC 9112 sections 2 to 5.
 */
export interface HttpHead {
  readonly status: number;
  /** Printable ASCII of the reason phrase; it may be empty. */
  readonly phrase: string;
  /** Names in lower case, values without surrounding white space, in the order they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export interface HttpHeadLimits {
  readonly headBytesMax: number;
  readonly headLinesMax: number;
}

export type HttpHeadProgress =
  | { readonly kind: "more" }
  /** `rest` is where the bytes after the head begin in the chunk just fed. */
  | { readonly kind: "head"; readonly head: HttpHead; readonly rest: number }
  | { readonly kind: "malformed"; readonly why: string };

const MORE: HttpHeadProgress = { kind: "more" };
const STATUS_LINE = /^HTTP\/1\.[0-9] ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const PREFIX = "HTTP/1.";

export class HttpHeadReader {
  readonly #limits: HttpHeadLimits;
  #line = "";
  #bytes = 0;
  #lines = 0;
  #carriageReturn = false;
  #status: { readonly code: number; readonly phrase: string } | null = null;
  #fields: (readonly [string, string])[] = [];

  constructor(limits: HttpHeadLimits) {
    this.#limits = limits;
  }

  /** Feeds bytes of the head from `start`; after `head` it is ready for another one under the same bounds. */
  feed(chunk: Uint8Array, start = 0): HttpHeadProgress {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      this.#bytes += 1;
      if (this.#bytes > this.#limits.headBytesMax) {
        return malformed(`its head is longer than ${this.#limits.headBytesMax} bytes`);
      }
      // RFC 9112 section 2.2: a bare CR or LF is no line end. Refused at once, or a peer that sends bare LF
      // would never be answered.
      if (this.#carriageReturn !== (byte === LF))
        return malformed("a line of its head does not end in CR LF");
      if (byte === CR) {
        this.#carriageReturn = true;
      } else if (byte === LF) {
        this.#carriageReturn = false;
        const progress = this.#lineEnded(at + 1);
        if (progress !== MORE) return progress;
      } else {
        this.#line += String.fromCharCode(byte);
        // Another protocol's first bytes (TLS, SSH, HTTP/2) are refused without waiting for a line end.
        if (this.#status === null && this.#line.length <= PREFIX.length && !PREFIX.startsWith(this.#line)) {
          return malformed("it does not speak HTTP/1");
        }
      }
    }
    return MORE;
  }

  #lineEnded(rest: number): HttpHeadProgress {
    const line = this.#line;
    this.#line = "";
    if (this.#status === null) {
      const [, code, phrase] = STATUS_LINE.exec(line) ?? [];
      if (code === undefined) return malformed("its status line is malformed");
      this.#status = { code: Number(code), phrase: (phrase ?? "").replace(/[^\x20-\x7e]/g, "?") };
      return MORE;
    }
    if (line === "") return this.#headEnded(this.#status, rest);
    this.#lines += 1;
    if (this.#lines > this.#limits.headLinesMax) {
      return malformed(`its head has more than ${this.#limits.headLinesMax} lines`);
    }
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) return malformed("a header line is malformed");
    this.#fields.push([name.toLowerCase(), value]);
    return MORE;
  }

  #headEnded(status: { readonly code: number; readonly phrase: string }, rest: number): HttpHeadProgress {
    const head: HttpHead = { status: status.code, phrase: status.phrase, fields: this.#fields };
    this.#status = null;
    this.#fields = [];
    return { kind: "head", head, rest };
  }
}

const CR = 0x0d;
const LF = 0x0a;

function malformed(why: string): HttpHeadProgress {
  return { kind: "malformed", why };
}

/** All values of a field, in order; `name` in lower case. */
export function valuesOf(head: HttpHead, name: string): string[] {
  return head.fields.filter((field) => field[0] === name).map((field) => field[1]);
}

/** Comma-separated tokens of all fields of that name, in lower case (RFC 9110 section 5.6.1). */
export function tokensOf(head: HttpHead, name: string): string[] {
  return valuesOf(head, name)
    .flatMap((value) => value.split(","))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== "");
}

/** True for a text that can be a header field's name. */
export function isFieldName(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** True for a text that can be sent as a field's value: visible ASCII, blanks and tabs inside, no line ends. */
export function isFieldValue(text: string): boolean {
  return /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(text);
}
