/**
 * Surface `terminal`: rings where a person looks. One line, with the bell, that says who waits and what to type;
 * on a terminal device named in the configuration, or else on the process's own output. Taken means written.
 * Knows nothing of what the person does then.
 */
import type { Doorbell } from "../../domain/doorbell.ts";
import { PrismError } from "../../domain/errors.ts";
import { faultText } from "../../domain/log.ts";
import { flag, type Infer, maybe, object, oneOf, readShape, text } from "../../domain/shape.ts";
import type { RingOutcome, Surface, SurfaceContext } from "../surface.ts";
import { type BellStyle, bellText } from "./bell-text.ts";
import { StreamWriter } from "./stream-writer.ts";
import { type DeviceOutcome, writeToDevice } from "./tty-device.ts";

const config = object({
  tty: maybe(
    text({ bytesMax: 4096, about: "a terminal's device, as in /dev/pts/3; absent: the daemon's own output" }),
  ),
  bell: maybe(flag("sound the terminal's bell; by default true")),
  notify: maybe(
    oneOf(
      ["none", "osc9", "osc777"],
      "also ask the terminal for a desktop notification: osc9 (iTerm2, kitty, Windows Terminal, WezTerm) or osc777 (foot, Ghostty, urxvt); by default none",
    ),
  ),
});

export const configSchema = config.schema;
type TerminalConfig = Infer<typeof config>;

/** A terminal takes a line at once; one that is held (Ctrl-S) or gone does not, and the schedule rings again. */
const WRITE_MS_MAX = 2000;

/** @throws PrismError `invalid_argument`, `unknown_key`, `too_large` */
export function open(given: unknown, context: SurfaceContext): Surface {
  const settings = readShape(config, given, "the configuration of surface terminal");
  if (settings.tty !== undefined && process.platform === "win32") {
    throw new PrismError("invalid_argument", "a terminal can't be named by its device on Windows", {
      hint: "leave out tty, and run the daemon in the terminal itself",
    });
  }
  return new TerminalSurface(settings, context);
}

const MOOT = "the doorbell became moot before it was rung";

class TerminalSurface implements Surface {
  readonly name = "terminal";
  readonly #settings: TerminalConfig;
  readonly #context: SurfaceContext;
  readonly #stream: StreamWriter;
  readonly #closing = new AbortController();
  #underWay: Promise<unknown> | undefined;

  constructor(settings: TerminalConfig, context: SurfaceContext) {
    this.#settings = settings;
    this.#context = context;
    this.#stream = new StreamWriter(context.output);
  }

  async ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    if (this.#closing.signal.aborted) return failed("the surface is closed");
    if (cancelled.aborted) return failed(MOOT);
    if (this.#underWay !== undefined) return failed("the last ring is still being written");
    const writing = this.#write(bell, AbortSignal.any([cancelled, this.#closing.signal]));
    this.#underWay = writing;
    try {
      return await writing;
    } catch (error) {
      this.#context.log("error", "surfaceThrew", {
        code: "surface_failed",
        surface: "terminal",
        fault: faultText(error),
      });
      return failed("the terminal could not be written to");
    } finally {
      this.#underWay = undefined;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#underWay?.catch(() => {});
  }

  async #write(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const { output, root } = this.#context;
    const { tty } = this.#settings;
    const text = bellText(bell, root, styleOf(this.#settings, tty !== undefined || output.isTerminal));
    const within = { timeoutMs: WRITE_MS_MAX, cancelled };
    if (tty !== undefined) return outcomeOf(await writeToDevice(tty, text, { owned: true, ...within }));
    if (output.isTerminal && output.descriptor !== undefined && process.platform !== "win32") {
      // Node writes to a terminal synchronously: one that is held would hold the whole daemon. Opened anew, the
      // same terminal is written to without waiting. Where it can't be (another user's, after su), the stream
      // is left.
      const device = `/dev/fd/${output.descriptor}`;
      const outcome = await writeToDevice(device, text, { owned: false, ...within });
      if (outcome.kind === "taken") return { kind: "taken", path: "standard output" };
      if (outcome.opened || cancelled.aborted) return outcomeOf(outcome);
    }
    return this.#stream.write(text, within);
  }
}

function outcomeOf(outcome: DeviceOutcome): RingOutcome {
  return outcome.kind === "taken" ? outcome : failed(outcome.reason);
}

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}

function styleOf(settings: TerminalConfig, isTerminal: boolean): BellStyle {
  return {
    bell: settings.bell ?? true,
    notify: isTerminal ? (settings.notify ?? "none") : "none",
    // A person may be in the middle of a line, with the terminal in raw mode.
    ownLine: isTerminal,
  };
}
