import { describe, expect, it } from "vitest";
import { bellWords, holdsBellWords, isBellWords } from "../../../src/domain/bell-words.ts";
import { squashed } from "../../../src/surfaces/pane/input-line.ts";
import { bellOf } from "../../support/ipc-stage.ts";

describe("a doorbell's words", () => {
  it("say what waits and what to do", () => {
    expect(bellWords(bellOf(1))).toBe(
      "Prism: 1 signal waits for reviewer@shop, from planner@shop. " +
        "Call the prism_drain tool, or run: prism drain --persona reviewer --project shop",
    );
    const senders = ["a@b", "c@d", "e@f", "g@h"].map((from) => ({ from, count: 2 }));
    expect(bellWords(bellOf(2, { open: 9, urgent: 3, attempt: 2, senders }))).toBe(
      "Prism: 9 signals wait for reviewer@shop, 3 urgent, from a@b, c@d, e@f and others. This is ring 2. " +
        "Call the prism_drain tool, or run: prism drain --persona reviewer --project shop",
    );
  });

  it("stay short enough to be shown as they are, whoever sends", () => {
    const senders = Array.from({ length: 8 }, (_, i) => ({
      from: `${String(i).repeat(64)}@${"p".repeat(64)}`,
      count: 1,
    }));
    expect(bellWords(bellOf(1, { open: 8, senders })).length).toBeLessThan(400);
  });

  it("hold nothing that a shell, a line editor or a completion takes for its own", () => {
    const senders = ["$(x)@shop", "A@b", "a@b;c", "@shop", "a b@c", "/x@y"].map((from) => ({
      from,
      count: 1,
    }));
    const words = bellWords(bellOf(1, { open: 6, senders }));
    expect(words).toMatch(/^[\w .,:@-]+$/);
    expect(words).not.toMatch(/(^|\s)@|from/);
  });

  it.each([
    ["reviewer", "shop"],
    ["rev.1", "shop.api.v2"],
  ])("are found within a prompt, for %s@%s alone", (persona, project) => {
    for (const senders of [[], [{ from: "planner@shop", count: 1 }]]) {
      const prompt = `<cross-session-message from="x">\n${bellWords(bellOf(3, { persona, project, senders }))}\n</cross-session-message>`;
      expect(holdsBellWords(prompt, { persona, project })).toBe(true);
      expect(holdsBellWords(prompt, { persona, project: project.split(".")[0] ?? "" })).toBe(
        !project.includes("."),
      );
      expect(holdsBellWords(prompt, { persona: `${persona}.x`, project })).toBe(false);
    }
    expect(holdsBellWords("what does Prism: 1 signal waits mean", { persona, project })).toBe(false);
  });

  it("are found behind those of others, and not in what is said of them", () => {
    const own = { persona: "reviewer", project: "shop" };
    const others = bellWords(bellOf(1, { persona: "planner" }));
    expect(holdsBellWords(`${others}\n${bellWords(bellOf(1))}`, own)).toBe(true);
    expect(holdsBellWords(`${bellWords(bellOf(1))}\n${others}`, own)).toBe(true);
    expect(holdsBellWords(others, own)).toBe(false);
    const cited = "Why do I read Prism: 1 signal waits for reviewer@shop, from planner@shop here?";
    expect(holdsBellWords(cited, own)).toBe(false);
    expect(holdsBellWords(`${cited} ${others}`, own)).toBe(false);
  });

  it("are known again, and nothing else is", () => {
    const bell = bellOf(1);
    const line = squashed(bellWords(bellOf(7, { open: 12, urgent: 1, attempt: 3 })));
    expect(isBellWords(line, bell)).toBe(true);
    for (const other of [
      "",
      `${line}x`,
      `x${line}`,
      `${line}${line}`,
      line.slice(0, -1),
      squashed(bellWords(bellOf(1, { persona: "reviewer2" }))),
      squashed(bellWords(bellOf(1, { project: "shop2" }))),
    ]) {
      expect(isBellWords(other, bell), other).toBe(false);
    }
  });
});
