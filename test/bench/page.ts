/**
 * The dashboard's page in a real browser over 50 real daemons at work: how big it is, how soon it is there, and what a
 * minute of it costs the tab, the server and the browser's patience. Needs Chromium; without it there is no row.
 */
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM, NO_CHROMIUM, openBrowser, threadTimeMeter } from "../support/browser.ts";
import { connectedAtMs } from "./daemon-watch.ts";
import {
  cpuTimeNs,
  EXECUTABLE,
  type Hub,
  makeFolder,
  type Program,
  startDaemon,
  startHub,
  startProgram,
} from "./programs.ts";
import { type BenchRow, median } from "./row.ts";

const PERSONAS = 50;
const SIGNALS_EVERY_SECOND = 20;
const DRAINED_AFTER_MS = 2000;
const OPENINGS = 7;
const MINUTE_MS = 60_000;

/**
 * What is run in the page, as text: this program knows no document. When the first persona is there is noted in the
 * page itself, since the way to the driver would count too.
 */
const NOTE_FILLED = `
  new MutationObserver((_, observer) => {
    if (document.querySelector("tbody .persona") === null) return;
    globalThis.filledAtMs = performance.now();
    observer.disconnect();
  }).observe(document, { subtree: true, childList: true });`;
const SEEN = `({
  bytes: performance.getEntriesByType("navigation")[0].decodedBodySize,
  paintedMs: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  filledMs: globalThis.filledAtMs,
})`;
const NOTE_LONG_TASKS = `
  globalThis.tasks = [];
  new PerformanceObserver((list) => {
    tasks.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask" });`;

export async function measurePage(): Promise<readonly BenchRow[]> {
  if (CHROMIUM === undefined) {
    console.log(NO_CHROMIUM);
    return [];
  }
  const home = makeFolder();
  const hub = await startHub(home);
  const personas = Array.from({ length: PERSONAS }, (_, at) => `p${at}`);
  const daemons = personas.map((persona) => startDaemon({ home, persona, hubUrl: hub.url }));
  await Promise.all(personas.map((persona) => connectedAtMs(home, persona)));
  const dashboard = await startDashboard(home, hub.url);
  const endLoad = startLoad(hub, personas);
  const browser = await openBrowser();
  try {
    const page = await openPage(browser, dashboard.link);
    return [...(await openingRows(page, dashboard.url)), ...(await minuteRows(browser, page, dashboard))];
  } finally {
    endLoad();
    await browser.close();
    await dashboard.stop();
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    await hub.stop();
  }
}

interface Dashboard extends Program {
  readonly url: string;
  readonly link: string;
}

async function startDashboard(home: string, hubUrl: string): Promise<Dashboard> {
  const program = startProgram({
    command: EXECUTABLE,
    args: ["dashboard", "--listen", "127.0.0.1:0", "--hub", hubUrl, "--json"],
    env: { PRISM_HOME: home },
  });
  const line = await new Promise<string>((resolve) => program.onLine(resolve));
  return { ...program, ...(JSON.parse(line) as { url: string; link: string }) };
}

/** Signals to everybody in turn, each drained a while later. */
function startLoad(hub: Hub, personas: readonly string[]): () => void {
  const ask = (verb: string, body: unknown) =>
    fetch(`${hub.url}/v1/${verb}`, {
      method: "POST",
      headers: { authorization: `Bearer ${hub.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    }).then(
      (response) => response.arrayBuffer(),
      () => null,
    );
  let next = 0;
  const timer = setInterval(() => {
    const persona = personas[next++ % personas.length];
    void ask("signal", { to: `${persona}@bench`, from: "load@bench", text: "look at this" });
    setTimeout(() => void ask("drain", { persona, project: "bench" }), DRAINED_AFTER_MS);
  }, 1000 / SIGNALS_EVERY_SECOND);
  return () => clearInterval(timer);
}

async function openPage(browser: Browser, link: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(link);
  await page.locator("tbody").first().waitFor();
  return page;
}

async function openingRows(page: Page, url: string): Promise<readonly BenchRow[]> {
  const painted: number[] = [];
  const filled: number[] = [];
  let bytes = 0;
  for (let opening = 0; opening < OPENINGS; opening++) {
    await page.goto("about:blank");
    await page.addInitScript(NOTE_FILLED);
    await page.goto(url);
    await page.locator("tbody").first().waitFor();
    const seen = (await page.evaluate(SEEN)) as { bytes: number; paintedMs: number; filledMs: number };
    painted.push(seen.paintedMs);
    filled.push(seen.filledMs);
    ({ bytes } = seen);
  }
  return [
    { what: "page, whole, as sent", unit: "bytes", value: bytes, note: "one file, nothing compressed" },
    {
      what: "page, first contentful paint",
      unit: "ms",
      value: median(painted),
      note: `of ${OPENINGS} openings`,
    },
    {
      what: `page, ${PERSONAS} personas shown`,
      unit: "ms",
      value: median(filled),
      note: "since the navigation began",
    },
  ];
}

interface ProcessInfo {
  readonly type: string;
  readonly id: number;
  /** Seconds. */
  readonly cpuTime: number;
}

async function minuteRows(browser: Browser, page: Page, dashboard: Dashboard): Promise<readonly BenchRow[]> {
  const debug = await browser.newBrowserCDPSession();
  const tabSeconds = async (): Promise<number> => {
    const { processInfo } = (await debug.send("SystemInfo.getProcessInfo")) as { processInfo: ProcessInfo[] };
    return processInfo
      .filter(({ type }) => type === "renderer")
      .reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  await page.evaluate(NOTE_LONG_TASKS);
  const before = { tab: await tabSeconds(), server: cpuTimeNs(dashboard.pid) };
  const seconds = await secondsOf(page);
  const tabPercent = ((await tabSeconds()) - before.tab) / (MINUTE_MS / 1000) / 0.01;
  const serverPercent = (cpuTimeNs(dashboard.pid) - before.server) / (MINUTE_MS * 1e6) / 0.01;
  const tasks = (await page.evaluate("tasks")) as number[];
  const load = `${SIGNALS_EVERY_SECOND} signals a second, a minute; load average ${loadAverage()}`;
  return [
    { what: "page, its tab's process", unit: "% of a processor", value: tabPercent, note: load },
    { what: "page, its server's process", unit: "% of a processor", value: serverPercent, note: load },
    {
      what: "page, its main thread in one second",
      unit: "ms of a processor",
      value: median(seconds),
      note: `the most in any of them ${Math.max(...seconds).toFixed(0)} ms; all of scripts, layout and drawing`,
    },
    {
      what: "page, tasks longer than 50 ms in a minute",
      unit: "tasks",
      value: tasks.length,
      note: `by the browser's clock, so waiting for a processor counts; the longest ${Math.max(0, ...tasks).toFixed(0)} ms`,
    },
  ];
}

/** What the page's main thread used in each second of a minute. */
async function secondsOf(page: Page): Promise<number[]> {
  const usedMs = await threadTimeMeter(page);
  const used = [await usedMs()];
  for (let second = 0; second < MINUTE_MS / 1000; second++) {
    await new Promise((wake) => setTimeout(wake, 1000));
    used.push(await usedMs());
  }
  return used.slice(1).map((ms, second) => ms - (used[second] ?? 0));
}

function loadAverage(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ", 1)[0] ?? "";
}
