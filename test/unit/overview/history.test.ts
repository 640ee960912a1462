/** The day of every persona, read off their files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  encodeMinute,
  MINUTE_FILE,
  MINUTE_FILE_BYTES,
  MINUTE_MS,
  type MinuteRecord,
  placeOfMinute,
} from "../../../src/domain/minute-file.ts";
import { type Home, homeAt, stateDirOf } from "../../../src/host/home.ts";
import { historyOf, historySummary } from "../../../src/overview/history.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** Five minutes into a quarter of an hour. */
const NOW = 30_000_005;
const NOW_MS = NOW * MINUTE_MS + 1;

function record(minute: number, more: Partial<MinuteRecord> = {}): MinuteRecord {
  return {
    ...{ minute, state: 2, pending: 0, rung: 0, failed: 0, drains: 0, reconnects: 0, errors: 0 },
    ...{ latencies: 0, latencyMsSum: 0, latencyMsMax: 0 },
    ...more,
  };
}

function keep(home: Home, persona: string, records: readonly MinuteRecord[]): void {
  const folder = stateDirOf(home, "local", { persona, project: "shop" });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = new Uint8Array(MINUTE_FILE_BYTES);
  for (const one of records) file.set(encodeMinute(one), placeOfMinute(one.minute));
  writeFileSync(join(folder, MINUTE_FILE), file, { mode: 0o600 });
}

describe("one persona's day", () => {
  it("is its minutes, with gaps where nothing is known", () => {
    const home = homeAt(tempDir());
    keep(home, "reviewer", [
      record(NOW - 1439, { rung: 1 }),
      record(NOW - 1440),
      record(NOW, { pending: 2 }),
    ]);
    const history = historyOf(home, "local/reviewer@shop", NOW_MS);
    expect(history).toMatchObject({ toMs: (NOW + 1) * MINUTE_MS, fromMs: (NOW - 1439) * MINUTE_MS });
    expect(history?.samples.map(({ atMs }) => NOW - atMs / MINUTE_MS)).toEqual([1439, 0]);
    expect(historyOf(home, "local/nobody@shop", NOW_MS)).toBeNull();
  });

  it("is empty where no file is, or one that is none of ours", () => {
    const home = homeAt(tempDir());
    keep(home, "reviewer", []);
    const folder = stateDirOf(home, "local", { persona: "reviewer", project: "shop" });
    for (const [text, mode] of [
      ["", 0o600],
      ["not a day", 0o600],
      ["x".repeat(MINUTE_FILE_BYTES + 1), 0o600],
    ] as const) {
      writeFileSync(join(folder, MINUTE_FILE), text, { mode });
      expect(historyOf(home, "local/reviewer@shop", NOW_MS)?.samples).toEqual([]);
    }
  });
});

describe("the day of all", () => {
  it("is columns of the worst, the most, the sums and the means of each step", () => {
    const home = homeAt(tempDir());
    keep(home, "reviewer", [
      record(NOW - 2, { pending: 3, rung: 1, drains: 1, latencies: 1, latencyMsSum: 100, latencyMsMax: 100 }),
      record(NOW, {
        state: 0,
        pending: 1,
        rung: 3,
        failed: 2,
        latencies: 3,
        latencyMsSum: 60,
        latencyMsMax: 20,
      }),
      record(NOW - 15, { rung: 5 }),
    ]);
    keep(home, "idle", []);
    const summary = historySummary(home, 15, NOW_MS);
    expect(summary).toMatchObject({ stepMs: 15 * MINUTE_MS, steps: 96 });
    expect(summary.fromMs + 95 * summary.stepMs).toBe((NOW - 5) * MINUTE_MS);
    const [columns, ...others] = summary.personas;
    expect(others).toEqual([]);
    const ends = Object.fromEntries(
      Object.entries(columns ?? {}).map(([name, column]) => [name, column.slice(-3)]),
    );
    expect(ends).toMatchObject({
      state: [null, 2, 0],
      pending: [null, 0, 3],
      rung: [null, 5, 4],
      failed: [null, 0, 2],
      drains: [null, 0, 1],
      latencyMs: [null, null, 40],
    });
  });
});
