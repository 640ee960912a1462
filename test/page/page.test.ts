/**
 * The dashboard's page in a real browser, fed by a server that does what the test says: its conditions, its keys, its
 * filters, how much an update touches, and what an accessibility checker says of each.
 */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildPage } from "../../scripts/build/page.ts";
import {
  CHROMIUM,
  NO_CHROMIUM,
  openBrowser,
  seriousViolations,
  threadTimeMeter,
} from "../support/browser.ts";
import { FakeFleet, type FakeFleetOptions } from "../support/fake-fleet.ts";
import { PageServer } from "../support/page-server.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const DEAF = "local/tester@shop";
const WELL = "local/scribe@shop";

let browser: Browser;
let html: string;
const cleanUps: (() => Promise<void>)[] = [];

interface Opening {
  readonly hash?: string;
  readonly browser?: BrowserContextOptions;
  readonly fleet?: Partial<FakeFleetOptions>;
  /** Before the page is opened. */
  readonly prepare?: (server: PageServer) => void;
}

interface Opened {
  readonly page: Page;
  readonly server: PageServer;
  /** What the page complained of; a connection that the test cut is no complaint. */
  readonly complaints: string[];
}

async function open({
  hash = "",
  browser: options = {},
  fleet = {},
  prepare,
}: Opening = {}): Promise<Opened> {
  const server = new PageServer(html, new FakeFleet({ nowMs: Date.now(), ...fleet }));
  await server.start();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  cleanUps.push(async () => {
    await context.close();
    await server.stop();
  });
  prepare?.(server);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  await page.goto(server.url + hash);
  return { page, server, complaints };
}

const rows = (page: Page) => page.locator("tbody .persona");

function focusedPersona(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute("data-persona") ?? null);
}

/** The first ones still compile. */
const SECONDS_BEFORE = 3;
const SECONDS = 6;

/** In the page: notes whose row is touched, but for its times, and tells when a second has been shown. */
function watchChanges(): void {
  const page = globalThis as unknown as { touched: Set<string>; seen(second: string): void };
  page.touched = new Set();
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      for (const node of addedNodes) {
        for (const [, second = ""] of (node.textContent ?? "").matchAll(/second (\d+)\./g)) page.seen(second);
      }
      const element = target instanceof Element ? target : target.parentElement;
      const link = element?.closest("tbody")?.querySelector("[data-persona]");
      if (link != null && element?.closest("time") === null) {
        page.touched.add(link.getAttribute("data-persona") ?? "");
      }
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}

function takeTouched(): string[] {
  const { touched } = globalThis as unknown as { touched: Set<string> };
  const keys = [...touched];
  touched.clear();
  return keys;
}

describe.skipIf(CHROMIUM === undefined)(CHROMIUM === undefined ? NO_CHROMIUM : "the page", () => {
  beforeAll(async () => {
    [{ html }, browser] = await Promise.all([buildPage(ROOT), openBrowser()]);
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });

  afterAll(() => browser?.close());

  describe("shows", () => {
    test("the worst first, with why and what to do, and the sum of it in one sentence", async () => {
      const { page } = await open();
      await rows(page).first().waitFor();
      expect(await page.locator("h1").textContent()).toMatch(
        /^2 personas are deaf, 3 are stuck\. \d+ signals wait, the oldest for 41.min$/,
      );
      expect(await rows(page).count()).toBe(50);
      expect(await page.locator("tbody .standing").allInnerTexts()).toEqual([
        ...["Deaf", "Deaf", "Stuck", "Stuck", "Stuck", "Waiting", "Waiting"],
        ...Array.from({ length: 42 }, () => "Well"),
        "Off",
      ]);
      const deaf = page.locator("tbody", { has: page.locator(`[data-persona="${DEAF}"]`) });
      expect(await deaf.locator(".reason").textContent()).toMatch(/nobody started it again$/);
      expect(await deaf.locator("code").textContent()).toMatch(/^prism daemon --persona tester --project \//);
      expect(await page.title()).toBe("2 deaf, 3 stuck \u00b7 forge-01 \u00b7 Prism");
    });

    test("what waits for whom, and says why there is none where nothing is known", async () => {
      const { page } = await open({ hash: `#persona=${DEAF}` });
      const panel = page.locator(".panel");
      await panel.locator(".bars").waitFor();
      expect(await panel.locator(".bar-name").allInnerTexts()).toEqual([
        ...["planner@shop", "release@infra", "nobody named"],
      ]);
      await panel.locator(".chart canvas").first().waitFor();
      expect(await panel.locator(".chart canvas").count()).toBe(4);
    });

    test("one signal's way, its unknown steps as such, and leads back", async () => {
      const { page } = await open({ hash: `#persona=${WELL}` });
      await page.locator(".signals button").first().click();
      await page.locator(".way").waitFor();
      expect(await page.locator(".step b").allInnerTexts()).toEqual([
        ...["Accepted", "Pushed", "Acknowledged", "Rung", "Receipt", "Drained"],
      ]);
      expect(await page.locator(".step.is-unknown .what").allInnerTexts()).toEqual([
        "unknown: nobody told when",
      ]);
      await page.keyboard.press("Escape");
      await page.locator(".signals").waitFor();
      expect(page.url()).not.toContain("signal=");
    });

    test("older signals on asking", async () => {
      const { page } = await open({ hash: `#persona=${WELL}` });
      const lines = page.locator(".signals li");
      await lines.first().waitFor();
      expect(await lines.count()).toBe(12);
      await page.locator(".panel").getByRole("button", { name: "Show older" }).click();
      await lines.nth(23).waitFor();
      expect(await page.locator(".panel").getByRole("button", { name: "Show older" }).count()).toBe(0);
    });

    test("that a persona is gone, where its panel stays open", async () => {
      const { page, server } = await open({ hash: `#persona=${WELL}` });
      await page.locator(".day").waitFor();
      server.fleet.remove(WELL);
      server.tell("personas", { atMs: Date.now(), changed: [], gone: [WELL] });
      await page.getByText("Neither this host nor its hub knows it any more.").waitFor();
    });
  });

  describe("narrows", () => {
    test("by standing, by words, by both, and keeps it in its address", async () => {
      const { page } = await open();
      await page.getByRole("button", { name: /^Deaf/ }).click();
      await page.getByText("2 of 50 shown.").waitFor();
      await page.getByRole("searchbox").fill("shop");
      await page.getByText("1 of 50 shown.").waitFor();
      expect(new URL(page.url()).hash).toBe("#only=deaf&search=shop");
      await page.reload();
      await page.getByText("1 of 50 shown.").waitFor();
      expect(await page.getByRole("searchbox").inputValue()).toBe("shop");
      await page.getByRole("searchbox").fill("zebra");
      await page.getByText("Nobody matches").waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      expect(await rows(page).count()).toBe(50);
    });

    test("orders by a column, and says so", async () => {
      const { page } = await open();
      await page.getByRole("button", { name: "Waits" }).click();
      expect(await page.locator("th[aria-sort]").textContent()).toBe("Waits");
      expect(await rows(page).first().getAttribute("data-persona")).toBe("local/planner@infra");
    });

    test("the stream to one persona, and holds it still", async () => {
      const { page, server } = await open();
      await rows(page).first().waitFor();
      for (const key of [WELL, DEAF]) {
        server.happen({ atMs: Date.now(), key, name: "rung", detail: "inbox", count: null });
      }
      const lines = page.locator(".stream .happening");
      await lines.nth(1).waitFor();
      await page.locator(`[data-persona="${WELL}"]`).focus();
      await page.keyboard.press("f");
      await page.getByRole("button", { name: /scribe@shop alone/ }).waitFor();
      expect(await lines.count()).toBe(1);
      await page.keyboard.press("p");
      server.happen({ atMs: Date.now(), key: WELL, name: "drained", detail: "", count: 0 });
      await page.getByText("1 new").waitFor();
      expect(await lines.count()).toBe(1);
      await page.keyboard.press("p");
      await lines.nth(1).waitFor();
    });
  });

  test("is ruled by the keyboard", async () => {
    const { page } = await open({ browser: { permissions: ["clipboard-read", "clipboard-write"] } });
    await rows(page).first().waitFor();
    const keys = await rows(page).evaluateAll((all) => all.map((one) => one.getAttribute("data-persona")));
    await page.keyboard.press("j");
    expect(await focusedPersona(page)).toBe(keys[0]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    expect(await focusedPersona(page)).toBe(keys[1]);
    await page.keyboard.press("c");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      "prism daemon --persona tester --project /home/ada/work/shop",
    );
    await page.keyboard.press("Enter");
    await page.locator(".panel").waitFor();
    await page.keyboard.press("j");
    expect(await page.locator(".panel h2").textContent()).toBe("designer@shop");
    await page.keyboard.press("Escape");
    expect(await page.locator(".panel").count()).toBe(0);
    expect(await focusedPersona(page)).toBe(keys[2]);
    await page.keyboard.press("End");
    expect(await focusedPersona(page)).toBe(keys[49]);

    await page.keyboard.press("/");
    await page.keyboard.type("jkp?");
    expect(await page.getByRole("searchbox").inputValue()).toBe("jkp?");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    expect(await page.getByRole("searchbox").inputValue()).toBe("");
    await page.keyboard.press("2");
    await page.getByText("3 of 50 shown.").waitFor();
    await page.keyboard.press("0");
    await page.keyboard.press("v");
    expect(await page.locator(".tile").count()).toBe(50);
    await page.keyboard.press("t");
    expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
    await page.keyboard.press("s");
    expect(await page.locator(".stream").count()).toBe(0);
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  });

  describe("a connection that is lost", () => {
    test("is told with since when, tried again, and taken up where it was", async () => {
      const { page, server } = await open();
      await rows(page).first().waitFor();
      server.happen({ atMs: Date.now(), key: WELL, name: "up", detail: "", count: null });
      await page.locator(".stream .happening").waitFor();
      await server.stop();
      await page.locator(".banner b").waitFor();
      expect(await rows(page).count()).toBe(50);
      await server.start();
      await page.getByRole("button", { name: "Try now" }).click();
      await page.locator(".banner").waitFor({ state: "detached" });
      server.happen({ atMs: Date.now(), key: WELL, name: "down", detail: "", count: null });
      await page.getByText("daemon ended").waitFor();
      expect(await page.locator(".stream .happening").count()).toBe(2);
    });

    test("before it ever was leads to a page of its own, and from there to the page", async () => {
      const { page, server } = await open({
        prepare: (server) => {
          server.mood = "failing";
        },
      });
      await page.getByText("The dashboard does not answer").waitFor();
      server.mood = "well";
      await page.getByRole("button", { name: "Try now" }).click();
      await rows(page).first().waitFor();
    });
  });

  test("a second of fifty personas touches only rows that changed, and takes a small part of it", async () => {
    const { page, server } = await open({ fleet: { liveliness: 1 } });
    await rows(page).first().waitFor();
    const seen = new Map<string, () => void>();
    await page.exposeFunction("seen", (second: string) => seen.get(second)?.());
    await page.evaluate(watchChanges);
    const threadTimeMs = await threadTimeMeter(page);
    let began = 0;
    for (let second = 0; second < SECONDS_BEFORE + SECONDS; second += 1) {
      if (second === SECONDS_BEFORE) began = await threadTimeMs();
      const done = new Promise<void>((resolve) => seen.set(String(second), resolve));
      const { happenings, changed, atMs } = server.fleet.step();
      server.tell("personas", { atMs, changed, gone: [] });
      for (const happening of happenings) server.happen(happening);
      server.happen({ atMs, key: WELL, name: "agent", detail: `second ${second}.`, count: null });
      await done;
      const touched = await page.evaluate(takeTouched);
      const allowed = new Set(changed.map(({ key }) => key));
      expect(touched.filter((key) => !allowed.has(key))).toEqual([]);
    }
    // All that the page's thread did, drawing included. It takes a tenth of that where nobody else is at work.
    expect(((await threadTimeMs()) - began) / SECONDS).toBeLessThan(250);
  });

  test("fits a phone: nothing is wider than it, in any condition", async () => {
    const phone = { viewport: { width: 360, height: 740 } };
    for (const hash of ["", `#persona=${DEAF}`, "#search=zebra"]) {
      const { page } = await open({ hash, browser: phone });
      await page.locator("main h1, .panel .day").first().waitFor();
      const widths = await page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll("main, .panel, .tile")]
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map(({ className, scrollWidth }) => `${className} ${scrollWidth}`),
      );
      expect(widths).toEqual([]);
    }
  });

  test("nothing moves for who wants no motion", async () => {
    const { page } = await open({
      browser: { reducedMotion: "reduce" },
      prepare: (server) => {
        server.mood = "loading";
      },
    });
    await page.locator(".bone").first().waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });

  describe("the checker finds nothing serious, light or dark, with", () => {
    const phone = { viewport: { width: 360, height: 740 } };
    const mood = (wanted: PageServer["mood"]) => (server: PageServer) => {
      server.mood = wanted;
    };
    const busy = (server: PageServer) => {
      for (let second = 0; second < 20; second += 1) server.step();
    };
    const loop = { loops: [["planner@shop", "reviewer@shop"]] as const };
    const conditions: readonly (Opening & {
      readonly name: string;
      readonly until: string;
      readonly act?: (page: Page, server: PageServer) => Promise<unknown>;
    })[] = [
      { name: "rows and stream", until: ".stream .happening", prepare: busy },
      { name: "tiles", until: "tbody", act: (page) => page.keyboard.press("v") },
      { name: "a deaf persona's panel", until: ".panel .chart canvas", hash: `#persona=${DEAF}` },
      {
        name: "a signal's way",
        until: ".signals button",
        hash: `#persona=${WELL}`,
        act: async (page) => {
          await page.locator(".signals button").first().click();
          await page.locator(".way").waitFor();
        },
      },
      { name: "a phone", until: ".tile", browser: phone },
      { name: "a phone's panel", until: ".panel .chart canvas", browser: phone, hash: `#persona=${DEAF}` },
      { name: "no hub", until: ".verdict", prepare: ({ fleet }) => void fleet.loseHub() },
      {
        name: "a loop",
        until: ".verdict",
        prepare: ({ fleet }) => {
          fleet.hub = { ...fleet.hub, ...loop };
        },
      },
      { name: "nobody there", until: ".condition", fleet: { personas: 0 } },
      { name: "nobody that matches", until: ".condition", hash: "#search=zebra" },
      { name: "loading", until: ".bone", prepare: mood("loading") },
      { name: "refused", until: ".condition", prepare: mood("refused") },
      { name: "never there", until: ".condition", prepare: mood("failing") },
      {
        name: "lost",
        until: "tbody",
        act: async (page, server) => {
          await server.stop();
          await page.locator(".banner").waitFor();
        },
      },
      { name: "help", until: "tbody", act: (page) => page.keyboard.press("?") },
    ];

    test.each(conditions)("$name", async ({ until, act, ...opening }) => {
      const { page, server, complaints } = await open({
        // Enough for one of each kind.
        fleet: { personas: 18 },
        ...opening,
        browser: { ...opening.browser, reducedMotion: "reduce" },
      });
      await page.locator(until).first().waitFor();
      await act?.(page, server);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await seriousViolations(page), colorScheme).toEqual([]);
      }
      expect(complaints).toEqual([]);
    });
  });
});
