import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { holdLock, lockHolderOf } from "../../../src/host/lock.ts";
import { type NodeProcess, nodeProcess } from "../../support/node-process.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { rejectedBy } from "../../support/thrown.ts";

const WHAT = "the place of reviewer@shop";
const me = { pid: process.pid, startedAtMs: Date.UTC(2026, 10, 21), host: "laptop", root: "/work/shop" };

/** A process that tries for the lock, says how that went, and then holds what it has until it is let go. */
function contender(path: string): NodeProcess {
  return nodeProcess(`
    import { holdLock } from "#src/host/lock.ts";
    const holder = { pid: process.pid, startedAtMs: Date.now(), host: "laptop", root: "/work/shop" };
    const ended = new Promise((resolve) => process.stdin.resume().on("end", resolve));
    console.log("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const lock = await holdLock(${JSON.stringify(path)}, ${JSON.stringify(WHAT)}, holder).catch((error) => error);
    console.log(lock.release ? "held" : lock.code + ": " + lock.message);
    await ended;
    lock.release?.();
  `);
}

/** All wait until all are ready, then try at once. */
async function race(path: string, count: number): Promise<{ said: string[]; all: NodeProcess[] }> {
  const all = Array.from({ length: count }, () => contender(path));
  for (const one of all) expect(await one.line()).toBe("ready");
  for (const one of all) one.child.stdin?.write("go\n");
  return { said: await Promise.all(all.map((one) => one.line())), all };
}

const heldBy = (said: readonly string[]) => said.filter((line) => line === "held").length;

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

  it("of ten processes that start at once one gets it", async () => {
    const path = join(tempDir(), "lock");
    const { said, all } = await race(path, 10);
    expect(heldBy(said)).toBe(1);
    for (const line of said) expect(line).toMatch(/^(held|already_running: .*)$/);
    await Promise.all(all.map((one) => one.release()));
    expect(existsSync(`${path}.json`)).toBe(false);
  });

  it("of ten that meet a corrupt lock file one gets it, and the file is set aside", async () => {
    const path = join(tempDir(), "lock");
    writeFileSync(path, "this was never a database. ".repeat(200), { mode: 0o600 });
    const { said, all } = await race(path, 10);
    expect(said.sort()).toEqual(["held", ...said.filter((line) => line !== "held")].sort());
    expect(heldBy(said)).toBe(1);
    await Promise.all(all.map((one) => one.release()));
    expect(readFileSync(path)).toHaveLength(0);
    expect(existsSync(`${path}.corrupt`)).toBe(true);
  });

  it("is free at once when its holder is killed, whatever the note says", async () => {
    const path = join(tempDir(), "lock");
    const { said, all } = await race(path, 1);
    expect(said).toEqual(["held"]);
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
