import { describe, expect, test } from "vitest";
import { openRinger } from "../../../src/daemon/ringer.ts";
import { FakeSurface } from "../../support/fake-surface.ts";
import { bellOf } from "../../support/ipc-stage.ts";
import { watchedLog } from "../../support/watched-log.ts";

describe("a surface that is closed", () => {
  test("is told to drop the ring in flight first", async () => {
    const surface = new FakeSurface();
    const ringer = openRinger(surface, () => {});
    ringer.ring(bellOf(1), () => {});
    const ring = await surface.next();
    await ringer.close();
    expect([ring.cancelled.aborted, surface.closed]).toEqual([true, true]);
  });

  test("may throw: it is logged, and stops nobody", async () => {
    const { log, entries } = watchedLog();
    const broken = Object.assign(new FakeSurface(), {
      close: () => {
        throw new Error("a bug in the surface");
      },
    });
    await openRinger(broken, log).close();
    expect(entries).toMatchObject([
      {
        event: "surfaceThrew",
        fields: { fault: expect.stringMatching(/^Error: a bug in the surface < at /) },
      },
    ]);
  });

  test("calls off a resume under way", async () => {
    let told: AbortSignal | undefined;
    const surface = Object.assign(new FakeSurface(), {
      resume: (_bell: unknown, cancelled: AbortSignal) => {
        told = cancelled;
        return new Promise<never>(() => {});
      },
    });
    const ringer = openRinger(surface, () => {});
    const resumed = ringer.resume(bellOf(1));
    await ringer.close();
    expect(await resumed).toEqual({ kind: "failed", reason: "the daemon is ending" });
    expect(told?.aborted).toBe(true);
  });
});

test("a ring is settled once, and never before the call returns", async () => {
  const surface = new FakeSurface();
  const ringer = openRinger(surface, () => {});
  const settled: unknown[] = [];
  const done = new Promise<void>((resolve) => {
    ringer.ring(bellOf(7), (outcome) => {
      settled.push(outcome);
      resolve();
    });
  });
  const ring = await surface.next();
  ring.take();
  expect(settled).toEqual([]);
  await done;
  ring.fail("too late");
  expect(settled).toEqual([{ ring: 7, taken: true, path: "fake" }]);
});
