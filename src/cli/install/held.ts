/** One at a time: two that install or upgrade at once would each undo half of the other's work. */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fsErrorOf } from "../../host/fs-error.ts";
import { type HeldLock, holdLock } from "../../host/lock.ts";
import type { Runtime } from "../runtime.ts";
import type { Places } from "./places.ts";

export const LOCK_NAMES = [".lock", ".lock.json"] as const;

/** @throws PrismError `already_running`, saying who is at it */
export function heldInstallation({ versionsDir }: Places, runtime: Runtime): Promise<HeldLock> {
  try {
    mkdirSync(versionsDir, { recursive: true });
  } catch (error) {
    throw fsErrorOf("make the folder", versionsDir, error);
  }
  return holdLock(join(versionsDir, LOCK_NAMES[0]), "this user's installation of Prism", {
    pid: process.pid,
    startedAtMs: runtime.now(),
    host: hostname(),
    root: versionsDir,
  });
}
