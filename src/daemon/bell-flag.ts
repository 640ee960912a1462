/** The sign for hooks that there is something to say: a file that is there or not. Knows not what is to be said. */
import { closeSync, openSync, unlinkSync } from "node:fs";
import type { Log } from "../domain/log.ts";
import { errnoOf } from "../host/fs-error.ts";

/** In a folder that is there once the daemon listens. A failure costs a hook's words, and no ring. */
export function showBellFlag(path: string, isUp: boolean, log: Log): void {
  try {
    if (isUp) closeSync(openSync(path, "w", 0o600));
    else unlinkSync(path);
  } catch (error) {
    const reason = errnoOf(error);
    if (reason !== "ENOENT" || isUp) log("warn", "bellFlagFailed", { isUp, reason });
  }
}
