import { expect, it } from "vitest";
import { openLog } from "../../../src/cli/lasting.ts";
import type { Runtime } from "../../../src/cli/runtime.ts";

const FLAGS = { logSink: "stderr", logForm: "json", logLevel: "info" } as const;

/** A standard error that takes lines, and has them read when the test says so. */
function slowReader() {
  const lines: string[] = [];
  const unread: (() => void)[] = [];
  const err = {
    isTerminal: false,
    write(text: string, written?: (error?: Error | null) => void) {
      lines.push(text);
      unread.push(() => written?.());
    },
  };
  const runtime = { err, now: () => 0, env: {}, atEnd() {} } as unknown as Runtime;
  return {
    lines,
    runtime,
    readAll() {
      for (const read of unread.splice(0)) read();
    },
  };
}

it("a log that nobody reads does not grow, and says afterwards how many lines it lost", async () => {
  const { lines, runtime, readAll } = slowReader();
  const log = await openLog("daemon", FLAGS, runtime);
  for (let line = 0; line < 10_000; line++) log("info", "hostWoke", { gapMs: line });
  const kept = lines.length;
  expect(lines.join("").length).toBeLessThanOrEqual(256 * 1024);
  expect(kept).toBeGreaterThan(1000);
  readAll();
  expect(lines.slice(kept).map((line) => JSON.parse(line))).toMatchObject([
    { level: "warn", event: "logLinesDropped", lines: 10_000 - kept },
  ]);
  readAll();
  log("info", "hubClosed", {});
  expect(lines).toHaveLength(kept + 2);
});
