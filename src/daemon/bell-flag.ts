/** The sign for hooks that there is something to say: a file that is there or not. Knows not what is to be said. */
import { closeSync, openSync, unlinkSync } from "node:fs";
import type { Log } from "../domain/log.ts";
import { errnoOf } from "../host/fs-error.ts";

export interface BellFlag {
  /** Soon: a ring is not kept waiting for a file. */
  show(isUp: boolean): void;
  /** At once. */
  takeAway(): void;
}

/** @param path in a folder that is there once the daemon listens. A failure costs a hook's words, and no ring. */
export function openBellFlag(path: string, log: Log): BellFlag {
  let wanted = false;
  let soon: NodeJS.Immediate | undefined;

  function write(): void {
    soon = undefined;
    try {
      if (wanted) closeSync(openSync(path, "w", 0o600));
      else unlinkSync(path);
    } catch (error) {
      const reason = errnoOf(error);
      if (reason !== "ENOENT" || wanted)
        log("warn", "bellFlagFailed", { code: "storage_failed", isUp: wanted, reason });
    }
  }

  return {
    show(isUp) {
      wanted = isUp;
      soon ??= setImmediate(write);
    },
    takeAway() {
      if (soon !== undefined) clearImmediate(soon);
      wanted = false;
      write();
    },
  };
}
