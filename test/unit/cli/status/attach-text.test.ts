import { expect, it } from "vitest";
import { inkFor } from "../../../../src/cli/layout.ts";
import { attachText } from "../../../../src/cli/status/attach-text.ts";
import { daemonStatus } from "../../../support/ipc-stage.ts";

it("says what is being installed, and what could not be", () => {
  const attach = { step: 1, steps: 2, sinceMs: 1, log: "/log", detail: "npm ci: 40 packages\u0007" };
  const text = (state: "running" | "failed" | "done" | "skipped") =>
    attachText([{ ...daemonStatus, attach: { ...attach, state } }], inkFor({ isColoured: false }));
  expect(text("running")).toBe("  reviewer@shop attaches, step 1 of 2: npm ci: 40 packages\\u0007\n");
  expect(text("failed")).toBe("  reviewer@shop attach failed: npm ci: 40 packages\\u0007\n");
  expect(text("done")).toBe("");
  expect(text("skipped")).toBe("");
});
