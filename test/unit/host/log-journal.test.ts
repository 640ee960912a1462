import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, fstatSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonLine, type LogEntry } from "../../../src/host/log.ts";
import { entryText, leadsToJournal, openJournalSink } from "../../../src/host/log-journal.ts";
import { entry } from "../../support/log-entries.ts";
import { isToolHere } from "../../support/system-tool.ts";
import { tempDir } from "../../support/temp-dir.ts";

const host = join(import.meta.dirname, "../../support/journal-host.py");
const source = join(import.meta.dirname, "../../../src/host/log-journal.ts");
const FAILED: Partial<LogEntry> = {
  level: "warn",
  event: "doorbellFailed",
  fields: { code: "surface_failed", error_class: "surface", reason: "it is\nlocked" },
};

/** A journal that is reached by a program of the test's own, `logger`. */
function stage(script: string, facts: { readonly lines?: boolean; readonly stepMs?: number } = {}) {
  const folder = tempDir();
  const logger = join(folder, "logger");
  writeFileSync(logger, `#!/bin/sh\n${script}\n`);
  chmodSync(logger, 0o755);
  const seen = { lines: "", otherwise: [] as LogEntry[], failed: [] as unknown[] };
  let nowMs = 0;
  const sink = openJournalSink({
    env: { PATH: `${folder}:${process.env["PATH"]}` },
    pid: process.pid,
    socketPath: logger,
    closeMsMax: 60_000,
    nowMs() {
      nowMs += facts.stepMs ?? 0;
      return nowMs;
    },
    lines:
      facts.lines === false
        ? undefined
        : (text) => {
            seen.lines += text;
          },
    otherwise: (each) => seen.otherwise.push(each),
    failed: (reason, instead) => seen.failed.push([reason, instead]),
  });
  if (sink === undefined) throw new Error("no way");
  return { sink, seen, told: () => readFileSync(join(folder, "told"), "utf8"), folder };
}

it("says who, what and how bad in fields of its own, one a line", () => {
  const failed = entry(0, FAILED);
  expect(entryText(failed)).toBe(
    `${[
      'MESSAGE=doorbellFailed code=surface_failed error_class=surface reason="it is\\u000alocked"',
      ...["PRIORITY=4", "SYSLOG_IDENTIFIER=prism", "PRISM_COMPONENT=daemon", "PRISM_EVENT=doorbellFailed"],
      ...["PRISM_TENANT=local", "PRISM_PERSONA=reviewer", "PRISM_PROJECT=shop"],
      ...["PRISM_CODE=surface_failed", "PRISM_ERROR_CLASS=surface", `PRISM_LINE=${jsonLine(failed)}`],
    ].join("\n")}\n`,
  );
});

describe.skipIf(!isToolHere(["python3", "--version"]))("where systemd has handed the socket over", () => {
  it("each line is a datagram, and none is lost at the end", () => {
    const out = join(tempDir(), "journal");
    const script = `
      import { openJournalSink } from ${JSON.stringify(source)};
      const sink = openJournalSink({ env: process.env, pid: process.pid, nowMs: Date.now, lines: undefined, closeMsMax: 60_000,
        otherwise() {}, failed: (reason) => console.error(reason) });
      const entry = ${JSON.stringify(entry(0))};
      for (let ring = 0; ring < 200; ring++) sink.write({ ...entry, fields: { ring } });
      await sink.close();
      process.exit(0);
    `;
    execFileSync("python3", [host, out, process.execPath, "--input-type=module", "-e", script]);
    const heard = readFileSync(out, "utf8").trim().split("\n");
    expect(heard.map((line) => JSON.parse(JSON.parse(line).PRISM_LINE).ring)).toEqual(
      Array.from({ length: 200 }, (_, ring) => ring),
    );
    expect(JSON.parse(heard[0] ?? "")).toMatchObject({ PRISM_PERSONA: "reviewer", PRIORITY: "6" });
  });
});

describe.skipIf(process.platform === "win32")("where there is only logger", () => {
  it("each line is a process that is told it", async () => {
    const { sink, seen, told, folder } = stage('[ "$1" = --journald ] && cat >>"$(dirname "$0")/told"', {
      lines: false,
    });
    sink.write(entry(0));
    sink.write(entry(1, FAILED));
    expect(existsSync(join(folder, "told"))).toBe(false);
    await sink.close();
    expect(told()).toBe(entryText(entry(0)) + entryText(entry(1, FAILED)));
    expect(seen.lines).toBe("");
  });

  it("one that fails is asked no more: lines go to standard error, with their priority", async () => {
    const { sink, seen } = stage("echo unrecognized option >&2; exit 1");
    for (const each of [entry(0), entry(1, FAILED)]) sink.write(each);
    while (seen.failed.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await sink.close();
    expect(seen.failed).toEqual([["logger --journald: unrecognized option", "lines"]]);
    expect(seen.lines).toBe(`<6>${jsonLine(entry(0))}\n<4>${jsonLine(entry(1, FAILED))}\n`);
  });

  it("and where there is no such way either, to whoever takes what nobody takes", async () => {
    const { sink, seen } = stage("exit 3", { lines: false });
    for (const each of [entry(0), entry(1)]) sink.write(each);
    await sink.close();
    expect(seen.failed).toEqual([["logger --journald: status 3", null]]);
    expect(seen.otherwise).toEqual([entry(0), entry(1)]);
  });

  it("a storm starts few processes: what is more goes as plain lines, and so does what waits at the end", async () => {
    const { sink, seen, told } = stage('echo x >>"$(dirname "$0")/told"', { stepMs: 10 });
    for (let line = 0; line < 60; line++) sink.write(entry(line));
    while (seen.lines === "") await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told().length).toBe(2 * 30);
    await sink.close();
    expect(seen.lines.split("\n")).toHaveLength(30 + 1);
    sink.write(entry(60));
    await sink.close();
    expect(seen.lines.split("\n")).toHaveLength(31 + 1);
  });

  it("one that hangs holds up nobody, and what is too much is refused", () => {
    const { sink } = stage("exec sleep 5");
    const taken = Array.from({ length: 400 }, (_, line) => sink.write(entry(line)));
    expect(taken.filter(Boolean)).toHaveLength(256);
  });
});

it("there is no journal without a way to it", () => {
  const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: "1", LISTEN_FDNAMES: "other" };
  const world = { env, pid: process.pid, socketPath: "/nowhere", nowMs: () => 0, lines: undefined };
  expect(openJournalSink({ ...world, otherwise() {}, failed() {} })).toBe(undefined);
});

it("knows by the file whether a descriptor leads to the journal", () => {
  const file = openSync(join(tempDir(), "stream"), "w");
  const { dev, ino } = fstatSync(file, { bigint: true });
  expect(leadsToJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, file)).toBe(true);
  // A shell in a service redirects: the variable is inherited, the stream is not.
  expect(leadsToJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, 0)).toBe(false);
  expect(leadsToJournal({}, file)).toBe(false);
});
