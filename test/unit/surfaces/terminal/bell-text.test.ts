import { describe, expect, it } from "vitest";
import { type BellStyle, bellText } from "../../../../src/surfaces/terminal/bell-text.ts";
import { bellOf } from "../../../support/ipc-stage.ts";

const plain: BellStyle = { bell: false, notify: "none", ownLine: false };
const LINE =
  "prism: 1 signal waits for reviewer@shop, from planner@shop; to take it: prism drain --persona reviewer --project /work/shop";

describe("bellText", () => {
  it("is one line, with what to type", () => {
    expect(bellText(bellOf(1), "/work/shop", plain)).toBe(`${LINE}\n`);
  });

  it("begins on its own line on a terminal, and sounds the bell", () => {
    expect(bellText(bellOf(1), "/work/shop", { bell: true, notify: "none", ownLine: true })).toBe(
      `\r\n\u0007${LINE}\r\n`,
    );
  });

  it("counts the rings of one doorbell", () => {
    expect(bellText(bellOf(9, { attempt: 3 }), "/w", plain)).toContain(
      "from planner@shop (ring 3); to take it:",
    );
  });

  it("speaks of many", () => {
    expect(bellText(bellOf(1, { open: 3, urgent: 1 }), "/w", plain)).toBe(
      "prism: 3 signals wait for reviewer@shop (1 urgent), from planner@shop and others; to take them: prism drain --persona reviewer --project /w\n",
    );
  });

  it.each([
    ["osc9", "\u001b]9;1 signal waits for reviewer@shop, from planner@shop\u0007"],
    ["osc777", "\u001b]777;notify;prism;1 signal waits for reviewer@shop, from planner@shop\u0007"],
  ] as const)("asks for a notification by %s", (notify, sequence) => {
    expect(bellText(bellOf(1), "/work/shop", { ...plain, notify })).toBe(`${sequence}${LINE}\n`);
  });

  it("keeps a sender from ending the notification early", () => {
    const bell = bellOf(1, { senders: [{ from: "a;b\u0007\u001b\\c", count: 1 }] });
    expect(bellText(bell, "/w", { ...plain, notify: "osc777" })).toMatch(
      /^\u001b\]777;notify;prism;[^;\u0000-\u001f]*\u0007[^\u0000-\u001f]*\n$/,
    );
  });

  it.each([
    ["/work/my shop", "linux", "'/work/my shop'"],
    ["/work/it's", "linux", "'/work/it'\\''s'"],
    ["/work/$(rm -rf)", "linux", "'/work/$(rm -rf)'"],
    ["C:\\My Shop", "win32", '"C:\\My Shop"'],
    ["/work/a\nb", "linux", "'/work/a\\u000ab'"],
  ] as const)("quotes the folder %j on %s", (root, platform, quoted) => {
    expect(bellText(bellOf(1), root, plain, platform)).toContain(`--project ${quoted}\n`);
  });
});
