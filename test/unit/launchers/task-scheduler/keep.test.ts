import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RESTART } from "../../../../src/launchers/spec.ts";
import { type KeepWorld, keepAlive, nextStart } from "../../../../src/launchers/task-scheduler/keep.ts";
import { keptText, readKept } from "../../../../src/launchers/task-scheduler/kept-file.ts";
import { tempDir } from "../../../support/temp-dir.ts";

describe("what follows an end", () => {
  it.each([
    [0, { do: "end", status: 0 }],
    [64, { do: "end", status: 64 }],
    [78, { do: "end", status: 78 }],
    [70, { do: "start", afterMs: 2000 }],
    [null, { do: "start", afterMs: 2000 }],
  ])("status %s the first time", (status, next) => {
    expect(nextStart({ status, startsMs: [0] }, 100)).toEqual(next);
  });

  it("ever later, and at last not any more", () => {
    const startsMs: number[] = [];
    const delaysMs: number[] = [];
    for (let nowMs = 0; ; ) {
      startsMs.push(nowMs);
      const next = nextStart({ status: 1, startsMs }, nowMs);
      if (next.do !== "start") break;
      delaysMs.push(next.afterMs);
      nowMs += next.afterMs;
    }
    expect(delaysMs.slice(0, 9)).toEqual([
      2000, 3741, 6999, 13_094, 24_495, 45_823, 85_723, 160_365, 300_000,
    ]);
    expect(delaysMs).toHaveLength(RESTART.startsMax - 1);
    expect(delaysMs.toSorted((a, b) => a - b)).toEqual(delaysMs);
  });

  it("one that failed long ago begins anew", () => {
    const startsMs = [...Array(15).keys()].map((at) => at * 1000);
    expect(nextStart({ status: 1, startsMs }, 20_000)).toEqual({ do: "giveUp" });
    expect(nextStart({ status: 1, startsMs: [...startsMs, 4_000_000] }, 4_000_001)).toEqual({
      do: "start",
      afterMs: 2000,
    });
  });
});

describe("a program that is kept alive", () => {
  function stage(script: string) {
    const dir = tempDir();
    const stop = new AbortController();
    const pauses: number[] = [];
    const world: KeepWorld = {
      env: { ...process.env, COUNT: join(dir, "count") },
      stopped: stop.signal,
      nowMs: () => pauses.reduce((sum, ms) => sum + ms, 0),
      pause: async (ms) => void pauses.push(ms),
    };
    const program = [process.execPath, "-e", script] as const;
    return {
      dir,
      stop,
      pauses,
      world,
      kept: { program, env: { MINE: '50% "$x"' }, logPath: join(dir, "log") },
    };
  }
  const count = `const fs = require("fs"); fs.appendFileSync(process.env.COUNT, "x"); const n = fs.readFileSync(process.env.COUNT).length;`;

  it("is started again until it ends in order; its words are in the log", async () => {
    const { kept, world, pauses } = stage(
      `${count} console.log(n, process.env.MINE); if (n === 2) process.kill(process.pid, "SIGKILL"); process.exit(n === 3 ? 0 : 70)`,
    );
    expect(await keepAlive(kept, world)).toBe(0);
    expect(pauses).toEqual([2000, 3741]);
    expect(readFileSync(kept.logPath, "utf8")).toMatch(/^1 50% "\$x"\n(2 50% "\$x"\n)?3 50% "\$x"\n$/);
  });

  it("is left with a status that no start mends", async () => {
    const { kept, world, pauses } = stage("process.exit(78)");
    expect(await keepAlive(kept, world)).toBe(78);
    expect(pauses).toEqual([]);
  });

  it("is given up at last, with its log to read", async () => {
    const { kept, world } = stage("");
    const gone = { ...kept, program: [join(kept.logPath, "gone")] as const };
    await expect(keepAlive(gone, world)).rejects.toMatchObject({
      message: "it was started 15 times and did not stay",
      hint: `its log says why: ${kept.logPath}`,
    });
  });

  it("is told to end with its keeper", async () => {
    const { kept, world, stop } = stage(
      `process.on("SIGTERM", () => { console.log("bye"); process.exit(0) }); setInterval(() => {}, 1000); console.log("up")`,
    );
    const ended = keepAlive(kept, world);
    await expect.poll(() => readFileSync(kept.logPath, "utf8")).toBe("up\n");
    stop.abort();
    expect(await ended).toBe(0);
    expect(readFileSync(kept.logPath, "utf8")).toBe("up\nbye\n");
  });

  it("stands in a file that is read back as it was", () => {
    const { kept, dir } = stage("'ü' + \"\\\\\"");
    const path = join(dir, "kept.json");
    writeFileSync(path, keptText(kept), { mode: 0o600 });
    expect(readKept(path)).toEqual(kept);
    writeFileSync(path, "{");
    expect(() => readKept(path)).toThrow(/is not JSON/);
    writeFileSync(path, '{"program":[],"env":[],"logPath":"/l"}');
    expect(() => readKept(path)).toThrow(/names no program/);
  });
});
