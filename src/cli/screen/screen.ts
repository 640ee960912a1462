/**
 * The whole terminal as a canvas of lines: the alternate screen, keys as they are pressed, and everything as it was
 * before however this ends: by its own end, a signal, a crash, or a terminal that is taken away. Draws only the lines
 * that are not what they were, and none while the terminal has not taken the frame before. Knows nothing of what is
 * drawn.
 */
import { writeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { widthOf } from "../layout.ts";
import { KeyReader } from "./typed-keys.ts";

/** `process.stdin` and `process.stdout`, as far as they are used. */
export type TerminalInput = Readable & { setRawMode?(isRaw: boolean): unknown };
export type TerminalOutput = Writable & { readonly columns?: number; readonly rows?: number };

export interface ScreenOptions {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  key(key: string): void;
  /** The size is another, or the screen is back after a stop: all of it is drawn anew. */
  resized(): void;
  /** Nobody is there any more. */
  gone(): void;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Screen {
  readonly size: Size;
  /** @param lines painted, from the top; none wider than the screen */
  draw(lines: readonly string[]): void;
  /** What is on the screen is not trusted any more: the next frame is drawn as a whole. */
  forget(): void;
  /** Stops this program as Ctrl-Z does, and comes back when it goes on. */
  suspend(): void;
  close(): void;
}

/**
 * Alternate screen, no cursor, no wrapping at the end of a line: a letter that the terminal takes for wider than it
 * was counted then spoils its own line alone.
 */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
const LEAVE = "\u001b[?2026l\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l";
/** A frame at once, in terminals that know this mode; the others pass over it. */
const FRAME_BEGIN = "\u001b[?2026h";
const FRAME_END = "\u001b[?2026l";
/** What belongs to an Escape comes with it, or right behind it over a slow line. */
const ESCAPE_MS = 60;
const NOT_STOPPED_MS = 300;
const SIZE_USUAL: Size = { columns: 80, rows: 24 };
const STDOUT = 1;

export function openScreen(options: ScreenOptions): Screen {
  return new AlternateScreen(options);
}

class AlternateScreen implements Screen {
  readonly #options: ScreenOptions;
  readonly #keys = new KeyReader();
  #escape: NodeJS.Timeout | undefined;
  #lines: readonly string[] = [];
  #isOn = false;
  #isFull = false;
  #isClosed = false;
  /** The newest frame that the terminal had no room for. */
  #owed: readonly string[] | null = null;

  constructor(options: ScreenOptions) {
    this.#options = options;
    const { input, output } = options;
    output.on("error", this.#gone);
    output.on("resize", this.#resized);
    output.on("drain", this.#drained);
    input.on("data", this.#typed);
    input.on("end", this.#gone);
    input.on("error", this.#gone);
    process.on("SIGTSTP", this.suspend);
    process.on("SIGCONT", this.#back);
    process.on("exit", this.#restore);
    // Before whoever tells of it: what is said then must stand on the screen that stays.
    process.prependListener("uncaughtException", this.#restore);
    process.prependListener("unhandledRejection", this.#restore);
    this.#enter();
  }

  get size(): Size {
    const { columns, rows } = this.#options.output;
    return { columns: columns || SIZE_USUAL.columns, rows: rows || SIZE_USUAL.rows };
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOn) return;
    if (this.#isFull) {
      this.#owed = lines;
      return;
    }
    const { columns, rows } = this.size;
    const before = this.#lines;
    this.#lines = lines.slice(0, rows);
    let frame = "";
    for (let row = 0; row < Math.max(before.length, this.#lines.length); row++) {
      const line = this.#lines[row] ?? "";
      if (line === before[row]) continue;
      // At the last column the cursor stands upon the letter, and would clear it.
      const clear = widthOf(line) < columns ? "\u001b[K" : "";
      frame += `\u001b[${row + 1};1H${line}${clear}`;
    }
    if (frame !== "") this.#isFull = !this.#options.output.write(`${FRAME_BEGIN}${frame}${FRAME_END}`);
  }

  forget(): void {
    this.#lines = [];
    if (this.#isOn) this.#options.output.write("\u001b[2J");
  }

  readonly suspend = (): void => {
    if (this.#isClosed || process.platform === "win32") return;
    this.#restore();
    // Without a listener the signal does what it is for.
    process.off("SIGTSTP", this.suspend);
    process.kill(process.pid, "SIGTSTP");
    // Where no shell could bring it back, the system stops nothing.
    setTimeout(this.#back, NOT_STOPPED_MS).unref();
  };

  close(): void {
    if (this.#isClosed) return;
    this.#restore();
    this.#isClosed = true;
    clearTimeout(this.#escape);
    const { input, output } = this.#options;
    output.off("resize", this.#resized);
    output.off("drain", this.#drained);
    input.off("data", this.#typed);
    input.off("end", this.#gone);
    input.pause();
    process.off("SIGTSTP", this.suspend);
    process.off("SIGCONT", this.#back);
    process.off("exit", this.#restore);
    process.off("uncaughtException", this.#restore);
    process.off("unhandledRejection", this.#restore);
  }

  #enter(): void {
    const { input, output } = this.#options;
    try {
      input.setRawMode?.(true);
    } catch {
      this.#gone();
      return;
    }
    this.#isOn = true;
    this.#isFull = false;
    this.#lines = [];
    output.write(ENTER);
  }

  /** At once and whatever state the stream is in: the process may end right after it. */
  readonly #restore = (): void => {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#owed = null;
    try {
      this.#options.input.setRawMode?.(false);
    } catch {
      // The terminal is gone, and what it was set to with it.
    }
    this.#writeLast(LEAVE);
  };

  #writeLast(text: string): void {
    const { output } = this.#options;
    const isOwn = (output as { readonly fd?: number }).fd === STDOUT;
    try {
      if (isOwn) writeSync(STDOUT, text);
      else output.write(text);
    } catch {
      // Nobody to restore it for, or a terminal that takes nothing: it is asked once more, without waiting.
      output.write(text);
    }
  }

  readonly #back = (signal?: unknown): void => {
    if (this.#isClosed || (signal === undefined && this.#isOn)) return;
    process.off("SIGTSTP", this.suspend);
    process.on("SIGTSTP", this.suspend);
    this.#enter();
    this.#options.resized();
  };

  readonly #resized = (): void => {
    this.forget();
    this.#options.resized();
  };

  readonly #drained = (): void => {
    this.#isFull = false;
    const owed = this.#owed;
    this.#owed = null;
    if (owed !== null) this.draw(owed);
  };

  readonly #gone = (): void => {
    if (!this.#isClosed) this.#options.gone();
  };

  readonly #typed = (bytes: Buffer | string): void => {
    clearTimeout(this.#escape);
    for (const key of this.#keys.read(typeof bytes === "string" ? Buffer.from(bytes) : bytes))
      this.#press(key);
    if (!this.#keys.isWaiting) return;
    this.#escape = setTimeout(() => {
      for (const key of this.#keys.settle()) this.#press(key);
    }, ESCAPE_MS);
  };

  #press(key: string): void {
    if (!this.#isClosed) this.#options.key(key);
  }
}
