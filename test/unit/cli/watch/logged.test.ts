import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { happeningOf, loggedHappenings } from "../../../../src/cli/watch/logged.ts";
import { jsonLine, type LogEntry } from "../../../../src/host/log.ts";
import { fakeRuntime } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const owner = { tenant: "local", persona: "reviewer", project: "shop" };

function entry(event: string, fields: LogEntry["fields"], atMs = 1000): LogEntry {
  return { atMs, level: "info", component: "daemon", owner, event, fields };
}

describe("what the log has of the time before", () => {
  it.each([
    ["lifecycleChanged", { from: "reconciling", to: "connected", on: "x" }, "state", "connected"],
    ["doorbellRung", { ring: 1, way: "inbox" }, "rung", "inbox"],
    [
      "doorbellFailed",
      { code: "surface_failed", reason: "nobody there", hint: null },
      "ringFailed",
      "nobody there",
    ],
    ["agentCame", { client: "codex", session: "s" }, "agent", "came: codex"],
    ["daemonStarted", { surface: "exec", version: "1" }, "up", ""],
    ["daemonEnded", { state: "stopped", reason: "told to" }, "down", "told to"],
  ])("%s is told as it would have been then", (event, fields, name, detail) => {
    const key = "local/reviewer@shop";
    expect(happeningOf(entry(event, fields))).toEqual({ atMs: 1000, key, name, detail, count: null });
  });

  it("tells nothing of what is none", () => {
    expect(happeningOf(entry("lifecycleChanged", { from: "connected", to: "ended", on: "x" }))).toBeNull();
    expect(happeningOf(entry("hookRan", {}))).toBeNull();
    expect(happeningOf({ ...entry("doorbellRung", {}), owner: undefined })).toBeNull();
  });

  it("is read from the files of this host, in order, of whom it is wanted", async () => {
    const runtime = fakeRuntime({ env: { PRISM_HOME: tempDir() } });
    const atMs = runtime.now();
    mkdirSync(runtime.home.logDir, { recursive: true, mode: 0o700 });
    const lines = [
      entry("doorbellRung", { ring: 1, way: "inbox" }, atMs - 2000),
      entry("daemonEnded", {}, atMs - 1000),
    ];
    const path = join(runtime.home.logDir, "daemon-local-reviewer@shop.log");
    writeFileSync(path, lines.map((line) => `${jsonLine(line)}\n`).join(""), { mode: 0o600 });
    const of = async (persona: string) => {
      const wish = { whom: { persona, project: undefined }, sinceMs: atMs - 5000, sink: "file" } as const;
      return (await loggedHappenings(runtime, wish)).map(({ name }) => name);
    };
    expect(await of("reviewer")).toEqual(["rung", "down"]);
    expect(await of("planner")).toEqual([]);
  });
});
