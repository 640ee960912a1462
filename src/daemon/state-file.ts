/**
 * The daemon's state file: the two slots of `fsm/position.ts` on a disk. Written in place, one slot at a
 * time, without waiting for the disk: the kernel keeps it through any death of the process. A loss of power
 * may take the last half minute of it, which costs at most one repeated ring; so only an orderly end waits.
 * Knows no meaning of what it keeps. A file that can't be read or written stops nobody: the hub has the truth.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { PrismError } from "../domain/errors.ts";
import { encodeSlot, type Position, recover, type Saved, slotBytes, slotCount } from "../fsm/position.ts";
import { fsErrorOf } from "../host/fs-error.ts";

/** The disk under the slots; tests and the simulation bring their own. All may throw. */
export interface SlotDisk {
  /** The whole file, at most `bytesMax` bytes of it; empty if there is none. */
  read(bytesMax: number): Uint8Array;
  /** Writes all of `bytes` in place. */
  write(bytes: Uint8Array, atByte: number): void;
  /** Puts what is there under another name, and begins an empty file. */
  setAside(): void;
  sync(): void;
  close(): void;
}

export interface StateFile {
  /** Stable over restarts, as long as the file lives. */
  readonly instance: string;
  /** What the last life left; null at a first start. */
  readonly position: Position | null;
  save(position: Position | null): void;
  /** Waits for the disk. */
  close(): void;
}

export interface StateFileOptions {
  readonly disk: SlotDisk;
  /** A fresh id that no other daemon has. */
  readonly newInstance: () => string;
  /** Told of each failure, `storage_full` and its kin; the daemon goes on without the file. */
  readonly failed: (error: PrismError) => void;
  /** Told that the file was corrupt and is set aside. */
  readonly corrupt: () => void;
}

/** Never throws: what goes wrong is told to `failed`. */
export function openStateFile(options: StateFileOptions): StateFile {
  const { disk, failed } = options;
  const attempt = (action: () => void) => {
    try {
      action();
    } catch (error) {
      failed(fsErrorOf("use", "the state file", error));
    }
  };
  let found: { readonly saved: Saved; readonly sequence: number } | undefined;
  attempt(() => {
    const recovered = recover(disk.read(slotBytes * slotCount));
    if (recovered.kind === "found") found = recovered;
    if (recovered.kind !== "corrupt") return;
    options.corrupt();
    disk.setAside();
  });
  const instance = found?.saved.instance ?? options.newInstance();
  let sequence = found?.sequence ?? -1;

  function save(position: Position | null): void {
    attempt(() => {
      const slot = encodeSlot({ instance, position }, sequence + 1);
      if (slot === null) throw tooLong();
      disk.write(slot, ((sequence + 1) % slotCount) * slotBytes);
      // Only now: after a failure the same slot is tried again, never the one that is still whole.
      sequence++;
    });
  }

  if (found === undefined) save(null);
  return {
    instance,
    position: found?.saved.position ?? null,
    save,
    close() {
      attempt(() => disk.sync());
      attempt(() => disk.close());
    },
  };
}

function tooLong(): PrismError {
  return new PrismError("storage_failed", `the hub's ids do not fit into the ${slotBytes} bytes of a slot`);
}

/** A file on this host's disk. Opened at its first use, and again after a failure, since disks come back. */
export function fileDisk(path: string): SlotDisk {
  let file: number | undefined;
  const open = (): number => {
    file ??= openSync(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o600);
    return file;
  };
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const using = <T>(action: string, use: (file: number) => T): T => {
    try {
      return use(open());
    } catch (error) {
      try {
        close();
      } catch {
        // The first failure is the one to tell of.
      }
      throw fsErrorOf(action, path, error);
    }
  };
  return {
    read: (bytesMax) =>
      using("read the state file", (opened) => {
        const bytes = new Uint8Array(bytesMax);
        return bytes.subarray(0, readSync(opened, bytes, 0, bytesMax, 0));
      }),
    write: (bytes, atByte) =>
      using("write the state file", (opened) => {
        const written = writeSync(opened, bytes, 0, bytes.length, atByte);
        if (written < bytes.length) {
          throw new PrismError(
            "storage_full",
            `only ${written} of ${bytes.length} bytes fit into "${path}"`,
            {
              hint: "free some space; nothing was lost",
            },
          );
        }
      }),
    setAside: () =>
      using("set aside the state file", () => {
        close();
        renameSync(path, `${path}.corrupt`);
        ftruncateSync(open(), 0);
      }),
    sync: () => using("sync the state file", (opened) => fdatasyncSync(opened)),
    close,
  };
}
