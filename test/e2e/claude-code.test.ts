/** Signals reach the fake Claude Code, by each path and on bad days: the built executable, with what `npm test` has. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeCodeSignals, staged, usedPane } from "../clients/claude-code-signals.contract.ts";
import { FAULTS_FILE, type Faults } from "../support/fakes/claude-code/faults.ts";
import { fakeClaudeCode } from "../support/fakes/claude-code-binary.ts";

claudeCodeSignals("the fake Claude Code", fakeClaudeCode);

const faulty = ({ house }: Awaited<ReturnType<typeof staged>>, faults: Faults): void =>
  writeFileSync(join(house.home, FAULTS_FILE), JSON.stringify(faults));

describe("the fake Claude Code on a bad day", () => {
  it("is woken by its hook when its inbox swallows the doorbell, and status says what failed", async () => {
    const on = await staged(fakeClaudeCode());
    await usedPane(on);
    faulty(on, { inbox: "drop" });
    const id = await on.signal("swallowed once");
    await on.reads("swallowed once");
    await on.drained(id);
    expect(await on.rungBy()).toBe("wake");
    const { paths } = (await on.daemonHere()).surface.report;
    expect(paths).toContainEqual(expect.objectContaining({ name: "inbox", state: "fails" }));
    expect(paths).toContainEqual(expect.objectContaining({ name: "wake", state: "works" }));
  });

  it("is woken by its hook as soon as its inbox says that it holds the doorbell back", async () => {
    const on = await staged(fakeClaudeCode());
    await usedPane(on);
    faulty(on, { inbox: "hold" });
    const id = await on.signal("held back");
    await on.reads("held back");
    await on.drained(id);
    expect(await on.rungBy()).toBe("wake");
  });

  it("drains once what a late doorbell and the next path both told", async () => {
    const on = await staged(fakeClaudeCode());
    const pane = await usedPane(on);
    faulty(on, { inbox: "late", delayMs: 4500 });
    const id = await on.signal("told twice");
    await on.drained(id);
    await pane.shows(/Message from @prism-reviewer/);
    await pane.shows(/Message from @prism-reviewer[\s\S]*● done/);
    const told = on.model.requests.filter(({ news }) => news.includes("told twice"));
    expect(told).toHaveLength(1);
  });

  it("is resumed when it dies of its doorbell, and has nothing to drain twice", async () => {
    const on = await staged(fakeClaudeCode(), { flags: ["--claude-resume", "headless"] });
    await usedPane(on);
    faulty(on, { inbox: "crash", rewake: "crash" });
    const id = await on.signal("it was too much");
    await on.drained(id);
    // The hub knows of the drain before its answer has come to the model.
    const told = ({ news }: { readonly news: string }) => news.includes("it was too much");
    await on.model.request(told);
    expect(on.model.requests.filter(told)).toHaveLength(1);
  });
});
