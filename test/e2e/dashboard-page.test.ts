/**
 * The page of the built executable in a real browser: by its one link, under its own policy, over a real hub and real
 * daemons. What comes, is drained, is killed and goes away is seen as it happens.
 */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { CHROMIUM, NO_CHROMIUM, openBrowser, seriousViolations } from "../support/browser.ts";
import { endStarted, run, scratch, start } from "../support/prism-process.ts";

const place = scratch();
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  endStarted();
  place.remove();
});

const row = (page: Page, persona: string) =>
  page.locator("tbody", { has: page.locator(`[data-persona="local/${persona}@shop"]`) });

describe.skipIf(CHROMIUM === undefined)(CHROMIUM === undefined ? NO_CHROMIUM : "the page", () => {
  test("shows what becomes of personas, hub and itself, and complains of nothing", async () => {
    const home = place.folder("home");
    const project = place.folder(join("work", "shop"));
    const daemon = (persona: string) =>
      start(home, ["daemon", "--persona", persona, "--project", project, "--surface", "terminal"]);
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    await daemon("quick");
    const killed = await daemon("killed");
    const dashboard = await start(home, ["dashboard", "--listen", "127.0.0.1:0"]);

    browser = await openBrowser();
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load"))
        complaints.push(message.text());
    });
    await page.goto(String(dashboard.facts["link"]));
    await page.getByText("Every persona is heard.").waitFor();
    expect(await page.locator("tbody .persona").count()).toBe(2);

    const tell = (persona: string) =>
      run(home, ["signal", `${persona}@shop`, "hello", "--from", "planner@shop"]);
    await tell("quick");
    await row(page, "quick").getByText("Waiting").waitFor();
    await row(page, "quick").getByText("planner").waitFor();
    await run(home, ["drain", "--persona", "quick", "--project", project]);
    await row(page, "quick").getByText("Well").waitFor();
    await page.locator(".stream .is-good", { hasText: "drained" }).first().waitFor();

    await row(page, "quick").locator("a").click();
    await page.locator(".signals button").first().click();
    await page.locator(".step.is-drained").waitFor();
    expect(await page.locator("main, .panel", { hasText: "hello" }).count()).toBe(0);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");

    await killed.kill("SIGKILL");
    await tell("killed");
    await row(page, "killed").getByText("Deaf").waitFor();
    await row(page, "killed").locator("code", { hasText: "prism daemon --persona killed" }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);

    await hub.kill("SIGKILL");
    await page.getByText("The hub does not answer").waitFor();
    await dashboard.kill("SIGTERM");
    await page.locator(".banner b").waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
