import { describe, expect, it } from "vitest";
import { inputLineOf, promptPattern } from "../../../../src/surfaces/pane/input-line.ts";
import { rowsOf } from "../../../../src/surfaces/pane/screen.ts";

interface Screen {
  readonly rows: readonly string[];
  /** Column and row; none: the terminal's cursor is hidden. */
  readonly cursor?: readonly [number, number];
  readonly prompt?: string;
  readonly isShell?: boolean;
}

/** What stands on the input line, or why there is none. */
function inputOf({ rows, cursor, prompt, isShell = false }: Screen): string {
  const [x, y] = cursor ?? [0, 0];
  const view = { rows: rowsOf(rows.join("\n")), width: 40, cursor: { x, y, visible: cursor !== undefined } };
  const line = inputLineOf(view, promptPattern(prompt, isShell));
  return line.kind === "line" ? `line ${line.typed}` : line.kind;
}

const faint = (text: string) => `\u001b[2m${text}\u001b[0m`;
const edge = "─".repeat(40);

describe("an input line", () => {
  it.each<[string, Screen, string]>([
    ["an empty prompt", { rows: ["done", ">"], cursor: [2, 1] }, "line "],
    ["a typed line", { rows: ["done", "> fix the"], cursor: [9, 1] }, "line fixthe"],
    ["a line with the cursor at its beginning", { rows: ["> fix"], cursor: [2, 0] }, "line fix"],
    ["a line of several rows", { rows: ["> fix", "  the", ""], cursor: [2, 2] }, "line fixthe"],
    ["an older line of the same look", { rows: ["> fix", "done", ">"], cursor: [2, 2] }, "line "],
    ["a named prompt", { rows: ["reviewer> fix"], cursor: [13, 0] }, "line fix"],
    ["a quotation below the cursor", { rows: ["> fix", "", "> quoted"], cursor: [5, 0] }, "line fix"],
    ["nothing at all", { rows: [] }, "none"],
    ["an agent at work", { rows: ["working", ""], cursor: [0, 1] }, "none"],
    ["a number of percent", { rows: ["100% context left"] }, "none"],
    ["a tag", { rows: ["<b>bold</b>"] }, "none"],
    ["a shell's prompt, of which an agent has none", { rows: ["me@host:~$ "], cursor: [11, 0] }, "none"],
    ["a shell's prompt", { rows: ["me@host:~$ ls"], cursor: [13, 0], isShell: true }, "line ls"],
    ["a prompt of its own", { rows: ["say (a+b): hi"], cursor: [13, 0], prompt: "say (a+b): " }, "line hi"],
    ["a choice", { rows: ["May it?", "❯ 1. Yes", "  2. No"] }, "dialog"],
    ["a choice at its second entry", { rows: ["May it?", "  1. Yes", "❯ 2. No"] }, "dialog"],
    [
      "a frame with a placeholder and a drawn cursor",
      {
        rows: [
          `╭${edge}╮`,
          `│ ❯ \u001b[7mT\u001b[0m${faint("ry this")}   │`,
          `╰${edge}╯`,
          faint("  ? for help"),
        ],
      },
      "line ",
    ],
    [
      "rules with a placeholder in grey, and a footer",
      { rows: ["> fix", "done", edge, `❯\u00a0\u001b[38;5;246mTry this\u001b[39m`, edge, "  ? for help"] },
      "line ",
    ],
    [
      "rules with a typed line over two rows, and a footer",
      { rows: [edge, "❯ fix the build and", "  the tests\u001b[7m \u001b[0m", edge, "  ? for help"] },
      "line fixthebuildandthetests",
    ],
    [
      "a placeholder behind a real cursor, and a footer after a blank row",
      { rows: [`› ${faint("Ask anything")}`, "", "  model, 100% left"], cursor: [2, 0] },
      "line ",
    ],
    [
      "a typed line that the terminal has wrapped",
      { rows: [`> ${"a".repeat(38)}`, "bbb", "", "footer"] },
      `line ${"a".repeat(38)}bbb`,
    ],
    [
      "a frame of bars",
      { rows: ["+------+", "| > fix a|b |", "| more      |", "+------+"] },
      "line fixa|bmore",
    ],
    ["a typed line of one inverse character", { rows: ["> \u001b[7mx\u001b[0m"] }, "line x"],
  ])("is read from %s", (_, screen, wanted) => {
    expect(inputOf(screen)).toBe(wanted);
  });
});

describe("a row", () => {
  const solidOf = (shown: string) => rowsOf(shown).map(({ solid }) => solid);

  it("is as long blanked as it is shown, and styles go on to the next", () => {
    for (const { text, solid } of rowsOf(`a${faint("b😀c")}\u001b[2md\ne\u001b[22mf`))
      expect(solid.length).toBe(text.length);
    expect(solidOf("a\u001b[2mb\nc\u001b[22md")).toEqual(["a ", " d"]);
  });

  it.each([
    ["bright black", "\u001b[90m", " "],
    ["grey of 256 colours", "\u001b[38;5;244m", " "],
    ["white of 256 colours", "\u001b[38;5;255m", "x"],
    ["true grey", "\u001b[38;2;153;153;153m", " "],
    ["a true colour", "\u001b[38;2;215;119;87m", "x"],
    ["bold", "\u001b[1m", "x"],
    ["faint, then reset", "\u001b[2m\u001b[m", "x"],
    ["grey, then the usual", "\u001b[90m\u001b[39m", "x"],
    ["a grey ground", "\u001b[48;5;244m", "x"],
    ["a colour numbered 2", "\u001b[38;5;2m", "x"],
    ["faint among others", "\u001b[1;2;31m", " "],
  ])("has its hints blanked: %s", (_, style, wanted) => {
    expect(solidOf(`${style}x`)).toEqual([wanted]);
  });

  it("holds no sequence: links, charsets and cursors are dropped", () => {
    expect(
      rowsOf("\u001b]8;;http://x\u001b\\a\u001b]8;;\u001b\\\u000elqk\u000fb\u001b[1 qc").map(
        (row) => row.text,
      ),
    ).toEqual(["a───bc"]);
  });
});
