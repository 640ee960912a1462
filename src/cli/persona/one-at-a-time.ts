/** One command at a time for one persona: of two at once each would take back, or go on with, half of the other's. */
import { hostname } from "node:os";
import { join } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import { ensurePrivateDir, hashOf } from "../../host/home.ts";
import { holdLock, lockHolderOf } from "../../host/lock.ts";
import { claimHome } from "../claim.ts";
import type { Runtime } from "../runtime.ts";
import type { Whose } from "../surface/whose.ts";

/**
 * Not in its state folder, which a command may take away.
 *
 * @throws PrismError `already_running`, saying which process is at it; what `act` throws
 */
export async function oneAtATime<T>(
  { shown, tenant }: Whose,
  { home, now, cwd }: Pick<Runtime, "home" | "now" | "cwd">,
  act: () => Promise<T>,
): Promise<T> {
  claimHome(home);
  ensurePrivateDir(home.runDir);
  const path = join(home.runDir, `persona-${hashOf(`${tenant}\0${shown}`)}.lock`);
  const holder = { pid: process.pid, startedAtMs: Math.round(now()), host: hostname(), root: cwd };
  const lock = await holdLock(path, shown, holder).catch((error: unknown) => {
    if (!(error instanceof PrismError) || error.code !== "already_running") throw error;
    const pid = lockHolderOf(path)?.pid;
    const which = pid === undefined ? "another command" : `another command, process ${pid},`;
    throw new PrismError("already_running", `${which} is at work on ${shown} just now`, {
      hint: "wait until it has ended, then run this again",
      cause: error,
    });
  });
  try {
    return await act();
  } finally {
    lock.release();
  }
}
