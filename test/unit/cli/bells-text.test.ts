import { describe, expect, it } from "vitest";
import { bellsText } from "../../../src/cli/bells-text.ts";
import { inkFor } from "../../../src/cli/layout.ts";
import type { DaemonStatus } from "../../../src/ipc.ts";
import { daemonStatus } from "../../support/ipc-stage.ts";

const NOW = 1_000_000;
const plain = inkFor({ isColoured: false });

function status(more: {
  doorbell?: Partial<DaemonStatus["doorbell"]>;
  open?: number;
  agents?: DaemonStatus["agents"];
}): DaemonStatus {
  return {
    ...daemonStatus,
    agents: more.agents ?? [],
    position: { through: 9, open: more.open ?? 0, urgent: 0 },
    doorbell: { ...daemonStatus.doorbell, ...more.doorbell },
  };
}
const agent = (state: "idle" | "busy") => ({
  ...{ client: "codex", session: "s-1", state },
  ...{ stateSinceMs: NOW - 5000, heardAtMs: NOW },
});

describe("the doorbells of this host", () => {
  it("are nothing without a daemon", () => {
    expect(bellsText([], NOW, plain)).toBe("");
  });

  it("show the path, the receipt and what is owed", () => {
    const text = bellsText(
      [
        status({
          agents: [agent("idle"), agent("busy")],
          doorbell: { lastPath: "inbox", lastRungAtMs: NOW - 4000, lastOutcome: "taken" },
        }),
        status({
          open: 2,
          agents: [agent("busy")],
          doorbell: {
            ...{ standing: true, attempts: 2, nextRingAtMs: NOW + 30_000 },
            ...{ lastPath: "tmux", lastRungAtMs: NOW - 60_000, lastOutcome: "taken" as const },
          },
        }),
      ],
      NOW,
      plain,
    );
    expect(text.split("\n")).toEqual([
      "  ADDRESS         SURFACE    AGENT             PATH    RECEIPT    OWED",
      "  reviewer@shop   terminal   idle for 5 s +1   inbox   4 s ago    nothing",
      "  reviewer@shop   terminal   busy for 5 s      tmux    60 s ago   2 wait, ring 2 unanswered, again in 30 s",
    ]);
  });

  it("say what is being installed, and what could not be", () => {
    const attach = { step: 1, steps: 2, sinceMs: NOW, log: "/log", detail: "npm ci: 40 packages\u0007" };
    const text = (state: "running" | "failed" | "done" | "skipped") =>
      bellsText([{ ...daemonStatus, attach: { ...attach, state } }], NOW, plain)
        .split("\n")
        .slice(2);
    expect(text("running")).toEqual(["  reviewer@shop attaches, step 1 of 2: npm ci: 40 packages\\u0007"]);
    expect(text("failed")).toEqual(["  reviewer@shop attach failed: npm ci: 40 packages\\u0007"]);
    expect(text("done")).toEqual([]);
    expect(text("skipped")).toEqual([]);
  });

  it("say why a ring was not taken, and that one is under way", () => {
    const failing = status({
      open: 1,
      doorbell: {
        ...{ standing: true, attempts: 1, nextRingAtMs: NOW + 1000 },
        ...{ lastOutcome: "failed" as const, lastReason: "inbox: no receipt\u001b[2J" },
      },
    });
    const text = bellsText([failing], NOW, plain);
    expect(text).toContain("1 waits, not taken, again in 1 s");
    expect(text).toContain("\n  reviewer@shop inbox: no receipt\\u001b[2J");
    const underWay = status({ open: 1, doorbell: { standing: true, attempts: 1, underWay: true } });
    expect(bellsText([underWay], NOW, plain)).toContain("1 waits, ring 1 under way");
  });

  it("say that a bell has rung as often as it may", () => {
    const given = (lastOutcome: "taken" | "failed") =>
      bellsText([status({ open: 1, doorbell: { standing: true, attempts: 24, lastOutcome } })], NOW, plain);
    expect(given("taken")).toContain("1 waits, ring 24 unanswered, not rung again until more comes");
    expect(given("failed")).toContain("1 waits, not taken, not rung again until more comes");
  });
});
