/**
 * What every surface must do, whatever it rings on. A surface's own test hands in how to make one that takes
 * rings, ones that fail, and one that never settles by itself; the promises of `surfaces/surface.ts` are checked
 * here, once for all.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import type { Doorbell } from "../../src/domain/doorbell.ts";
import type { Surface } from "../../src/surfaces/surface.ts";
import { bellOf } from "../support/ipc-stage.ts";

export interface SurfaceOnStage {
  readonly surface: Surface;
  /** Everything that reached the other side, one text per ring. */
  readonly rung: () => readonly string[];
  /** Settles once nothing of the surface's own is there any more: no process, no file. */
  readonly left?: () => Promise<void>;
}

export interface SurfaceSubject {
  /** Takes every ring. */
  readonly taking: () => Promise<SurfaceOnStage>;
  /** Fails every ring, each in its own way. */
  readonly failing: { readonly [way: string]: { make(): Promise<SurfaceOnStage>; reason: RegExp } };
  /** Neither takes nor fails a ring for a long time; `begun` settles once a ring is under way. */
  readonly stuck: () => Promise<SurfaceOnStage & { readonly begun: () => Promise<void> }>;
}

const never = new AbortController().signal;
const CONTROL = /[\u0000-\u0006\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f\u202e]/;

/** Doorbells at every edge of what a hub may say. */
const EDGES: { readonly [what: string]: Partial<Doorbell> } = {
  "nothing open": { open: 0, senders: [], oldestAtMs: null },
  "a sender without an address": { open: 1, senders: [{ from: "", count: 1 }] },
  "more than anybody counts": {
    open: Number.MAX_SAFE_INTEGER,
    urgent: Number.MAX_SAFE_INTEGER,
    othersOpen: 5,
  },
  "eight long names": {
    open: 8,
    senders: Array.from({ length: 8 }, (_, i) => ({
      from: `${String(i).repeat(64)}@${"p".repeat(64)}`,
      count: 1,
    })),
  },
  "a time beyond all calendars": { oldestAtMs: 9e15 },
};

export function surfaceContract(name: string, subject: SurfaceSubject): void {
  async function staged<T extends SurfaceOnStage>(make: () => Promise<T>): Promise<T> {
    const stage = await make();
    onTestFinished(() => stage.surface.close());
    return stage;
  }

  describe(`the surface contract, kept by ${name}`, () => {
    it("goes by its name", async () => {
      expect((await staged(subject.taking)).surface.name).toBe(name);
    });

    it("rings once for each ring, and says by which way", async () => {
      const { surface, rung } = await staged(subject.taking);
      expect(rung()).toEqual([]);
      for (const ring of [1, 2]) {
        expect(await surface.ring(bellOf(ring), never)).toEqual({
          kind: "taken",
          path: expect.stringMatching(/./),
        });
        expect(rung()).toHaveLength(ring);
      }
    });

    it("says who waits, how many and how urgent", async () => {
      const { surface, rung } = await staged(subject.taking);
      await surface.ring(
        bellOf(1, { open: 17, urgent: 4, senders: [{ from: "planner@shop", count: 17 }] }),
        never,
      );
      for (const fact of ["17", "4", "planner@shop", "reviewer"]) expect(rung()[0]).toContain(fact);
    });

    it("says that a ring is a repeated one", async () => {
      const { surface, rung } = await staged(subject.taking);
      await surface.ring(bellOf(1, { attempt: 1 }), never);
      await surface.ring(bellOf(1, { attempt: 777 }), never);
      expect(rung()[0]).not.toContain("777");
      expect(rung()[1]).toContain("777");
    });

    it.each(Object.keys(EDGES))("takes a doorbell with %s", async (what) => {
      const { surface, rung } = await staged(subject.taking);
      expect(await surface.ring(bellOf(1, EDGES[what]), never)).toMatchObject({ kind: "taken" });
      expect(rung()).toHaveLength(1);
    });

    it("carries nothing beyond the doorbell, and nothing that could move a cursor or reach a shell", async () => {
      const { surface, rung } = await staged(subject.taking);
      const hostile = { from: "\u001b]0;owned\u0007\u202e$(touch owned)`x`@shop\r\n\u0000", count: 1 };
      const bell = {
        ...bellOf(1, { open: 3, senders: [hostile, { from: "a@b", count: 2 }] }),
        text: "SECRET",
        signals: ["SECRET"],
      };
      expect(await surface.ring(bell, never)).toMatchObject({ kind: "taken" });
      const [text = ""] = rung();
      expect(text).toContain("a@b");
      expect(text).not.toContain("SECRET");
      expect(text).not.toContain("\u001b]0;");
      expect(text).not.toMatch(CONTROL);
    });

    it.each(Object.keys(subject.failing))("fails with one clear sentence: %s", async (way) => {
      const failing = subject.failing[way];
      if (failing === undefined) throw new Error("no such way");
      const { surface } = await staged(failing.make);
      for (const ring of [1, 2]) {
        const outcome = await surface.ring(bellOf(ring), never);
        expect(outcome).toEqual({ kind: "failed", reason: expect.stringMatching(failing.reason) });
        if (outcome.kind !== "failed") continue;
        expect(outcome.reason).not.toMatch(/[\u0000-\u001f]|[^.]\.$/);
        expect(outcome.reason.length).toBeLessThan(500);
      }
    });

    it("makes no ring that was moot before it began", async () => {
      const { surface, rung } = await staged(subject.taking);
      expect(await surface.ring(bellOf(1), AbortSignal.abort())).toMatchObject({
        kind: "failed",
        reason: expect.stringContaining("moot"),
      });
      expect(rung()).toEqual([]);
      expect(await surface.ring(bellOf(2), never)).toMatchObject({ kind: "taken" });
    });

    it("settles soon when a ring becomes moot under way", async () => {
      const { surface, begun } = await staged(subject.stuck);
      const cancel = new AbortController();
      const ringing = surface.ring(bellOf(1), cancel.signal);
      await begun();
      cancel.abort();
      expect(await ringing).toMatchObject({ kind: "failed", reason: expect.stringContaining("moot") });
    });

    it("does not ring over a ring that is under way", async () => {
      const { surface, begun } = await staged(subject.stuck);
      const cancel = new AbortController();
      const first = surface.ring(bellOf(1), cancel.signal);
      await begun();
      expect(await surface.ring(bellOf(2), never)).toMatchObject({ kind: "failed" });
      cancel.abort();
      await first;
    });

    it("closes under a ring, and leaves nothing behind", async () => {
      const { surface, begun, left } = await staged(subject.stuck);
      const ringing = surface.ring(bellOf(1), never);
      await begun();
      await Promise.all([surface.close(), surface.close()]);
      expect(await ringing).toMatchObject({ kind: "failed" });
      await left?.();
      expect(await surface.ring(bellOf(2), never)).toEqual({
        kind: "failed",
        reason: "the surface is closed",
      });
    });
  });
}
