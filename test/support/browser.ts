/**
 * A real browser for the page: Debian's Chromium, driven without a window. Where there is none, tests say so and are
 * skipped. Nothing is downloaded.
 */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

const PLACES = [
  process.env["PRISM_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export const CHROMIUM = PLACES.find((path) => path !== undefined && existsSync(path));
export const NO_CHROMIUM =
  "no Chromium on this machine: the page is not tried in a browser (apt-get install chromium)";

/** @throws Error if there is none; ask `CHROMIUM` before */
export function openBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error(NO_CHROMIUM);
  // Tests run as root in a container, where its sandbox has nothing to stand on.
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

export interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly targets: readonly string[];
}

/** What the accessibility checker finds serious or critical, as the page is at this moment. */
export async function seriousViolations(page: Page): Promise<readonly Violation[]> {
  // Through the debugger: the page's own policy runs no script but its own.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string | null; nodes: { target: unknown[] }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, impact, nodes }) => ({
        id,
        impact,
        targets: nodes.slice(0, 5).map(({ target }) => target.join(" ")),
      }));
  });
}

/** Processor time that the page's main thread has used, in milliseconds: what others do on this machine is not in it. */
export async function threadTimeMeter(page: Page): Promise<() => Promise<number>> {
  const debug = await page.context().newCDPSession(page);
  await debug.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await debug.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
  };
}
