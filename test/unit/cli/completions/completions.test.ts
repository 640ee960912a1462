/** What each shell is told is complete, and the shells that are here complete by it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flagOf } from "../../../../src/cli/arguments.ts";
import { completionsText, SHELL_NAMES } from "../../../../src/cli/completions/shells.ts";
import { VERB_GROUPS, VERBS_BY_NAME } from "../../../../src/cli/verbs.ts";
import { typed } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";

const isHere = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;

describe.each(SHELL_NAMES)("%s", (shell) => {
  it("is told every verb, every flag and every choice", async () => {
    const text = await completionsText(shell, VERB_GROUPS, "1.2.3");
    for (const [name, { load }] of VERBS_BY_NAME) {
      expect(text, name).toContain(name);
      const { flags } = (await load()).table;
      for (const [key, flag] of Object.entries(flags)) {
        const spelt = shell === "fish" ? `-l ${flagOf(key).slice(2)} ` : flagOf(key);
        expect(text, `${name} ${key}`).toContain(spelt);
        if (flag.kind === "switch") continue;
        for (const choice of flag.kind.choices ?? []) expect(text, `${name} ${key}`).toContain(choice);
      }
    }
  });

  it("is what the verb prints", async () => {
    const text = await completionsText(shell, VERB_GROUPS, "1.2.3");
    expect(await typed(["completions", shell])).toEqual({ status: 0, out: text, err: "" });
    expect(JSON.parse((await typed(["completions", shell, "--json"])).out)).toEqual({ shell, text });
  });

  it.skipIf(shell === "powershell" || !isHere(shell))("can read it", async () => {
    const file = join(tempDir(), "completions");
    writeFileSync(file, await completionsText(shell, VERB_GROUPS, "1.2.3"));
    expect(execFileSync(shell, ["-n", file], { encoding: "utf8", stdio: "pipe" })).toBe("");
  });
});

it("powershell's quotes and brackets all close", async () => {
  const text = await completionsText("powershell", VERB_GROUPS, "1.2.3");
  const bare = text.replace(/'(?:[^']|'')*'|"(?:[^"`]|`.)*"/g, "");
  expect(bare).not.toMatch(/['"]/);
  for (const [open, close] of ["{}", "()", "[]"].map((pair) => pair.split("") as [string, string]))
    expect(bare.split(open).length).toBe(bare.split(close).length);
});

/** A home with two personas that have been here. */
function personasHome(): string {
  const home = join(tempDir(), "my home");
  for (const address of ["reviewer@shop", "builder@web"])
    mkdirSync(join(home, "state", "local", address), { recursive: true });
  return home;
}

/** What each line completes to; `|` marks where bash cuts words. */
const LINES: readonly (readonly [line: string, words: string])[] = [
  ["prism sig", "signal signal-status"],
  ["prism surface ", "add remove list --help"],
  ["prism surface add c", "claude-code claude-desktop codex"],
  ["prism surface add codex --codex-sandbox r", "read-only"],
  ["prism signal re", "reviewer@shop"],
  ["prism signal reviewer|@|sh", "@shop"],
  ["prism drain --persona ", "builder reviewer"],
  ["prism drain --persona|=|bu", "builder"],
  ["prism drain --pers", "--persona"],
  ["prism drain --persona x --json --pro", "--project"],
  ["/opt/prism-daemon --log-l", "--log-level"],
  ["prism help dra", "drain"],
  ["prism signal x|@|y -- --", ""],
  ["prism nonsense --", ""],
];

describe.skipIf(!isHere("bash"))("in bash", () => {
  it.each(LINES)("%s", async (marked, words) => {
    const home = personasHome();
    const script = join(home, "completions");
    writeFileSync(script, await completionsText("bash", VERB_GROUPS, "1.2.3"));
    const line = marked.replaceAll("|", "");
    const pieces = marked.split(/[ |]/);
    // What bash replaces: the last piece, and of an address from its "@" on.
    const replaced = /\|@\|[^|]*$/.test(marked) ? `@${pieces.at(-1)}` : (pieces.at(-1) ?? "");
    const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
    const code = `set -u; source ${quoted(script)}
      COMP_LINE=${quoted(line)} COMP_POINT=${line.length} COMP_WORDS=(${pieces.map(quoted).join(" ")})
      COMP_CWORD=${pieces.length - 1}
      _prism prism ${quoted(replaced)} x
      echo "\${COMPREPLY[*]-}"`;
    const ran = spawnSync("bash", ["--norc", "-c", code], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], PRISM_HOME: home },
    });
    expect(ran.stderr).toBe("");
    expect(new Set(ran.stdout.trim().split(" "))).toEqual(new Set(words.split(" ")));
  });
});

describe.skipIf(!isHere("fish"))("in fish", () => {
  it("completes the same", async () => {
    const home = personasHome();
    const script = join(home, "completions");
    writeFileSync(script, await completionsText("fish", VERB_GROUPS, "1.2.3"));
    const complete = (line: string): string[] =>
      execFileSync("fish", ["--no-config", "-c", `source '${script}'; complete -C "${line}"`], {
        encoding: "utf8",
        env: { ...process.env, PRISM_HOME: home },
      })
        .split("\n")
        .flatMap((row) => row.split("\t")[0] || []);
    expect(complete("prism sig")).toEqual(["signal", "signal-status"]);
    expect(complete("prism surface add c")).toEqual(["claude-code", "claude-desktop", "codex"]);
    expect(complete("prism signal re")).toEqual(["reviewer@shop"]);
    expect(complete("prism signal reviewer@shop ")).toEqual([]);
    expect(complete("prism drain --persona ")).toEqual(["builder", "reviewer"]);
    expect(complete("prism-daemon --log-f")).toEqual(["--log-form"]);
  });
});
