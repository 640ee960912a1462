/** What a daemon keeps of its minutes: by a clock that runs, leaps, stands still and goes back, over restarts. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MinuteBook } from "../../../src/daemon/minute-book.ts";
import { MINUTE_FILE_BYTES, MINUTE_MS, minutesIn, placeOfMinute } from "../../../src/domain/minute-file.ts";
import { PersonaMetrics } from "../../../src/metrics.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** Noon of some day. */
const NOON_MS = 1_800_000_000_000 - (1_800_000_000_000 % MINUTE_MS);
const DELAY_MS = 20_000;

function keeper(path = join(tempDir(), "minutes")) {
  const clock = { nowMs: NOON_MS };
  const failures: string[] = [];
  const open = () => {
    const metrics = new PersonaMetrics({
      tenant: "local",
      host: "here",
      persona: "reviewer",
      project: "shop",
    });
    const book = new MinuteBook({
      path,
      wallMs: () => clock.nowMs,
      writeDelayMs: DELAY_MS,
      metrics,
      failed: (error) => failures.push(error.code),
    });
    return { book, metrics };
  };
  /** As a daemon is awake: every 2 s. */
  const run = (book: MinuteBook, ms: number): void => {
    for (const endMs = clock.nowMs + ms; clock.nowMs < endMs; ) {
      clock.nowMs += 2000;
      book.look();
    }
  };
  const kept = () =>
    minutesIn(readFileSync(path), clock.nowMs).map(({ atMs, ...rest }) => ({
      minute: (atMs - NOON_MS) / MINUTE_MS,
      ...rest,
    }));
  return { path, clock, failures, open, run, kept };
}

describe("a minute", () => {
  it("holds what was seen within it, and is written a while after its end", () => {
    const { clock, open, run, kept, path } = keeper();
    const { book, metrics } = open();
    book.stood("connected", 3);
    metrics.doorbells.rung += 2;
    book.took(40);
    book.took(60);
    book.stood("connected", 1);
    book.drained(2);
    metrics.countError("surface_failed");
    run(book, MINUTE_MS + DELAY_MS - 2000);
    expect(() => readFileSync(path)).toThrow();
    run(book, 2000);
    expect(kept()).toEqual([
      {
        ...{
          minute: 0,
          state: "connected",
          pending: 3,
          rung: 2,
          failed: 0,
          drains: 2,
          reconnects: 0,
          errors: 1,
        },
        ...{ latencyMs: 50, latencyMsMax: 60 },
      },
    ]);
    run(book, MINUTE_MS);
    expect(kept().at(-1)).toMatchObject({ minute: 1, pending: 1, rung: 0, errors: 0, latencyMs: null });
    expect(clock.nowMs - NOON_MS).toBe(2 * MINUTE_MS + DELAY_MS);
  });

  it("has the worst state that lasted until a look, not one that passed", () => {
    const { open, run, kept } = keeper();
    const { book } = open();
    book.stood("disconnected", 0);
    book.stood("connected", 0);
    run(book, MINUTE_MS);
    book.stood("disconnected", 0);
    run(book, 4000);
    book.stood("emitting", 0);
    run(book, MINUTE_MS);
    book.close();
    expect(kept().map(({ state }) => state)).toEqual(["connected", "disconnected", "emitting"]);
  });

  it("that has begun is written at an orderly end, and the next life adds to it", () => {
    const { open, run, kept, clock } = keeper();
    const first = open();
    first.book.stood("connected", 5);
    first.metrics.doorbells.rung += 1;
    run(first.book, 10_000);
    first.book.close();
    const second = open();
    second.book.stood("connected", 1);
    second.metrics.doorbells.rung += 1;
    run(second.book, 10_000);
    second.book.close();
    expect(kept()).toMatchObject([{ minute: 0, pending: 5, rung: 2 }]);
    clock.nowMs += 10_000;
    const third = open();
    run(third.book, MINUTE_MS);
    third.book.close();
    expect(kept()).toMatchObject([{ minute: 0, pending: 5, rung: 2 }, { minute: 1 }]);
  });
});

describe("a clock", () => {
  it("that leaps ahead, as after a sleep, leaves a gap", () => {
    const { open, run, kept, clock } = keeper();
    const { book, metrics } = open();
    run(book, 30_000);
    clock.nowMs += 3 * 60 * MINUTE_MS;
    metrics.reconnects += 1;
    run(book, MINUTE_MS);
    book.close();
    expect(kept().map(({ minute, reconnects }) => [minute, reconnects])).toEqual([
      [0, 1],
      [180, 0],
      [181, 0],
    ]);
  });

  it("that is set back loses nothing: minutes that come twice are added, later ones wait until they have come", () => {
    const { open, run, kept, clock } = keeper();
    const { book, metrics } = open();
    metrics.doorbells.rung += 1;
    run(book, 5 * MINUTE_MS);
    clock.nowMs -= 4 * MINUTE_MS;
    metrics.doorbells.rung += 1;
    run(book, 2 * MINUTE_MS);
    book.close();
    expect(kept().map(({ minute }) => minute)).toEqual([0, 1, 2, 3]);
    clock.nowMs += 3 * MINUTE_MS;
    expect(kept().map(({ minute }) => minute)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(kept().reduce((sum, { rung }) => sum + rung, 0)).toBe(2);
  });
});

describe("the file", () => {
  it("is the owner's alone, never longer than a day, and of the last day alone", () => {
    const { path, open, kept, clock, run } = keeper();
    const { book } = open();
    for (let hour = 0; hour < 30; hour++) {
      run(book, MINUTE_MS);
      clock.nowMs += 59 * MINUTE_MS;
    }
    book.close();
    expect(statSync(path).size).toBeLessThanOrEqual(MINUTE_FILE_BYTES);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(kept().length).toBe(48);
  });

  it("that was torn costs the torn minute, which is written anew", () => {
    const { path, open, kept, run, clock } = keeper();
    const { book } = open();
    run(book, 3 * MINUTE_MS);
    const bytes = readFileSync(path);
    bytes.fill(0x55, placeOfMinute(NOON_MS / MINUTE_MS + 1), placeOfMinute(NOON_MS / MINUTE_MS + 1) + 20);
    writeFileSync(path, bytes);
    book.close();
    expect(kept().map(({ minute }) => minute)).toEqual([0, 2, 3]);
    clock.nowMs = NOON_MS + MINUTE_MS;
    const again = open();
    again.metrics.doorbells.rung += 1;
    again.book.close();
    expect(kept().map(({ minute }) => minute)).toEqual([0, 1]);
  });

  it("that can't be written is told, and stops nobody", () => {
    const { open, run, failures } = keeper(join(tempDir(), "gone", "minutes"));
    const { book } = open();
    run(book, 2 * MINUTE_MS + DELAY_MS);
    book.close();
    expect(failures).toEqual(["not_found", "not_found", "not_found"]);
  });
});
