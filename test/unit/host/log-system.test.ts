import { expect, it } from "vitest";
import { markedIn } from "../../../src/cli/logs/system.ts";
import { jsonLine, type LogEntry } from "../../../src/host/log.ts";
import type { ProgramRun } from "../../../src/host/log-program.ts";
import { openSystemSink, SYSTEM_MARK } from "../../../src/host/log-system.ts";
import { entry } from "../../support/log-entries.ts";

function stage(platform: NodeJS.Platform, ran: ProgramRun = { status: 0, said: "" }) {
  const seen = {
    fed: [] as { argv: readonly string[]; input: string }[],
    otherwise: [] as LogEntry[],
    failed: [] as string[],
  };
  const sink = openSystemSink({
    platform,
    env: {},
    otherwise: (each) => seen.otherwise.push(each),
    failed: (reason) => seen.failed.push(reason),
    async feed(argv, input) {
      seen.fed.push({ argv, input });
      return ran;
    },
  });
  if (sink === undefined) throw new Error("no system log");
  return { sink, seen };
}

const marked = (each: LogEntry): string => `${SYSTEM_MARK}${jsonLine(each)}\n`;

it("macOS: one logger takes all neighbours of one level", async () => {
  const { sink, seen } = stage("darwin");
  const entries = [entry(0), entry(1), entry(2, { level: "error" }), entry(3)];
  for (const each of entries) sink.write(each);
  await sink.close();
  const logger = (priority: string) => ["/usr/bin/logger", "-t", "prism", "-p", `user.${priority}`];
  expect(seen.fed).toEqual([
    { argv: logger("notice"), input: entries.slice(0, 2).map(marked).join("") },
    { argv: logger("err"), input: marked(entry(2, { level: "error" })) },
    { argv: logger("notice"), input: marked(entry(3)) },
  ]);
});

it("Windows: one event holds what came together, as bad as the worst of it, and no more than a command line holds", async () => {
  const { sink, seen } = stage("win32");
  const long = entry(2, { level: "warn", fields: { reason: "x".repeat(7000) } });
  for (const each of [entry(0), entry(1), long, long]) sink.write(each);
  await sink.close();
  const types = seen.fed.map(({ argv }) => argv[argv.indexOf("/T") + 1]);
  expect(types).toEqual(["WARNING", "WARNING"]);
  expect(seen.fed.flatMap(({ argv }) => markedIn(argv.at(-1) ?? ""))).toEqual([
    entry(0),
    entry(1),
    long,
    long,
  ]);
  for (const { argv } of seen.fed) expect(argv.join(" ").length).toBeLessThan(16_000);
});

it("a source that may not be made is told once, and its lines go elsewhere from then on", async () => {
  const { sink, seen } = stage("win32", { status: 1, said: "ERROR: Access is denied." });
  sink.write(entry(0));
  await sink.close();
  sink.write(entry(1));
  await sink.close();
  expect(seen.failed).toEqual(["ERROR: Access is denied."]);
  expect(seen.otherwise).toEqual([entry(0), entry(1)]);
  expect(seen.fed).toHaveLength(1);
});

it("elsewhere there is none", () => {
  expect(openSystemSink({ platform: "linux", env: {}, otherwise() {}, failed() {} })).toBe(undefined);
});
