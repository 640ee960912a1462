/**
 * `prism top` at work: what comes from the observatory and from the keyboard into the model, and the model onto the
 * screen; at most so many frames a second, however much happens.
 */
import type { Selection } from "../../domain/overview/selection.ts";
import type { Happening, Overview } from "../../domain/overview.ts";
import type { Observatory } from "../../overview/observatory.ts";
import type { Glyphs } from "../screen/glyphs.ts";
import { painted } from "../screen/line.ts";
import { openScreen, type Screen, type TerminalInput, type TerminalOutput } from "../screen/screen.ts";
import { frameOf } from "./frame.ts";
import { type Action, actionFor } from "./keys.ts";
import { after, HAPPENINGS_KEPT, type Hours, initialState, type Known, type TopState } from "./model.ts";

export interface TopOptions {
  readonly observatory: Observatory;
  /** Drains of the last hour, of all personas of this host; asked once a minute. */
  readonly hours: () => Hours;
  readonly selection: Partial<Selection>;
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly isColoured: boolean;
  readonly glyphs: Glyphs;
  readonly now: () => number;
  readonly stopped: AbortSignal;
}

/** Ages grow by the second. */
const TICK_MS = 1000;
/** What comes together is drawn together. */
const TOGETHER_MS = 50;
const HOURS_EVERY_MS = 60_000;

/** Settles when it was left, with the terminal as it was before. */
export function runTop(options: TopOptions): Promise<void> {
  const { observatory, stopped } = options;
  return new Promise((resolve) => {
    let top: LiveTop | null = null;
    const end = (): void => {
      leave();
      top?.close();
      stopped.removeEventListener("abort", end);
      resolve();
    };
    const leave = observatory.listen({
      // Nothing is on the screen before there is something to show: within a second.
      changed(_, overview) {
        if (top === null) top = new LiveTop(options, overview, end);
        else top.changed(overview);
      },
      happened: (happening) => top?.happened(happening),
    });
    stopped.addEventListener("abort", end, { once: true });
    if (stopped.aborted) end();
  });
}

class LiveTop {
  readonly #options: TopOptions;
  readonly #screen: Screen;
  readonly #end: () => void;
  readonly #tick: NodeJS.Timeout;
  readonly #hourly: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #state: TopState;
  #room = { rows: 1, lines: 0 };

  constructor(options: TopOptions, overview: Overview, end: () => void) {
    const { input, output, hours, selection } = options;
    this.#options = options;
    this.#end = end;
    this.#state = initialState({ overview, hours: hours(), happenings: [] }, selection);
    this.#screen = openScreen({
      ...{ input, output },
      key: (key) => this.#press(key),
      resized: () => this.#draw(),
      gone: end,
    });
    this.#tick = setInterval(() => this.#drawSoon(), TICK_MS);
    this.#hourly = setInterval(() => this.#learn({ hours: hours() }), HOURS_EVERY_MS);
    this.#draw();
  }

  changed(overview: Overview): void {
    this.#learn({ overview });
  }

  happened(happening: Happening): void {
    const { happenings } = this.#state.known;
    this.#learn({ happenings: [...happenings.slice(1 - HAPPENINGS_KEPT), happening] });
  }

  close(): void {
    clearInterval(this.#tick);
    clearInterval(this.#hourly);
    clearTimeout(this.#soon);
    this.#screen.close();
  }

  #learn(news: Partial<Known>): void {
    this.#state = { ...this.#state, known: { ...this.#state.known, ...news } };
    this.#drawSoon();
  }

  #press(key: string): void {
    const action = actionFor(key, this.#state.isTyping);
    if (action === null) return;
    if (action.do === "quit") this.#end();
    else if (action.do === "suspend") this.#screen.suspend();
    else if (action.do === "redraw") {
      this.#screen.forget();
      this.#draw();
    } else this.#act(action);
  }

  #act(action: Action): void {
    const next = after(this.#state, action, { nowMs: this.#options.now(), ...this.#room });
    if (next === this.#state) return;
    this.#state = next;
    this.#draw();
  }

  #drawSoon(): void {
    this.#soon ??= setTimeout(() => this.#draw(), TOGETHER_MS);
  }

  #draw(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { now, glyphs, isColoured } = this.#options;
    const { size } = this.#screen;
    const frame = frameOf(this.#state, { nowMs: now(), glyphs, ...size });
    this.#room = { rows: frame.room, lines: frame.textLines };
    this.#screen.draw(frame.lines.map(({ line, isChosen }) => painted(line, { isColoured, isChosen })));
  }
}
