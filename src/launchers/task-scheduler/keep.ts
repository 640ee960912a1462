/**
 * Keeps one program alive where the system does not: starts it, and starts it again when it fails, ever later, until
 * that is in vain. The same promise (`RESTART`) that systemd keeps by itself. Knows nothing of what the program does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { PrismError } from "../../domain/errors.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { RESTART } from "../spec.ts";
import type { Kept } from "./kept-file.ts";

export type Restart = typeof RESTART;

/** What follows an end: nothing more, another start after a while, or giving up. */
export type Next =
  | { readonly do: "end"; readonly status: number }
  | { readonly do: "start"; readonly afterMs: number }
  | { readonly do: "giveUp" };

/**
 * The decision alone.
 *
 * @param ended.status null if it was killed, or could not be started
 * @param ended.startsMs when it was started, oldest first, the last one included
 */
export function nextStart(
  ended: { readonly status: number | null; readonly startsMs: readonly number[] },
  nowMs: number,
  restart: Omit<Restart, "finalStatuses"> & { readonly finalStatuses: readonly number[] } = RESTART,
): Next {
  const { status, startsMs } = ended;
  if (status === restart.okStatus) return { do: "end", status };
  if (status !== null && restart.finalStatuses.includes(status)) return { do: "end", status };
  const recent = startsMs.filter((atMs) => nowMs - atMs < restart.startsWithinMs).length;
  if (recent >= restart.startsMax) return { do: "giveUp" };
  const growth = (restart.delayMsMax / restart.delayMsMin) ** (1 / restart.delaySteps);
  const afterMs = restart.delayMsMin * growth ** Math.max(0, recent - 1);
  return { do: "start", afterMs: Math.min(restart.delayMsMax, Math.round(afterMs)) };
}

/** A program that logs much is met again at each of its starts. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;

export interface KeepWorld {
  /** Of this process; the program gets it with what its service says on top. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly stopped: AbortSignal;
  readonly nowMs: () => number;
  /** Resolves after the time, or at once when `stopped` fires. */
  readonly pause: (ms: number, stopped: AbortSignal) => Promise<void>;
}

/**
 * @returns the program's last status, 0 if it was told to stop
 * @throws PrismError `unsupported` once another start is in vain; as `fsErrorOf` for its log
 */
export async function keepAlive(kept: Kept, world: KeepWorld): Promise<number> {
  const startsMs: number[] = [];
  for (;;) {
    startsMs.push(world.nowMs());
    const status = await runOnce(kept, world);
    if (world.stopped.aborted) return 0;
    const next = nextStart({ status, startsMs: startsMs.slice(-RESTART.startsMax) }, world.nowMs());
    if (next.do === "end") return next.status;
    if (next.do === "giveUp") {
      throw new PrismError("unsupported", `it was started ${RESTART.startsMax} times and did not stay`, {
        hint: `its log says why: ${kept.logPath}`,
      });
    }
    await world.pause(next.afterMs, world.stopped);
    if (world.stopped.aborted) return 0;
  }
}

/** @returns null if it was killed or could not be started */
async function runOnce({ program, env, logPath }: Kept, world: KeepWorld): Promise<number | null> {
  const log = openLogFile(logPath);
  try {
    const [command, ...args] = program;
    const child = spawn(command, args, {
      env: { ...world.env, ...env, PRISM_LAUNCHER: "task-scheduler" },
      stdio: ["ignore", log, log],
      windowsHide: true,
    });
    return await ended(child, world.stopped);
  } catch (error) {
    // Some of what can be wrong with a program is thrown, and some is an event of the child.
    writeSync(log, `prism service keep: it could not be started (${errnoOf(error)})\n`);
    return null;
  } finally {
    closeSync(log);
  }
}

function ended(child: ChildProcess, stopped: AbortSignal): Promise<number | null> {
  const stop = (): void => void child.kill("SIGTERM");
  stopped.addEventListener("abort", stop, { once: true });
  if (stopped.aborted) stop();
  return new Promise<number | null>((resolve) => {
    child.once("exit", (status) => resolve(status));
    child.once("error", () => {
      if (child.pid === undefined) resolve(null);
    });
  }).finally(() => stopped.removeEventListener("abort", stop));
}

function openLogFile(path: string): number {
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  } catch (error) {
    // Somebody reads it: then it grows on.
    if (!["EACCES", "EBUSY", "EPERM"].includes(errnoOf(error))) throw fsErrorOf("open the log", path, error);
  }
  try {
    return openSync(path, "a", 0o600);
  } catch (error) {
    throw fsErrorOf("open the log", path, error);
  }
}
