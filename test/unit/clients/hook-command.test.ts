import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cmdLine,
  hookLine,
  hookWords,
  type Placing,
  posixLine,
  readHandler,
  readServer,
  shimWords,
} from "../../../src/clients/hook-command.ts";
import { HOOK_EVENTS } from "../../../src/ipc/hook.ts";
import { thrownBy } from "../../support/thrown.ts";

const placing: Placing = {
  program: ["/opt/it's/prism"],
  persona: "reviewer",
  root: "/w/my shop",
  bellFlagPath: "/home/ann/.prism/run/local/reviewer@shop.bell",
};
/** Characters that some shell or other gives a meaning. */
const word = fc
  .array(
    fc.constantFrom(
      "a",
      "/",
      " ",
      "'",
      "\\",
      "$",
      "`",
      "%",
      "&",
      "|",
      "<",
      ">",
      "^",
      "!",
      "(",
      ")",
      "*",
      "?",
      "~",
      ";",
      "ü",
      "-",
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((chars) => chars.join(""));

describe("a line for a POSIX shell", () => {
  it("gives every word as it is", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const line = posixLine(["printf", "%s\\n", ...words]);
        expect(execFileSync("/bin/sh", ["-c", line], { encoding: "utf8" })).toBe(`${words.join("\n")}\n`);
      }),
      { numRuns: 40 },
    );
  });

  it("costs nothing after a tool while nothing waits, and asks when something does", () => {
    const absent = { ...placing, program: ["/bin/echo", "ran"] as const, bellFlagPath: "/no such file" };
    const run = (of: Placing): string =>
      execFileSync("/bin/sh", ["-c", hookLine("post-tool-use", "codex", of, "linux")], { encoding: "utf8" });
    expect(run(absent)).toBe("");
    expect(run({ ...absent, bellFlagPath: "/bin/sh" })).toBe(
      "ran hook post-tool-use --client codex --persona reviewer --project /w/my shop\n",
    );
  });

  it("reads as a person would write it", () => {
    expect(hookLine("stop", "claude-code", placing, "linux")).toBe(
      "'/opt/it'\\''s/prism' hook stop --client claude-code --persona reviewer --project '/w/my shop'",
    );
    expect(hookLine("stop", "codex", { ...placing, tenant: "acme", home: "/srv/p" }, "darwin")).toBe(
      "'/opt/it'\\''s/prism' hook stop --client codex --persona reviewer --project '/w/my shop' --tenant acme --home '/srv/p'",
    );
  });
});

describe("a line for cmd.exe", () => {
  it.each([
    [["C:\\Program Files\\prism.exe", "hook"], '"C:\\Program Files\\prism.exe" hook'],
    [["C:\\a&b|c^d\\p.exe"], '"C:\\a&b|c^d\\p.exe"'],
    [["C:\\dir\\"], '"C:\\dir\\\\"'],
    [["C:\\100%\\%PATH%"], '"C:\\100"^%"\\\\"^%"PATH"^%""'],
    [["it's"], '"it\'s"'],
  ])("%j", (words, line) => {
    expect(cmdLine(words)).toBe(line);
  });

  it("arrives word by word, by the rules of cmd and of the C runtime", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        expect(readByWindows(cmdLine(words))).toEqual(words);
      }),
    );
  });

  it("refuses what can't be said there", () => {
    expect(thrownBy(() => cmdLine(['a"b']))).toMatchObject({ code: "invalid_argument" });
    expect(thrownBy(() => cmdLine(["a\nb"]))).toMatchObject({ code: "invalid_argument" });
    expect(thrownBy(() => posixLine(["a\nb"]))).toMatchObject({ code: "invalid_argument" });
  });
});

/** cmd.exe takes carets away outside of quotes; then the C runtime splits. No variable's name holds a quote. */
function readByWindows(line: string): string[] {
  let afterCmd = "";
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') isQuoted = !isQuoted;
    if (line[i] === "^" && !isQuoted) i++;
    else if (!isQuoted && /[&|<>()%!]/.test(line[i] ?? "") && line[i] !== "!")
      throw new Error(`bare ${line[i]} in ${line}`);
    afterCmd += line[i];
  }
  const words: string[] = [];
  let word: string | undefined;
  isQuoted = false;
  for (let i = 0; i < afterCmd.length; i++) {
    const slashes = /^\\*/.exec(afterCmd.slice(i))?.[0].length ?? 0;
    if (slashes > 0) {
      const isBeforeQuote = afterCmd[i + slashes] === '"';
      word = (word ?? "") + "\\".repeat(isBeforeQuote ? slashes / 2 : slashes);
      if (isBeforeQuote && slashes % 2 === 1) throw new Error("an escaped quote was not meant");
      i += slashes - 1;
    } else if (afterCmd[i] === '"') {
      isQuoted = !isQuoted;
      word ??= "";
    } else if (afterCmd[i] === " " && !isQuoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + afterCmd[i];
    }
  }
  return word === undefined ? words : [...words, word];
}

describe("what was written is recognised", () => {
  const paths = word.map((text) => `/w/${text}`);

  it.each([...HOOK_EVENTS])("hook %s, on each system, with and without a shell", (event) => {
    fc.assert(
      fc.property(paths, paths, fc.boolean(), (root, program, isTenant) => {
        const of: Placing = {
          ...placing,
          root,
          program: [program],
          ...(isTenant ? { tenant: "acme", home: "/h" } : {}),
        };
        const read = { event, client: "codex", persona: "reviewer", root };
        expect(readHandler({ command: hookLine(event, "codex", of, "linux") })).toEqual(read);
        expect(readHandler({ command: hookLine(event, "codex", of, "win32") })).toEqual(read);
        const [command, ...args] = hookWords(event, "codex", of);
        expect(readHandler({ command, args })).toEqual(read);
        const [server, ...words] = shimWords(of);
        expect(readServer({ command: server, args: words })).toEqual({ persona: "reviewer", root });
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    null,
    "prism hook stop",
    { command: 1 },
    { command: "prism hook stop" },
    { command: "echo hook stop --client codex" },
    { command: "prism hook bogus --client codex --persona a --project /w" },
    { command: "my-hook stop --client codex --persona a --project /w" },
  ])("%j is none of ours", (handler) => {
    expect(readHandler(handler)).toBeNull();
  });

  it.each([
    null,
    { command: "x" },
    { command: "x", args: ["mcp"] },
    { command: "x", args: ["--persona", "a", "--project", "b"] },
  ])("%j is another server", (entry) => {
    expect(readServer(entry)).toBeNull();
  });
});
