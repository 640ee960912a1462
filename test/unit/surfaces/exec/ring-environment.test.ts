import { describe, expect, it } from "vitest";
import { ringEnvironment } from "../../../../src/surfaces/exec/ring-environment.ts";
import { bellOf } from "../../../support/ipc-stage.ts";

const context = { root: "/work/shop", env: {} };

describe("ringEnvironment", () => {
  it("holds the ring's facts", () => {
    const bell = bellOf(7, {
      attempt: 2,
      open: 5,
      urgent: 1,
      senders: [
        { from: "planner@shop", count: 2 },
        { from: "ci@shop", count: 1 },
      ],
      othersOpen: 2,
      oldestAtMs: Date.UTC(2026, 10, 21, 9, 0),
    });
    expect(ringEnvironment(bell, "ring", context)).toEqual({
      PRISM_PURPOSE: "ring",
      PRISM_RING: "7",
      PRISM_ATTEMPT: "2",
      PRISM_PERSONA: "reviewer",
      PRISM_PROJECT: "shop",
      PRISM_ADDRESS: "reviewer@shop",
      PRISM_ROOT: "/work/shop",
      PRISM_OPEN: "5",
      PRISM_URGENT: "1",
      PRISM_SENDERS: "planner@shop ci@shop",
      PRISM_OTHERS: "2",
      PRISM_OLDEST_AT: "2026-11-21T09:00:00.000Z",
    });
  });

  it("counts a sender without a proper address among the others", () => {
    const senders = [
      { from: "", count: 1 },
      { from: "$(reboot)@shop", count: 1 },
      { from: "a b@shop", count: 1 },
      { from: "a@b@c", count: 1 },
      { from: "Upper@shop", count: 1 },
      { from: "ok@shop", count: 1 },
    ];
    const env = ringEnvironment(bellOf(1, { open: 6, senders }), "ring", context);
    expect([env["PRISM_SENDERS"], env["PRISM_OTHERS"]]).toEqual(["ok@shop", "5"]);
  });

  it("passes on what the daemon inherited, without secrets and without another agent's session", () => {
    const env = {
      PATH: "/bin",
      PRISM_HOME: "/srv/prism",
      PRISM_TOKEN_FILE: "/srv/token",
      PRISM_TOKEN: "s3cret",
      PRISM_HUB_TOKEN: "s3cret",
      prism_token: "s3cret",
      PRISM_DB_PASSWORD: "s3cret",
      CLAUDECODE: "1",
      CLAUDE_CODE_MESSAGING_TOKEN: "s3cret",
      CODEX_SESSION: "s3cret",
      CLAUDE_CONFIG_DIR: "/c",
      PRISM_OPEN: "99",
      NOTHING: undefined,
    };
    const passed = ringEnvironment(bellOf(1), "resume", { ...context, env });
    expect(passed).toMatchObject({
      PATH: "/bin",
      PRISM_HOME: "/srv/prism",
      PRISM_TOKEN_FILE: "/srv/token",
      CLAUDE_CONFIG_DIR: "/c",
      PRISM_OPEN: "1",
      PRISM_PURPOSE: "resume",
    });
    expect(JSON.stringify(passed)).not.toContain("s3cret");
    expect(passed).not.toHaveProperty("CLAUDECODE");
    expect(passed).not.toHaveProperty("NOTHING");
  });

  it.each([null, 9e15, Number.NaN])("has an empty time for %j", (oldestAtMs) => {
    expect(ringEnvironment(bellOf(1, { oldestAtMs }), "ring", context)["PRISM_OLDEST_AT"]).toBe("");
  });
});
