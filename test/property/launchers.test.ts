import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { launchdPlist, plistStanding } from "../../src/launchers/launchd/plist.ts";
import { ownerIn, ownerLine } from "../../src/launchers/owner.ts";
import { checkedSpec, type LauncherSpec } from "../../src/launchers/spec.ts";
import { systemdUnit, unitStanding } from "../../src/launchers/systemd/unit.ts";
import { taskXml, windowsWord } from "../../src/launchers/task-scheduler/task-xml.ts";
import { daemonSpec, hostileSpec, hostileWord } from "../support/service-spec.ts";
import { isToolHere, runTool } from "../support/system-tool.ts";
import { tempDir } from "../support/temp-dir.ts";

const facts = { version: 257, notify: { by: "program" } } as const;
const user = { userId: "DESK\\ann" };

describe("hostile names and paths", () => {
  it("systemd reads each word back as it was", () => {
    fc.assert(
      fc.property(hostileSpec, (spec) => {
        const unit = unitOf(systemdUnit(spec, facts));
        const [exec = ""] = unit.get("ExecStart") ?? [];
        expect(exec[0]).toBe(":");
        expect(systemdWords(exec.slice(1))).toEqual(spec.program);
        const variables = (unit.get("Environment") ?? []).flatMap(systemdWords);
        expect(variables).toEqual(Object.entries(spec.env).map(([name, value]) => `${name}=${value}`));
        expect(unit.get("Description")?.map(unspecified)).toEqual([spec.about.trimEnd()]);
        expect(unit.get("Type")).toEqual(["notify"]);
      }),
    );
  });

  it("Windows' C runtime reads each word back as it was", () => {
    fc.assert(
      fc.property(fc.array(hostileWord, { minLength: 1 }), (words) => {
        expect(windowsWords(words.map(windowsWord).join(" "))).toEqual(words);
      }),
    );
  });

  it("whose it is stands in every file, and nowhere else", () => {
    fc.assert(
      fc.property(hostileSpec, (spec) => {
        expect(ownerIn(`# ${ownerLine(spec.owner)}\n`)).toEqual(spec.owner);
        expect(ownerLine(spec.owner)).not.toContain("--");
        expect(ownerIn(systemdUnit(spec, facts))).toEqual(spec.owner);
        expect(ownerIn(launchdPlist(spec, "Aqua"))).toEqual(spec.owner);
        expect(ownerIn(taskXml(spec, user, ["C:\\prism.exe"]))).toEqual(spec.owner);
      }),
    );
  });

  it("what is run is read back out of every file as it was written", () => {
    fc.assert(
      fc.property(hostileSpec, (spec) => {
        const { program, env } = spec;
        expect(unitStanding(systemdUnit(spec, facts))).toEqual({ program, env });
        expect(plistStanding(launchdPlist(spec, "Aqua"))).toEqual({ program, env });
      }),
    );
    // What ends a line for a pattern, and for no service manager.
    const spec = { ...daemonSpec, program: ["/bin/prism", "a\u2028b\\\u2029"] as const };
    expect(unitStanding(systemdUnit(spec, facts))?.program).toEqual(spec.program);
    expect(unitStanding("[Service]\nExecStart=/bin/prism hub\n")).toBeUndefined();
    expect(plistStanding("<plist/>")).toBeUndefined();
  });

  it("control characters and half characters stand in no file", () => {
    const bad = fc.constantFrom("\n", "\r\n", "\u0000", "\u001b", "\u007f", "\u0085", "\ud800", "\uffff");
    fc.assert(
      fc.property(hostileWord, bad, hostileWord, (before, char, after) => {
        const word = before + char + after;
        expect(() => checkedSpec({ ...daemonSpec, program: ["/bin/prism", word] })).toThrow(
          /no service's file/,
        );
        expect(() => checkedSpec({ ...daemonSpec, env: { PATH: word } })).toThrow(/no service's file/);
      }),
    );
  });
});

const python = isToolHere(["python3", "-c", "import plistlib"]);

/** One process for all: a start of Python takes longer than the rest of the test. */
it.skipIf(!python)("Python's plistlib reads each property list back as it was", () => {
  const specs = fc.sample(hostileSpec, 200);
  const script =
    "import sys,json,plistlib\nprint(json.dumps([plistlib.loads(t.encode()) for t in json.load(sys.stdin)]))";
  const input = JSON.stringify(specs.map((spec) => launchdPlist(spec, "Background")));
  const ran = spawnSync("python3", ["-c", script], { input, encoding: "utf8" });
  expect(ran.stderr).toBe("");
  const lists = JSON.parse(ran.stdout) as { readonly [key: string]: unknown }[];
  expect(lists).toHaveLength(specs.length);
  for (const [at, list] of lists.entries())
    expect(list).toMatchObject(expectedList(specs[at] as LauncherSpec));
});

function expectedList(spec: LauncherSpec) {
  return {
    Label: spec.name,
    ProgramArguments: spec.program,
    EnvironmentVariables: { ...spec.env, PRISM_LAUNCHER: "launchd" },
    StandardErrorPath: spec.logPath,
    KeepAlive: { SuccessfulExit: false },
    RunAtLoad: true,
  };
}

const xmllint = isToolHere(["xmllint", "--version"]);

it.skipIf(!xmllint)("each task keeps to the schema of Windows' Task Scheduler", () => {
  const dir = tempDir();
  const paths = fc.sample(hostileSpec, 50).map((spec, at) => {
    const path = join(dir, `${at}.xml`);
    // The keeper's own words are what can be hostile in a task; the rest stands in a file beside it.
    const keeper = spec.program.map((word) => word.replaceAll("%", "").replaceAll("$(", ""));
    const text = taskXml(spec, user, keeper);
    writeFileSync(path, Buffer.from(`\ufeff${text}`, "utf16le"));
    return path;
  });
  const schema = join(import.meta.dirname, "../support/task-scheduler.xsd");
  const ran = runTool(["xmllint", "--noout", "--schema", schema, ...paths]);
  expect(ran.said.split("\n").filter((line) => line !== "" && !line.endsWith(" validates"))).toEqual([]);
  expect(ran.status).toBe(0);
});

it.skipIf(!xmllint)("the schema does find a task that is wrong", () => {
  const path = join(tempDir(), "wrong.xml");
  const text = taskXml(daemonSpec, user, ["C:\\prism.exe"]).replace("<Count>255<", "<Count>999<");
  writeFileSync(path, Buffer.from(`\ufeff${text}`, "utf16le"));
  const schema = join(import.meta.dirname, "../support/task-scheduler.xsd");
  expect(runTool(["xmllint", "--noout", "--schema", schema, path]).said).toContain("fails to validate");
});

it("what the Task Scheduler would replace is refused", () => {
  for (const word of ["C:\\%TEMP%\\prism.exe", "C:\\$(Arg0)\\prism.exe"]) {
    expect(() => taskXml(daemonSpec, user, [word])).toThrow(/Task Scheduler replaces|can't stand in a task/);
  }
});

function unitOf(text: string): Map<string, string[]> {
  const entries = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at < 1 || line.startsWith("#")) continue;
    const key = line.slice(0, at);
    entries.set(key, [...(entries.get(key) ?? []), line.slice(at + 1).trim()]);
  }
  return entries;
}

/** As `extract_first_word` of systemd splits a line (quotes and C escapes), and its specifiers after that. */
function systemdWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string;
    if (char === "\\") {
      const next = line[++at] ?? "";
      if (!'\\"'.includes(next)) throw new Error(`an escape that systemd may not know: \\${next}`);
      word = (word ?? "") + next;
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/[ \t]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw new Error("a quote is not closed");
  if (word !== undefined) words.push(word);
  return words.map(unspecified);
}

function unspecified(text: string): string {
  return text.replace(/%(.?)/gu, (_, next: string) => {
    if (next === "%") return "%";
    throw new Error(`a specifier: %${next}`);
  });
}

/** As `CommandLineToArgvW` splits what follows the program. */
function windowsWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < line.length; ) {
    const slashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
    at += slashes;
    if (line[at] === '"') {
      word = (word ?? "") + "\\".repeat(slashes >> 1);
      if (slashes % 2 === 1) word += '"';
      else isQuoted = !isQuoted;
      at++;
      continue;
    }
    if (slashes > 0) word = (word ?? "") + "\\".repeat(slashes);
    const char = line[at];
    if (char === undefined) break;
    at++;
    if ((char === " " || char === "\t") && !isQuoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
