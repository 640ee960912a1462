/**
 * One installation at a time in one folder, whichever persona's daemon makes it. Waits for its turn instead of
 * failing: the other one is doing the same work. Also waits for what a killed daemon's installation has left, which
 * ends itself within seconds, but after the lock.
 */
import { join } from "node:path";
import { PrismError } from "../domain/errors.ts";
import { maybe, object, readShape, whole } from "../domain/shape.ts";
import { type HeldLock, holdLock, type LockHolder, lockHolderOf } from "../host/lock.ts";
import { pause } from "../host/pause.ts";
import { recordFile } from "../host/record-file.ts";

export interface FolderTurn {
  /** Remembers the group that runs now, for who comes after a crash. */
  running(pid: number): void;
  /** Nothing of it runs any more. */
  ended(): void;
  release(): void;
}

export interface TurnOptions {
  /** The folder's own place, owner-only. */
  readonly place: string;
  readonly holder: LockHolder;
  readonly timeoutMs: number;
  readonly cancelled: AbortSignal;
  /** Somebody else's turn it is; called once. */
  readonly waits: (holder: LockHolder | null) => void;
}

const POLL_MS = 250;
/** The note beside the lock is cheap to look at, but may be of a dead one whose number another process wears. */
const LOOKS_PER_TRY = 20;
/** An installation that lost its daemon is asked to end, and made to after two seconds. */
const LEFTOVER_MS_MAX = 5000;

const groupShape = object({ pid: maybe(whole({ min: 1, max: 0xffff_ffff, about: "the group that runs" })) });

/**
 * @returns null if `cancelled` fired first
 * @throws PrismError `already_running` after `timeoutMs`; `permission_denied`, `storage_full`, `storage_failed`
 */
export async function takeTurn(options: TurnOptions): Promise<FolderTurn | null> {
  const { place, cancelled } = options;
  const lock = await waited(options);
  if (lock === null) return null;
  const group = recordFile(join(place, "group.json"), "record of what runs");
  const keep = (record: { readonly pid?: number }): void => {
    try {
      group.save(record);
    } catch {
      // Without it, who comes after a crash may begin a few seconds early.
    }
  };
  const left = groupIn(group.load.bind(group));
  for (let ms = 0; left !== undefined && isGroupAlive(left) && ms < LEFTOVER_MS_MAX; ms += POLL_MS) {
    await pause(POLL_MS, cancelled);
    if (!cancelled.aborted) continue;
    lock.release();
    return null;
  }
  return {
    running: (pid) => keep({ pid }),
    ended: () => keep({}),
    release: () => lock.release(),
  };
}

async function waited({ place, holder, timeoutMs, cancelled, waits }: TurnOptions): Promise<HeldLock | null> {
  const path = join(place, "lock");
  for (let look = 0; ; look += 1) {
    if (cancelled.aborted) return null;
    if (look % LOOKS_PER_TRY === 0 || lockHolderOf(path) === null) {
      try {
        return await holdLock(path, "installing in this folder", holder);
      } catch (error) {
        const isHeld = error instanceof PrismError && error.code === "already_running";
        if (!isHeld || look * POLL_MS >= timeoutMs) throw error;
      }
      if (look === 0) waits(lockHolderOf(path));
    }
    await pause(POLL_MS, cancelled);
  }
}

function groupIn(load: () => unknown): number | undefined {
  try {
    return readShape(groupShape, load(), "the record of what runs").pid;
  } catch {
    return undefined;
  }
}

/** Only waited for, never ended: the number may be another's by now. */
function isGroupAlive(pid: number): boolean {
  if (process.platform === "win32") return false;
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
