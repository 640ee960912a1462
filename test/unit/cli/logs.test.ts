import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFileSource } from "../../../src/cli/logs/files.ts";
import { openJournalSource, recordOf } from "../../../src/cli/logs/journal.ts";
import { entryOf } from "../../../src/cli/logs/line.ts";
import { eventsIn, openSystemSource } from "../../../src/cli/logs/system.ts";
import { homeAt } from "../../../src/host/home.ts";
import { jsonLine, type LogEntry } from "../../../src/host/log.ts";
import { logFileOf, openLogFile } from "../../../src/host/log-file.ts";
import { entryText } from "../../../src/host/log-journal.ts";
import { SYSTEM_MARK } from "../../../src/host/log-system.ts";
import { typed } from "../../support/fake-runtime.ts";
import { entry, REVIEWER } from "../../support/log-entries.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** What the stand-in of a clock says. */
const NOW_MS = 1_795_000_000_000;
const BUILDER = { ...REVIEWER, persona: "builder" };
const ALL = { passes: () => true, sinceMs: null, linesMax: 1000 };

function homeWith(entries: readonly LogEntry[]): string {
  const folder = tempDir();
  const home = homeAt(folder);
  for (const each of entries) openLogFile(logFileOf(home, each.component, each.owner)).write(jsonLine(each));
  return folder;
}

const told = [
  entry(NOW_MS - 7_200_000, {
    component: "hub",
    owner: undefined,
    event: "hubOpened",
    fields: { url: "u", dataDir: "d" },
  }),
  entry(NOW_MS - 60_000, { event: "daemonStarted", fields: { surface: "exec", version: "1" } }),
  entry(NOW_MS - 50_000, {
    owner: BUILDER,
    level: "warn",
    event: "hubLost",
    fields: { code: "hub_timeout", error_class: "connection" },
  }),
  entry(NOW_MS - 40_000),
];

async function logs(words: readonly string[], home = homeWith(told)) {
  const { status, out, err } = await typed(["logs", "--log-sink", "file", ...words], {
    env: { PRISM_HOME: home },
  });
  const lines = out.split("\n").filter(Boolean);
  return { status, err, out, events: lines.map((line) => (entryOf(line) as LogEntry | null)?.event ?? line) };
}

describe("prism logs", () => {
  it("shows everybody's lines in the order of time, for a person", async () => {
    const { out, status } = await logs([]);
    expect(status).toBe(0);
    const shown = out.split("\n").map((line) => line.replace(/^(\d\d-\d\d )?[\d:.]{12} /, "").trimEnd());
    expect(shown.slice(0, 4)).toEqual([
      "info  hub              hubOpened          url=u dataDir=d",
      "info  reviewer@shop    daemonStarted      surface=exec version=1",
      "warn  builder@shop     hubLost            code=hub_timeout error_class=connection",
      "info  reviewer@shop    doorbellRung       ring=1 way=command",
    ]);
  });

  it.each([
    [["reviewer"], ["daemonStarted", "doorbellRung"]],
    [["builder@shop"], ["hubLost"]],
    [
      ["--project", "shop", "--lines", "2"],
      ["hubLost", "doorbellRung"],
    ],
    [["--hub"], ["hubOpened"]],
    [["--level", "warn"], ["hubLost"]],
    [
      ["--event", "hubLost,hubOpened"],
      ["hubOpened", "hubLost"],
    ],
    [
      ["--since", "55s"],
      ["hubLost", "doorbellRung"],
    ],
    [["--since", new Date(NOW_MS - 45_000).toISOString()], ["doorbellRung"]],
    [["--lines", "1"], ["doorbellRung"]],
    [["--lines", "0"], []],
  ])("%j is told %j", async (words, events) => {
    expect((await logs([...words, "--json"])).events).toEqual(events);
  });

  it("prints lines for a program as they were logged", async () => {
    expect((await logs(["--json"])).out).toBe(told.map((each) => `${jsonLine(each)}\n`).join(""));
  });

  it.each([
    [["revewer"], "no persona", "reviewer@shop"],
    [["reviewer", "--project", "shopp"], 'in project "shopp"', "reviewer@shop"],
    [["--event", "hubLots"], "no event of the log", '"hubLost"'],
    [["--since", "yesterday"], "is no time", "10m"],
    [["reviewer", "--hub"], "contradict", "one of them"],
  ])("%j is refused, with what was meant", async (words, message, hint) => {
    const home = homeWith(told);
    mkdirSync(join(home, "state", "local", "reviewer@shop"), { recursive: true });
    const { err, status } = await logs(words, home);
    expect(err).toContain(message);
    expect(err.split("hint:")[1]).toContain(hint);
    expect(status).not.toBe(0);
  });

  it("says so where there is nothing", async () => {
    expect(await logs([], tempDir())).toMatchObject({
      status: 0,
      out: "",
      err: expect.stringContaining("nothing"),
    });
  });
});

describe("a line", () => {
  it("comes back as it was written, whatever it holds", () => {
    const hostile = fc.constantFrom(
      "a",
      " ",
      "\n",
      "\r",
      "\\",
      '"',
      "{",
      "=",
      "\0",
      "\u001b",
      "\u2028",
      "\u202e",
      "é",
      "😀",
    );
    const plain = fc.oneof(fc.string({ unit: hostile }), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 6 }), (values) => {
        const whole = Object.fromEntries(
          values.map((value, at) => [`x${at}`, typeof value === "string" ? value.toWellFormed() : value]),
        );
        const written = entry(NOW_MS, { fields: whole });
        expect(entryOf(jsonLine(written))).toEqual(written);
      }),
    );
  });

  it.each(["", "{", "null", "[]", '"x"', "{}", '{"time":"x"}', "Segmentation fault"])(
    "%j is none",
    (text) => {
      expect(entryOf(text)).toBe(null);
    },
  );
});

describe("files", () => {
  it("are read back over generations and blocks, no further than need be", async () => {
    const folder = tempDir();
    const home = homeAt(folder);
    const file = openLogFile(logFileOf(home, "daemon", REVIEWER), { bytesMax: 100_000, generationsMax: 9 });
    for (let ring = 0; ring < 3000; ring++) file.write(jsonLine(entry(NOW_MS + ring, { fields: { ring } })));
    const source = openFileSource(home);
    const rings = (await source.back(ALL)).map(({ fields }) => fields["ring"]);
    expect(rings).toEqual(Array.from({ length: 1000 }, (_, at) => 2999 - at));
    const since = await source.back({ ...ALL, sinceMs: NOW_MS + 2990 });
    expect(since).toHaveLength(10);
  });

  it("are followed through a rotation, from where they were read back, and no torn line is shown", async () => {
    const folder = homeWith(told);
    const home = homeAt(folder);
    const path = logFileOf(home, "daemon", REVIEWER);
    const source = openFileSource(home, 5);
    expect(await source.back(ALL)).toHaveLength(4);
    const heard: unknown[] = [];
    const stop = new AbortController();
    let enough = (): void => {};
    const following = source.follow((each) => {
      heard.push(each.fields["ring"]);
      enough();
    }, stop.signal);
    const hears = (count: number): Promise<void> =>
      new Promise((resolve) => {
        enough = () => {
          if (heard.length >= count) resolve();
        };
        enough();
      });
    const line = (ring: number): string => jsonLine(entry(NOW_MS + ring, { fields: { ring } }));
    const torn = line(2).slice(0, 30);
    writeFileSync(path, `${line(1)}\n${torn}`, { flag: "a" });
    await hears(1);
    // Whoever has it open goes on writing to what was moved aside.
    renameSync(path, `${path}.20261121T091524007Z-1`);
    writeFileSync(`${path}.20261121T091524007Z-1`, `${line(2).slice(30)}\n`, { flag: "a" });
    await hears(2);
    openLogFile(path).write(line(3));
    await hears(3);
    stop.abort();
    await following;
    expect(heard).toEqual([1, 2, 3]);
  });
});

describe.skipIf(process.platform === "win32")("the journal", () => {
  const record = (cursor: string, each: LogEntry): string => {
    const fields = entryText(each)
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/=(.*)/s).slice(0, 2));
    return JSON.stringify({ __CURSOR: cursor, ...Object.fromEntries(fields) });
  };

  it("is asked newest first, and followed from there", async () => {
    const folder = tempDir();
    const journalctl = join(folder, "journalctl");
    const back = [record("c9", entry(NOW_MS)), record("c8", entry(NOW_MS - 1000))].join("\n");
    const on = record("c10", entry(NOW_MS + 1000));
    writeFileSync(
      journalctl,
      `#!/bin/sh\necho "$@" >>${folder}/asked\ncase "$*" in *--follow*) echo '${on}'; exec sleep 5;; *) echo '${back}';; esac\n`,
    );
    chmodSync(journalctl, 0o755);
    const env = { PATH: `${folder}:${process.env["PATH"]}` };
    const source = openJournalSource({ env, uid: 7, nowMs: () => NOW_MS });
    expect(await source.back({ ...ALL, sinceMs: 5000 })).toEqual([entry(NOW_MS), entry(NOW_MS - 1000)]);
    const stop = new AbortController();
    const first = await new Promise((resolve) => {
      void source.follow(resolve, stop.signal);
    });
    stop.abort();
    expect(first).toEqual(entry(NOW_MS + 1000));
    const common = "--quiet --no-pager --all --output=json";
    const own = "SYSLOG_IDENTIFIER=prism _UID=7";
    expect(readFileSync(join(folder, "asked"), "utf8").trim().split("\n")).toEqual([
      `${common} --reverse --since=@5 ${own}`,
      `${common} --follow --no-tail --after-cursor=c9 ${own}`,
    ]);
  });

  it("a plain line of a unit is shown as it is, one with a priority before it as what it was", () => {
    const said = {
      __CURSOR: "c",
      __REALTIME_TIMESTAMP: "1795000000000123",
      _SYSTEMD_USER_UNIT: "prism-hub.service",
    };
    expect(recordOf(JSON.stringify({ ...said, MESSAGE: "out of memory", PRIORITY: "3" }))?.entry).toEqual({
      ...{ atMs: NOW_MS, level: "error", component: "prism-hub", owner: undefined, event: "" },
      fields: { said: "out of memory" },
    });
    expect(recordOf(JSON.stringify({ ...said, MESSAGE: jsonLine(entry(5)) }))?.entry).toEqual(entry(5));
    expect(recordOf(JSON.stringify({ ...said, MESSAGE: [1, 2] }))?.entry).toBe(null);
    expect(recordOf("-- No entries --")).toBe(null);
  });

  it("that can't be asked has nothing", async () => {
    const source = openJournalSource({ env: { PATH: "/nowhere" }, uid: 7, nowMs: () => NOW_MS });
    expect(await source.back(ALL)).toEqual([]);
    await source.follow(() => {}, new AbortController().signal);
  });
});

describe("the system's log", () => {
  it("of Windows: lines out of events, several in one", () => {
    const text = [entry(1), entry(2, { fields: { reason: "<\"&'>" } })].map(
      (each) => SYSTEM_MARK + jsonLine(each),
    );
    const escaped = text
      .join("&#xD;&#xA;")
      .replace(/&(?!#)/g, "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll('"', "&quot;");
    const xml = `<Event><System><EventRecordID>41</EventRecordID></System><EventData><Data>${escaped}</Data></EventData></Event>\n<Event><System><EventRecordID>9</EventRecordID></System><EventData><Data>another's</Data></EventData></Event>`;
    expect(eventsIn(xml)).toEqual({
      lastId: 41,
      entries: [entry(1), entry(2, { fields: { reason: "<\"&'>" } })],
    });
    expect(eventsIn("")).toEqual({ lastId: 0, entries: [] });
  });

  it("there is none on Linux but the journal", () => {
    expect(openSystemSource("linux", { env: {}, nowMs: () => 0 })).toBe(undefined);
  });
});
