import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { holdLock, lockHolderOf } from "../../../src/host/lock.ts";
import { type NodeProcess, nodeProcess } from "../../support/node-process.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { rejectedBy } from "../../support/thrown.ts";

const WHAT = "the place of reviewer@shop";
const me = { pid: process.pid, startedAtMs: Date.UTC(2026, 10, 21), host: "laptop", root: "/work/shop" };

/** A process that tries for each lock it is told of, says how that went, and lets it go when told. */
function contender(): NodeProcess {
  return nodeProcess(`
    import { createInterface } from "node:readline";
    import { holdLock } from "#src/host/lock.ts";
    const holder = { pid: process.pid, startedAtMs: Date.now(), host: "laptop", root: "/work/shop" };
    let lock;
    console.log("ready");
    for await (const path of createInterface({ input: process.stdin })) {
      if (path === "release") lock?.release?.();
      else lock = await holdLock(path, ${JSON.stringify(WHAT)}, holder).catch((error) => error);
      console.log(path === "release" ? "released" : lock.release ? "held" : lock.code + ": " + lock.message);
    }
  `);
}

async function contenders(count: number): Promise<readonly NodeProcess[]> {
  const all = Array.from({ length: count }, contender);
  for (const one of all) expect(await one.line()).toBe("ready");
  return all;
}

/** All are told at once. */
function tell(all: readonly NodeProcess[], word: string): Promise<string[]> {
  for (const one of all) one.child.stdin?.write(`${word}\n`);
  return Promise.all(all.map((one) => one.line()));
}

describe("holdLock", () => {
  it("is held by one, and the second hears who holds it", async () => {
    const path = join(tempDir(), "lock");
    const lock = await holdLock(path, WHAT, me);
    expect(await rejectedBy(holdLock(path, WHAT, { ...me, root: "/elsewhere" }))).toMatchObject({
      code: "already_running",
      message: `the place of reviewer@shop is held by process ${process.pid} on laptop since 2026-11-21T00:00:00.000Z, in /work/shop`,
      hint: expect.stringContaining(`kill ${process.pid}`),
    });
    expect(lockHolderOf(path)).toEqual(me);
    lock.release();
    lock.release();
    expect(lockHolderOf(path)).toBeNull();
    (await holdLock(path, WHAT, me)).release();
  });

  it("keeps its files to the owner", async () => {
    const path = join(tempDir(), "lock");
    const lock = await holdLock(path, WHAT, me);
    for (const file of [path, `${path}.json`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    lock.release();
  });

  it("holds two things at once in one process, each by itself", async () => {
    const dir = tempDir();
    const one = await holdLock(join(dir, "one"), WHAT, me);
    const two = await holdLock(join(dir, "two"), WHAT, me);
    one.release();
    expect((await rejectedBy(holdLock(join(dir, "two"), WHAT, me))).code).toBe("already_running");
    two.release();
  });

  it("of ten that try at once one gets it, also where they meet a corrupt lock file", async () => {
    const dir = tempDir();
    const all = await contenders(10);
    for (let round = 0; round < 10; round++) {
      const path = join(dir, `lock-${round}`);
      const corrupt = round % 2 === 1;
      if (corrupt) writeFileSync(path, "this was never a database. ".repeat(200), { mode: 0o600 });
      const said = await tell(all, path);
      expect(said.filter((line) => line === "held")).toHaveLength(1);
      for (const line of said) expect(line).toMatch(/^(held|already_running: .*)$/);
      expect(readFileSync(path)).toHaveLength(0);
      expect(existsSync(`${path}.corrupt`)).toBe(corrupt);
      await tell(all, "release");
      expect(existsSync(`${path}.json`)).toBe(false);
    }
  }, 60_000);

  it("is free at once when its holder is killed, whatever the note says", async () => {
    const path = join(tempDir(), "lock");
    const all = await contenders(1);
    expect(await tell(all, path)).toEqual(["held"]);
    const error = await rejectedBy(holdLock(path, WHAT, me));
    expect(error.message).toContain(`process ${all[0]?.child.pid} on laptop`);
    await all[0]?.kill("SIGKILL");
    expect(existsSync(`${path}.json`)).toBe(true);
    const lock = await holdLock(path, WHAT, me);
    expect(lockHolderOf(path)).toEqual(me);
    lock.release();
  });

  it.each([
    ["absent", undefined],
    ["of a process that is gone", JSON.stringify({ ...me, pid: 0x3fff_fffe })],
    ["cut", '{"pid": 1'],
    ["of another form", '{"pid": "one", "host": []}'],
    ["binary", "\u0000\u0001"],
    ["too long", "x".repeat(100_000)],
  ])("a note that is %s spoils the message alone", async (_what, note) => {
    const path = join(tempDir(), "lock");
    const lock = await holdLock(path, WHAT, me);
    if (note === undefined) chmodSync(`${path}.json`, 0o644);
    else writeFileSync(`${path}.json`, note);
    expect(await rejectedBy(holdLock(path, WHAT, me))).toMatchObject({
      code: "already_running",
      message:
        "the place of reviewer@shop is held by another process that has only just started or left no note",
    });
    lock.release();
  });

  it("says what is wrong with the file or its folder", async () => {
    const dir = tempDir();
    mkdirSync(join(dir, "folder"));
    expect(await rejectedBy(holdLock(join(dir, "folder"), WHAT, me))).toMatchObject({
      code: "storage_failed",
      message: expect.stringContaining("is not a plain file"),
    });
    expect((await rejectedBy(holdLock(join(dir, "absent/lock"), WHAT, me))).code).toBe("not_found");
  });
});
