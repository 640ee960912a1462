/**
 * Rings a pane: finds it, holds on to it, makes sure that an agent runs in it, and types the doorbell's line.
 * Remembers between rings which pane it was and which program took the last one. Loaded at the first ring.
 */

import { bellWords, isBellWords } from "../../domain/bell-words.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import type { RingOutcome } from "../surface.ts";
import { promptPattern } from "./input-line.ts";
import {
  type Found,
  findPane,
  isSamePane,
  isShell,
  lookAt,
  obstacleIn,
  type Pane,
  type Sight,
} from "./pane.ts";
import type { Tmux } from "./tmux-client.ts";
import { failed, MOOT, typeLine } from "./typing.ts";

export interface RingSettings {
  readonly target: string;
  /** The program that must be in the pane's foreground; absent: any but a shell, then the one that took a ring. */
  readonly program?: string;
  readonly prompt?: string;
  readonly timeoutMs: number;
}

export class PaneRinger {
  readonly #tmux: Tmux;
  readonly #settings: RingSettings;
  #held: Pane | undefined;
  /** What was in the foreground when a ring was last taken. */
  #taker: string | undefined;
  #pastes = 0;

  constructor(tmux: Tmux, settings: RingSettings) {
    this.#tmux = tmux;
    this.#settings = settings;
  }

  async ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const found = await this.#sight();
    if (!found.ok) return failed(found.reason);
    if (cancelled.aborted) return failed(MOOT);
    const { pane, program } = found.value;
    const obstacle = obstacleIn(found.value, this.#settings.program ?? this.#taker);
    if (obstacle !== undefined) return failed(obstacle);
    this.#pastes += 1;
    const outcome = await typeLine(
      {
        tmux: this.#tmux,
        pane,
        program,
        prompt: promptPattern(this.#settings.prompt, isShell(program)),
        timeoutMs: this.#settings.timeoutMs,
        cancelled,
        buffer: `prism-${process.pid}-${Date.now().toString(36)}-${this.#pastes}`,
      },
      bellWords(bell),
      (line) => isBellWords(line, bell),
    );
    if (outcome.kind === "taken") this.#taker = program;
    return outcome;
  }

  /** True if something other than a shell runs in the pane: an agent, as far as can be told. */
  async holdsAgent(): Promise<boolean> {
    const found = await this.#sight();
    return found.ok && !found.value.isDead && !isShell(found.value.program);
  }

  /** The pane that is held, as long as it is the same; else the one that the target means now. */
  async #sight(): Promise<Found<Sight>> {
    const held = this.#held;
    if (held !== undefined) {
      const seen = await lookAt(this.#tmux, held);
      if (!seen.ok && seen.cause === "broken") return seen;
      if (seen.ok && isSamePane(seen.value.pane, held)) return seen;
    }
    const found = await findPane(this.#tmux, this.#settings.target);
    if (!found.ok) return found;
    const pane = found.value;
    if (held !== undefined && this.#settings.target === pane.id && held.server !== pane.server) {
      const reason = `the tmux server was started anew, so ${pane.id} is another pane: name it by its session`;
      return { ok: false, cause: "noPane", reason };
    }
    const seen = await lookAt(this.#tmux, pane);
    if (!seen.ok) return seen;
    if (!isSamePane(seen.value.pane, pane)) {
      return { ok: false, cause: "noPane", reason: `pane ${pane.id} was given to another program just now` };
    }
    this.#held = pane;
    return seen;
  }
}
