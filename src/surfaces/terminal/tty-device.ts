/**
 * Writes to a terminal by its device, without ever waiting for it in the event loop. Verifies what it opened, not
 * what the path named before: a terminal, and the user's own.
 */
import { close, constants, fstat, open, type Stats, write } from "node:fs";
import { isatty } from "node:tty";
import { printable } from "../../domain/address.ts";
import { errnoOf } from "../../host/fs-error.ts";
import { isOurs } from "../../host/home.ts";
import { monotonicMs } from "../../host/monotonic.ts";
import type { RingOutcome } from "../surface.ts";

export interface DeviceWrite {
  /** True if the device must belong to this user: one that was named, not inherited. */
  readonly owned: boolean;
  readonly timeoutMs: number;
  readonly cancelled: AbortSignal;
}

/** `opened` tells a terminal that took nothing from one that could not be reached. */
export type DeviceOutcome =
  | (RingOutcome & { readonly kind: "taken" })
  | (RingOutcome & { readonly kind: "failed"; readonly opened: boolean });

/** How often a held terminal is asked again. */
const RETRY_MS = 50;

/** Never throws; settles within `timeoutMs` and a retry. */
export async function writeToDevice(path: string, text: string, how: DeviceWrite): Promise<DeviceOutcome> {
  const shown = printable(path, 200);
  // O_NOCTTY: a daemon without a terminal must not get this one as its own, and with it its Ctrl-C.
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const file = await attempt<number>((done) => open(path, flags, done));
  if (typeof file !== "number") return failed(unopened(shown, errnoOf(file.failure)), false);
  try {
    const fault = await faultOf(file, shown, how.owned);
    if (fault !== undefined) return failed(fault, false);
    return await writeAll(file, Buffer.from(text), shown, how);
  } finally {
    close(file, () => {});
  }
}

async function faultOf(file: number, shown: string, owned: boolean): Promise<string | undefined> {
  const stats = await attempt<Stats>((done) => fstat(file, done));
  if ("failure" in stats) return `"${shown}" could not be looked at`;
  if (!stats.isCharacterDevice() || !isatty(file)) return `"${shown}" is not a terminal`;
  return owned && !isOurs(stats) ? `the terminal "${shown}" belongs to another user` : undefined;
}

async function writeAll(
  file: number,
  bytes: Buffer,
  shown: string,
  how: DeviceWrite,
): Promise<DeviceOutcome> {
  const deadlineMs = monotonicMs() + how.timeoutMs;
  for (let at = 0; at < bytes.length; ) {
    const wrote = await attempt<number>((done) => write(file, bytes, at, bytes.length - at, null, done));
    if (typeof wrote === "number") {
      at += wrote;
      continue;
    }
    if (errnoOf(wrote.failure) !== "EAGAIN") return failed(`the terminal "${shown}" is gone`, true);
    if (how.cancelled.aborted && at === 0) return failed("the doorbell became moot before it was rung", true);
    if (monotonicMs() >= deadlineMs) {
      return failed(`the terminal "${shown}" took nothing for ${how.timeoutMs} ms (held by Ctrl-S?)`, true);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return { kind: "taken", path: shown };
}

function failed(reason: string, opened: boolean): DeviceOutcome {
  return { kind: "failed", reason, opened };
}

function unopened(shown: string, errno: string): string {
  switch (errno) {
    case "ENOENT":
    case "ENXIO":
    case "ENODEV":
    case "EIO":
      return `the terminal "${shown}" is gone`;
    case "EACCES":
    case "EPERM":
      return `the terminal "${shown}" may not be written to by this user`;
    case "EISDIR":
      return `"${shown}" is not a terminal`;
    default:
      return `the terminal "${shown}" could not be opened${errno === "" ? "" : ` (${errno})`}`;
  }
}

/** Callbacks by hand: `node:fs/promises` would be loaded for this alone. Failures are values here. */
function attempt<T>(
  start: (done: (error: Error | null, value: T) => void) => void,
): Promise<T | { failure: Error }> {
  return new Promise((resolve) => {
    start((error, value) => resolve(error === null ? value : { failure: error }));
  });
}
