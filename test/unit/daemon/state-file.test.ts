import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileDisk, openStateFile, type SlotDisk } from "../../../src/daemon/state-file.ts";
import type { PrismError } from "../../../src/domain/errors.ts";
import type { Position } from "../../../src/fsm/position.ts";
import { tempDir } from "../../support/temp-dir.ts";

function positionAt(through: number): Position {
  return { hubId: "hub-a", session: "s-1", revision: through, through, urgent: 0, standing: null };
}

function openAt(disk: SlotDisk, instance = "fresh") {
  const failures: PrismError[] = [];
  let corrupt = 0;
  const file = openStateFile({
    disk,
    newInstance: () => instance,
    failed: (error) => failures.push(error),
    corrupt: () => corrupt++,
  });
  return { file, failures, corrupt: () => corrupt };
}

describe("the state file on a disk", () => {
  test("gives back the newest position, and keeps its instance", () => {
    const path = join(tempDir(), "position");
    const first = openAt(fileDisk(path), "one").file;
    expect(first.position).toBeNull();
    for (const through of [1, 2, 3]) first.save(positionAt(through));
    // No close: a kill leaves the file as it is.
    const second = openAt(fileDisk(path), "two").file;
    expect(second).toMatchObject({ instance: "one", position: positionAt(3) });
    second.save(null);
    second.close();
    expect(openAt(fileDisk(path), "three").file).toMatchObject({ instance: "one", position: null });
  });

  test("is two slots long for ever, and its owner's alone", () => {
    const path = join(tempDir(), "position");
    const { file } = openAt(fileDisk(path));
    for (let through = 0; through < 100; through++) file.save(positionAt(through));
    expect(statSync(path).size).toBe(1024);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("that is corrupt is set aside, and the daemon begins anew", () => {
    const dir = tempDir();
    const path = join(dir, "position");
    writeFileSync(path, "x".repeat(1024));
    const { file, failures, corrupt } = openAt(fileDisk(path));
    expect([file.instance, file.position, corrupt(), failures]).toEqual(["fresh", null, 1, []]);
    expect(readdirSync(dir).toSorted()).toEqual(["position", "position.corrupt"]);
    expect(readFileSync(`${path}.corrupt`, "utf8")).toBe("x".repeat(1024));
    file.save(positionAt(1));
    expect(openAt(fileDisk(path)).file.position).toEqual(positionAt(1));
  });

  test.each([
    ["a folder is in its place", (path: string) => mkdirSync(path)],
    ["a link is in its place", (path: string) => symlinkSync("/dev/full", path)],
  ])("does without when %s", (_what, spoil) => {
    const path = join(tempDir(), "position");
    spoil(path);
    const { file, failures } = openAt(fileDisk(path));
    file.save(positionAt(1));
    expect(file).toMatchObject({ instance: "fresh", position: null });
    expect(failures.length).toBeGreaterThanOrEqual(2);
    expect(failures[0]?.message).toContain(path);
  });

  test("is used again once the disk takes it again", () => {
    const dir = join(tempDir(), "state");
    const path = join(dir, "position");
    const { file, failures } = openAt(fileDisk(path));
    expect(failures.map(({ code }) => code)).toEqual(["not_found", "not_found"]);
    mkdirSync(dir);
    chmodSync(dir, 0o700);
    file.save(positionAt(7));
    expect(openAt(fileDisk(path)).file.position).toEqual(positionAt(7));
  });

  test("never overwrites its last whole slot after a failure", () => {
    const bytes = new Uint8Array(1024);
    let full = false;
    const writes: number[] = [];
    const disk: SlotDisk = {
      read: () => bytes,
      write(chunk, atByte) {
        writes.push(atByte);
        if (full) throw new Error("no space");
        bytes.set(chunk, atByte);
      },
      setAside: () => bytes.fill(0),
      sync: () => {},
      close: () => {},
    };
    const { file, failures } = openAt(disk);
    file.save(positionAt(1));
    full = true;
    file.save(positionAt(2));
    file.save(positionAt(3));
    full = false;
    file.save(positionAt(4));
    expect(writes).toEqual([0, 512, 0, 0, 0]);
    expect(failures.map(({ code }) => code)).toEqual(["storage_failed", "storage_failed"]);
    expect(openAt(disk).file.position).toEqual(positionAt(4));
  });
});
