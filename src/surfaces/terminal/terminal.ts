/**
 * Surface `terminal`: rings where a person looks. One line, with the bell, that says who waits and what to type;
 * on a terminal device named in the configuration, or else on the process's own output. Taken means written.
 * Knows nothing of what the person does then.
 */

import type { Doorbell } from "../../domain/doorbell.ts";
import { PrismError } from "../../domain/errors.ts";
import { flag, type Infer, maybe, object, oneOf, readShape, text } from "../../domain/shape.ts";
import type { RingOutcome, Surface, SurfaceContext } from "../surface.ts";
import { type BellStyle, bellText } from "./bell-text.ts";
import { writeToDevice } from "./tty-device.ts";

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
  const closing = new AbortController();
  let underWay: Promise<unknown> = Promise.resolve();
  /** True while a write to the own output has not got out: a second one would only wait behind it. */
  let stuck = false;

  async function ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    if (closing.signal.aborted) return { kind: "failed", reason: "the surface is closed" };
    if (cancelled.aborted) return { kind: "failed", reason: MOOT };
    const ended = AbortSignal.any([cancelled, closing.signal]);
    try {
      const writing = writeBell(bell, ended);
      underWay = writing;
      return await writing;
    } catch (error) {
      context.log("error", "terminalRingFailed", { reason: String(error) });
      return { kind: "failed", reason: "the terminal could not be written to" };
    }
  }

  async function writeBell(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const { output } = context;
    if (settings.tty !== undefined) {
      const text = bellText(bell, context.root, styleOf(settings, true));
      const outcome = await writeToDevice(settings.tty, text, {
        owned: true,
        timeoutMs: WRITE_MS_MAX,
        cancelled,
      });
      return outcome.kind === "taken" ? outcome : { kind: "failed", reason: outcome.reason };
    }
    const text = bellText(bell, context.root, styleOf(settings, output.isTerminal));
    if (output.isTerminal && output.descriptor !== undefined && process.platform !== "win32") {
      // Node writes to a terminal synchronously: one that is held would hold the whole daemon. Opened anew, the
      // same terminal is written to without waiting. Where it can't be (another user's, after su), the stream is left.
      const device = `/dev/fd/${output.descriptor}`;
      const outcome = await writeToDevice(device, text, { owned: false, timeoutMs: WRITE_MS_MAX, cancelled });
      if (outcome.kind === "taken") return { kind: "taken", path: "standard output" };
      if (outcome.opened || cancelled.aborted) return { kind: "failed", reason: outcome.reason };
    }
    return writeToStream(text, cancelled);
  }

  function writeToStream(text: string, cancelled: AbortSignal): Promise<RingOutcome> {
    if (stuck)
      return Promise.resolve({ kind: "failed", reason: "standard output still holds the last ring" });
    return new Promise((resolve) => {
      const settle = (outcome: RingOutcome) => {
        clearTimeout(timer);
        cancelled.removeEventListener("abort", abandon);
        resolve(outcome);
      };
      const abandon = () => settle({ kind: "failed", reason: MOOT });
      const timer = setTimeout(
        () => settle({ kind: "failed", reason: `standard output took nothing for ${WRITE_MS_MAX} ms` }),
        WRITE_MS_MAX,
      );
      cancelled.addEventListener("abort", abandon, { once: true });
      stuck = true;
      context.output.write(text, (error) => {
        stuck = false;
        settle(
          error === null || error === undefined
            ? { kind: "taken", path: "standard output" }
            : { kind: "failed", reason: "standard output is closed" },
        );
      });
    });
  }

  return {
    name: "terminal",
    ring,
    async close() {
      closing.abort();
      await underWay.catch(() => {});
    },
  };
}

const MOOT = "the doorbell became moot before it was rung";

function styleOf(settings: TerminalConfig, isTerminal: boolean): BellStyle {
  return {
    bell: settings.bell ?? true,
    notify: isTerminal ? (settings.notify ?? "none") : "none",
    // A person may be in the middle of a line, with the terminal in raw mode.
    ownLine: isTerminal,
  };
}
